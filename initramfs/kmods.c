/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Picks kernel modules with libkmod: names and aliases are looked up in the indexes that depmod made, what they need is
 * added after them, recursively. What a kernel has built in is in no file and is passed over.
 *
 * Modules that are needed softly ("softdep") are taken along when the kernel has them. Aliases and firmware are read from
 * the modules themselves. A blacklisted module keeps its place (another may need it) but loses its aliases, so that no
 * device brings it in: that is what blacklist means to modprobe.
 */
#include "kmods.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libkmod.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "early/fs.h"
#include "early/log.h"
#include "early/strbuf.h"
#include "early/strv.h"

#include "modaliases.h"
#include "modprobe_conf.h"
#include "roots.h"

#define MODULES_DEP_MAX_BYTES (64 * 1024 * 1024)

struct collector {
	struct kmods *kmods;
	const struct kmods_request *request;
	struct kmod_ctx *kmod;
	struct modprobe_conf conf;
	char *base; /* /lib/modules/VERSION on this machine */
	size_t size;
};

static void module_done(struct kmods_module *module)
{
	free(TAKE_PTR(module->name));
	free(TAKE_PTR(module->path));
	free(TAKE_PTR(module->options));
	strv_free(TAKE_PTR(module->needs));
	strv_free(TAKE_PTR(module->before));
	strv_free(TAKE_PTR(module->after));
	strv_free(TAKE_PTR(module->aliases));
	strv_free(TAKE_PTR(module->firmware));
}

void kmods_done(struct kmods *kmods)
{
	for (size_t i = 0; i < kmods->n_modules; i++)
		module_done(&kmods->modules[i]);
	free(kmods->modules);
	*kmods = (struct kmods){ 0 };
}

static void unref_list(struct kmod_list **list)
{
	kmod_module_unref_list(*list);
}
#define CLEANUP_MODULE_LIST CLEANUP(unref_list)

static void unref_module(struct kmod_module **module)
{
	kmod_module_unref(*module);
}
#define CLEANUP_MODULE CLEANUP(unref_module)

static void free_info(struct kmod_list **list)
{
	kmod_module_info_free_list(*list);
}

static bool is_known(const struct kmods *kmods, const char *name)
{
	for (size_t i = 0; i < kmods->n_modules; i++) {
		if (strcmp(kmods->modules[i].name, name) == 0)
			return true;
	}
	return false;
}

