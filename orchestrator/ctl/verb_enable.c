/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Enabling is links, the same that systemctl makes, so that both agree on what is enabled: what stands in a target's .wants and is
 * activated by nothing else starts after the greeter. Links that an administrator made beside Early's own manifests go as well.
 */
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "client.h"
#include "early/fd.h"
#include "early/macros.h"
#include "install.h"
#include "unit_files.h"
#include "verbs.h"

typedef int (*install_fn)(struct install *install, const char *name);

static const char *explain(int error)
{
	switch (error) {
	case -ENOENT:
		return "there is no such manifest or unit file";
	case -ERFKILL:
		return "it is masked";
	case -EEXIST:
		return "something else is in the way there";
	case -EINVAL:
		return "that is no name of a unit, or its [Install] section has something that is "
		       "not understood";
	case -EROFS:
		return "the root is read-only; try again when the disks are ready";
	}
	return strerror(-error);
}

static void take_changes(const struct install *install, struct json_object *changes)
{
	for (size_t i = 0; i < install->n_changes; i++) {
		const struct install_change *change = &install->changes[i];
		struct json_object *object = json_object_new_object();

		json_object_object_add(object, "type", json_object_new_string(change->type));
		json_object_object_add(object, "path", json_object_new_string(change->path));
		if (*change->source)
			json_object_object_add(object, "source",
					       json_object_new_string(change->source));
		json_object_array_add(changes, object);
	}
}

/* One unit in one directory of links. */
static int change_one(int root_fd, const char *config_dir, install_fn fn, const char *name,
		      bool needs_info, struct json_object *changes)
{
	struct install install = { .root_fd = root_fd, .config_dir = config_dir };
	int r = fn(&install, name);
	int code = client_exit_code(r == -EROFS ? -EIO : r);

	take_changes(&install, changes);
	if (r < 0) {
		fprintf(stderr, "earlyctl: %s: %s%s%s\n", name,
			install.failed_path && strcmp(install.failed_path, name) != 0
				? install.failed_path
				: "",
			install.failed_path && strcmp(install.failed_path, name) != 0 ? ": " : "",
			explain(r));
	} else if (needs_info && !install.carries_info) {
		fprintf(stderr,
			"earlyctl: %s has no [Install] section that says where to: it starts by "
			"its "
			"Stage=, its activation, or what needs it; or add WantedBy=\n",
			name);
		code = EXIT_FAILED;
	}
	install_done(&install);
	return code;
}

static void print_changes(struct json_object *changes)
{
	for (size_t i = 0; i < json_object_array_length(changes); i++) {
		struct json_object *change = json_object_array_get_idx(changes, i);
		const char *source = answer_text(change, "source");

		if (*source)
			printf("made %s -> %s\n", answer_text(change, "path"), source);
		else
			printf("removed %s\n", answer_text(change, "path"));
	}
	if (json_object_array_length(changes) == 0)
		puts("nothing to do");
}

static void print(const struct settings *settings, struct json_object *changes, int code)
{
	struct json_object *object;

	if (!settings->json) {
		if (code == EXIT_DONE || json_object_array_length(changes) > 0)
			print_changes(changes);
		return;
	}
	object = json_object_new_object();
	json_object_object_add(object, "changes", json_object_get(changes));
	json_object_object_add(object, "exit_code", json_object_new_int(code));
	answer_print_json(object);
	json_object_put(object);
}

/* early-init reads what is new; where none runs the next boot does. */
static void tell_init(const struct settings *settings, struct json_object *changes)
{
	if (!settings->root && json_object_array_length(changes) > 0)
		(void)client_try(settings->control, CONTROL_VERB_DAEMON_RELOAD, "", NULL, NULL);
}

/* Links of a unit that is gone are removed all the same; where there were none either the name is wrong. */
static int check_name(int root_fd, const char *name)
{
	char *path CLEANUP(free_charp)
	= NULL;
	int r = unit_files_find(root_fd, name, &path);

	if (r == 0)
		return EXIT_DONE;
	fprintf(stderr, "earlyctl: %s: %s\n", name, explain(r));
	return client_exit_code(r);
}

static int run(const struct settings *settings, bool enable, int argc, char **argv)
{
	static const char *const config_dirs[] = { UNIT_FILES_CONFIG, "/etc/early/services.d" };
	const char *root = settings->root ? settings->root : "/";
	int fd CLEANUP_FD
	= open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct json_object *changes;
	int code = EXIT_DONE;

	if (fd < 0) {
		fprintf(stderr, "earlyctl: %s: %s\n", root, strerror(errno));
		return EXIT_FAILED;
	}
	changes = json_object_new_array();
	for (int i = 0; i < argc; i++) {
		const char *name = verb_unit_name(argv[i]);
		size_t n_before = json_object_array_length(changes);
		int c = EXIT_DONE;

		for (size_t k = 0; k < (enable ? 1 : ARRAY_SIZE(config_dirs)); k++) {
			c = change_one(fd, config_dirs[k],
				       enable ? install_enable : install_disable, name, enable,
				       changes);
			if (c != EXIT_DONE)
				break;
		}
		if (c == EXIT_DONE && !enable && json_object_array_length(changes) == n_before)
			c = check_name(fd, name);
		if (c != EXIT_DONE)
			code = c;
	}
	tell_init(settings, changes);
	print(settings, changes, code);
	json_object_put(changes);
	return code;
}

int verb_enable(void *target, int argc, char **argv)
{
	return run(target, true, argc, argv);
}

int verb_disable(void *target, int argc, char **argv)
{
	return run(target, false, argc, argv);
}
