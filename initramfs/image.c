/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What stands in an early image, and how it gets its final name. The programs are those that run before the real root is
 * there; the layout (which of /lib, /bin … are links) is the root's own, because roots_find() brings every link on the
 * way to a file along.
 */
#include "image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "early/fd.h"
#include "early/fs.h"
#include "early/log.h"
#include "early/strbuf.h"
#include "early/strv.h"

#include "closure.h"
#include "cpio.h"
#include "firmware.h"
#include "kmods.h"
#include "lists.h"
#include "roots.h"

#define IMAGE_LIST_PATH "usr/lib/early/modules.list"
#define IMAGE_MAX_FILE_BYTES (1024U * 1024 * 1024)
#define IMAGE_SELF "early-mkinitramfs"

static int add_layout(struct tree *tree)
{
	static const char *const dirs[] = { "dev", "etc", "proc", "run", "sys", "sysroot", "tmp" };
	int r = 0;

	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(dirs); i++)
		r = tree_add_dir(tree, dirs[i]);
	/* Without these two PID 1 starts without standard descriptors. */
	if (r >= 0)
		r = tree_add_device(tree, "dev/console", S_IFCHR | 0600, 5, 1);
	if (r >= 0)
		r = tree_add_device(tree, "dev/null", S_IFCHR | 0666, 1, 3);
	return r < 0 ? log_errno(r, "cannot lay the image out") : 0;
}

static bool wants_ext(const struct image_request *request)
{
	return strv_contains(request->file_systems, "ext4") ||
	       strv_contains(request->file_systems, "ext3") ||
	       strv_contains(request->file_systems, "ext2");
}

static int add_programs(const struct image_request *request, struct closure *closure)
{
	static const char *const early[] = {
		EARLY_SBINDIR "/early-init",
		EARLY_LIBEXECDIR "/early-splash",
		EARLY_LIBEXECDIR "/early-modules",
		EARLY_LIBEXECDIR "/early-disks",
	};
	static const char *const ext[] = { "/sbin/e2fsck", "/sbin/fsck.ext4" };
	size_t n_ext = wants_ext(request) ? ARRAY_SIZE(ext) : 0;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(early); i++)
		r = closure_add(closure, early[i], TREE_GROUP_PROGRAMS, IMAGE_SELF);
	for (size_t i = 0; r >= 0 && i < n_ext; i++)
		r = closure_add(closure, ext[i], TREE_GROUP_PROGRAMS, IMAGE_SELF);
	return r;
}

/* /init, and early-modules under the name that the kernel calls when it wants a module itself. */
static int add_names(struct closure *closure)
{
	CLEANUP_FOUND
	struct roots_found sbin = { 0 };
	CLEANUP_STRBUF
	struct strbuf modprobe = STRBUF_INIT;
	int r;

	r = tree_add_link(closure->tree, "init", EARLY_SBINDIR "/early-init");
	if (r >= 0)
		r = roots_find(closure->roots, "/sbin", closure->tree, &sbin);
	if (r >= 0) {
		strbuf_printf(&modprobe, "%s/modprobe", sbin.path);
		r = strbuf_error(&modprobe);
	}
	if (r >= 0)
		r = tree_add_link(closure->tree, modprobe.data, EARLY_LIBEXECDIR "/early-modules");
	return r < 0 ? log_errno(r, "cannot add /init and /sbin/modprobe") : 0;
}

static int add_files(const struct image_request *request, struct closure *closure)
{
	int r = lists_add(closure, request->roots);

	for (size_t i = 0; r >= 0 && i < strv_length(request->files); i++)
		r = closure_add(closure, request->files[i], TREE_GROUP_FILES, "--add");
	return r;
}

/* 1: it is in the image, 0: it is in no package that is installed. Kernels read packed firmware too. */
static int add_firmware(const struct roots *roots, const char *name, struct tree *tree)
{
	static const char *const endings[] = { "", ".xz", ".zst" };

	for (size_t i = 0; i < ARRAY_SIZE(endings); i++) {
		CLEANUP_FOUND
		struct roots_found file = { 0 };
		CLEANUP_STRBUF
		struct strbuf path = STRBUF_INIT;
		int r;

		strbuf_printf(&path, "/lib/firmware/%s%s", name, endings[i]);
		r = strbuf_error(&path);
		if (r >= 0)
			r = roots_find(roots, path.data, NULL, &file);
		if (r == -ENOENT)
			continue;
		roots_found_done(&file);
		if (r >= 0)
			r = roots_find(roots, path.data, tree, &file);
		if (r >= 0)
			r = tree_add_file(tree, file.path, file.host, file.len, false,
					  TREE_GROUP_FIRMWARE);
		return r < 0 ? log_errno(r, "cannot add the firmware %s", name) : 1;
	}
	log_debug("firmware %s is not installed", name);
	return 0;
}

static void tell_missing(const char *module, const struct firmware_count *count)
{
	CLEANUP_STRBUF
	struct strbuf text = STRBUF_INIT;

	firmware_describe(module, count, &text);
	if (strbuf_error(&text) >= 0)
		log_warning("%s", text.data);
}

static int add_firmwares(const struct image_request *request, const struct kmods_module *module,
			 struct tree *tree)
{
	struct firmware_count count = { .n_named = strv_length(module->firmware) };