static int compare_strings(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void sort(char **strv)
{
	if (strv)
		qsort(strv, strv_length(strv), sizeof(*strv), compare_strings);
}

static int read_info(struct collector *collector, struct kmod_module *kmod,
		     struct kmods_module *module)
{
	bool blacklisted = modprobe_conf_is_blacklisted(&collector->conf,
							kmod_module_get_name(kmod));
	CLEANUP(free_info)
	struct kmod_list *info = NULL;
	const struct kmod_list *item;
	int r;

	r = kmod_module_get_info(kmod, &info);
	if (r < 0)
		return r;
	kmod_list_foreach(item, info)
	{
		const char *key = kmod_module_info_get_key(item);
		const char *value = kmod_module_info_get_value(item);

		r = 0;
		if (strcmp(key, "alias") == 0 && !blacklisted &&
		    !strv_contains(module->aliases, value))
			r = strv_append(&module->aliases, value);
		else if (strcmp(key, "firmware") == 0 && !strv_contains(module->firmware, value))
			r = strv_append(&module->firmware, value);
		if (r < 0)
			return r;
	}
	sort(module->aliases);
	sort(module->firmware);
	return 0;
}

static int add_module(struct collector *collector, struct kmod_module *kmod);

/* Adds each of @list that is a file, and its name to @names. */
static int add_modules(struct collector *collector, const struct kmod_list *list, char ***names)
{
	const struct kmod_list *item;

	kmod_list_foreach(item, list)
	{
		CLEANUP_MODULE
		struct kmod_module *kmod = kmod_module_get_module(item);
		int r = 0;

		if (!kmod_module_get_path(kmod))
			continue;
		if (names)
			r = strv_append(names, kmod_module_get_name(kmod));
		if (r >= 0)
			r = add_module(collector, kmod);
		if (r < 0)
			return r;
	}
	return 0;
}

static int add_relations(struct collector *collector, struct kmod_module *kmod,
			 struct kmods_module *module)
{
	CLEANUP_MODULE_LIST
	struct kmod_list *needs = kmod_module_get_dependencies(kmod);
	CLEANUP_MODULE_LIST
	struct kmod_list *before = NULL;
	CLEANUP_MODULE_LIST
	struct kmod_list *after = NULL;
	int r;

	r = kmod_module_get_softdeps(kmod, &before, &after);
	if (r >= 0)
		r = add_modules(collector, needs, &module->needs);
	if (r >= 0)
		r = add_modules(collector, before, &module->before);
	if (r >= 0)
		r = add_modules(collector, after, &module->after);
	return r;
}

/* A place for a new module, which counts from now on, so that a ring of soft needs comes to an end. */
static int reserve(struct collector *collector, const char *name, size_t *ret_index)
{
	struct kmods *kmods = collector->kmods;

	if (kmods->n_modules == collector->size) {
		size_t size = collector->size ? collector->size * 2 : 64;
		struct kmods_module *modules = reallocarray(kmods->modules, size,
							    sizeof(*kmods->modules));

		if (!modules)
			return -ENOMEM;
		kmods->modules = modules;
		collector->size = size;
	}
	kmods->modules[kmods->n_modules] = (struct kmods_module){ .name = strdup(name) };
	if (!kmods->modules[kmods->n_modules].name)
		return -ENOMEM;
	*ret_index = kmods->n_modules++;
	return 0;
}

static int add_module(struct collector *collector, struct kmod_module *kmod)
{
	const char *path = kmod_module_get_path(kmod);
	const char *name = kmod_module_get_name(kmod);
	struct kmods_module module = { 0 };
	size_t base_len = strlen(collector->base);
	struct stat st;
	size_t index;
	int r;

	if (!path || is_known(collector->kmods, name))
		return 0;
	if (strncmp(path, collector->base, base_len) != 0 || path[base_len] != '/')
		return -EXDEV;
	r = reserve(collector, name, &index);
	if (r < 0)
		return r;
	/* Filled apart and put in place at the end: the array may move while others are added. */
	module.path = strdup(path + base_len + 1);
	module.len = stat(path, &st) < 0 ? 0 : (size_t)st.st_size;
	r = module.path ? 0 : -ENOMEM;
	if (r >= 0)
		r = modprobe_conf_options(&collector->conf, name, &module.options);
	if (r >= 0)
		r = read_info(collector, kmod, &module);
	if (r >= 0)
		r = add_relations(collector, kmod, &module);
	if (r < 0)
		log_line(LOG_LEVEL_ERROR, r, "cannot read the kernel module %s", path);
	module.name = TAKE_PTR(collector->kmods->modules[index].name);
	collector->kmods->modules[index] = module;
	return r;
}

/* 1 if the kernel has @name (in a file or built in), 0 if not. */
static int add_by_name(struct collector *collector, const char *name)
{
	CLEANUP_MODULE_LIST
	struct kmod_list *list = NULL;
	int r;

	r = kmod_module_new_from_lookup(collector->kmod, name, &list);
	if (r < 0)
		return log_errno(r, "cannot look up the kernel module %s", name);
	if (!list)
		return 0;
	r = add_modules(collector, list, NULL);
	return r < 0 ? r : 1;
}

static int add_names(struct collector *collector, const char *const *names)
{
	for (; *names; names++) {
		int r = add_by_name(collector, *names);

		if (r < 0)
			return r;
	}
	return 0;
}

static int add_file_systems(struct collector *collector)
{
	char *const *names = collector->request->file_systems;

	for (size_t i = 0; i < strv_length(names); i++) {
		CLEANUP_STRBUF
		struct strbuf alias = STRBUF_INIT;
		int r;

		strbuf_printf(&alias, "fs-%s", names[i]);
		r = strbuf_error(&alias);
		if (r >= 0)
			r = add_by_name(collector, alias.data);
		if (r == 0)
			log_warning("kernel %s has no module for the file system %s; it must be "
				    "built in",
				    collector->request->version, names[i]);
		if (r < 0)
			return r;
	}
	return 0;
}

static int add_extra(struct collector *collector)
{
	char *const *names = collector->request->extra;

	for (size_t i = 0; i < strv_length(names); i++) {
		int r = add_by_name(collector, names[i]);

		if (r == 0) {
			log_error("kernel %s has no module %s (of --modules)",
				  collector->request->version, names[i]);
			return -ENOENT;
		}
		if (r < 0)
			return r;
	}
	return 0;
}

/* Each module of the kernel is a line of modules.dep, its path stands before the colon. */
static int add_by_path(struct collector *collector)
{
	CLEANUP(free_charp)
	char *text = NULL;
	CLEANUP_STRBUF
	struct strbuf path = STRBUF_INIT;
	CLEANUP_STRV
	char **lines = NULL;
	size_t len;
	int r;

	strbuf_printf(&path, "%s/modules.dep", collector->base);
	r = strbuf_error(&path);
	if (r >= 0)
		r = fs_read_file_at(AT_FDCWD, path.data, MODULES_DEP_MAX_BYTES, &text, &len);
	if (r < 0)
		return log_errno(r, "cannot read %s/modules.dep", collector->base);
	r = strv_split(text, "\n", &lines);
	for (size_t i = 0; r >= 0 && i < strv_length(lines); i++) {
		char *base;

		lines[i][strcspn(lines[i], ":")] = '\0';
		if (!picks_takes_path(collector->request->hardware, lines[i]))
			continue;
		base = strrchr(lines[i], '/') + 1;
		base[strcspn(base, ".")] = '\0';
		r = add_by_name(collector, base);
	}
	return r < 0 ? r : 0;
}

/* The modules that drive this machine's devices and are of use early. */
static int add_by_devices(struct collector *collector)
{
	CLEANUP_STRV
	char **aliases = NULL;
	int r = modaliases_read(collector->request->sysfs, &aliases);

	if (r < 0)
		return log_errno(r, "cannot read the devices below %s", collector->request->sysfs);
	for (size_t i = 0; i < strv_length(aliases); i++) {
		CLEANUP_MODULE_LIST
		struct kmod_list *list = NULL;
		const struct kmod_list *item;

		r = kmod_module_new_from_lookup(collector->kmod, aliases[i], &list);
		if (r < 0)
			return log_errno(r, "cannot look up the device %s", aliases[i]);
		kmod_list_foreach(item, list)
		{
			CLEANUP_MODULE
			struct kmod_module *kmod = kmod_module_get_module(item);
			const char *path = kmod_module_get_path(kmod);

			if (!path ||
			    !picks_is_early(path + MIN(strlen(collector->base) + 1, strlen(path))))
				continue;
			r = add_module(collector, kmod);
			if (r < 0)
				return r;
		}
	}
	return 0;
}

static int collect(struct collector *collector)
{
	enum picks_hardware hardware = collector->request->hardware;
	int r;

	r = add_names(collector, picks_common_names());
	if (r >= 0)
		r = add_names(collector, picks_display_names(hardware));
	if (r >= 0)
		r = add_names(collector, picks_storage_names(hardware));
	if (r >= 0)
		r = add_names(collector, picks_real_names(hardware));
	if (r >= 0)
		r = add_by_path(collector);
	if (r >= 0 && hardware == PICKS_THIS)
		r = add_by_devices(collector);
	if (r >= 0)
		r = add_file_systems(collector);
	if (r >= 0)
		r = add_extra(collector);
	return r;
}

static void say_versions(const struct roots *roots, const char *version)
{
	CLEANUP_STRBUF
	struct strbuf text = STRBUF_INIT;
	CLEANUP_STRV
	char **names = NULL;

	if (roots_list(roots, "/lib/modules", &names) >= 0) {
		for (size_t i = 0; i < strv_length(names); i++)
			strbuf_printf(&text, " %s", names[i]);
	}
	log_error("there is no kernel %s in /lib/modules of the root; there is:%s", version,
		  text.len ? text.data : " none");
}

static int find_base(struct collector *collector)
{
	const struct kmods_request *request = collector->request;
	CLEANUP_FOUND
	struct roots_found dir = { 0 };
	CLEANUP_STRBUF
	struct strbuf path = STRBUF_INIT;
	CLEANUP_STRBUF
	struct strbuf index = STRBUF_INIT;
	int r;

	strbuf_printf(&path, "/lib/modules/%s", request->version);
	r = strbuf_error(&path);
	if (r >= 0)
		r = roots_find(request->roots, path.data, NULL, &dir);
	if (r == -ENOENT) {
		say_versions(request->roots, request->version);
		return r;
	}
	if (r < 0)
		return log_errno(r, "cannot look up /lib/modules/%s", request->version);
	strbuf_printf(&index, "%s/modules.dep.bin", dir.host);
	if (strbuf_error(&index) >= 0 && access(index.data, R_OK) < 0)
		return log_errno(-errno, "%s is not there; run depmod for kernel %s", index.data,
				 request->version);
	collector->base = TAKE_PTR(dir.host);
	return 0;
}

/* libkmod with the root's own directories of softdeps. */
static int open_kmod(struct collector *collector)
{
	CLEANUP_STRV
	char **dirs = NULL;
	int r = 0;

	for (const char *const *dir = modprobe_conf_dirs(); *dir && r >= 0; dir++) {
		CLEANUP_FOUND
		struct roots_found found = { 0 };

		r = roots_find(collector->request->roots, *dir, NULL, &found);
		if (r == -ENOENT)
			r = 0;
		else if (r >= 0)
			r = strv_append(&dirs, found.host);
	}
	if (r >= 0 && !dirs)
		r = strv_append(&dirs, collector->base);
	if (r < 0)
		return r;
	collector->kmod = kmod_new(collector->base, (const char *const *)dirs);
	if (!collector->kmod)
		return -ENOMEM;
	kmod_set_log_priority(collector->kmod, LOG_CRIT);
	(void)kmod_load_resources(collector->kmod); /* only makes look-ups faster */
	return 0;
}

static int compare_modules(const void *a, const void *b)
{
	return strcmp(((const struct kmods_module *)a)->name,
		      ((const struct kmods_module *)b)->name);
}

int kmods_collect(struct kmods *kmods, const struct kmods_request *request)
{
	struct collector collector = { .kmods = kmods, .request = request };
	int r;

	r = find_base(&collector);
	if (r >= 0)
		r = modprobe_conf_read(&collector.conf, request->roots);
	if (r >= 0) {
		r = open_kmod(&collector);
		if (r < 0)
			(void)log_errno(r, "cannot open the kernel modules in %s", collector.base);
	}
	if (r >= 0)
		r = collect(&collector);
	kmod_unref(collector.kmod);
	modprobe_conf_done(&collector.conf);
	free(collector.base);
	if (r >= 0 && kmods->n_modules > 0)
		qsort(kmods->modules, kmods->n_modules, sizeof(*kmods->modules), compare_modules);
	return r;
}
