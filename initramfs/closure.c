/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The closure of shared libraries, found by reading the files as the dynamic loader would, without running any of them
 * (the root may be of another release, and ldd executes what it looks at).
 *
 * The image has no ld.so.cache: there the loader looks into a file's own search path and its built-in directories, and
 * nowhere else. A library that only ld.so.conf's directories have is taken from there and gets a link in /usr/lib, where the
 * loader finds it. A candidate of another machine or word size is passed over, as the loader does.
 *
 * Not seen are libraries that a program opens by name at run time; what needs such ones names them in a list file.
 */
#include "closure.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "early/fd.h"
#include "early/fs.h"
#include "early/log.h"
#include "early/strbuf.h"
#include "early/strv.h"

#include "elf_needed.h"
#include "ld_conf.h"
#include "roots.h"

#define CLOSURE_MAX_FILE_BYTES (512U * 1024 * 1024)

int closure_init(struct closure *closure, const struct roots *roots, struct tree *tree)
{
	int r;

	*closure = (struct closure){ .roots = roots, .tree = tree };
	r = ld_conf_read(roots, &closure->configured_dirs);
	if (r < 0)
		return log_errno(r, "cannot read /etc/ld.so.conf of the root");
	return 0;
}

void closure_done(struct closure *closure)
{
	strv_free(TAKE_PTR(closure->configured_dirs));
	strv_free(TAKE_PTR(closure->pending));
}

static const char *triplet_of(uint16_t machine)
{
	switch (machine) {
	case EM_X86_64:
		return "x86_64-linux-gnu";
	case EM_AARCH64:
		return "aarch64-linux-gnu";
	case EM_RISCV:
		return "riscv64-linux-gnu";
	case EM_PPC64:
		return "powerpc64le-linux-gnu";
	}
	return NULL;
}

static int loader_dirs(uint16_t machine, char ***ret)
{
	static const char *const plain[] = { "/lib64", "/usr/lib64", "/lib", "/usr/lib" };
	const char *triplet = triplet_of(machine);
	CLEANUP_STRV
	char **dirs = NULL;
	int r = 0;

	if (triplet) {
		r = strv_appendf(&dirs, "/lib/%s", triplet);
		if (r >= 0)
			r = strv_appendf(&dirs, "/usr/lib/%s", triplet);
	}
	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(plain); i++)
		r = strv_append(&dirs, plain[i]);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(dirs);
	return 0;
}

/* @dir with $ORIGIN replaced by @origin; empty for one with another word ($LIB, $PLATFORM), which nothing here uses. */
static void expand_dir(const char *dir, const char *origin, struct strbuf *out)
{
	while (*dir) {
		size_t plain = strcspn(dir, "$");

		strbuf_add(out, dir, plain);
		dir += plain;
		if (!*dir)
			return;
		if (strncmp(dir, "$ORIGIN", 7) == 0) {
			dir += 7;
		} else if (strncmp(dir, "${ORIGIN}", 9) == 0) {
			dir += 9;
		} else {
			strbuf_reset(out);
			return;
		}
		strbuf_puts(out, origin);
	}
}

static int read_elf(const char *host, struct elf_needed *ret)
{
	CLEANUP(free_charp)
	char *data = NULL;
	const char *why = "";
	size_t len;
	int r;

	r = fs_read_file_at(AT_FDCWD, host, CLOSURE_MAX_FILE_BYTES, &data, &len);
	if (r < 0)
		return log_errno(r, "cannot read %s", host);
	r = elf_needed_read(data, len, ret, &why);
	if (r < 0)
		log_error("%s is a broken ELF file: %s", host, why);
	return r;
}

