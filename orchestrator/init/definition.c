/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "definition.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "early/wire.h"

/*
 * Definitions
 *
 * A definition keeps what its messages say, because early-exec gets the very same bytes, and beside it the structs that the
 * wire code unpacked from the copy. Nothing in it changes after definition_new, so that a service may hold on to an old one
 * by a reference while the table is read anew. SERVICE has about ninety fields of which a manifest names a few: it is kept
 * squeezed, and made anew for each early-exec.
 *
 * What people wrote was parsed by early-load. What is checked here is that no value can lead PID 1 astray: enums are in
 * range, programs are absolute paths, and a name can be a file's.
 */

#define NAME_MAX_LEN 255

static const char *const unit_suffixes[] = {
	".service",   ".target", ".socket", ".scope", ".slice",  ".mount",
	".automount", ".swap",   ".timer",  ".path",  ".device", ".snapshot",
};

static bool has_unit_suffix(const char *name, size_t len)
{
	for (size_t i = 0; i < ARRAY_SIZE(unit_suffixes); i++) {
		size_t suffix = strlen(unit_suffixes[i]);

		if (len > suffix && strcmp(name + len - suffix, unit_suffixes[i]) == 0)
			return true;
	}
	return false;
}

bool definition_name_is_valid(const char *name)
{
	size_t len = strlen(name);

	if (len == 0 || len > NAME_MAX_LEN || name[0] == '.')
		return false;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)name[i] <= ' ' || name[i] == '/' || name[i] == 0x7f)
			return false;
	return has_unit_suffix(name, len);
}

static bool is_signal(int32_t signo)
{
	return signo >= 0 && signo <= 64; /* 0: the default */
}

static bool service_is_sane(const struct table_service *service)
{
	return definition_name_is_valid(service->name) && service->load_state <= TABLE_LOAD_ERROR &&
	       service->type <= TABLE_TYPE_NOTIFY_RELOAD && service->stage <= TABLE_STAGE_GREETER &&
	       service->restart <= TABLE_RESTART_ALWAYS && service->kill_mode <= TABLE_KILL_NONE &&
	       is_signal(service->kill_signal) && is_signal(service->restart_kill_signal) &&
	       is_signal(service->final_kill_signal) && is_signal(service->watchdog_signal) &&
	       is_signal(service->reload_signal) && service->notify_access <= TABLE_NOTIFY_ALL &&
	       service->start_failure_mode <= TABLE_FAILURE_KILL &&
	       service->stop_failure_mode <= TABLE_FAILURE_KILL &&
	       service->failure_action <= TABLE_ACTION_EXIT &&
	       service->success_action <= TABLE_ACTION_EXIT && service->ready_fd >= 0 &&
	       service->ready_fd <= 255;
}

static bool exec_is_sane(const struct table_exec *exec)
{
	return exec->phase <= TABLE_PHASE_CLEAN && exec->program[0] == '/' &&
	       wire_list_count(&exec->argv) > 0;
}

struct counts {
	size_t execs;
	size_t sockets;
	size_t paths;
	size_t timers;
};

/* Counts the messages and checks their order: one SERVICE, of *ret_first bytes, then the others. */
static int count_messages(const char *bytes, size_t len, struct counts *ret_counts,
			  uint32_t *ret_first)
{
	struct counts counts = { 0 };
	bool first = true;

	while (len > 0) {
		uint16_t opcode;
		uint32_t size;

		if (wire_peek(bytes, len, &opcode, &size) < 0 || size > len)
			return -EPROTO;
		if (first != (opcode == TABLE_SERVICE))
			return -EPROTO;
		if (first)
			*ret_first = size;
		first = false;
		counts.execs += opcode == TABLE_EXEC;
		counts.sockets += opcode == TABLE_SOCKET;
		counts.paths += opcode == TABLE_PATH;
		counts.timers += opcode == TABLE_TIMER;
		bytes += size;
		len -= size;
	}
	if (first || counts.execs > TABLE_MAX_EXECS || counts.sockets > TABLE_MAX_SOCKETS ||
	    counts.paths > TABLE_MAX_PATHS || counts.timers > TABLE_MAX_TIMERS)
		return -EPROTO;
	*ret_counts = counts;
	return 0;
}

static int take_exec(struct definition *definition, const void *message, uint32_t len)
{
	struct definition_exec *exec = &definition->execs[definition->n_execs];
	int r;

	r = wire_unpack(&table_protocol, message, len, TABLE_EXEC, &exec->exec, sizeof(exec->exec));
	if (r < 0)
		return -EPROTO;
	if (!exec_is_sane(&exec->exec))
		return -EPROTO;
	exec->message = (struct definition_part){ message, len };
	definition->n_execs++;
	return 0;
}

