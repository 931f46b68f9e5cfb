/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* What systemd.resource-control(5) says in words becomes files of a cgroup and what goes into them. Text to text. */

enum resource {
	RESOURCE_CPU_WEIGHT,
	RESOURCE_CPU_SHARES, /* of cgroup v1 */
	RESOURCE_CPUS,
	RESOURCE_NODES,
	RESOURCE_MEMORY_MIN,
	RESOURCE_MEMORY_LOW,
	RESOURCE_MEMORY_HIGH,
	RESOURCE_MEMORY_MAX,
	RESOURCE_MEMORY_SWAP_MAX,
	RESOURCE_MEMORY_ZSWAP_MAX,
	RESOURCE_TASKS_MAX,
	RESOURCE_IO_WEIGHT,
	RESOURCE_BLOCK_IO_WEIGHT, /* of cgroup v1 */
	RESOURCE_IO_DEVICE_WEIGHT,
	RESOURCE_BLOCK_IO_DEVICE_WEIGHT, /* of cgroup v1 */
	RESOURCE_IO_READ_BANDWIDTH,
	RESOURCE_IO_WRITE_BANDWIDTH,
	RESOURCE_IO_READ_IOPS,
	RESOURCE_IO_WRITE_IOPS,
	RESOURCE_IO_LATENCY,
};

/*
 * Puts the lines "FILE=TEXT" of @value into @list in place of those that spoke about the same; an empty value takes them away. A
 * share of the machine stays one ("memory.max=50%"), a device stays a path ("io.max=/dev/sda rbps=1000").
 * -EINVAL for no such value, -ERANGE for one that the kernel would not take.
 */
int resource_put(char ***list, enum resource resource, const char *value);

/* CPUQuota= ("20%", "150%", "": none) in microseconds of each second; UINT64_MAX for none. */
int resource_parse_quota(const char *value, uint64_t *ret_us);

/* "cpu.max=…" of a quota within each period. */
int resource_put_quota(char ***list, uint64_t quota_us, uint64_t period_us);

/* Controllers of Delegate=, in cgroup v2's names; those without a counterpart are left out. -EINVAL for an unknown one. */
int resource_delegate(char ***list, const char *value);

/* One line of DeviceAllow=: "/dev/null rwm", "char-pts rw". -EINVAL for anything else. */
int resource_device(char ***list, const char *value);

/* The words of IPAddressAllow= or IPAddressDeny= ("any", "localhost", "10.0.0.0/8") as "allow …" or "deny …". -EINVAL for any other. */
int resource_addresses(char ***list, bool allow, const char *value);
