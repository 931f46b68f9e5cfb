/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "early/list.h"
#include "early/loop.h"
#include "forward.h"
#include "intake.h"
#include "rate.h"
#include "sink.h"

/* Where messages come from. */
struct inputs {
	struct loop *loop;
	struct sink *sink;
	struct intake intake;
	bool is_recovered; /* what an early-log before this one had read is written */
	uint64_t rests_us; /* after the start; then nobody asks for a rest any more */
	struct loop_timer rest_timer;
	struct list streams; /* input_stream::link */
	struct list sockets; /* input_socket::link */
	size_t n_connections; /* of streams: clients', not pipes of services */
	struct rate rate; /* of datagrams */
	struct loop_timer rate_timer; /* the end of a storm */
	struct loop_timer pause_timer; /* no descriptor for a client of the journal's stdout */
	uint64_t n_kept; /* of connections */
	/* Keeps a descriptor with early-init, or drops it (@fd -1); NULL: nothing is kept. */
	void (*keep)(const char *name, int fd, void *data);
	void *keep_data;
	bool is_ending; /* what is kept stays so */
	struct forward forward; /* to a syslog daemon; idle until inputs_listen() */
};

void inputs_init(struct inputs *inputs, struct loop *loop, struct sink *sink);
void inputs_done(struct inputs *inputs);

/*
 * What is read outlives this early-log from now on, in a file of the sink's directory; before anything is written. Told and left
 * out if there is none. inputs_recover() writes what an early-log before this one had read; it comes by itself before the first read.
 */
void inputs_open_intake(struct inputs *inputs);
void inputs_recover(struct inputs *inputs);

/* A descriptor that early-init kept for us, by its name; before inputs_listen(). @fd is taken over, also on failure. */
int inputs_restore(struct inputs *inputs, const char *name, int fd);

/* At the end: what lies in pipes and sockets, and lines that are not whole. */
void inputs_drain(struct inputs *inputs);

/* A service's stdout and stderr; @fd is taken over, also on failure. */
int inputs_add_service(struct inputs *inputs, const char *service, int fd);

/*
 * /dev/log and the journal's sockets below @run_dir ("/run/systemd/journal"); each that fails is told and left out. A syslog daemon
 * that has /dev/log already keeps it.
 */
int inputs_listen(struct inputs *inputs, const char *run_dir, const char *dev_log);