static int take_socket(struct definition *definition, const void *message, uint32_t len)
{
	struct table_socket *sock = &definition->sockets[definition->n_sockets];

	if (wire_unpack(&table_protocol, message, len, TABLE_SOCKET, sock, sizeof(*sock)) < 0 ||
	    sock->kind > TABLE_SOCKET_NETLINK)
		return -EPROTO;
	definition->n_sockets++;
	return 0;
}

static int take_path(struct definition *definition, const void *message, uint32_t len)
{
	struct table_path *path = &definition->paths[definition->n_paths];

	if (wire_unpack(&table_protocol, message, len, TABLE_PATH, path, sizeof(*path)) < 0 ||
	    path->kind > TABLE_PATH_DIRECTORY_NOT_EMPTY || path->path[0] != '/')
		return -EPROTO;
	definition->n_paths++;
	return 0;
}

static int take_timer(struct definition *definition, const void *message, uint32_t len)
{
	struct table_timer *timer = &definition->timers[definition->n_timers];

	if (wire_unpack(&table_protocol, message, len, TABLE_TIMER, timer, sizeof(*timer)) < 0 ||
	    timer->kind > TABLE_TIMER_TIMEZONE_CHANGE || !definition_name_is_valid(timer->unit))
		return -EPROTO;
	definition->n_timers++;
	return 0;
}

/* Of most units. */
const struct definition_rare definition_no_rare = {
	.load_error = "",
	.bus_name = "",
	.seat = "",
	.on_give_up = "",
	.pid_file = "",
};

