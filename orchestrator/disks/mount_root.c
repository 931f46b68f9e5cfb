/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The first mount of the root.
 *
 * "Read-only" is two flags, one of the superblock and one of each mount. The root is mounted read-only and its mount made
 * writable at once: then nothing can be written yet, but one `remount,rw` later reaches every copy of the mount that was made
 * meanwhile (name spaces of services, the overlay's private clone), which would otherwise stay read-only for ever.
 */
#include <errno.h>
#include <libmount.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include "early/fd.h"
#include "early/macros.h"
#include "early/strv.h"
#include "mount_root.h"

static int split_options(const char *options, unsigned long *ret_flags, char **ret_data)
{
	CLEANUP(free_charp)
	char *vfs = NULL;
	int r;

	*ret_flags = 0;
	*ret_data = NULL;
	if (options[0] == '\0')
		return 0;
	r = mnt_split_optstr(options, NULL, &vfs, ret_data, 0, 0);
	if (r < 0)
		return r;
	if (vfs)
		return mnt_optstr_get_flags(vfs, ret_flags, mnt_get_builtin_optmap(MNT_LINUX_MAP));
	return 0;
}

/* ENODEV: the kernel has no such type. EINVAL: it has, but this is none of it (or the options are wrong). */
static int mount_one_of(const struct mount_root *root, unsigned long flags, const char *data,
			const char **ret_type)
{
	int r = -ENODEV;

	for (size_t i = 0; root->types && root->types[i]; i++) {
		if (mount(root->device, root->target, root->types[i], flags | MS_RDONLY, data) ==
		    0) {
			*ret_type = root->types[i];
			return 0;
		}
		r = -errno;
		if (r != -ENODEV && r != -EINVAL)
			break;
	}
	return r;
}

static const char *explain(int error)
{
	switch (-error) {
	case ENODEV:
		return "the kernel does not know this type of file system: its module is not "
		       "loaded";
	case EINVAL:
		return "wrong type, damaged superblock, or an option in rootflags= that it does "
		       "not know";
	case EROFS:
		return "the device is write-protected, and the journal has to be replayed";
	case EUCLEAN:
	case EIO:
		return "the file system is damaged, or the disk does not answer as it should";
	case EBUSY:
		return "the device is in use (mounted, or part of a volume)";
	default:
		return strerror(-error);
	}
}

int mount_root_run(void *data)
{
	const struct mount_root *root = data;
	CLEANUP(free_charp)
	char *options = NULL;
	const char *type = NULL;
	unsigned long flags;
	int r = split_options(root->options, &flags, &options);

	if (r < 0) {
		fprintf(stderr, "rootflags=%s cannot be understood\n", root->options);
		return r;
	}
	r = mount_one_of(root, flags, options, &type);
	if (r < 0) {
		fprintf(stderr, "%s\n", explain(r));
		return r;
	}
	if (mount(NULL, root->target, NULL, MS_REMOUNT | MS_BIND | (flags & ~MS_RDONLY), NULL) <
	    0) {
		r = -errno;
		fprintf(stderr, "the mount cannot be made writable: %s\n", strerror(errno));
		(void)umount2(root->target, MNT_DETACH); /* nothing uses it yet */
		return r;
	}
	return fd_write_all(root->result_fd, type, strlen(type));
}

static int append_new(char ***types, const char *type)
{
	return strv_contains(*types, type) ? 0 : strv_append(types, type);
}

int mount_root_types(const char *listed, const char *found, char ***ret_types)
{
	CLEANUP_STRV char **wanted = NULL, **types = NULL;
	int r = strv_split(listed, ",", &wanted);

	if (r < 0)
		return r;
	if (found && (!wanted || !wanted[0] || strv_contains(wanted, found)))
		r = append_new(&types, found);
	for (size_t i = 0; r == 0 && wanted && wanted[i]; i++)
		r = append_new(&types, wanted[i]);
	/* Distributions build ext4 for all three. */
	if (r == 0 && (strv_contains(types, "ext3") || strv_contains(types, "ext2")))
		r = append_new(&types, "ext4");
	if (r < 0)
		return r;
	*ret_types = TAKE_PTR(types);
	return 0;
}
