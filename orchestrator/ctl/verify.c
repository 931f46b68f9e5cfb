/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * "verify": early-load reads the files and tells what becomes of each directive, as remarks in its table; here they are counted. A
 * unit is refused if it could not be loaded or if a directive of its file was refused. A unit that somebody named must be there;
 * one that is only wanted by another need not.
 */
#include "verify.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
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
#define LEVEL_FAULT 5
#define LEVEL_HARMLESS 6

struct tally {
	int units;
	bool named; /* the units were asked for, one by one */
	int honoured;
	int harmless;
	int n_refused; /* directives */
	struct json_object *refused; /* array */
	struct json_object *faults; /* array */
	struct json_object *masked; /* array of names */
	struct json_object *bad; /* files and names of refused units: a set */
	struct json_object *unit_files; /* of each unit by its name */
};

static void add_entry(struct json_object *array, const struct table_diagnostic *diagnostic)
{
	struct json_object *entry = json_object_new_object();

	json_object_object_add(entry, "file", json_object_new_string(diagnostic->file));
	json_object_object_add(entry, "line", json_object_new_int64(diagnostic->line));
	json_object_object_add(entry, "directive", json_object_new_string(diagnostic->directive));
	json_object_object_add(entry, "reason", json_object_new_string(diagnostic->text));
	json_object_array_add(array, entry);
}

/* A drop-in and a .timer are other files than the unit's, so the remark's unit counts as well. */
static void refuse(struct tally *tally, const struct table_diagnostic *diagnostic)
{
	add_entry(tally->refused, diagnostic);
	json_object_object_add(tally->bad, diagnostic->file, json_object_new_boolean(true));
	if (diagnostic->unit && *diagnostic->unit)
		json_object_object_add(tally->bad, diagnostic->unit, json_object_new_boolean(true));
}

static void take_diagnostic(struct tally *tally, const struct table_diagnostic *diagnostic)
{
	if (diagnostic->level > LEVEL_HARMLESS) {
		tally->honoured++;
	} else if (diagnostic->level == LEVEL_FAULT) {
		add_entry(tally->faults, diagnostic);
	} else if (diagnostic->level > LEVEL_REFUSED) {
		tally->harmless++;
	} else {
		tally->n_refused += *diagnostic->directive != '\0';
		refuse(tally, diagnostic);
	}
}

static void take_service(struct tally *tally, const struct table_service *service)
{
	bool has_file = *service->path && service->load_state != TABLE_LOAD_MASKED;
	const struct table_diagnostic missing = {
		.unit = service->name,
		.file = service->name,
		.directive = "",
		.text = "there is no such unit, nor a file of that name here",
	};

	tally->units++;
	json_object_object_add(tally->unit_files, service->name,
			       json_object_new_string(has_file ? service->path : ""));
	if (service->load_state == TABLE_LOAD_ERROR)
		json_object_object_add(tally->bad, service->name, json_object_new_boolean(true));
	if (service->load_state == TABLE_LOAD_MASKED)
		json_object_array_add(tally->masked, json_object_new_string(service->name));
	if (service->load_state == TABLE_LOAD_NOT_FOUND && !*service->path && tally->named)
		refuse(tally, &missing);
}

static int count_refused_units(const struct tally *tally)
{
	int n = 0;

	json_object_object_foreach(tally->unit_files, name, path)
	{
		if (json_object_object_get(tally->bad, name) ||
		    json_object_object_get(tally->bad, json_object_get_string(path)))
			n++;
	}
	return n;
}

/* --- in the order of their lines --- */

struct ranked {
	struct json_object *entry;
	long long file; /* rank of its first entry */
	size_t nth;
};

static int compare_ranked(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;
	long long line = answer_number(x->entry, "line") - answer_number(y->entry, "line");

	if (x->file != y->file)
		return x->file < y->file ? -1 : 1;
	if (line != 0)
		return line < 0 ? -1 : 1;
	return x->nth < y->nth ? -1 : 1;
}

/* By line within each file, the files as they first came. Without memory they stay as they are. */
static void sort_entries(struct json_object *array)
{
	size_t n = json_object_array_length(array);
	struct json_object *files = json_object_new_object();
	struct ranked *ranked = calloc(n + 1, sizeof(*ranked));

	for (size_t i = 0; ranked && i < n; i++) {
		struct json_object *entry = json_object_array_get_idx(array, i);
		const char *file = answer_text(entry, "file");

		if (!json_object_object_get(files, file))
			json_object_object_add(files, file, json_object_new_int64((int64_t)i));
		ranked[i] = (struct ranked){ json_object_get(entry), answer_number(files, file),
					     i };
	}
	if (ranked)
		qsort(ranked, n, sizeof(*ranked), compare_ranked);
	for (size_t i = 0; ranked && i < n; i++)
		json_object_array_put_idx(array, i, ranked[i].entry);
	free(ranked);
	json_object_put(files);
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

	sort_entries(tally->refused);
	sort_entries(tally->faults);
	json_object_object_add(directives, "honoured", json_object_new_int(tally->honoured));
	json_object_object_add(directives, "harmless", json_object_new_int(tally->harmless));
	json_object_object_add(directives, "refused", json_object_new_int(tally->n_refused));
	json_object_object_add(result, "units", json_object_new_int(tally->units));
	json_object_object_add(result, "units_refused",
			       json_object_new_int(count_refused_units(tally)));
	json_object_object_add(result, "directives", directives);
	json_object_object_add(result, "refused", json_object_get(tally->refused));
	json_object_object_add(result, "faults", json_object_get(tally->faults));
	json_object_object_add(result, "masked", json_object_get(tally->masked));
	return result;
}

