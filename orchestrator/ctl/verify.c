/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * "verify": early-load reads the files and tells what becomes of each directive, as remarks in its table; here they are counted. A
 * unit is refused if it could not be loaded or if a directive of its file was refused.
 */
#include "verify.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "answer.h"
#include "client.h"
#include "early/channel.h"
#include "early/fd.h"
#include "early/macros.h"
#include "early/proto/table.h"
#include "verbs.h"

#define TABLE_MAX (64 * 1024 * 1024)
#define LEVEL_REFUSED 4
#define LEVEL_HARMLESS 6

struct tally {
	int units;
	int honoured;
	int harmless;
	struct json_object *refused; /* array */
	struct json_object *bad_files; /* files and names of refused units: a set */
	struct json_object *unit_files;
};

static void take_diagnostic(struct tally *tally, const struct table_diagnostic *diagnostic)
{
	struct json_object *entry;

	if (diagnostic->level > LEVEL_HARMLESS) {
		tally->honoured++;
		return;
	}
	if (diagnostic->level > LEVEL_REFUSED) {
		tally->harmless++;
		return;
	}
	entry = json_object_new_object();
	json_object_object_add(entry, "file", json_object_new_string(diagnostic->file));
	json_object_object_add(entry, "line", json_object_new_int64(diagnostic->line));
	json_object_object_add(entry, "directive", json_object_new_string(diagnostic->directive));
	json_object_object_add(entry, "reason", json_object_new_string(diagnostic->text));
	json_object_array_add(tally->refused, entry);
	json_object_object_add(tally->bad_files, diagnostic->file, json_object_new_boolean(true));
}

static void take_service(struct tally *tally, const struct table_service *service)
{
	tally->units++;
	json_object_object_add(tally->unit_files, *service->path ? service->path : service->name,
			       json_object_new_boolean(service->load_state == TABLE_LOAD_ERROR));
}

static int count_refused_units(const struct tally *tally)
{
	int n = 0;

	json_object_object_foreach(tally->unit_files, file, failed)
	{
		if (json_object_get_boolean(failed) ||
		    json_object_object_get(tally->bad_files, file))
			n++;
	}
	return n;
}

static int take_messages(struct tally *tally, const char *at, size_t len)
{
	uint16_t opcode = 0;

	while (len > 0 && opcode != TABLE_END) {
		union {
			struct table_header header;
			struct table_service service;
			struct table_exec exec;
			struct table_socket socket;
			struct table_diagnostic diagnostic;
		} value;
		uint32_t size;

		if (wire_peek(at, len, &opcode, &size) != 0 ||
		    wire_unpack(&table_protocol, at, len, opcode, &value, sizeof(value)) != 0)
			return -EPROTO;
		if (opcode == TABLE_SERVICE)
			take_service(tally, &value.service);
		else if (opcode == TABLE_DIAGNOSTIC)
			take_diagnostic(tally, &value.diagnostic);
		at += size;
		len -= size;
	}
	return opcode == TABLE_END ? 0 : -EPROTO;
}

static struct json_object *make_result(const struct tally *tally)
{
	struct json_object *result = json_object_new_object();
	struct json_object *directives = json_object_new_object();

	json_object_object_add(directives, "honoured", json_object_new_int(tally->honoured));
	json_object_object_add(directives, "harmless", json_object_new_int(tally->harmless));
	json_object_object_add(
		directives, "refused",
		json_object_new_int64((int64_t)json_object_array_length(tally->refused)));
	json_object_object_add(result, "units", json_object_new_int(tally->units));
	json_object_object_add(result, "units_refused",
			       json_object_new_int(count_refused_units(tally)));
	json_object_object_add(result, "directives", directives);
	json_object_object_add(result, "refused", json_object_get(tally->refused));
	return result;
}

struct json_object *verify_judge(const void *table, size_t len)
{
	struct tally tally = {
		.refused = json_object_new_array(),
		.bad_files = json_object_new_object(),
		.unit_files = json_object_new_object(),
	};
	struct json_object *result = NULL;

	if (take_messages(&tally, table, len) == 0)
		result = make_result(&tally);
	json_object_put(tally.refused);
	json_object_put(tally.bad_files);
	json_object_put(tally.unit_files);
	return result;
}

/* --- early-load --- */

static void become_loader(const char *loader, int fd, int argc, char **argv)
{
	char **words = calloc((size_t)argc + 4, sizeof(*words));
	int n = 0;

	if (!words || dup2(fd, CHANNEL_HELPER_FD) < 0 ||
	    fd_set_cloexec(CHANNEL_HELPER_FD, false) < 0)
		_exit(1);
	words[n++] = (char *)"early-load";
	words[n++] = (char *)"--notes";
	if (argc == 0)
		words[n++] = (char *)"--all";
	for (int i = 0; i < argc; i++)
		words[n++] = argv[i];
	execv(loader, words);
	fprintf(stderr, "earlyctl: cannot execute %s: %s\n", loader, strerror(errno));
	_exit(1);
}

static int run_loader(const char *loader, int argc, char **argv, int fd)
{
	int status;
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (pid == 0)
		become_loader(loader, fd, argc, argv);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EIO;
}

static void print_verdict(struct json_object *result)
{
	struct json_object *refused = json_object_object_get(result, "refused");
	struct json_object *directives = json_object_object_get(result, "directives");

	for (size_t i = 0; i < json_object_array_length(refused); i++) {
		struct json_object *entry = json_object_array_get_idx(refused, i);
		const char *directive = answer_text(entry, "directive");

		printf("%s:%lld: %s%s%s\n", answer_text(entry, "file"),
		       answer_number(entry, "line"), directive, *directive ? ": " : "",
		       answer_text(entry, "reason"));
	}
	printf("%lld units, %lld of them with something refused; directives: %lld honoured, %lld "
	       "harmless, %lld refused\n",
	       answer_number(result, "units"), answer_number(result, "units_refused"),
	       answer_number(directives, "honoured"), answer_number(directives, "harmless"),
	       answer_number(directives, "refused"));
}

int verb_verify(void *target, int argc, char **argv)
{
	const struct settings *settings = target;
	int fd CLEANUP_FD
	= -1;
	char *table CLEANUP(free_charp)
	= NULL;
	struct json_object *result = NULL;
	size_t len = 0;
	int code;
	int r = fd_new_memfd("verify", &fd);

	if (r == 0)
		r = run_loader(settings->loader, argc, argv, fd);
	if (r == 0)
		r = lseek(fd, 0, SEEK_SET) < 0 ? -errno : 0;
	if (r == 0)
		r = fd_read_all(fd, TABLE_MAX, &table, &len);
	if (r == 0)
		result = verify_judge(table, len);
	if (!result) {
		fputs("earlyctl: the files could not be read\n", stderr);
		return EXIT_FAILED;
	}
	if (settings->json)
		answer_print_json(result);
	else
		print_verdict(result);
	code = answer_number(result, "units_refused") > 0 ? EXIT_FAILED : EXIT_DONE;
	json_object_put(result);
	return code;
}