	for (size_t i = 0; i < count.n_named; i++) {
		int r = add_firmware(request->roots, module->firmware[i], tree);

		if (r < 0)
			return r;
		if (r == 0 && count.n_missing++ == 0)
			count.first_missing = module->firmware[i];
	}
	/* Drivers of other machines need not have theirs. */
	if (count.n_missing > 0 && request->hardware == PICKS_THIS &&
	    firmware_matters(module->path))
		tell_missing(module->name, &count);
	return 0;
}

static int add_module(const struct image_request *request, const struct kmods_module *module,
		      struct tree *tree)
{
	CLEANUP_FOUND
	struct roots_found file = { 0 };
	CLEANUP_STRBUF
	struct strbuf path = STRBUF_INIT;
	int r;

	strbuf_printf(&path, "/lib/modules/%s/%s", request->version, module->path);
	r = strbuf_error(&path);
	if (r >= 0)
		r = roots_find(request->roots, path.data, tree, &file);
	if (r >= 0)
		r = tree_add_file(tree, file.path, file.host, file.len, false, TREE_GROUP_MODULES);
	if (r < 0)
		return log_errno(r, "cannot add the kernel module %s", module->path);
	return add_firmwares(request, module, tree);
}

static int add_modules(const struct image_request *request, struct tree *tree)
{
	const struct kmods_request wanted = {
		.roots = request->roots,
		.version = request->version,
		.hardware = request->hardware,
		.file_systems = request->file_systems,
		.extra = request->modules,
		.sysfs = request->sysfs,
	};
	CLEANUP_KMODS
	struct kmods kmods = { 0 };
	CLEANUP(free_charp)
	char *list = NULL;
	int r;

	r = kmods_collect(&kmods, &wanted);
	for (size_t i = 0; r >= 0 && i < kmods.n_modules; i++)
		r = add_module(request, &kmods.modules[i], tree);
	if (r < 0)
		return r;
	r = kmods_write_list(&kmods, request->version, &list);
	if (r >= 0)
		r = tree_add_text(tree, IMAGE_LIST_PATH, list, TREE_GROUP_MODULES);
	return r < 0 ? log_errno(r, "cannot add the list of modules") : 0;
}

int image_collect(const struct image_request *request, struct tree *tree)
{
	CLEANUP_CLOSURE
	struct closure closure = { 0 };
	int r;

	r = closure_init(&closure, request->roots, tree);
	if (r >= 0)
		r = add_layout(tree);
	if (r >= 0)
		r = add_programs(request, &closure);
	if (r >= 0)
		r = add_names(&closure);
	if (r >= 0)
		r = add_files(request, &closure);
	if (r >= 0)
		r = add_modules(request, tree);
	return r;
}

static int pack_entry(struct cpio *cpio, const struct tree_entry *entry)
{
	CLEANUP(free_charp)
	char *data = NULL;
	size_t len;
	int r;

	if (!entry->source)
		return cpio_add(cpio, entry->path, entry->mode, entry->data, entry->len,
				entry->major, entry->minor);
	r = fs_read_file_at(AT_FDCWD, entry->source, IMAGE_MAX_FILE_BYTES, &data, &len);
	if (r < 0)
		return log_errno(r, "cannot read %s", entry->source);
	return cpio_add(cpio, entry->path, entry->mode, data, len, 0, 0);
}

/* Unlike fs_replace_at(), on the disk before it has its name: a machine that loses power now must still boot. */
static int replace_durably(const char *path, const struct strbuf *data)
{
	CLEANUP_STRBUF
	struct strbuf temporary = STRBUF_INIT;
	int r;
	int fd;

	strbuf_printf(&temporary, "%s.new~", path);
	r = strbuf_error(&temporary);
	if (r < 0)
		return r;
	fd = open(temporary.data, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	r = fd_write_all(fd, data->data, data->len);
	if (r >= 0 && fsync(fd) < 0)
		r = -errno;
	if (close(fd) < 0 && r >= 0)
		r = -errno;
	if (r >= 0 && rename(temporary.data, path) < 0)
		r = -errno;
	if (r < 0)
		(void)unlink(temporary.data); /* the first error is the one to report */
	return r;
}

static int pack_tree(const struct tree *tree, uint32_t mtime, struct strbuf *archive)
{
	struct cpio cpio;
	int r = 0;

	cpio_init(&cpio, archive, mtime);
	for (size_t i = 0; r >= 0 && i < tree->n_entries; i++)
		r = pack_entry(&cpio, &tree->entries[i]);
	return r < 0 ? r : cpio_finish(&cpio);
}

int image_write(const struct tree *tree, enum pack_method method, uint32_t mtime, const char *path,
		uint64_t *ret_unpacked, uint64_t *ret_packed)
{
	CLEANUP_STRBUF
	struct strbuf archive = STRBUF_INIT;
	CLEANUP_STRBUF
	struct strbuf packed = STRBUF_INIT;
	int r;

	r = pack_tree(tree, mtime, &archive);
	if (r >= 0)
		r = pack_add(method, archive.data, archive.len, &packed);
	if (r < 0)
		return log_errno(r, "cannot pack the image");
	if (path) {
		r = replace_durably(path, &packed);
		if (r < 0)
			return log_errno(r, "cannot write %s", path);
	}
	*ret_unpacked = archive.len;
	*ret_packed = packed.len;
	return 0;
}
