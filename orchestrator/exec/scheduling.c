/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Everything here is inherited by the program and its children; each is one call with its own exit code. */
#include "scheduling.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/ioprio.h>
#include <linux/mempolicy.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "early/fs.h"
#include "early/macros.h"
#include "early/strbuf.h"
#include "indices.h"
#include "settings.h"

#define NODES_POSSIBLE "/sys/devices/system/node/possible"

static int set_scheduler(const struct wire_list *settings)
{
	static const struct {
		const char *name;
		int policy;
	} policies[] = {
		{ "other", SCHED_OTHER }, { "batch", SCHED_BATCH }, { "idle", SCHED_IDLE },
		{ "fifo", SCHED_FIFO },   { "rr", SCHED_RR },
	};
	const char *name = settings_get(settings, "CPUSchedulingPolicy");
	bool resets = settings_is_on(settings, "CPUSchedulingResetOnFork");
	int priority = (int)settings_number(settings, "CPUSchedulingPriority", 10, 0);
	struct sched_param param = { 0 };

	if (!name && !resets && priority == 0)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(policies); i++) {
		int policy = policies[i].policy;

		if (strcmp(name ? name : "other", policies[i].name) != 0)
			continue;
		param.sched_priority = MIN(MAX(priority, sched_get_priority_min(policy)),
					   sched_get_priority_max(policy));
		if (sched_setscheduler(0, policy | (resets ? SCHED_RESET_ON_FORK : 0), &param) < 0)
			return -errno;
		return 0;
	}
	return -EINVAL;
}

/* Adds the indices in the first line of a file of the kernel's. */
static int read_indices(const char *path, struct indices *set)
{
	char *line CLEANUP(free_charp)
	= NULL;
	int r = fs_read_line_at(AT_FDCWD, path, &line);

	return r < 0 ? r : indices_add(set, line);
}

static int read_nodes(const struct wire_list *settings, struct indices *nodes)
{
	const char *mask = settings_get(settings, "NUMAMask");

	if (!mask)
		return 0;
	return strcmp(mask, "all") == 0 ? read_indices(NODES_POSSIBLE, nodes)
					: indices_add(nodes, mask);
}

/* CPUAffinity=numa: the CPUs of the nodes in NUMAMask=. */
static int read_cpus_of_nodes(const struct wire_list *settings, struct indices *cpus)
{
	struct indices nodes = { 0 };
	int r = read_nodes(settings, &nodes);

	for (uint32_t i = 0; r == 0 && i < INDICES_MAX; i++) {
		char path[64];

		if (!indices_has(&nodes, i))
			continue;
		(void)snprintf(path, sizeof(path), "/sys/devices/system/node/node%u/cpulist", i);
		r = read_indices(path, cpus);
	}
	return r;
}

static int set_affinity(const struct wire_list *settings)
{
	const char *value = settings_get(settings, "CPUAffinity");
	struct indices cpus = { 0 };
	int r;

	if (!value)
		return 0;
	if (strcmp(value, "numa") == 0)
		r = read_cpus_of_nodes(settings, &cpus);
	else
		r = indices_add(&cpus, value);
	if (r == 0 && syscall(SYS_sched_setaffinity, 0, sizeof(cpus.bits), cpus.bits) < 0)
		r = -errno;
	return r;
}

static int set_memory_policy(const struct wire_list *settings)
{
	static const struct {
		const char *name;
		int mode;
	} modes[] = {
		{ "preferred", MPOL_PREFERRED },
		{ "bind", MPOL_BIND },
		{ "interleave", MPOL_INTERLEAVE },
		{ "local", MPOL_LOCAL },
	};
	const char *name = settings_get(settings, "NUMAPolicy");
	struct indices nodes = { 0 };
	int r;

	if (!name)
		return 0;
	r = read_nodes(settings, &nodes);
	if (r < 0)
		return r;
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		bool local = modes[i].mode == MPOL_LOCAL;

		if (strcmp(modes[i].name, name) != 0)
			continue;
		/* the kernel takes one off the number of bits */
		return syscall(SYS_set_mempolicy, modes[i].mode, local ? NULL : nodes.bits,
			       local ? 0 : INDICES_MAX + 1) < 0
			       ? -errno
			       : 0;
	}
	return -EINVAL;
}

static int set_io_priority(const struct wire_list *settings)
{
	static const char *const classes[] = { "none", "realtime", "best-effort", "idle" };
	const char *name = settings_get(settings, "IOSchedulingClass");
	const char *given = settings_get(settings, "IOSchedulingPriority");
	uint64_t priority = settings_number(settings, "IOSchedulingPriority", 10, IOPRIO_NORM);

	if (!name && !given)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(classes); i++) {
		if (strcmp(name ? name : "best-effort", classes[i]) != 0)
			continue;
		if (i == IOPRIO_CLASS_NONE)
			priority = 0;
		return syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0,
			       IOPRIO_PRIO_VALUE(i, priority & 7)) < 0
			       ? -errno
			       : 0;
	}
	return -EINVAL;
}

static int set_timer_slack(const struct wire_list *settings)
{
	uint64_t ns = settings_number(settings, "TimerSlackNSec", 10, UINT64_MAX);

	if (ns == UINT64_MAX)
		return 0;
	return prctl(PR_SET_TIMERSLACK, (unsigned long)ns) < 0 ? -errno : 0;
}

static int set_personality(const struct wire_list *settings)
{
	const char *name = settings_get(settings, "Personality");

	if (!name)
		return 0;
	return personality(strcmp(name, "linux32") == 0 ? PER_LINUX32 : PER_LINUX) < 0 ? -errno : 0;
}

static int set_coredump_filter(const struct wire_list *settings)
{
	const char *mask = settings_get(settings, "CoredumpFilter");
	struct strbuf text CLEANUP_STRBUF = STRBUF_INIT;
	int r;

	if (!mask)
		return 0;
	strbuf_printf(&text, "0x%s", mask);
	r = strbuf_error(&text);
	return r < 0 ? r : fs_write_at(AT_FDCWD, "/proc/self/coredump_filter", text.data);
}

int scheduling_apply(const struct wire_list *settings, struct failure *failure)
{
	static const struct {
		int (*fn)(const struct wire_list *settings);
		enum step step;
		const char *what;
	} parts[] = {
		{ set_coredump_filter, STEP_LIMITS, "CoredumpFilter=" },
		{ set_scheduler, STEP_SETSCHEDULER, "CPUSchedulingPolicy=" },
		{ set_affinity, STEP_CPUAFFINITY, "CPUAffinity=" },
		{ set_memory_policy, STEP_NUMA_POLICY, "NUMAPolicy=" },
		{ set_io_priority, STEP_IOPRIO, "IOSchedulingClass=" },
		{ set_timer_slack, STEP_TIMERSLACK, "TimerSlackNSec=" },
		{ set_personality, STEP_PERSONALITY, "Personality=" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		int r = parts[i].fn(settings);

		if (r < 0)
			return failure_set(failure, parts[i].step, r, "cannot set %s",
					   parts[i].what);
	}
	return 0;
}
