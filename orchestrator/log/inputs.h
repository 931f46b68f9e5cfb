/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>

#include "early/list.h"
#include "early/loop.h"
#include "forward.h"
#include "rate.h"
#include "sink.h"

/* Where messages come from. */
struct inputs {
	struct loop *loop;
	struct sink *sink;
	struct list streams; /* input_stream::link */
	struct list sockets; /* input_socket::link */
	size_t n_connections; /* of streams: clients', not pipes of services */
	uint64_t n_refused; /* of them, since it was told */
	struct rate rate; /* of datagrams */
	struct loop_timer rate_timer; /* the end of a storm */
	struct forward forward; /* to a syslog daemon; idle until inputs_listen() */
};

void inputs_init(struct inputs *inputs, struct loop *loop, struct sink *sink);
void inputs_done(struct inputs *inputs);

/* At the end: what lies in pipes and sockets, and lines that are not whole. */
void inputs_drain(struct inputs *inputs);

/* A service's stdout and stderr; @fd is taken over, also on failure. */
int inputs_add_service(struct inputs *inputs, const char *service, int fd);

/*
 * /dev/log and the journal's sockets below @run_dir ("/run/systemd/journal"); each that fails is told and left out. A syslog daemon
 * that has /dev/log already keeps it.
 */
int inputs_listen(struct inputs *inputs, const char *run_dir, const char *dev_log);
