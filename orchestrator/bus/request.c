/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "request.h"

#include <errno.h>
#include <stdlib.h>

#include "early/clock.h"
#include "early/macros.h"
#include "early/proto/bus.h"

#include "bus.h"

static void finish(struct request *request, const struct answer *answer)
{
	request_cancel(request);
	request->fn(request, answer);
}

static void handle_deadline(struct loop_timer *timer)
{
	struct request *request = container_of(timer, struct request, timer);
	const struct answer answer = { .error = -ETIMEDOUT };

	finish(request, &answer);
}

/* Before the message is sent, so that nothing has to be taken back from PID 1. */
static int begin(struct bus *bus, struct request *request, request_fn fn, uint64_t timeout_us)
{
	int r = loop_timer_start(bus->loop, &request->timer, clock_monotonic_us() + timeout_us,
				 handle_deadline);

	if (r < 0)
		return r;
	if (++bus->last_cookie == 0)
		bus->last_cookie = 1;
	request->cookie = bus->last_cookie;
	request->bus = bus;
	request->fn = fn;
	list_append(&bus->requests, &request->link);
	return 0;
}

static int send(struct request *request, uint16_t opcode, const void *message)
{
	int r = channel_send(&request->bus->link, opcode, message);

	if (r < 0)
		request_cancel(request);
	return r;
}

int request_load(struct bus *bus, struct request *request, const char *unit, request_fn fn)
{
	struct bus_load message = { .unit = unit };
	int r = begin(bus, request, fn, LOAD_TIMEOUT_US);

	if (r < 0)
		return r;
	message.cookie = request->cookie;
	return send(request, BUS_LOAD, &message);
}

int request_job(struct bus *bus, struct request *request, uint32_t verb, const char *unit,
		const char *why, request_fn fn)
{
	struct bus_job message = { .verb = verb, .unit = unit, .why = why };
	int r = begin(bus, request, fn, LOAD_TIMEOUT_US);

	if (r < 0)
		return r;
	message.cookie = request->cookie;
	return send(request, BUS_JOB, &message);
}

int request_scope(struct bus *bus, struct request *request, const char *unit, const char *slice,
		  const char *description, char *const *pids, request_fn fn)
{
	struct bus_scope message = { .unit = unit, .slice = slice, .description = description };
	CLEANUP(free_charp)
	char *data = NULL;
	int r = wire_list_from_strv(pids, &message.pids, &data);

	if (r < 0)
		return r;
	r = begin(bus, request, fn, REQUEST_TIMEOUT_US);
	if (r < 0)
		return r;
	message.cookie = request->cookie;
	return send(request, BUS_SCOPE, &message);
}

void request_cancel(struct request *request)
{
	if (request->bus == NULL)
		return;
	loop_timer_stop(&request->timer);
	list_remove(&request->link);
	request->bus = NULL;
}

void request_answer(struct bus *bus, uint32_t cookie, const struct answer *answer)
{
	struct request *request;

	list_for_each (request, &bus->requests, link) {
		if (request->cookie != cookie)
			continue;
		finish(request, answer);
		return;
	}
}
