/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From settings to a plan of mounts. What lies in the service's own root has
 * that root in front here; ReadWritePaths= and its like are the host's paths, unless a "+" says otherwise.
 */
#include "sandbox.h"

#include <errno.h>
#include <string.h>

#include "early/strbuf.h"
#include "protections.h"
#include "settings.h"

/* --- adding --- */

static const struct mount_entry plain_entry = {
	.kind = MOUNT_NOTHING,
	.access = MOUNT_ACCESS_INHERITED,
	.execution = MOUNT_EXECUTION_INHERITED,
};

/* @path is in the service's root. */
static int add_inside(const struct sandbox *sandbox, struct mount_plan *plan, const char *path,
		      struct mount_entry wish)
{
	struct strbuf text CLEANUP_STRBUF = STRBUF_INIT;
	int r;

	strbuf_printf(&text, "%s%s", sandbox->root,
		      *sandbox->root && strcmp(path, "/") == 0 ? "" : path);
	r = strbuf_error(&text);
	if (r < 0)
		return r;
	wish.path = text.data;
	return mount_plan_add(plan, &wish);
}

static int add_protected(const struct sandbox *sandbox, struct mount_plan *plan,
			 const struct protected_path *path)
{
	struct mount_entry wish = plain_entry;

	wish.optional = path->optional;
	switch (path->protection) {
	case PROTECT_READ_ONLY:
		wish.access = MOUNT_ACCESS_READ_ONLY;
		break;
	case PROTECT_READ_WRITE:
		wish.access = MOUNT_ACCESS_READ_WRITE;
		break;
	case PROTECT_HIDDEN:
		wish.kind = MOUNT_INACCESSIBLE;
		break;
	case PROTECT_EMPTY:
		wish.kind = MOUNT_TMPFS;
		wish.access = MOUNT_ACCESS_READ_ONLY;
		wish.options = (char *)"mode=0755,nodev,nosuid,noexec,size=1m";
		break;
	}
	return add_inside(sandbox, plan, path->path, wish);
}

/* DynamicUser= implies these two, unless something stricter is asked for. */
static const char *effective(const struct wire_list *settings, const char *key)
{
	const char *value = settings_get(settings, key);

	if (!settings_is_on(settings, "DynamicUser"))
		return value;
	if (strcmp(key, "ProtectSystem") == 0)
		return "strict";
	if (strcmp(key, "ProtectHome") == 0)
		return value ? value : "read-only";
	return value;
}

bool sandbox_wants_private_tmp(const struct wire_list *settings)
{
	return settings_is_on(settings, "PrivateTmp") || settings_is_on(settings, "DynamicUser");
}

static int add_protections(const struct sandbox *sandbox, struct mount_plan *plan)
{
	int r = 0;

	for (size_t i = 0; i < protections_count; i++) {
		const char *value = effective(sandbox->settings, protections[i].key);
		const struct protected_path *path = protections[i].paths;

		if (!value || strcmp(value, protections[i].value) != 0)
			continue;
		for (; r == 0 && path->path; path++)
			r = add_protected(sandbox, plan, path);
	}
	return r;
}

/* --- lists of paths --- */

static const struct {
	const char *key;
	struct mount_entry wish;
} path_lists[] = {
#define WISH(kind, access, execution)                                                              \
	{                                                                                          \
		NULL, kind, MOUNT_ACCESS_##access, MOUNT_EXECUTION_##execution, NULL, NULL, false, \
			false, false, false                                                        \
	}
	{ "ReadWritePaths", WISH(MOUNT_NOTHING, READ_WRITE, INHERITED) },
	{ "ReadOnlyPaths", WISH(MOUNT_NOTHING, READ_ONLY, INHERITED) },
	{ "InaccessiblePaths", WISH(MOUNT_INACCESSIBLE, INHERITED, INHERITED) },
	{ "ExecPaths", WISH(MOUNT_NOTHING, INHERITED, ALLOWED) },
	{ "NoExecPaths", WISH(MOUNT_NOTHING, INHERITED, FORBIDDEN) },
#undef WISH
};

