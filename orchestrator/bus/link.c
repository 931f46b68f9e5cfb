/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * PID 1 sends all units first, but nothing says where they end. The link keeps its order, so a LOAD of a unit that PID 1 has for
 * sure (the bus we are on) is answered behind them: until then calls that need the whole mirror wait, and nothing is
 * announced on the bus. The same holds for a successor of an early-bus that died: DONE of a job that it has never seen
 * becomes a JobRemoved all the same.
 */
#include "link.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "early/clock.h"
#include "early/log.h"
#include "early/proto/bus.h"

#include "activation.h"
#include "bus.h"
#include "call.h"
#include "client.h"
#include "jobs.h"
#include "signals.h"
#include "unit_name.h"

#define MARK_UNIT "dbus.service"

static void read_clocks(const struct bus *bus, uint64_t ret_now_us[2])
{
	struct timespec now;

	ret_now_us[0] = ret_now_us[1] = 0;
	if (!bus->mirrored)
		return;
	clock_gettime(CLOCK_REALTIME, &now);
	ret_now_us[0] = (uint64_t)now.tv_sec * USEC_PER_SEC + (uint64_t)now.tv_nsec / 1000;
	ret_now_us[1] = clock_monotonic_us();
}

static void remove_unit(struct bus *bus, const char *name)
{
	struct unit *unit = mirror_find(&bus->mirror, name);

	if (unit == NULL || strcmp(unit->name, name) != 0)
		return;
	mirror_remove(&bus->mirror, unit);
	if (bus->mirrored)
		signal_unit_removed(bus, name);
}

/* Returns the unit, NULL when there is none (any more). */
static struct unit *update_unit(struct bus *bus, const struct bus_unit *message)
{
	struct unit *unit = NULL;
	uint64_t now_us[2];
	int changes;

	if (strcmp(message->load_state, "not-found") == 0) {
		remove_unit(bus, message->unit);
		return NULL;
	}
	read_clocks(bus, now_us);
	changes = mirror_update(&bus->mirror, message, now_us, &unit);
	if (changes < 0) {
		log_errno(changes, "cannot mirror %s", message->unit);
		return NULL;
	}
	if (!bus->mirrored)
		return unit;
	if (changes & UNIT_CHANGE_NEW)
		signal_unit_new(bus, unit);
	signal_unit_changed(bus, unit, changes);
	return unit;
}

static void handle_unit(struct bus *bus, const struct bus_unit *message)
{
	struct answer answer = { .message = message };

	if (!unit_name_is_valid(message->unit)) {
		log_warning("PID 1 speaks of a unit with an impossible name, ignored");
		answer.error = -EINVAL;
	} else {
		answer.unit = update_unit(bus, message);
	}
	if (message->cookie != 0)
		request_answer(bus, message->cookie, &answer);
}

static void handle_queued(struct bus *bus, const struct bus_queued *message)
{
	struct answer answer = { .error = message->error, .job = message->job };

	/* Contradictions of PID 1: neither a job nor a reason, or a positive reason. */
	if (answer.job == 0 && answer.error >= 0)
		answer.error = -EPROTO;
	request_answer(bus, message->cookie, &answer);
}

static void handle_done(struct bus *bus, const struct bus_done *message)
{
	const char *result = jobs_result(message->result);

	if (!unit_name_is_valid(message->unit) && *message->unit != '\0') {
		log_warning("PID 1 ended job %u of a unit with an impossible name, ignored",
			    message->job);
		return;
	}
	if (result == NULL || message->job == 0) {
		log_warning("PID 1 ended job %u with an unknown result, ignored", message->job);
		return;
	}
	jobs_finish(bus, message->job, message->unit, result);
	activation_job_done(bus, message->job, result);
}

/* The union of all that may come. */
union incoming {
	struct bus_queued queued;
	struct bus_done done;
	struct bus_unit unit;
	struct bus_unit_gone gone;
};

static void handle_message(struct channel *channel, struct channel_message *message)
{
	struct bus *bus = channel->data;
	union incoming in;
	int r;

	if (message->opcode < BUS_QUEUED) {
		log_warning("PID 1 sent a message (%u) that only it may receive, ignored",
			    message->opcode);
		return;
	}
	r = channel_unpack(channel, message, &in, sizeof(in));
	if (r < 0) {
		log_warning_errno(r, "PID 1 sent a malformed message (%u), ignored",
				  message->opcode);
		return;
	}
	switch (message->opcode) {
	case BUS_QUEUED:
		handle_queued(bus, &in.queued);
		break;
	case BUS_DONE:
		handle_done(bus, &in.done);
		break;
	case BUS_UNIT:
		handle_unit(bus, &in.unit);
		break;
	case BUS_UNIT_GONE:
		remove_unit(bus, in.gone.unit);
		break;
	}
}

static void handle_close(struct channel *channel, int error)
{
	struct bus *bus = channel->data;
	/* The latter two: PID 1 closed it without reading all that was sent. */
	bool is_end = error == 0 || error == -ECONNRESET || error == -EPIPE;

	if (!is_end)
		log_errno(error, "the link to PID 1 broke");
	loop_exit(bus->loop, is_end ? 0 : 1);
}

int link_init(struct bus *bus, int fd)
{
	return channel_init(&bus->link, bus->loop, fd, &bus_protocol, handle_message, handle_close,
			    bus);
}

static void handle_mirrored(struct request *request, const struct answer *answer)
{
	struct bus *bus = container_of(request, struct bus, mirror_request);
	struct call *call;

	if (answer->error < 0)
		log_warning_errno(answer->error,
				  "PID 1 did not say where its units end; going on with %u",
				  bus->mirror.n_units);
	bus->mirrored = true;
	while ((call = list_first(&bus->waiting, struct call, link)) != NULL) {
		list_remove(&call->link);
		call_run(call);
	}
}

void link_ready(struct bus *bus)
{
	const struct answer lost = { .error = -ENOTCONN };
	int r = channel_send(&bus->link, BUS_READY, NULL);

	if (r >= 0)
		r = request_load(bus, &bus->mirror_request, MARK_UNIT, handle_mirrored);
	if (r < 0)
		handle_mirrored(&bus->mirror_request, &lost);
}
