/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The table: HEADER, each unit with its lines, the remarks, END. */
#include "writer.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "early/strv.h"
#include "timers.h"

/* Which member of struct service becomes which field of the message. */
struct field_map {
	size_t from;
	size_t to;
};

#define MAP(member)                                                                                \
	{                                                                                          \
		offsetof(struct service, member), offsetof(struct table_service, member)           \
	}

static const struct field_map texts[] = {
	MAP(name),
	MAP(description),
	MAP(path),
	MAP(load_error),
	MAP(bus_name),
	MAP(slice),
	MAP(seat),
	MAP(on_give_up),
	MAP(pid_file),
	MAP(user),
	MAP(group),
	MAP(pam_name),
	MAP(working_directory),
	MAP(root_directory),
	MAP(standard_input),
	MAP(standard_output),
	MAP(standard_error),
	MAP(tty_path),
};

static const struct field_map lists[] = {
	MAP(aliases),
	MAP(success_codes),
	MAP(restart_prevent_codes),
	MAP(after),
	MAP(before),
	MAP(requires),
	MAP(wants),
	MAP(conflicts),
	MAP(binds_to),
	MAP(conditions),
	MAP(supplementary_groups),
	MAP(environment),
	MAP(environment_files),
	MAP(pass_environment),
	MAP(unset_environment),
	MAP(runtime_directory),
	MAP(state_directory),
	MAP(cache_directory),
	MAP(logs_directory),
	MAP(limits),
	MAP(capabilities),
	MAP(ambient_capabilities),
	MAP(settings),
	MAP(restart_force_codes),
	MAP(requisite),
	MAP(part_of),
	MAP(stop_to),
	MAP(stop_from),
	MAP(reload_to),
	MAP(reload_from),
	MAP(on_failure),
	MAP(on_success),
	MAP(cgroup),
	MAP(delegate),
	MAP(devices),
	MAP(addresses),
	MAP(upholds),
};

static int put(struct strbuf *table, uint16_t opcode, const void *value)
{
	char *buf CLEANUP(free_charp)
	= NULL;
	int len = wire_pack(&table_protocol, opcode, value, NULL, 0);

	if (len < 0)
		return len;
	buf = malloc((size_t)len);
	if (!buf)
		return -ENOMEM;
	len = wire_pack(&table_protocol, opcode, value, buf, (size_t)len);
	if (len < 0)
		return len;
	strbuf_add(table, buf, (size_t)len);
	return strbuf_error(table);
}

static int put_service(struct strbuf *table, const struct service *service)
{
	struct table_service message = service->fields;
	char *data[ARRAY_SIZE(lists)] = { NULL };
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		*(const char **)((char *)&message + texts[i].to) =
			*(char *const *)((const char *)service + texts[i].from);
	if (!message.slice)
		message.slice = "system.slice";
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(lists); i++)
		r = wire_list_from_strv(*(char **const *)((const char *)service + lists[i].from),
					(struct wire_list *)((char *)&message + lists[i].to),
					&data[i]);
	if (r == 0)
		r = put(table, TABLE_SERVICE, &message);
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		free(data[i]);
	return r;
}

static int put_exec(struct strbuf *table, const struct exec_line *exec)
{
	struct table_exec message = {
		.phase = exec->phase,
		.flags = exec->flags,
		.program = exec->program,
	};
	char *data CLEANUP(free_charp)
	= NULL;
	int r = wire_list_from_strv(exec->argv, &message.argv, &data);

	return r < 0 ? r : put(table, TABLE_EXEC, &message);
}

static int put_socket(struct strbuf *table, const struct socket_line *line)
{
	const struct socket_options *options = line->options;
	struct table_socket message = {
		.kind = line->kind,
		.address = line->address,
		.mode = options->mode,
		.user = options->user,
		.group = options->group,
		.fd_name = options->fd_name,
		.flags = options->flags,
		.directory_mode = options->directory_mode,
	};
	char *list CLEANUP(free_charp)
	= NULL;
	char *links CLEANUP(free_charp)
	= NULL;
	int r = wire_list_from_strv(options->options, &message.options, &list);

	if (r == 0)
		r = wire_list_from_strv(options->symlinks, &message.symlinks, &links);
	return r < 0 ? r : put(table, TABLE_SOCKET, &message);
}

static int put_path(struct strbuf *table, const struct path_line *line)
{
	struct table_path message = {
		.kind = line->kind,
		.path = line->path,
		.make_directory = line->options->make_directory,
		.directory_mode = line->options->directory_mode,
		.trigger_limit_interval_us = line->options->trigger_limit_interval_us,
		.trigger_limit_burst = line->options->trigger_limit_burst,
	};

	return put(table, TABLE_PATH, &message);
}