/* Of a library only the beginning is read here: it is asked for by many, and read once when it comes into the image itself. */
static int read_machine(const char *host, uint16_t *ret)
{
	CLEANUP_FD
	int fd = open(host, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	char head[ELF_HEAD_BYTES];
	const char *why = "";
	ssize_t n = fd < 0 ? -1 : read(fd, head, sizeof(head));
	int r;

	if (n < 0)
		return log_errno(-errno, "cannot read %s", host);
	r = elf_needed_machine(head, (size_t)n, ret, &why);
	if (r < 0)
		log_error("%s is a broken ELF file: %s", host, why);
	return r;
}

/* Is @path a library that @machine's loader would take? */
static int fits(const struct closure *closure, const char *path, uint16_t machine)
{
	CLEANUP_FOUND
	struct roots_found file = { 0 };
	uint16_t found;
	int r;

	r = roots_find(closure->roots, path, NULL, &file);
	if (r == -ENOENT || r == -ENOTDIR)
		return false;
	if (r < 0)
		return log_errno(r, "cannot look up %s", path);
	if (!S_ISREG(file.mode))
		return false;
	r = read_machine(file.host, &found);
	if (r < 0)
		return r;
	return r == ELF_READ && found == machine;
}

/* Looks for @name in @dirs; true and *ret_path if it is there. */
static int search(const struct closure *closure, char *const *dirs, const char *origin,
		  const char *name, uint16_t machine, char **ret_path)
{
	for (size_t i = 0; i < strv_length(dirs); i++) {
		CLEANUP_STRBUF
		struct strbuf path = STRBUF_INIT;
		int r;

		expand_dir(dirs[i], origin, &path);
		if (path.len == 0)
			continue;
		strbuf_printf(&path, "/%s", name);
		r = strbuf_error(&path);
		if (r >= 0)
			r = fits(closure, path.data, machine);
		if (r > 0)
			*ret_path = strbuf_take(&path);
		if (r != 0)
			return r;
	}
	return false;
}

/* The image's loader does not know ld.so.conf: a link where it looks. */
static int link_for_loader(struct closure *closure, const char *name, const char *path)
{
	CLEANUP_FOUND
	struct roots_found dir = { 0 };
	CLEANUP_STRBUF
	struct strbuf link = STRBUF_INIT;
	int r;

	r = roots_find(closure->roots, "/usr/lib", closure->tree, &dir);
	if (r < 0)
		return r;
	strbuf_printf(&link, "%s/%s", dir.path, name);
	r = strbuf_error(&link);
	if (r < 0)
		return r;
	return tree_add_link(closure->tree, link.data, path);
}

static int find_library(struct closure *closure, const struct elf_needed *elf, const char *origin,
			const char *name, char **ret_path)
{
	CLEANUP_STRV
	char **own = NULL;
	CLEANUP_STRV
	char **builtin = NULL;
	int r;

	r = strv_split(elf->search_path ? elf->search_path : "", ":", &own);
	if (r >= 0)
		r = search(closure, own, origin, name, elf->machine, ret_path);
	if (r != 0)
		return r;
	r = loader_dirs(elf->machine, &builtin);
	if (r >= 0)
		r = search(closure, builtin, origin, name, elf->machine, ret_path);
	if (r != 0)
		return r;
	r = search(closure, closure->configured_dirs, origin, name, elf->machine, ret_path);
	if (r > 0) {
		int linked = link_for_loader(closure, name, *ret_path);

		if (linked < 0)
			return linked;
	}
	return r;
}

static int add_found(struct closure *closure, const char *path, enum tree_group group)
{
	CLEANUP_FOUND
	struct roots_found file = { 0 };
	int r;

	r = roots_find(closure->roots, path, closure->tree, &file);
	if (r < 0)
		return r;
	if (S_ISDIR(file.mode))
		return 0;
	if (!S_ISREG(file.mode))
		return -EINVAL;
	r = tree_add_file(closure->tree, file.path, file.host, file.len, file.mode & 0111, group);
	if (r != TREE_ADDED)
		return r;
	return strv_append(&closure->pending, file.path);
}

static int add_library(struct closure *closure, const struct elf_needed *elf, const char *origin,
		       const char *name, const char *wanted_by)
{
	CLEANUP(free_charp)
	char *path = NULL;
	int r = 0;

	if (name[0] == '/') {
		path = strdup(name);
		r = path ? 1 : -ENOMEM;
	} else {
		r = find_library(closure, elf, origin, name, &path);
	}
	if (r == 0)
		r = -ENOENT;
	else if (r > 0)
		r = add_found(closure, path, TREE_GROUP_LIBRARIES);
	if (r == -ENOENT) {
		log_error("/%s needs the library %s, which is in no library directory of the root; "
			  "install the package that has it",
			  wanted_by, name);
		return r;
	}
	if (r < 0)
		return log_errno(r, "cannot add %s, which /%s needs", name, wanted_by);
	return 0;
}

/* Adds what the file at the canonical path @path needs. */
static int add_needs(struct closure *closure, const char *path)
{
	const struct tree_entry *entry = tree_find(closure->tree, path);
	CLEANUP_ELF
	struct elf_needed elf = { 0 };
	CLEANUP_STRBUF
	struct strbuf origin = STRBUF_INIT;
	int r;

	r = read_elf(entry->source, &elf);
	if (r < 0 || r == ELF_NONE)
		return r;
	if (r == ELF_FOREIGN) {
		log_error("/%s is not a 64-bit little-endian program; only those are supported",
			  path);
		return -ENOEXEC;
	}
	strbuf_printf(&origin, "/%.*s", (int)(strrchr(path, '/') ? strrchr(path, '/') - path : 0),
		      path);
	r = strbuf_error(&origin);
	if (r >= 0 && elf.interpreter)
		r = closure_add(closure, elf.interpreter, TREE_GROUP_LIBRARIES, path);
	for (size_t i = 0; r >= 0 && i < strv_length(elf.libraries); i++)
		r = add_library(closure, &elf, origin.data, elf.libraries[i], path);
	return r;
}

/* Works off what is pending, and what that adds. */
static int settle(struct closure *closure)
{
	size_t n;

	while ((n = strv_length(closure->pending)) > 0) {
		CLEANUP(free_charp)
		char *path = closure->pending[n - 1];
		int r;

		closure->pending[n - 1] = NULL;
		r = add_needs(closure, path);
		if (r < 0)
			return r;
	}
	return 0;
}

int closure_add(struct closure *closure, const char *path, enum tree_group group,
		const char *wanted_by)
{
	int r = add_found(closure, path, group);

	if (r == -ENOENT || r == -ENOTDIR)
		return log_errno(r, "%s, which %s wants, is not in the root", path, wanted_by);
	if (r < 0)
		return log_errno(r, "cannot add %s, which %s wants", path, wanted_by);
	return settle(closure);
}
