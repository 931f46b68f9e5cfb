/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What block devices there are, without udev.
 *
 * sysfs gives names, numbers and sizes; libblkid the content: type, UUID, label, and through the partition's disk its
 * PARTUUID and PARTLABEL. Devices without a size (empty loop devices, drives without a medium) are not listed. Opening a
 * device can take long (an optical drive spins up), so content is read only when the question needs it, and once for each
 * device: a uevent makes it be forgotten.
 *
 * A superblock with a wrong checksum is still recognised here: whoever asks then gets to say so, instead of "no such
 * device".
 */
#include <blkid.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "device.h"
#include "early/fd.h"
#include "early/fs.h"
#include "early/log.h"
#include "early/macros.h"
#include "early/parse.h"
#include "early/strbuf.h"
#include "spec.h"

#define SECTOR_SIZE 512

static void replace(char **text, const char *value)
{
	free(*text);
	*text = value ? strdup(value) : NULL;
}

static void device_clear_content(struct device *device)
{
	replace(&device->type, NULL);
	replace(&device->usage, NULL);
	replace(&device->uuid, NULL);
	replace(&device->label, NULL);
	replace(&device->partuuid, NULL);
	replace(&device->partlabel, NULL);
	device->content_read = false;
}

static struct device *device_free(struct device *device)
{
	if (!device)
		return NULL;
	device_clear_content(device);
	list_remove(&device->link);
	free(device->name);
	free(device->node);
	free(device->disk);
	free(device->dm_name);
	free(device);
	return NULL;
}

void devices_init(struct devices *devices)
{
	list_init(&devices->list);
}

void devices_done(struct devices *devices)
{
	struct device *device, *next;

	list_for_each_safe (device, next, &devices->list, link)
		device_free(device);
}

/* --- sysfs --- */

static int read_number(int dirfd, const char *file, uint64_t *ret_value)
{
	CLEANUP(free_charp)
	char *line = NULL;
	int r = fs_read_line_at(dirfd, file, &line);

	return r < 0 ? r : parse_u64(line, ret_value);
}

static int read_devno(int dirfd, struct device *device)
{
	CLEANUP(free_charp)
	char *line = NULL;
	int r = fs_read_line_at(dirfd, "dev", &line);

	if (r < 0)
		return r;
	return sscanf(line, "%u:%u", &device->major, &device->minor) == 2 ? 0 : -EINVAL;
}

/* The directory above a partition's own is its disk's. */
static char *read_disk(int class_fd, const char *name)
{
	char target[512], *slash;
	ssize_t len = readlinkat(class_fd, name, target, sizeof(target) - 1);

	if (len < 0)
		return NULL;
	target[len] = '\0';
	slash = strrchr(target, '/');
	if (!slash)
		return NULL;
	*slash = '\0';
	slash = strrchr(target, '/');
	return slash ? strdup(slash + 1) : NULL;
}

static int device_fill(struct device *device, int class_fd, const char *sys_name)
{
	CLEANUP_FD
	int dirfd = openat(class_fd, sys_name, O_DIRECTORY | O_PATH | O_CLOEXEC);
	uint64_t number;
	int r;

	if (dirfd < 0)
		return -errno;
	r = read_number(dirfd, "size", &number);
	if (r < 0)
		return r;
	if (number == 0)
		return -ENOMEDIUM;
	device->bytes = number * SECTOR_SIZE;
	r = read_devno(dirfd, device);
	if (r < 0)
		return r;
	if (read_number(dirfd, "partition", &number) == 0) {
		device->partition = (int)number;
		device->disk = read_disk(class_fd, sys_name);
	}
	(void)fs_read_line_at(dirfd, "dm/name", &device->dm_name); /* most devices have none */

	device->name = strdup(sys_name);
	if (!device->name)
		return -ENOMEM;
	for (char *c = device->name; *c; c++)
		if (*c == '!')
			*c = '/';
	return asprintf(&device->node, "/dev/%s", device->name) < 0 ? -ENOMEM : 0;
}

static struct device *find_name(struct devices *devices, const char *name)
{
	struct device *device;

	list_for_each (device, &devices->list, link)
		if (strcmp(device->name, name) == 0)
			return device;
	return NULL;
}

/* A known device stays as it is unless it has another number, size or (device-mapper) name now. */
static int take_entry(struct devices *devices, int class_fd, const char *sys_name)
{
	struct device *device = calloc(1, sizeof(*device)), *known;
	int r;

	if (!device)
		return -ENOMEM;
	list_init(&device->link);
	r = device_fill(device, class_fd, sys_name);
	if (r < 0) {
		device_free(device);
		/* It is going, or has no medium: no reason to stop. */
		return r == -ENOMEM ? r : 0;
	}
	known = find_name(devices, device->name);
	if (known && known->major == device->major && known->minor == device->minor &&
	    known->bytes == device->bytes && !known->dm_name == !device->dm_name) {
		known->seen = true;
		device_free(device);
		return 0;
	}
	device_free(known);
	device->seen = true;
	list_append(&devices->list, &device->link);
	return 0;
}