static int put_timer(struct strbuf *table, const struct timer_line *line, const char *unit)
{
	struct table_timer message = {
		.kind = line->kind,
		.span_us = line->span_us,
		.calendar = line->calendar,
		.flags = line->options->flags,
		.accuracy_us = line->options->accuracy_us,
		.randomized_us = line->options->randomized_us,
		.unit = unit,
	};

	return put(table, TABLE_TIMER, &message);
}

static int put_lines(struct strbuf *table, const struct service *service)
{
	const struct activation *activation = &service->activation;
	int r = put_service(table, service);

	for (size_t i = 0; r == 0 && i < service->n_execs; i++)
		r = put_exec(table, &service->execs[i]);
	for (size_t i = 0; r == 0 && i < activation->n_sockets; i++)
		r = put_socket(table, &activation->sockets[i]);
	for (size_t i = 0; r == 0 && i < activation->n_paths; i++)
		r = put_path(table, &activation->paths[i]);
	/* Those of a service are told as its timer's; one with an error may name nothing that a timer can start. */
	for (size_t i = 0;
	     r == 0 && timers_is_timer(service->name) &&
	     service->fields.load_state == TABLE_LOAD_LOADED && i < activation->n_timers;
	     i++)
		r = put_timer(table, &activation->timers[i], activation->unit);
	return r;
}

/* What PID 1 would not take, or NULL. */
static const char *excess_of(const struct service *service)
{
	const struct activation *activation = &service->activation;

	if (service->n_execs > TABLE_MAX_EXECS)
		return "has more than 64 command lines";
	if (activation->n_sockets > TABLE_MAX_SOCKETS)
		return "has more than 32 addresses";
	if (activation->n_paths > TABLE_MAX_PATHS)
		return "has more than 64 paths";
	if (timers_is_timer(service->name) && activation->n_timers > TABLE_MAX_TIMERS)
		return "has more than 64 times";
	return NULL;
}

/* It is told as a unit with an error: otherwise it, or even all the others, would be lost with it. */
static int put_refused(struct strbuf *table, const struct service *service, const char *why)
{
	const char *file = service->path ? service->path : service->name;
	struct strbuf error CLEANUP_STRBUF = STRBUF_INIT;
	struct table_service message = { .name = service->name,
					 .path = service->path,
					 .load_state = TABLE_LOAD_ERROR,
					 .type = service->fields.type,
					 .slice = "system.slice",
					 .remarks = service->fields.remarks + 1 };
	const struct table_diagnostic diagnostic = { .file = file,
						     .level = DIAG_ERROR,
						     .directive = "",
						     .text = why,
						     .unit = service->name };
	int r;

	strbuf_printf(&error, "%s: %s", file, why);
	r = strbuf_error(&error);
	message.load_error = error.data;
	if (r == 0)
		r = put(table, TABLE_SERVICE, &message);
	return r < 0 ? r : put(table, TABLE_DIAGNOSTIC, &diagnostic);
}

static int put_unit(struct strbuf *table, const struct service *service)
{
	const char *why = excess_of(service);
	size_t begin = table->len;
	int r = why ? 0 : put_lines(table, service);

	if (r == -EMSGSIZE || (r == 0 && table->len - begin > TABLE_MAX_UNIT_BYTES))
		why = "says more than fits into the table";
	if (!why)
		return r;
	table->len = begin;
	return put_refused(table, service, why);
}

/* A line that is too long to be repeated has its number, at least. */
static int put_diag(struct strbuf *table, const struct table_diagnostic *message)
{
	struct table_diagnostic shorter = *message;
	int r = put(table, TABLE_DIAGNOSTIC, message);

	if (r != -EMSGSIZE)
		return r;
	shorter.directive = "";
	shorter.text = "this line is too long to be told of";
	return put(table, TABLE_DIAGNOSTIC, &shorter);
}

static int put_diags(struct strbuf *table, const struct diags *diags, bool notes)
{
	int r = diags->error;

	for (size_t i = 0; r == 0 && i < diags->n_items; i++) {
		const struct diag *diag = &diags->items[i];
		struct table_diagnostic message = {
			.file = diag->file,
			.line = diag->line,
			.level = diag->level,
			.directive = diag->directive,
			.text = diag->text,
			.unit = diag->unit ? diag->unit : "",
		};

		if (notes || diag->level <= DIAG_WARNING)
			r = put_diag(table, &message);
	}
	return r;
}

int writer_pack(const struct loader *loader, bool notes, struct strbuf *table)
{
	struct table_header header = { TABLE_VERSION, (uint32_t)loader->n_services };
	int r = put(table, TABLE_HEADER, &header);

	for (size_t i = 0; r == 0 && i < loader->n_services; i++)
		r = put_unit(table, loader->services[i]);
	if (r == 0)
		r = put_diags(table, &loader->diags, notes);
	if (r == 0)
		r = put(table, TABLE_END, NULL);
	return r;
}
