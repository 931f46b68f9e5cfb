/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <libmount.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/swap.h>

#include "early/fs.h"
#include "early/macros.h"
#include "mount_fstab.h"
#include "resume.h"

/* --- the root --- */

static int split(const char *options, unsigned long *ret_flags, char **ret_data)
{
	CLEANUP(free_charp)
	char *vfs = NULL;
	int r = mnt_split_optstr(options, NULL, &vfs, ret_data, 0, 0);

	if (r == 0 && vfs)
		r = mnt_optstr_get_flags(vfs, ret_flags, mnt_get_builtin_optmap(MNT_LINUX_MAP));
	return r;
}

int mount_fstab_remount_root(void *data)
{
	const struct mount_fstab *fstab = data;
	CLEANUP(free_charp)
	char *options = NULL;
	unsigned long flags = 0;
	int r = 0;

	if (fstab->entry)
		r = split(fstab->entry->options, &flags, &options);
	if (r < 0) {
		fprintf(stderr, "/etc/fstab: the options of / cannot be understood: %s\n",
			fstab->entry->options);
		flags = 0;
		options = NULL;
	}
	flags = (flags & ~MS_RDONLY) | MS_REMOUNT;
	if (mount(NULL, fstab->root, NULL, flags, options) == 0)
		return 0;
	r = -errno;
	if (r == -EINVAL && options) {
		/* A machine with a wrong option in fstab should still come up. */
		fprintf(stderr, "/etc/fstab: the kernel refuses the options of /: %s\n", options);
		if (mount(NULL, fstab->root, NULL, flags, NULL) == 0)
			return 0;
		r = -errno;
	}
	fprintf(stderr, "%s\n",
		r == -EROFS || r == -EACCES ? "the device or its file system only allows reading"
					    : strerror(-r));
	return r;
}

/* --- the others --- */

static int fill(struct libmnt_context *context, const struct mount_fstab *fstab, const char *target)
{
	const struct fstab_entry *entry = fstab->entry;
	int r = mnt_context_set_source(context, fstab->node ? fstab->node : entry->source);

	if (r == 0)
		r = mnt_context_set_target(context, target);
	if (r == 0 && strcmp(entry->type, "auto") != 0)
		r = mnt_context_set_fstype(context, entry->type);
	if (r == 0)
		r = mnt_context_set_options(context, entry->options);
	if (r == 0 && fstab->read_only)
		r = mnt_context_append_options(context, "ro");
	return r;
}

/* libmount does what mount(8) does: loop devices, helpers, user's options that are no mount options. */
static int mount_at(const struct mount_fstab *fstab, const char *target)
{
	struct libmnt_context *context = mnt_new_context();
	char text[512] = "";
	int r, code;

	if (!context)
		return -ENOMEM;
	/* Everything is said already; fstab again would bring the options twice. */
	mnt_context_set_optsmode(context, MNT_OMODE_NOTAB);
	r = fill(context, fstab, target);
	if (r == 0)
		r = mnt_context_mount(context);
	code = mnt_context_get_excode(context, r, text, sizeof(text));
	mnt_free_context(context);
	if (code == 0)
		return 0;
	fprintf(stderr, "%s\n", text[0] ? text : strerror(r < 0 ? -r : EIO));
	return r < 0 ? r : -EIO;
}

int mount_fstab_mount(void *data)
{
	const struct mount_fstab *fstab = data;
	CLEANUP(free_charp)
	char *target = NULL;
	int r;

	if (asprintf(&target, "%s%s", strcmp(fstab->root, "/") == 0 ? "" : fstab->root,
		     fstab->entry->target) < 0)
		return -ENOMEM;
	r = fs_mkdir_p_at(AT_FDCWD, target, 0755);
	/* Not a directory: a file to be bound over, or libmount says what is wrong. */
	if (r < 0 && r != -EEXIST && r != -ENOTDIR) {
		fprintf(stderr, "the mount point cannot be made: %s\n", strerror(-r));
		return r;
	}
	return mount_at(fstab, target);
}

/* --- swap --- */

static int forget_image(const struct mount_fstab *fstab, const char *path)
{
	int r = resume_forget_image(path);

	if (r == -EBADMSG)
		fprintf(stderr, "it holds a hibernated image of an unknown kind; mkswap makes it "
				"swap space again, and until then a boot may resume it\n");
	else if (r < 0)
		fprintf(stderr, "%s\n", strerror(-r));
	else if (r > 0)
		fprintf(stderr,
			"%s held a hibernated image that was not resumed; it is gone, because it "
			"does not fit what is on the disks now\n",
			fstab->entry->source);
	return r;
}

int mount_fstab_swapon(void *data)
{
	const struct mount_fstab *fstab = data;
	const char *path = fstab->node ? fstab->node : fstab->entry->source;
	const char *value;
	int flags = 0, r;

	r = forget_image(fstab, path);
	if (r < 0)
		return r;
	if (fstab_option(fstab->entry, "pri", &value)) {
		long priority = strtol(value, NULL, 10);

		if (priority >= 0 && priority <= SWAP_FLAG_PRIO_MASK)
			flags |= SWAP_FLAG_PREFER | (int)priority;
	}
	if (fstab_option(fstab->entry, "discard", NULL))
		flags |= SWAP_FLAG_DISCARD;
	if (swapon(path, flags) == 0 || errno == EBUSY)
		return 0; /* busy: in use already */
	r = -errno;
	fprintf(stderr, "%s\n",
		r == -EINVAL ? "it holds no swap space (mkswap makes one)" : strerror(-r));
	return r;
}