static int scan_names(struct devices *devices, const char *sys)
{
	CLEANUP(free_charp)
	char *path = NULL;
	struct dirent *entry;
	DIR *dir;
	int r = 0;

	if (asprintf(&path, "%s/class/block", sys) < 0)
		return -ENOMEM;
	dir = opendir(path);
	if (!dir)
		return -errno;
	while (r == 0 && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			r = take_entry(devices, dirfd(dir), entry->d_name);
	closedir(dir);
	return r;
}

int devices_scan(struct devices *devices, const char *sys, bool content)
{
	struct device *device, *next;
	int r;

	list_for_each (device, &devices->list, link)
		device->seen = false;
	r = scan_names(devices, sys);
	if (r < 0)
		return r;
	list_for_each_safe (device, next, &devices->list, link) {
		if (!device->seen)
			device_free(device);
		else if (content && !device->content_read)
			device_read_content(device);
	}
	return 0;
}

void devices_forget(struct devices *devices, const char *name)
{
	device_free(find_name(devices, name));
}

/* --- content --- */

static void take_value(blkid_probe probe, const char *name, char **text)
{
	const char *value;

	if (blkid_probe_lookup_value(probe, name, &value, NULL) == 0)
		replace(text, value);
}

static void read_superblock(struct device *device, blkid_probe probe)
{
	blkid_probe_enable_superblocks(probe, 1);
	blkid_probe_set_superblocks_flags(probe, BLKID_SUBLKS_TYPE | BLKID_SUBLKS_USAGE |
							 BLKID_SUBLKS_UUID | BLKID_SUBLKS_LABEL |
							 BLKID_SUBLKS_BADCSUM);
	blkid_probe_enable_partitions(probe, 1);
	blkid_probe_set_partitions_flags(probe, BLKID_PARTS_ENTRY_DETAILS);
	if (blkid_do_safeprobe(probe) != 0)
		return; /* nothing, or two things at once: not ours to guess */
	take_value(probe, "TYPE", &device->type);
	take_value(probe, "USAGE", &device->usage);
	take_value(probe, "UUID", &device->uuid);
	take_value(probe, "LABEL", &device->label);
	take_value(probe, "PART_ENTRY_UUID", &device->partuuid);
	take_value(probe, "PART_ENTRY_NAME", &device->partlabel);
}

/* devtmpfs has made the node; where there is none (a bare /dev) it is made as devtmpfs would. */
static int open_node(const struct device *device)
{
	int fd = open(device->node, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0 && errno == ENOENT &&
	    mknod(device->node, S_IFBLK | 0600, makedev(device->major, device->minor)) == 0)
		fd = open(device->node, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

void device_read_content(struct device *device)
{
	CLEANUP_FD
	int fd = open_node(device);
	blkid_probe probe;

	device_clear_content(device);
	device->content_read = true;
	if (fd < 0) {
		log_debug("cannot open %s: %s", device->node, strerror(-fd));
		return;
	}
	probe = blkid_new_probe();
	if (!probe)
		return;
	if (blkid_probe_set_device(probe, fd, 0, 0) == 0)
		read_superblock(device, probe);
	blkid_free_probe(probe);
}

/* --- questions --- */

struct device *devices_find_number(struct devices *devices, uint32_t major, uint32_t minor)
{
	struct device *device;

	list_for_each (device, &devices->list, link)
		if (device->major == major && device->minor == minor)
			return device;
	return NULL;
}

static struct device *find_link(struct devices *devices, const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0 || !S_ISBLK(st.st_mode))
		return NULL;
	return devices_find_number(devices, major(st.st_rdev), minor(st.st_rdev));
}

static struct device *find_sibling(struct devices *devices, const struct device *from, int offset)
{
	struct device *device;

	list_for_each (device, &devices->list, link)
		if (device->disk && from->disk && strcmp(device->disk, from->disk) == 0 &&
		    device->partition == from->partition + offset)
			return device;
	return NULL;
}

struct device *devices_find(struct devices *devices, const struct spec *spec)
{
	struct device *device;

	list_for_each (device, &devices->list, link)
		if (spec_matches(spec, device))
			return spec->partition_offset != 0
				       ? find_sibling(devices, device, spec->partition_offset)
				       : device;
	if (spec->kind == SPEC_LINK)
		return find_link(devices, spec->value);
	if (spec->kind == SPEC_NODE) {
		CLEANUP(free_charp)
		char *path = NULL;

		if (asprintf(&path, "/dev/%s", spec->value) < 0)
			return NULL;
		return find_link(devices, path); /* a link of somebody's udev rules */
	}
	return NULL;
}

void devices_describe(const struct devices *devices, struct strbuf *text)
{
	const struct device *device;
	const char *separator = "";

	list_for_each (device, &devices->list, link) {
		strbuf_printf(text, "%s%s (%s", separator, device->name,
			      device->type ? device->type : "no known content");
		if (device->uuid)
			strbuf_printf(text, ", UUID=%s", device->uuid);
		if (device->label)
			strbuf_printf(text, ", LABEL=%s", device->label);
		strbuf_putc(text, ')');
		separator = ", ";
	}
	if (separator[0] == '\0')
		strbuf_puts(text, "none at all");
}
