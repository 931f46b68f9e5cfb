/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text for people out of a packed table, so that what is shown is what PID 1 reads. Fields without a value are left out. */
#include "dump.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "early/macros.h"
#include "early/proto/table.h"
#include "early/proto/table_fields.h"

static const char *const load_states[] = { "loaded", "not-found", "masked", "error" };
static const char *const types[] = { "simple", "exec", "forking", "oneshot",      "notify",
				     "dbus",   "idle", "target",  "notify-reload" };
static const char *const stages[] = { "demand", "splash", "display", "disks", "merged", "greeter" };
static const char *const restarts[] = { "no",          "on-success", "on-failure", "on-abnormal",
					"on-watchdog", "on-abort",   "always" };
static const char *const kills[] = { "control-group", "mixed", "process", "none" };
static const char *const phases[] = { "ExecCondition", "ExecStartPre", "ExecStart",
				      "ExecStartPost", "ExecReload",   "ExecStop",
				      "ExecStopPost",  "(cleaning)" };
static const char *const kinds[] = { "ListenStream", "ListenDatagram", "ListenSequentialPacket",
				     "ListenFIFO", "ListenNetlink" };
static const char *const paths[] = { "PathExists", "PathExistsGlob", "PathChanged", "PathModified",
				     "DirectoryNotEmpty" };
static const char *const timers[] = { "OnCalendar",    "OnActiveSec",     "OnBootSec",
				      "OnStartupSec",  "OnUnitActiveSec", "OnUnitInactiveSec",
				      "OnClockChange", "OnTimezoneChange" };
static const char *const flags[] = { "needs-exec",
				     "remain-after-exit",
				     "delegate",
				     "notify-all",
				     "preserve-runtime-directory",
				     "keep-sigpipe",
				     "send-sighup",
				     "send-sigkill-no",
				     "listen-fds",
				     "set-login-environment" };

#define WORD(table, value) ((value) < ARRAY_SIZE(table) ? (table)[value] : "?")

static const struct {
	const char *field;
	const char *const *words;
	size_t n_words;
} worded[] = {
	{ "load_state", load_states, ARRAY_SIZE(load_states) },
	{ "type", types, ARRAY_SIZE(types) },
	{ "stage", stages, ARRAY_SIZE(stages) },
	{ "restart", restarts, ARRAY_SIZE(restarts) },
	{ "kill_mode", kills, ARRAY_SIZE(kills) },
};

static void print_flags(FILE *file, uint32_t value)
{
	fputs("\tflags:", file);
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		if (value & (1U << i))
			fprintf(file, " %s", flags[i]);
	fputc('\n', file);
}

static void print_u32(FILE *file, const char *name, uint32_t value)
{
	for (size_t i = 0; i < ARRAY_SIZE(worded); i++) {
		if (strcmp(worded[i].field, name) == 0 && value < worded[i].n_words) {
			fprintf(file, "\t%s: %s\n", name, worded[i].words[value]);
			return;
		}
	}
	if (strcmp(name, "flags") == 0)
		print_flags(file, value);
	else if (strstr(name, "_mode") || strcmp(name, "umask") == 0)
		fprintf(file, "\t%s: %04" PRIo32 "\n", name, value);
	else
		fprintf(file, "\t%s: %" PRIu32 "\n", name, value);
}

static void print_list(FILE *file, const char *name, const struct wire_list *list)
{
	if (list->len == 0)
		return;
	fprintf(file, "\t%s:", name);
	for (const char *word = wire_list_next(list, NULL); word; word = wire_list_next(list, word))
		fprintf(file, " %s", word);
	fputc('\n', file);
}

#define NAME(name, kind) #name,
static const char *const service_fields[] = { TABLE_SERVICE_FIELDS(NAME) };
#undef NAME

static void print_field(FILE *file, const char *name, const struct wire_field *field,
			const void *value)
{
	const void *member = (const char *)value + field->offset;
	uint64_t number;

	switch ((enum wire_type)field->type) {
	case WIRE_U32:
		print_u32(file, name, *(const uint32_t *)member);
		break;
	case WIRE_I32:
		if (*(const int32_t *)member != 0)
			fprintf(file, "\t%s: %" PRId32 "\n", name, *(const int32_t *)member);
		break;
	case WIRE_U64:
		number = *(const uint64_t *)member;
		if (number == UINT64_MAX)
			fprintf(file, "\t%s: infinity\n", name);
		else if (number != 0)
			fprintf(file, "\t%s: %" PRIu64 "\n", name, number);
		break;
	case WIRE_TEXT:
		if (**(const char *const *)member)
			fprintf(file, "\t%s: %s\n", name, *(const char *const *)member);
		break;
	case WIRE_LIST:
		print_list(file, name, member);
		break;
	}
}