/* "[-][+]/path"; without a plus the host's, which is of no use if it is outside of the service's root. */
static int add_listed(const struct sandbox *sandbox, struct mount_plan *plan, const char *value,
		      struct mount_entry wish)
{
	size_t prefix = strspn(value, "-+");
	const char *path = value + prefix;

	if (*path != '/')
		return -EINVAL;
	wish.optional = memchr(value, '-', prefix) != NULL;
	if (memchr(value, '+', prefix))
		return add_inside(sandbox, plan, path, wish);
	if (*sandbox->root && !mount_plan_is_within(path, sandbox->root))
		return 0;
	wish.path = (char *)path;
	return mount_plan_add(plan, &wish);
}

static int add_lists(const struct sandbox *sandbox, struct mount_plan *plan)
{
	for (size_t i = 0; i < ARRAY_SIZE(path_lists); i++) {
		const char *key = path_lists[i].key;

		for (const char *value = settings_next(sandbox->settings, key, NULL); value;
		     value = settings_next(sandbox->settings, key, value)) {
			int r = add_listed(sandbox, plan, value, path_lists[i].wish);

			if (r < 0)
				return r;
		}
	}
	return 0;
}

/* "[-]/source:/target:rbind" */
static int add_bind(const struct sandbox *sandbox, struct mount_plan *plan, const char *value,
		    bool read_only)
{
	struct mount_entry wish = plain_entry;
	struct strbuf source CLEANUP_STRBUF = STRBUF_INIT;
	struct strbuf target CLEANUP_STRBUF = STRBUF_INIT;
	size_t len;

	wish.optional = *value == '-';
	value += wish.optional;
	len = strcspn(value, ":");
	strbuf_add(&source, value, len);
	value += len + (value[len] == ':');
	len = strcspn(value, ":");
	strbuf_add(&target, value, len);
	if (strbuf_error(&source) < 0 || strbuf_error(&target) < 0)
		return -ENOMEM;
	if (!source.data || *source.data != '/' || !target.data || *target.data != '/')
		return -EINVAL;
	wish.kind = MOUNT_BIND;
	wish.source = source.data;
	wish.recursive = strcmp(value + len, ":rbind") == 0;
	if (read_only)
		wish.access = MOUNT_ACCESS_READ_ONLY;
	return add_inside(sandbox, plan, target.data, wish);
}

static int add_binds(const struct sandbox *sandbox, struct mount_plan *plan)
{
	static const char *const keys[] = { "BindPaths", "BindReadOnlyPaths" };

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		for (const char *value = settings_next(sandbox->settings, keys[i], NULL); value;
		     value = settings_next(sandbox->settings, keys[i], value)) {
			int r = add_bind(sandbox, plan, value, i == 1);

			if (r < 0)
				return r;
		}
	}
	return 0;
}

/* "/path:options"; "ro" is the mount's, the others are the file system's. */
static int add_tmpfs(const struct sandbox *sandbox, struct mount_plan *plan, const char *value)
{
	struct mount_entry wish = plain_entry;
	struct strbuf path CLEANUP_STRBUF = STRBUF_INIT;
	struct strbuf options CLEANUP_STRBUF = STRBUF_INIT;
	size_t len = strcspn(value, ":");
	const char *option = value + len + (value[len] == ':');

	strbuf_add(&path, value, len);
	strbuf_puts(&options, "mode=0755,nodev,strictatime");
	while (*option) {
		size_t n = strcspn(option, ",");

		if (n == 2 && strncmp(option, "ro", 2) == 0)
			wish.access = MOUNT_ACCESS_READ_ONLY;
		else if (n > 0 && !(n == 2 && strncmp(option, "rw", 2) == 0))
			strbuf_printf(&options, ",%.*s", (int)n, option);
		option += n + (option[n] == ',');
	}
	if (strbuf_error(&path) < 0 || strbuf_error(&options) < 0)
		return -ENOMEM;
	if (!path.data || *path.data != '/')
		return -EINVAL;
	wish.kind = MOUNT_TMPFS;
	wish.options = options.data;
	return add_inside(sandbox, plan, path.data, wish);
}

