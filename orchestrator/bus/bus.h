/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <dbus/dbus.h>
#include <stdbool.h>
#include <stdint.h>

#include "early/channel.h"
#include "early/list.h"
#include "early/loop.h"
#include "early/macros.h"
#include "early/opts.h"

#include "mirror.h"
#include "request.h"

/*
 * The process: a link to PID 1, a connection to the system bus, and what is known of both. The order of a start is
 * connect (retried until the bus is there), Hello, RequestName, READY.
 */

#define BUS_NAME "org.freedesktop.systemd1"

struct bus_loop;
struct client;

/* A job whose end came before we knew of it: the answer to who asked for it may still be on its way. */
struct early_end {
	uint32_t job;
	const char *result; /* literal */
};
#define BUS_EARLY_ENDS 32

struct bus {
	struct loop *loop;
	struct channel link; /* to PID 1 */
	const char *address;
	uint64_t activation_timeout_us;
	bool help;
	DBusConnection *connection; /* NULL: not connected yet */
	struct bus_loop *bus_loop;
	struct loop_timer retry_timer;
	bool owns_name;

	struct mirror mirror;
	bool mirrored; /* PID 1 has sent all units that it had when we came */
	struct list waiting; /* call::link, in need of a whole mirror */
	struct list finishing; /* call::link, answered when their job is done */
	struct list owner_queries; /* owner_query::link */
	struct request mirror_request; /* its answer comes after all units */
	struct list clients; /* client::link */
	struct list requests; /* request::link */
	struct list activations; /* activation::link */
	uint32_t last_cookie;
	struct early_end early_ends[BUS_EARLY_ENDS]; /* ring */
	uint32_t next_early_end;
	uint32_t last_local_job; /* ids of jobs that were done before they began */
	uint32_t n_subscribed;
	bool others_before_us; /* somebody may have subscribed at our predecessor */
	char *virtualization; /* found out when first asked */
};

extern const struct opt bus_opts[];
extern const size_t bus_n_opts;

/* Sets all up on @link_fd (taken over) and begins to connect. */
int bus_init(struct bus *bus, struct loop *loop, int link_fd);
void bus_done(struct bus *bus);

/* Sends a message that the caller made and gives up; NULL (no memory) is logged. */
void bus_send(struct bus *bus, DBusMessage *message);

/* A call with an answer that does not block: @fn runs when it came (or failed). Takes @message over. */
int bus_call(struct bus *bus, DBusMessage *message, DBusPendingCallNotifyFunction fn, void *data,
	     DBusPendingCall **ret_pending);

/* A call to the bus itself with one text argument (NULL: none). */
DBusMessage *bus_daemon_method(const char *member, const char *argument);
