/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "early/proto/table.h"

/*
 * What starts a unit: addresses, paths and times. The lines of a stock .socket, .path or .timer unit become its service's own; each
 * line keeps the options of the unit that it came from, which must outlive it.
 */
struct socket_options {
	uint32_t mode;
	uint32_t directory_mode;
	uint32_t flags; /* enum table_socket_flag */
	char *user;
	char *group;
	char *fd_name;
	char **options; /* "backlog=128" */
	char **symlinks;
};

struct path_options {
	uint32_t directory_mode;
	bool make_directory;
	uint64_t trigger_limit_interval_us;
	uint32_t trigger_limit_burst;
};

struct timer_options {
	uint32_t flags; /* enum table_timer_flag */
	uint64_t accuracy_us;
	uint64_t randomized_us;
};

struct socket_line {
	uint32_t kind; /* enum table_socket_kind */
	char *address;
	struct socket_options *options;
};

struct path_line {
	uint32_t kind; /* enum table_path_kind */
	char *path;
	const struct path_options *options;
};

struct timer_line {
	uint32_t kind; /* enum table_timer_kind */
	uint64_t span_us;
	char *calendar; /* NULL: none */
	const struct timer_options *options;
};

struct activation {
	struct socket_line *sockets;
	size_t n_sockets;
	struct path_line *paths;
	size_t n_paths;
	struct timer_line *timers;
	size_t n_timers;
	struct socket_options socket;
	struct path_options path;
	struct timer_options timer;
	char *unit; /* Service= of a socket, Unit= of a path or timer */
};

void activation_init(struct activation *activation);
void activation_done(struct activation *activation);

int activation_add_socket(struct activation *activation, uint32_t kind, const char *address,
			  struct socket_options *options);
int activation_add_path(struct activation *activation, uint32_t kind, const char *path,
			const struct path_options *options);
int activation_add_timer(struct activation *activation, uint32_t kind, uint64_t span_us,
			 const char *calendar, const struct timer_options *options);
void activation_drop_sockets(struct activation *activation);
void activation_drop_paths(struct activation *activation);
void activation_drop_timers(struct activation *activation);

/* Adds copies of all lines of @from, with @from's options. */
int activation_take(struct activation *activation, const struct activation *from);

/* True if anything in it starts the unit. */
bool activation_is_there(const struct activation *activation);