static int add_all_tmpfs(const struct sandbox *sandbox, struct mount_plan *plan)
{
	for (const char *value = settings_next(sandbox->settings, "TemporaryFileSystem", NULL);
	     value; value = settings_next(sandbox->settings, "TemporaryFileSystem", value)) {
		int r = add_tmpfs(sandbox, plan, value);

		if (r < 0)
			return r;
	}
	return 0;
}

/* --- the kernel's file systems --- */

static bool wants_api(const struct sandbox *sandbox)
{
	const char *value = settings_get(sandbox->settings, "MountAPIVFS");

	return value ? strcmp(value, "yes") == 0 : *sandbox->root != '\0';
}

static int add_proc(const struct sandbox *sandbox, struct mount_plan *plan)
{
	const char *protect = settings_get(sandbox->settings, "ProtectProc");
	const char *subset = settings_get(sandbox->settings, "ProcSubset");
	struct mount_entry wish = plain_entry;
	struct strbuf options CLEANUP_STRBUF = STRBUF_INIT;
	int r;

	if (!protect && !subset && !(wants_api(sandbox) && *sandbox->root))
		return 0;
	if (protect)
		strbuf_printf(&options, "hidepid=%s", protect);
	if (subset)
		strbuf_printf(&options, "%ssubset=%s", options.len ? "," : "", subset);
	r = strbuf_error(&options);
	wish.kind = MOUNT_PROC;
	wish.options = options.data ? options.data : (char *)"";
	return r < 0 ? r : add_inside(sandbox, plan, "/proc", wish);
}

static int add_host_bind(const struct sandbox *sandbox, struct mount_plan *plan, const char *path)
{
	struct mount_entry wish = plain_entry;

	wish.kind = MOUNT_BIND;
	wish.source = (char *)path;
	wish.recursive = true;
	wish.optional = true;
	return add_inside(sandbox, plan, path, wish);
}

static int add_api(const struct sandbox *sandbox, struct mount_plan *plan)
{
	struct mount_entry run = plain_entry;
	int r;

	if (!*sandbox->root || !wants_api(sandbox))
		return 0;
	r = add_host_bind(sandbox, plan, "/sys");
	if (r == 0 && !settings_is_on(sandbox->settings, "PrivateDevices"))
		r = add_host_bind(sandbox, plan, "/dev");
	run.kind = MOUNT_TMPFS;
	run.options = (char *)"mode=0755,nodev,nosuid,strictatime,size=20%";
	if (r == 0)
		r = add_inside(sandbox, plan, "/run", run);
	if (r == 0 && sandbox->notify_socket && *sandbox->notify_socket == '/')
		r = add_host_bind(sandbox, plan, sandbox->notify_socket);
	return r;
}

static int add_devices(const struct sandbox *sandbox, struct mount_plan *plan)
{
	struct mount_entry wish = plain_entry;

	if (!settings_is_on(sandbox->settings, "PrivateDevices"))
		return 0;
	wish.kind = MOUNT_DEVICES;
	wish.access = MOUNT_ACCESS_READ_ONLY;
	wish.execution = MOUNT_EXECUTION_FORBIDDEN;
	wish.own = true;
	return add_inside(sandbox, plan, "/dev", wish);
}

static int add_message_queues(const struct sandbox *sandbox, struct mount_plan *plan)
{
	struct mount_entry wish = plain_entry;

	if (!settings_is_on(sandbox->settings, "PrivateIPC"))
		return 0;
	wish.kind = MOUNT_MESSAGE_QUEUES;
	wish.optional = true;
	return add_inside(sandbox, plan, "/dev/mqueue", wish);
}

/* --- what is the service's own --- */

static int add_bound(const struct sandbox *sandbox, struct mount_plan *plan, const char *path,
		     const char *source)
{
	struct mount_entry wish = plain_entry;

	wish.kind = MOUNT_BIND;
	wish.source = (char *)source;
	return source ? add_inside(sandbox, plan, path, wish) : 0;
}