struct json_object *verify_judge(const void *table, size_t len, bool named)
{
	struct tally tally = {
		.named = named,
		.refused = json_object_new_array(),
		.faults = json_object_new_array(),
		.masked = json_object_new_array(),
		.bad = json_object_new_object(),
		.unit_files = json_object_new_object(),
	};
	struct json_object *result = NULL;

	if (take_messages(&tally, table, len) == 0)
		result = make_result(&tally);
	json_object_put(tally.refused);
	json_object_put(tally.faults);
	json_object_put(tally.masked);
	json_object_put(tally.bad);
	json_object_put(tally.unit_files);
	return result;
}

/* --- early-load --- */

/* early-load takes a word with a slash for a file. Here a file of this directory is meant before a unit's name. */
static char *make_operand(const char *word)
{
	struct stat st;
	char *operand;

	if (strchr(word, '/'))
		return strdup(word);
	if (stat(word, &st) < 0 ? lstat(word, &st) < 0 : S_ISDIR(st.st_mode))
		return strdup(verb_unit_name(word));
	return asprintf(&operand, "./%s", word) < 0 ? NULL : operand;
}

static void become_loader(const char *loader, int fd, int argc, char **argv)
{
	char **words = calloc((size_t)argc + 5, sizeof(*words));
	int n = 0;

	if (!words || dup2(fd, CHANNEL_HELPER_FD) < 0 ||
	    fd_set_cloexec(CHANNEL_HELPER_FD, false) < 0)
		_exit(1);
	words[n++] = (char *)"early-load";
	words[n++] = (char *)"--notes";
	if (argc == 0)
		words[n++] = (char *)"--all";
	words[n++] = (char *)"--";
	for (int i = 0; i < argc; i++) {
		words[n] = make_operand(argv[i]);
		if (!words[n++])
			_exit(1);
	}
	execv(loader, words);
	fprintf(stderr,
		"earlyctl: cannot execute %s: %s (EARLY_LOAD in the environment names another)\n",
		loader, strerror(errno));
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

static void print_refusal(struct json_object *entry)
{
	const char *directive = answer_text(entry, "directive");

	fputs(answer_text(entry, "file"), stdout);
	if (answer_number(entry, "line") > 0)
		printf(":%lld", answer_number(entry, "line"));
	printf(": %s%s%s\n", directive, *directive ? ": " : "", answer_text(entry, "reason"));
}

static void print_verdict(struct json_object *result, bool named)
{
	struct json_object *refused = json_object_object_get(result, "refused");
	struct json_object *faults = json_object_object_get(result, "faults");
	long long others;
	struct json_object *masked = json_object_object_get(result, "masked");
	struct json_object *directives = json_object_object_get(result, "directives");

	for (size_t i = 0; i < json_object_array_length(refused); i++)
		print_refusal(json_object_array_get_idx(refused, i));
	for (size_t i = 0; i < json_object_array_length(faults); i++)
		print_refusal(json_object_array_get_idx(faults, i));
	for (size_t i = 0; named && i < json_object_array_length(masked); i++)
		printf("%s: masked (a link to /dev/null, or an empty file): it is never started\n",
		       json_object_get_string(json_object_array_get_idx(masked, i)));
	printf("%lld units, %lld of them with something refused, %zu masked; directives: %lld "
	       "honoured, %lld harmless, %lld refused",
	       answer_number(result, "units"), answer_number(result, "units_refused"),
	       json_object_array_length(masked), answer_number(directives, "honoured"),
	       answer_number(directives, "harmless"), answer_number(directives, "refused"));
	others = (long long)(json_object_array_length(refused) + json_object_array_length(faults)) -
		 answer_number(directives, "refused");
	if (others > 0)
		printf("; %lld other fault%s", others, others == 1 ? "" : "s");
	putchar('\n');
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
		result = verify_judge(table, len, argc > 0);
	if (!result) {
		fputs("earlyctl: the files could not be read\n", stderr);
		return EXIT_FAILED;
	}
	if (settings->json)
		answer_print_json(result);
	else
		print_verdict(result, argc > 0);
	code = json_object_array_length(json_object_object_get(result, "refused")) > 0 ||
			       json_object_array_length(json_object_object_get(result, "faults")) >
				       0 ||
			       answer_number(result, "units_refused") > 0
		       ? EXIT_FAILED
		       : EXIT_DONE;
	json_object_put(result);
	return code;
}
