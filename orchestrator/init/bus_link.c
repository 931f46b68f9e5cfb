/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Calls of D-Bus clients, as early-bus hands them on.
 *
 * A user manager for a system account (the greeter's) is not started: the greeter brings a message bus of its own and
 * never looks for one, and its user manager would compete with it for the processor until the picture is there. What
 * remains of user@UID.service is its runtime directory; the job is answered under the name that was asked for. Its end is told under
 * both names: logind of systemd 257 asks for both, one after the other, and waits for each.
 *
 * A job for the end of the machine is as long as the end itself: logind takes its JobRemoved for "over, or cancelled", lets
 * its inhibitors go and tells every session so. So it is queued before anything is stopped, and done when all has stopped. A
 * second wish for the same gets the same job; for another end it is refused, for the first one counts.
 */
#include "bus_link.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "early/clock.h"
#include "early/log.h"
#include "early/parse.h"

#define RETRY_US (200 * USEC_PER_MSEC)
#define FIRST_SCOPE_JOB 0x40000000u /* above what the manager's own jobs reach */
#define MAX_SCOPE_PIDS 256
#define FIRST_PERSON_UID 1000

static void send_queued(struct bus_link *bus, uint32_t cookie, uint32_t job, int error)
{
	const struct bus_queued queued = { cookie, job, error };

	(void)helper_send(&bus->helper, BUS_QUEUED, &queued); /* a dead one asks again */
}

static void send_done(struct bus_link *bus, uint32_t job, const char *unit, const char *result)
{
	const struct bus_done done = { job, unit, result };

	(void)helper_send(&bus->helper, BUS_DONE, &done);
}

static void send_unit(struct bus_link *bus, const struct manager_unit *unit, uint32_t cookie)
{
	const struct bus_unit message = {
		.unit = unit->name,
		.description = unit->description,
		.load_state = unit->load_state,
		.active_state = unit->active_state,
		.sub_state = unit->sub_state,
		.path = unit->path,
		.cgroup = unit->cgroup,
		.main_pid = (uint32_t)unit->main_pid,
		.cookie = cookie,
	};

	(void)helper_send(&bus->helper, BUS_UNIT, &message);
}

/* "user@101.service": the UID of a system account, or 0. */
static uint32_t system_user(const char *unit)
{
	char digits[16];
	uint32_t uid;
	size_t len;

	if (strncmp(unit, "user@", 5) != 0)
		return 0;
	len = strcspn(unit + 5, ".");
	if (len == 0 || len >= sizeof(digits) || strcmp(unit + 5 + len, ".service") != 0)
		return 0;
	memcpy(digits, unit + 5, len);
	digits[len] = '\0';
	return parse_u32(digits, &uid) == 0 && uid < FIRST_PERSON_UID ? uid : 0;
}

static struct bus_forward *find_forward(struct bus_link *bus, uint32_t job)
{
	for (size_t i = 0; i < BUS_LINK_MAX_FORWARDS; i++) {
		if (bus->forwards[i].job == job)
			return &bus->forwards[i];
	}
	return NULL;
}

static enum manager_verb translate(uint32_t verb)
{
	switch ((enum bus_verb)verb) {
	case BUS_VERB_STOP:
		return MANAGER_VERB_STOP;
	case BUS_VERB_RESTART:
		return MANAGER_VERB_RESTART;
	case BUS_VERB_TRY_RESTART:
		return MANAGER_VERB_TRY_RESTART;
	case BUS_VERB_RELOAD:
		return MANAGER_VERB_RELOAD;
	case BUS_VERB_RELOAD_OR_RESTART:
		return MANAGER_VERB_RELOAD_OR_RESTART;
	case BUS_VERB_START:
	case BUS_VERB_RELOAD_MANIFESTS:
	case BUS_VERB_RESET_FAILED:
		break;
	}
	return MANAGER_VERB_START;
}

static void handle_power(struct bus_link *bus, const struct bus_job *job)
{
	struct bus_forward *power = &bus->power;
	bool first = power->job == 0;

	if (!first && strcmp(power->unit, job->unit) != 0) {
		send_queued(bus, job->cookie, 0, -ESHUTDOWN);
		return;
	}
	if (first) {
		power->job = bus->next_scope_job++;
		(void)snprintf(power->unit, sizeof(power->unit), "%s", job->unit);
	}
	send_queued(bus, job->cookie, power->job, 0);
	if (first)
		bus->on_power(bus, job->unit);
}

/* user@UID.service of a system account: see above. */
static int queue_system_user(struct bus_link *bus, const struct bus_job *job, uint32_t uid,
			     uint32_t *ret_id)
{
	struct bus_forward *forward = find_forward(bus, 0);
	char name[64];
	int r;

	if (!forward)
		return -EAGAIN; /* its end could not be told by the right name */
	(void)snprintf(name, sizeof(name), "user-runtime-dir@%u.service", uid);
	r = manager_job(bus->manager, translate(job->verb), name, job->why, ret_id);
	if (r < 0 || find_forward(bus, *ret_id))
		return r; /* nothing to do, or there is one of that kind already */
	forward->job = *ret_id;
	(void)snprintf(forward->unit, sizeof(forward->unit), "%s", job->unit);
	return 0;
}

static void handle_job(struct bus_link *bus, const struct bus_job *job)
{
	uint32_t uid = system_user(job->unit), id = 0;
	int r;

	if (job->verb == BUS_VERB_RELOAD_MANIFESTS) {
		r = manager_load(bus->manager, NULL, NULL, NULL);
		send_queued(bus, job->cookie, 0, r < 0 ? r : -EALREADY);
		return;
	}
	if (job->verb == BUS_VERB_RESET_FAILED) {
		manager_reset_failed(bus->manager, job->unit);
		send_queued(bus, job->cookie, 0, -EALREADY);
		return;
	}
	if (job->verb == BUS_VERB_START && bus->is_power(job->unit)) {
		handle_power(bus, job);
		return;
	}
	r = uid ? queue_system_user(bus, job, uid, &id)
		: manager_order(bus->manager, translate(job->verb), job->unit, job->why, &id);
	send_queued(bus, job->cookie, r < 0 ? 0 : id, r);
}

static void handle_scope(struct bus_link *bus, const struct bus_scope *scope)
{
	pid_t pids[MAX_SCOPE_PIDS];
	size_t n_pids = 0;
	uint32_t id, pid;
	int r;

	for (const char *s = wire_list_next(&scope->pids, NULL); s && n_pids < MAX_SCOPE_PIDS;
	     s = wire_list_next(&scope->pids, s)) {
		if (parse_u32(s, &pid) == 0 && pid > 1)
			pids[n_pids++] = (pid_t)pid;
	}
	if (strncmp(scope->unit, "session-", 8) == 0)
		bus->on_session(bus, scope->unit, scope->slice);
	r = manager_scope_new(bus->manager, scope->unit, scope->slice, scope->description, pids,
			      n_pids);
	if (r < 0) {
		log_errno(r, "cannot make %s", scope->unit);
		send_queued(bus, scope->cookie, 0, r);
		return;
	}
	id = bus->next_scope_job++;
	send_queued(bus, scope->cookie, id, 0);
	send_done(bus, id, scope->unit, "done");
}

static void handle_loaded(struct manager *manager, int error, void *data)
{
	struct bus_pending_load *load = data;
	struct bus_link *bus = load->bus;
	struct manager_unit unit;

	if (error < 0 || !manager_unit(manager, load->unit, &unit))
		unit = (struct manager_unit){ .name = load->unit,
					      .load_state = "not-found",
					      .active_state = "inactive",
					      .sub_state = "dead" };
	send_unit(bus, &unit, load->cookie);
	load->bus = NULL;
}

static struct bus_pending_load *free_load(struct bus_link *bus)
{
	for (size_t i = 0; i < BUS_LINK_MAX_LOADS; i++) {
		if (!bus->loads[i].bus)
			return &bus->loads[i];
	}
	return NULL;
}

static void refuse_load(struct bus_link *bus, const char *name, uint32_t cookie)
{
	const struct manager_unit unit = { .name = name,
					   .load_state = "not-found",
					   .active_state = "inactive",
					   .sub_state = "dead" };

	send_unit(bus, &unit, cookie);
}

static void handle_load(struct bus_link *bus, const struct bus_load *request)
{
	struct bus_pending_load *load = free_load(bus);
	struct manager_unit unit;
	char *names[2] = { NULL, NULL };
	int r;

	if (manager_unit(bus->manager, request->unit, &unit) &&
	    strcmp(unit.load_state, "not-found") != 0) {
		send_unit(bus, &unit, request->cookie);
		return;
	}
	if (!load || strlen(request->unit) >= sizeof(load->unit)) {
		refuse_load(bus, request->unit, request->cookie);
		return;
	}
	load->bus = bus;
	load->cookie = request->cookie;
	(void)snprintf(load->unit, sizeof(load->unit), "%s", request->unit);
	names[0] = load->unit;
	r = manager_load(bus->manager, names, handle_loaded, load);
	if (r < 0)
		handle_loaded(bus->manager, r, load);
}

static void send_each(const struct manager_unit *unit, void *data)
{
	send_unit(data, unit, 0);
}

static void handle_message(struct helper *helper, struct channel_message *message)
{
	struct bus_link *bus = helper->data;
	union {
		struct bus_job job;
		struct bus_scope scope;
		struct bus_abandon abandon;
		struct bus_kill kill;
		struct bus_owner owner;
		struct bus_load load;
		struct bus_unit largest;
	} m;

	if (channel_unpack(&helper->channel, message, &m, sizeof(m)) < 0) {
		log_warning("early-bus sent a message that makes no sense");
		return;
	}
	switch ((enum bus_opcode)message->opcode) {
	case BUS_READY:
		bus->ready = true;
		bus->on_ready(bus);
		break;
	case BUS_JOB:
		handle_job(bus, &m.job);
		break;
	case BUS_SCOPE:
		handle_scope(bus, &m.scope);
		break;
	case BUS_ABANDON:
		(void)manager_scope_abandon(bus->manager, m.abandon.unit); /* gone already: fine */
		break;
	case BUS_KILL:
		(void)manager_kill_unit(bus->manager, m.kill.unit, m.kill.signo);
		break;
	case BUS_OWNER:
		manager_owner_changed(bus->manager, m.owner.name, (pid_t)m.owner.pid);
		bus->on_owner(bus, m.owner.name, (pid_t)m.owner.pid);
		break;
	case BUS_LOAD:
		handle_load(bus, &m.load);
		break;
	case BUS_QUEUED:
	case BUS_DONE:
	case BUS_UNIT:
	case BUS_UNIT_GONE:
		break;
	}
}

static void handle_retry(struct loop_timer *timer)
{
	bus_link_start(container_of(timer, struct bus_link, retry));
}

static void handle_exit(struct helper *helper, int status)
{
	struct bus_link *bus = helper->data;

	bus->ready = false;
	if (bus->wanted)
		(void)loop_timer_start(bus->loop, &bus->retry, clock_monotonic_us() + RETRY_US,
				       handle_retry);
}

static struct helper_spec make_spec(struct bus_link *bus)
{
	static const char *const argv[] = { EARLY_LIBEXECDIR "/early-bus", NULL };

	return (struct helper_spec){
		.name = "early-bus",
		.argv = argv,
		.protocol = &bus_protocol,
		.on_message = handle_message,
		.on_exit = handle_exit,
		.data = bus,
	};
}

void bus_link_start(struct bus_link *bus)
{
	const struct helper_spec spec = make_spec(bus);
	int r;

	bus->wanted = true;
	if (helper_is_running(&bus->helper) || bus->retry.loop)
		return;
	r = helper_start(&bus->helper, bus->loop, &spec);
	if (r < 0) {
		log_errno(r, "cannot start early-bus");
		handle_exit(&bus->helper, 0);
		return;
	}
	manager_each_unit(bus->manager, send_each, bus);
}

int bus_link_adopt(struct bus_link *bus, pid_t pid, int link_fd)
{
	const struct helper_spec spec = make_spec(bus);

	bus->wanted = true;
	return helper_adopt(&bus->helper, bus->loop, &spec, pid, link_fd);
}

void bus_link_each_forward(const struct bus_link *bus,
			   void (*fn)(const struct bus_forward *forward, bool power, void *data),
			   void *data)
{
	for (size_t i = 0; i < BUS_LINK_MAX_FORWARDS; i++)
		if (bus->forwards[i].job != 0)
			fn(&bus->forwards[i], false, data);
	if (bus->power.job != 0)
		fn(&bus->power, true, data);
}

void bus_link_adopt_forward(struct bus_link *bus, uint32_t job, const char *unit, bool power)
{
	struct bus_forward *forward = power ? &bus->power : find_forward(bus, 0);

	if (!forward)
		return;
	forward->job = job;
	(void)snprintf(forward->unit, sizeof(forward->unit), "%s", unit);
}

void bus_link_each_load(const struct bus_link *bus,
			void (*fn)(const struct bus_pending_load *load, void *data), void *data)
{
	for (size_t i = 0; i < BUS_LINK_MAX_LOADS; i++)
		if (bus->loads[i].bus)
			fn(&bus->loads[i], data);
}

void bus_link_adopt_load(struct bus_link *bus, uint32_t cookie, const char *unit)
{
	const struct bus_load request = { .cookie = cookie, .unit = unit };

	handle_load(bus, &request);
}

void bus_link_stop(struct bus_link *bus)
{
	if (bus->power.job)
		send_done(bus, bus->power.job, bus->power.unit, "done");
	bus->power.job = 0;
	bus->wanted = false;
	bus->ready = false;
	loop_timer_stop(&bus->retry);
	helper_finish(&bus->helper);
}

static void handle_unit_changed(struct manager_listener *listener, const struct manager_unit *unit)
{
	send_unit(container_of(listener, struct bus_link, listener), unit, 0);
}

static void handle_unit_gone(struct manager_listener *listener, const char *name)
{
	struct bus_link *bus = container_of(listener, struct bus_link, listener);
	const struct bus_unit_gone gone = { name };

	(void)helper_send(&bus->helper, BUS_UNIT_GONE, &gone);
}

static void handle_job_done(struct manager_listener *listener, uint32_t job, const char *unit,
			    const char *result)
{
	struct bus_link *bus = container_of(listener, struct bus_link, listener);
	struct bus_forward *forward = find_forward(bus, job);

	if (forward) {
		send_done(bus, job, forward->unit, result);
		forward->job = 0;
	}
	send_done(bus, job, unit, result);
}

void bus_link_init(struct bus_link *bus, struct loop *loop, struct manager *manager)
{
	bus->loop = loop;
	bus->manager = manager;
	bus->next_scope_job = FIRST_SCOPE_JOB;
	bus->listener.unit_changed = handle_unit_changed;
	bus->listener.unit_gone = handle_unit_gone;
	bus->listener.job_done = handle_job_done;
	manager_listen(manager, &bus->listener);
}