/* An empty directory over the one that only root may enter. */
static int add_cover(const struct sandbox *sandbox, struct mount_plan *plan, const char *path)
{
	struct strbuf parent CLEANUP_STRBUF = STRBUF_INIT;
	struct mount_entry wish = plain_entry;
	const char *found = strstr(path, "/private/");
	int r;

	if (!found)
		return 0;
	strbuf_add(&parent, path, (size_t)(found - path) + strlen("/private"));
	r = strbuf_error(&parent);
	wish.kind = MOUNT_TMPFS;
	wish.access = MOUNT_ACCESS_READ_ONLY;
	wish.options = (char *)"mode=0755,nodev,nosuid,noexec,size=1m";
	return r < 0 ? r : add_inside(sandbox, plan, parent.data, wish);
}

static int add_directory(const struct sandbox *sandbox, struct mount_plan *plan,
			 const struct sandbox_directory *directory)
{
	struct mount_entry wish = plain_entry;
	int r;

	if (directory->hidden) {
		r = *sandbox->root ? 0 : add_cover(sandbox, plan, directory->source);
		if (r < 0)
			return r;
		return add_bound(sandbox, plan,
				 *sandbox->root ? directory->path : directory->source,
				 directory->source);
	}
	if (*sandbox->root)
		return add_bound(sandbox, plan, directory->path, directory->path);
	wish.path = directory->path;
	wish.access = MOUNT_ACCESS_READ_WRITE;
	wish.optional = true; /* one that could not be made on a read-only disk */
	return mount_plan_add(plan, &wish);
}

/* Other services' credentials are nobody's business. */
static int add_credentials(const struct sandbox *sandbox, struct mount_plan *plan)
{
	struct mount_entry cover = plain_entry;
	struct mount_entry own = plain_entry;
	int r;

	cover.kind = sandbox->credentials ? MOUNT_TMPFS : MOUNT_INACCESSIBLE;
	cover.access = MOUNT_ACCESS_READ_ONLY;
	cover.optional = true;
	cover.options = (char *)"mode=0755,nodev,nosuid,noexec,size=1m";
	if (*sandbox->root && !sandbox->credentials)
		return 0;
	r = add_inside(sandbox, plan, "/run/credentials", cover);
	if (r < 0 || !sandbox->credentials)
		return r;
	own.kind = MOUNT_BIND;
	own.access = MOUNT_ACCESS_READ_ONLY;
	own.source = (char *)sandbox->credentials;
	return add_inside(sandbox, plan, sandbox->credentials, own);
}

static int add_private_tmp(const struct sandbox *sandbox, struct mount_plan *plan)
{
	struct mount_entry wish = plain_entry;
	int r;

	wish.kind = MOUNT_TMPFS;
	wish.options = (char *)"mode=1777,nodev,nosuid,strictatime,size=10%";
	r = sandbox->tmp_in_memory ? add_inside(sandbox, plan, "/tmp", wish)
				   : add_bound(sandbox, plan, "/tmp", sandbox->private_tmp);
	return r < 0 ? r : add_bound(sandbox, plan, "/var/tmp", sandbox->private_var_tmp);
}

bool sandbox_wants_mounts(const struct sandbox *sandbox)
{
	static const char *const keys[] = {
		"ReadWritePaths",   "ReadOnlyPaths", "InaccessiblePaths", "ExecPaths",
		"NoExecPaths",      "BindPaths",     "BindReadOnlyPaths", "TemporaryFileSystem",
		"ProtectProc",      "ProcSubset",    "PrivateDevices",    "PrivateIPC",
		"PrivateMounts",    "MountFlags",    "DynamicUser",       "PrivateTmp",
		"IPCNamespacePath",
	};
	bool wants = wants_api(sandbox);

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		wants |= settings_get(sandbox->settings, keys[i]) != NULL;
	for (size_t i = 0; i < protections_count; i++)
		wants |= settings_get(sandbox->settings, protections[i].key) != NULL;
	return wants;
}

int sandbox_plan(const struct sandbox *sandbox, struct mount_plan *plan)
{
	static int (*const parts[])(const struct sandbox *, struct mount_plan *) = {
		add_protections, add_lists,   add_binds,          add_all_tmpfs,   add_proc,
		add_api,         add_devices, add_message_queues, add_credentials, add_private_tmp,
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(parts); i++)
		r = parts[i](sandbox, plan);
	for (size_t i = 0; r == 0 && i < sandbox->n_directories; i++)
		r = add_directory(sandbox, plan, &sandbox->directories[i]);
	return r;
}
