/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * "import": early-load makes one manifest of stock units and prints it; here it is put where manifests are searched first. An
 * existing one is never written over: somebody may have changed it.
 */
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "answer.h"
#include "client.h"
#include "early/fd.h"
#include "early/fs.h"
#include "early/macros.h"
#include "early/strbuf.h"
#include "verbs.h"

#define MANIFEST_MAX (1024 * 1024)
#define MANIFEST_DIR "/etc/early/services.d"
#define LOADER_NOT_FOUND 4

static void become_loader(const char *loader, int fd, int argc, char **argv)
{
	char **words = calloc((size_t)argc + 4, sizeof(*words));

	if (!words || dup2(fd, STDOUT_FILENO) < 0)
		_exit(1);
	words[0] = (char *)"early-load";
	words[1] = (char *)"--manifest";
	words[2] = (char *)"--";
	memcpy(words + 3, argv, (size_t)argc * sizeof(*words));
	execv(loader, words);
	fprintf(stderr, "earlyctl: cannot execute %s: %s\n", loader, strerror(errno));
	_exit(1);
}

/* Returns an exit code; early-load has said what is wrong. */
static int run_loader(const char *loader, int argc, char **argv, int fd)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		become_loader(loader, fd, argc, argv);
	while (pid > 0 && waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return EXIT_FAILED;
	if (pid < 0 || !WIFEXITED(status))
		return EXIT_FAILED;
	if (WEXITSTATUS(status) == LOADER_NOT_FOUND)
		return EXIT_NO_SERVICE;
	return WEXITSTATUS(status) == 0 ? EXIT_DONE : EXIT_FAILED;
}

/* Takes the first line, "# NAME", off. */
static char *take_name(char *text, const char **ret_rest)
{
	char *end = strchr(text, '\n');

	if (strncmp(text, "# ", 2) != 0 || !end)
		return NULL;
	*end = '\0';
	*ret_rest = end + 1;
	return text + 2;
}

static int count_refused(const char *text)
{
	static const char mark[] = "# refused: ";
	int n = 0;

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		n += strncmp(line, mark, strlen(mark)) == 0;
	}
	return n;
}

static int write_manifest(const char *path, const char *text)
{
	int fd CLEANUP_FD
	= open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	int r = fd < 0 ? -errno : fd_write_all(fd, text, strlen(text));

	if (r == 0)
		return EXIT_DONE;
	if (r == -EEXIST)
		fprintf(stderr,
			"earlyctl: %s is there already: remove it first, or name another file "
			"with -o\n",
			path);
	else
		fprintf(stderr, "earlyctl: cannot write %s: %s\n", path, strerror(-r));
	if (fd >= 0)
		(void)unlink(path); /* half a manifest is none */
	return r == -EACCES || r == -EPERM ? EXIT_NOT_PERMITTED : EXIT_FAILED;
}

static void tell(const struct settings *settings, const char *path, const char *name,
		 const char *text)
{
	struct json_object *result;
	int refused = count_refused(text);

	if (!settings->json) {
		if (settings->dry_run)
			fputs(text, stdout);
		else
			printf("%s written, %d directives refused in it\n", path, refused);
		return;
	}
	result = json_object_new_object();
	json_object_object_add(result, "name", json_object_new_string(name));
	json_object_object_add(result, "file",
			       settings->dry_run ? NULL : json_object_new_string(path));
	json_object_object_add(result, "refused", json_object_new_int(refused));
	json_object_object_add(result, "manifest", json_object_new_string(text));
	answer_print_json(result);
	json_object_put(result);
}

static int read_manifest(const struct settings *settings, int argc, char **argv, char **ret_text)
{
	int fd CLEANUP_FD
	= -1;
	size_t len = 0;
	int r = fd_new_memfd("import", &fd);
	int code = r < 0 ? EXIT_FAILED : run_loader(settings->loader, argc, argv, fd);

	if (code != EXIT_DONE)
		return code;
	if (lseek(fd, 0, SEEK_SET) < 0 || fd_read_all(fd, MANIFEST_MAX, ret_text, &len) < 0)
		return EXIT_FAILED;
	return EXIT_DONE;
}

int verb_import(void *target, int argc, char **argv)
{
	const struct settings *settings = target;
	struct strbuf path CLEANUP_STRBUF = STRBUF_INIT;
	char *text CLEANUP(free_charp)
	= NULL;
	const char *manifest = NULL;
	const char *name;
	int code = read_manifest(settings, argc, argv, &text);

	if (code != EXIT_DONE)
		return code;
	name = take_name(text, &manifest);
	if (!name) {
		fputs("earlyctl: early-load printed no manifest\n", stderr);
		return EXIT_FAILED;
	}
	if (settings->output)
		strbuf_puts(&path, settings->output);
	else
		strbuf_printf(&path, MANIFEST_DIR "/%s", name);
	if (strbuf_error(&path) < 0)
		return EXIT_FAILED;
	if (!settings->dry_run && !settings->output)
		(void)fs_mkdir_p_at(AT_FDCWD, MANIFEST_DIR, 0755); /* the open tells */
	if (!settings->dry_run)
		code = write_manifest(path.data, manifest);
	if (code == EXIT_DONE)
		tell(settings, path.data, name, manifest);
	return code;
}