static void print_service(FILE *file, const struct table_service *service)
{
	const struct wire_message *message = wire_find(&table_protocol, TABLE_SERVICE);

	fprintf(file, "%s\n", service->name);
	for (size_t i = 1; i < message->n_fields; i++)
		print_field(file, service_fields[i], &message->fields[i], service);
}

static void print_exec(FILE *file, const struct table_exec *exec)
{
	fprintf(file, "\t%s=%s%s%s%s%s:", WORD(phases, exec->phase),
		exec->flags & TABLE_EXEC_IGNORE_FAILURE ? "-" : "",
		exec->flags & TABLE_EXEC_FULL_PRIVILEGE ? "+" : "",
		exec->flags & TABLE_EXEC_KEEP_IDENTITY ? "!" : "",
		exec->flags & TABLE_EXEC_HAS_VARIABLES ? "$" : "", exec->program);
	for (const char *word = wire_list_next(&exec->argv, NULL); word;
	     word = wire_list_next(&exec->argv, word))
		fprintf(file, " \"%s\"", word);
	fputc('\n', file);
}

static void print_diagnostic(FILE *file, const struct table_diagnostic *diagnostic)
{
	const char *level = diagnostic->level <= 3   ? "error"
			    : diagnostic->level <= 4 ? "refused"
			    : diagnostic->level <= 6 ? "harmless"
						     : "honoured";

	fprintf(file, "%s:%" PRIu32 ": %s: %s%s%s\n", diagnostic->file, diagnostic->line, level,
		diagnostic->directive, *diagnostic->directive ? ": " : "", diagnostic->text);
}

static void print_socket(FILE *file, const struct table_socket *socket)
{
	fprintf(file, "\t%s=%s mode %04" PRIo32 "%s", WORD(kinds, socket->kind), socket->address,
		socket->mode, socket->flags & TABLE_SOCKET_ACCEPT ? " accept" : "");
	for (const char *word = wire_list_next(&socket->options, NULL); word;
	     word = wire_list_next(&socket->options, word))
		fprintf(file, " %s", word);
	fputc('\n', file);
}

static void print_timer(FILE *file, const struct table_timer *timer)
{
	fprintf(file, "\t%s=", WORD(timers, timer->kind));
	if (timer->kind == TABLE_TIMER_CALENDAR)
		fprintf(file, "%s", timer->calendar);
	else
		fprintf(file, "%" PRIu64 "us", timer->span_us);
	fprintf(file, "%s -> %s\n", timer->flags & TABLE_TIMER_PERSISTENT ? " persistent" : "",
		timer->unit);
}

static void print_message(FILE *file, uint16_t opcode, const void *value)
{
	const struct table_path *path = value;

	switch ((enum table_opcode)opcode) {
	case TABLE_SERVICE:
		print_service(file, value);
		break;
	case TABLE_EXEC:
		print_exec(file, value);
		break;
	case TABLE_SOCKET:
		print_socket(file, value);
		break;
	case TABLE_PATH:
		fprintf(file, "\t%s=%s\n", WORD(paths, path->kind), path->path);
		break;
	case TABLE_TIMER:
		print_timer(file, value);
		break;
	case TABLE_DIAGNOSTIC:
		print_diagnostic(file, value);
		break;
	case TABLE_HEADER:
	case TABLE_END:
		break;
	}
}

int dump_table(FILE *file, const void *table, size_t len)
{
	const char *at = table;
	uint16_t opcode = 0;

	while (len > 0 && opcode != TABLE_END) {
		union {
			struct table_header header;
			struct table_service service;
			struct table_exec exec;
			struct table_socket socket;
			struct table_path path;
			struct table_timer timer;
			struct table_diagnostic diagnostic;
		} value;
		uint32_t size;

		if (wire_peek(at, len, &opcode, &size) != 0 ||
		    wire_unpack(&table_protocol, at, len, opcode, &value, sizeof(value)) != 0)
			return -EPROTO;
		print_message(file, opcode, &value);
		at += size;
		len -= size;
	}
	return opcode == TABLE_END ? 0 : -EPROTO;
}