static bool has_rare(const struct table_service *service)
{
	const char *const texts[] = { service->load_error, service->bus_name, service->seat,
				      service->on_give_up, service->pid_file };
	const struct wire_list *const lists[] = {
		&service->aliases,
		&service->success_codes,
		&service->restart_prevent_codes,
		&service->restart_force_codes,
		&service->binds_to,
		&service->requisite,
		&service->part_of,
		&service->stop_to,
		&service->stop_from,
		&service->reload_to,
		&service->reload_from,
		&service->on_failure,
		&service->on_success,
		&service->upholds,
		&service->delegate,
		&service->devices,
		&service->addresses,
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (texts[i][0])
			return true;
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		if (lists[i]->len > 0)
			return true;
	return service->restart_max_delay_us || service->abort_timeout_us || service->watchdog_us ||
	       service->runtime_max_us;
}

static void keep_rare(struct definition_rare *rare, const struct table_service *service)
{
	*rare = (struct definition_rare){
		.load_error = service->load_error,
		.bus_name = service->bus_name,
		.seat = service->seat,
		.on_give_up = service->on_give_up,
		.pid_file = service->pid_file,
		.restart_max_delay_us = service->restart_max_delay_us,
		.abort_timeout_us = service->abort_timeout_us,
		.watchdog_us = service->watchdog_us,
		.runtime_max_us = service->runtime_max_us,
		.aliases = service->aliases,
		.success_codes = service->success_codes,
		.restart_prevent_codes = service->restart_prevent_codes,
		.restart_force_codes = service->restart_force_codes,
		.binds_to = service->binds_to,
		.requisite = service->requisite,
		.part_of = service->part_of,
		.stop_to = service->stop_to,
		.stop_from = service->stop_from,
		.reload_to = service->reload_to,
		.reload_from = service->reload_from,
		.on_failure = service->on_failure,
		.on_success = service->on_success,
		.upholds = service->upholds,
		.delegate = service->delegate,
		.devices = service->devices,
		.addresses = service->addresses,
	};
}

/* After service_is_sane(). */
static void keep_words(struct definition_words *words, const struct definition_rare *rare,
		       const struct table_service *service)
{
	*words = (struct definition_words){
		.rare = rare,
		.name = service->name,
		.description = service->description,
		.path = service->path,
		.slice = service->slice,
		.restart_us = service->restart_us,
		.start_timeout_us = service->start_timeout_us,
		.stop_timeout_us = service->stop_timeout_us,
		.start_limit_interval_us = service->start_limit_interval_us,
		.changed_us = service->changed_us,
		.flags = service->flags,
		.start_limit_burst = service->start_limit_burst,
		.restart_steps = service->restart_steps,
		.remarks = service->remarks,
		.load_state = (uint8_t)service->load_state,
		.type = (uint8_t)service->type,
		.stage = (uint8_t)service->stage,
		.restart = (uint8_t)service->restart,
		.kill_mode = (uint8_t)service->kill_mode,
		.notify_access = (uint8_t)service->notify_access,
		.start_failure_mode = (uint8_t)service->start_failure_mode,
		.stop_failure_mode = (uint8_t)service->stop_failure_mode,
		.failure_action = (uint8_t)service->failure_action,
		.success_action = (uint8_t)service->success_action,
		.kill_signal = (uint8_t)service->kill_signal,
		.restart_kill_signal = (uint8_t)service->restart_kill_signal,
		.final_kill_signal = (uint8_t)service->final_kill_signal,
		.watchdog_signal = (uint8_t)service->watchdog_signal,
		.reload_signal = (uint8_t)service->reload_signal,
		.ready_fd = (uint8_t)service->ready_fd,
		.after = service->after,
		.before = service->before,
		.requires = service->requires,
		.wants = service->wants,
		.conflicts = service->conflicts,
		.conditions = service->conditions,
		.environment = service->environment,
		.cgroup = service->cgroup,
	};
}

/* @rare: room for what few units have; NULL: it has nothing of it. */
static void take_service(struct definition *definition, struct definition_rare *rare,
			 const struct table_service *service)
{
	const struct wire_message *message = wire_find(&table_protocol, TABLE_SERVICE);
	struct table_service kept;

	(void)wire_squeeze(message, service, definition->squeezed, definition->n_squeezed);
	(void)wire_expand(message, definition->squeezed, definition->n_squeezed, &kept);
	if (rare)
		keep_rare(rare, &kept);
	keep_words(&definition->service, rare ? rare : &definition_no_rare, &kept);
}

static int take_message(struct definition *definition, uint16_t opcode, const void *message,
			uint32_t len)
{
	switch (opcode) {
	case TABLE_EXEC:
		return take_exec(definition, message, len);
	case TABLE_SOCKET:
		return take_socket(definition, message, len);
	case TABLE_PATH:
		return take_path(definition, message, len);
	case TABLE_TIMER:
		return take_timer(definition, message, len);
	}
	return -EPROTO;
}

static int take_others(struct definition *definition)
{
	const char *bytes = definition->others;
	size_t len = definition->n_others;

	while (len > 0) {
		uint16_t opcode;
		uint32_t size;
		int r;

		r = wire_peek(bytes, len, &opcode, &size);
		if (r < 0)
			return -EPROTO;
		r = take_message(definition, opcode, bytes, size);
		if (r < 0)
			return r;
		bytes += size;
		len -= size;
	}
	return 0;
}

/* One piece: the definition, what few have, the structs of the other messages, and the bytes. */
static struct definition *allocate(const struct counts *counts, size_t rare, size_t squeezed,
				   size_t others)
{
	size_t execs = counts->execs * sizeof(struct definition_exec);
	size_t sockets = counts->sockets * sizeof(struct table_socket);
	size_t paths = counts->paths * sizeof(struct table_path);
	size_t timers = counts->timers * sizeof(struct table_timer);
	size_t structs = rare + execs + sockets + paths + timers;
	struct definition *definition = malloc(sizeof(*definition) + structs + squeezed + others);
	char *at;

	if (!definition)
		return NULL;
	at = (char *)(definition + 1) + rare;
	*definition = (struct definition){
		.execs = (void *)at,
		.sockets = (void *)(at + execs),
		.paths = (void *)(at + execs + sockets),
		.timers = (void *)(at + execs + sockets + paths),
		.squeezed = at + structs - rare,
		.others = at + structs - rare + squeezed,
		.n_squeezed = (uint32_t)squeezed,
		.n_others = (uint32_t)others,
		.refs = 1,
	};
	return definition;
}

int definition_new(struct definition **ret, const void *bytes, size_t len)
{
	const struct wire_message *message = wire_find(&table_protocol, TABLE_SERVICE);
	struct definition *definition CLEANUP_DEFINITION = NULL;
	struct table_service service;
	struct counts counts;
	uint32_t first = 0;
	size_t rare;
	int r;

	if (len > TABLE_MAX_UNIT_BYTES)
		return -EPROTO;
	r = count_messages(bytes, len, &counts, &first);
	if (r < 0)
		return r;
	if (wire_unpack(&table_protocol, bytes, first, TABLE_SERVICE, &service, sizeof(service)) <
		    0 ||
	    !service_is_sane(&service))
		return -EPROTO;
	rare = has_rare(&service) ? sizeof(struct definition_rare) : 0;
	definition = allocate(&counts, rare, wire_squeeze(message, &service, NULL, 0), len - first);
	if (!definition)
		return -ENOMEM;
	take_service(definition, rare ? (void *)(definition + 1) : NULL, &service);
	memcpy(definition->others, (const char *)bytes + first, len - first);
	r = take_others(definition);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(definition);
	return 0;
}

int definition_pack_service(const struct definition *definition, void *buf, size_t size)
{
	struct table_service service;
	int r;

	r = wire_expand(wire_find(&table_protocol, TABLE_SERVICE), definition->squeezed,
			definition->n_squeezed, &service);
	return r < 0 ? r : wire_pack(&table_protocol, TABLE_SERVICE, &service, buf, size);
}

struct definition *definition_ref(struct definition *definition)
{
	if (definition)
		definition->refs++;
	return definition;
}

struct definition *definition_unref(struct definition *definition)
{
	if (!definition || --definition->refs > 0)
		return NULL;
	free(definition);
	return NULL;
}

void definition_unrefp(struct definition **definition)
{
	*definition = definition_unref(*definition);
}

int definition_new_missing(struct definition **ret, const char *name)
{
	struct table_service service = {
		.name = name,
		.load_state = TABLE_LOAD_NOT_FOUND,
		.type = TABLE_TYPE_TARGET,
		.slice = "system.slice",
	};
	char buf[4096];
	int len;

	if (!definition_name_is_valid(name))
		return -EINVAL;
	len = wire_pack(&table_protocol, TABLE_SERVICE, &service, buf, sizeof(buf));
	if (len < 0)
		return len;
	if ((size_t)len > sizeof(buf))
		return -EMSGSIZE;
	return definition_new(ret, buf, (size_t)len);
}

int definition_new_gone(struct definition **ret, const struct definition *old)
{
	struct table_service service;
	char *bytes CLEANUP(free_charp)
	= NULL;
	int len;

	len = wire_expand(wire_find(&table_protocol, TABLE_SERVICE), old->squeezed, old->n_squeezed,
			  &service);
	if (len < 0)
		return len;
	service.load_state = TABLE_LOAD_NOT_FOUND;
	service.restart = TABLE_RESTART_NO;
	service.on_give_up = "";
	service.failure_action = service.success_action = TABLE_ACTION_NONE;
	len = wire_pack(&table_protocol, TABLE_SERVICE, &service, NULL, 0);
	if (len < 0)
		return len;
	bytes = malloc((size_t)len + old->n_others);
	if (!bytes)
		return -ENOMEM;
	len = wire_pack(&table_protocol, TABLE_SERVICE, &service, bytes, (size_t)len);
	if (len < 0)
		return len;
	memcpy(bytes + len, old->others, old->n_others);
	return definition_new(ret, bytes, (size_t)len + old->n_others);
}

const struct definition_exec *definition_exec(const struct definition *definition,
					      enum table_phase phase, size_t nth)
{
	for (size_t i = 0; i < definition->n_execs; i++)
		if (definition->execs[i].exec.phase == phase && nth-- == 0)
			return &definition->execs[i];
	return NULL;
}

const char *definition_load_state_name(enum table_load load)
{
	switch (load) {
	case TABLE_LOAD_LOADED:
		return "loaded";
	case TABLE_LOAD_NOT_FOUND:
		return "not-found";
	case TABLE_LOAD_MASKED:
		return "masked";
	case TABLE_LOAD_ERROR:
		return "error";
	}
	return "error";
}

const char *definition_stage_name(enum table_stage stage)
{
	switch (stage) {
	case TABLE_STAGE_DEMAND:
		return "demand";
	case TABLE_STAGE_SPLASH:
		return "splash";
	case TABLE_STAGE_DISPLAY:
		return "display";
	case TABLE_STAGE_DISKS:
		return "disks";
	case TABLE_STAGE_MERGED:
		return "merged";
	case TABLE_STAGE_GREETER:
		return "greeter";
	}
	return "demand";
}

const char *definition_type_name(enum table_type type)
{
	switch (type) {
	case TABLE_TYPE_SIMPLE:
		break;
	case TABLE_TYPE_EXEC:
		return "exec";
	case TABLE_TYPE_FORKING:
		return "forking";
	case TABLE_TYPE_ONESHOT:
		return "oneshot";
	case TABLE_TYPE_NOTIFY:
		return "notify";
	case TABLE_TYPE_DBUS:
		return "dbus";
	case TABLE_TYPE_IDLE:
		return "idle";
	case TABLE_TYPE_NOTIFY_RELOAD:
		return "notify-reload";
	case TABLE_TYPE_TARGET:
		return "target";
	}
	return "simple";
}
