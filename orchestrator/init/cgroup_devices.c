/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cgroup_devices.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "early/fs.h"
#include "early/log.h"
#include "early/macros.h"

#include "cgroup_program.h"
#include "device_program.h"

/*
 * Devices of groups
 *
 * The words become rules when the group is made, since numbers of devices are known only then; a device that is not there gets
 * no rule, which is what its absence means. The program belongs to the group's directory and goes with it, so PID 1 keeps no
 * descriptor of it, and a service that starts again in the same directory keeps the program that is there.
 */

/* What "closed" allows besides: the devices without which hardly a program works. */
static const char *const standard_devices[] = {
	"/dev/null rwm",    "/dev/zero rwm", "/dev/full rwm", "/dev/random rwm",
	"/dev/urandom rwm", "/dev/tty rwm",  "/dev/ptmx rwm", "char-pts rw",
};

struct rules {
	struct device_rule items[DEVICE_RULES_MAX];
	size_t n_items;
	char *drivers; /* /proc/devices */
};

static int add_node(struct rules *rules, const char *path, uint32_t access)
{
	struct stat st;

	if (strncmp(path, "/dev/", 5) != 0 || strstr(path, "/../"))
		return -EINVAL;
	if (stat(path, &st) < 0)
		return -errno;
	if (!S_ISCHR(st.st_mode) && !S_ISBLK(st.st_mode))
		return -ENODEV;
	if (rules->n_items == DEVICE_RULES_MAX)
		return -E2BIG;
	rules->items[rules->n_items++] = (struct device_rule){
		.type = S_ISCHR(st.st_mode) ? BPF_DEVCG_DEV_CHAR : BPF_DEVCG_DEV_BLOCK,
		.major = major(st.st_rdev),
		.minor = minor(st.st_rdev),
		.access = access,
	};
	return 0;
}

static int add_line(struct rules *rules, const char *line)
{
	char device[256];
	char rights[8];
	uint32_t access;

	if (sscanf(line, "%255s %7s", device, rights) != 2)
		return -EINVAL;
	access = device_access(rights);
	if (access == 0)
		return -EINVAL;
	if (strncmp(device, "char-", 5) == 0)
		return device_rules_of_driver(rules->drivers, BPF_DEVCG_DEV_CHAR, device + 5,
					      access, rules->items, &rules->n_items);
	if (strncmp(device, "block-", 6) == 0)
		return device_rules_of_driver(rules->drivers, BPF_DEVCG_DEV_BLOCK, device + 6,
					      access, rules->items, &rules->n_items);
	return add_node(rules, device, access);
}

static void add_lines(struct rules *rules, const struct cgroup *group,
		      const struct wire_list *devices)
{
	const char *line = NULL;
	bool closed = false;

	while ((line = wire_list_next(devices, line))) {
		int r = 0;

		if (strncmp(line, "policy=", 7) == 0)
			closed |= strcmp(line, "policy=closed") == 0;
		else
			r = add_line(rules, line);
		if (r == -ENOENT || r == -ENODEV)
			log_debug("%s: there is no device %s", group->path, line);
		else if (r < 0)
			log_warning_errno(r, "%s: cannot allow %s", group->path, line);
	}
	for (size_t i = 0; closed && i < ARRAY_SIZE(standard_devices); i++)
		(void)add_line(rules, standard_devices[i]); /* a machine may lack some */
}

int cgroup_restrict_devices(struct cgroup *group, const struct wire_list *devices)
{
	struct rules rules = { 0 };
	char *drivers CLEANUP(free_charp)
	= NULL;
	struct bpf_insn insns[DEVICE_PROGRAM_MAX];
	size_t len;
	int r;

	if (devices->len == 0 || !cgroup_tree_is_real(group->tree))
		return 0;
	r = fs_read_file_at(AT_FDCWD, "/proc/devices", 64 * 1024, &drivers, &len);
	if (r == 0) {
		rules.drivers = drivers;
		add_lines(&rules, group, devices);
		len = device_program(rules.items, rules.n_items, insns);
		r = cgroup_attach(group->fd, BPF_PROG_TYPE_CGROUP_DEVICE, BPF_CGROUP_DEVICE, insns,
				  len);
	}
	if (r < 0)
		log_warning_errno(r, "%s: cannot restrict its devices", group->path);
	return r;
}
