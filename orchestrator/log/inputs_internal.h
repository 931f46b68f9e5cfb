/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "batch.h"
#include "early/list.h"
#include "early/loop.h"
#include "inputs.h"
#include "kept.h"

/* Between inputs.c (streams) and sockets.c. */

#define FACILITY_DAEMON 3

struct input_stream {
	struct loop_source source;
	struct list link; /* inputs::streams */
	struct inputs *inputs;
	struct batch_origin origin;
	bool is_connection;
	bool wants_header; /* the journal's, which is still to come */
	char *kept; /* its name with early-init; NULL: it is not kept there */
	struct batch_rest *rest; /* a line's beginning, or the header's; NULL: nothing */
};

enum input_protocol { INPUT_SYSLOG, INPUT_NATIVE, INPUT_STDOUT };

struct input_socket {
	struct loop_source source;
	struct list link; /* inputs::sockets */
	struct inputs *inputs;
	enum input_protocol protocol;
	char *kept;
};

/* A client of the journal's stdout; @fd is taken over, also on failure. */
int input_stream_connect(struct inputs *inputs, const char *service, pid_t pid, int fd);

/* One that said its header to an early-log before this one. @fd is taken over, also on failure. */
int input_stream_restore(struct inputs *inputs, const struct kept *kept, const char *name, int fd);

/* One more turn of reading. */
void input_socket_read(struct input_socket *socket);
void input_socket_free(struct input_socket *socket);

/* Keeps @fd with early-init by a name that is made of @kept, into *ret_name; NULL if it is not kept. */
void inputs_keep(struct inputs *inputs, const struct kept *kept, int fd, char **ret_name);

/* The end of it. @name is freed. */
void inputs_drop(struct inputs *inputs, char *name);
