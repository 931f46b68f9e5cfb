/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Rules that look at arguments, each for one key. An argument is compared as the kernel reads it: 32 bits where it is an int, whatever
 * stands in the upper half of the register.
 *
 * On 32-bit x86 several calls hide behind socketcall(2) and ipc(2), whose arguments lie in memory: a filter cannot see them, so these keys do
 * nothing for such programs, as with systemd. SystemCallArchitectures=native keeps them out.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "early/macros.h"
#include "early/syscall_groups.h"
#include "filters.h"
#include "settings.h"

#define LOW_HALF UINT64_C(0xffffffff)
#define FAMILIES 64

struct rules {
	filters_context context;
	uint32_t arch;
	int n_rules;
};

/* A call that the architecture does not have needs no rule. Numbers are native ones: libseccomp translates. */
static int add(struct rules *rules, uint32_t action, const char *name, unsigned int n_compares,
	       const struct scmp_arg_cmp *compares)
{
	int number = seccomp_syscall_resolve_name(name);
	int r;

	if (number == __NR_SCMP_ERROR)
		return 0;
	r = seccomp_rule_add_array(rules->context, action, number, n_compares, compares);
	if (r == 0)
		rules->n_rules++;
	return r == -EEXIST || r == -EDOM || r == -EINVAL ? 0 : r;
}

static int forbid(struct rules *rules, const char *name)
{
	return add(rules, SCMP_ACT_ERRNO(EPERM), name, 0, NULL);
}

/* Forbidden while (argument & @mask) == @value. */
static int forbid_bits(struct rules *rules, const char *name, unsigned int argument, uint64_t mask,
		       uint64_t value)
{
	struct scmp_arg_cmp compare = SCMP_CMP(argument, SCMP_CMP_MASKED_EQ, mask, value);

	return add(rules, SCMP_ACT_ERRNO(EPERM), name, 1, &compare);
}

static int forbid_group(struct rules *rules, const char *group)
{
	const char *members = syscall_group_members(group);
	const char *member;
	size_t len;
	int r = 0;

	while (r == 0 && (member = syscall_group_next(&members, &len))) {
		char name[64];

		if (len >= sizeof(name) || *member == '@')
			continue;
		memcpy(name, member, len);
		name[len] = '\0';
		r = forbid(rules, name);
	}
	return r;
}

/* --- name spaces --- */

static int restrict_namespaces(struct rules *rules, const struct wire_list *settings)
{
	static const uint32_t flags[] = { CLONE_NEWCGROUP, CLONE_NEWIPC,  CLONE_NEWNET, CLONE_NEWNS,
					  CLONE_NEWPID,    CLONE_NEWUSER, CLONE_NEWUTS };
	uint64_t allowed = settings_number(settings, "RestrictNamespaces", 16, UINT64_MAX);
	bool swapped = rules->arch == SCMP_ARCH_S390 || rules->arch == SCMP_ARCH_S390X;
	bool any = false;
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(flags); i++) {
		if (allowed & flags[i])
			continue;
		any = true;
		r = forbid_bits(rules, "unshare", 0, flags[i], flags[i]);
		if (r == 0)
			r = forbid_bits(rules, "clone", swapped ? 1 : 0, flags[i], flags[i]);
		if (r == 0 && allowed != 0)
			r = forbid_bits(rules, "setns", 1, flags[i], flags[i]);
	}
	if (r < 0 || !any)
		return r;
	/* clone3's flags lie in memory; a program that meets ENOSYS takes clone */
	r = add(rules, SCMP_ACT_ERRNO(ENOSYS), "clone3", 0, NULL);
	if (r == 0 && allowed == 0)
		return forbid(rules, "setns");
	return r == 0 ? forbid_bits(rules, "setns", 1, LOW_HALF, 0) : r; /* any kind */
}

/* --- address families --- */

static bool hides_sockets(uint32_t arch)
{
	return arch == SCMP_ARCH_X86 || arch == SCMP_ARCH_S390 || arch == SCMP_ARCH_S390X ||
	       arch == SCMP_ARCH_PPC || arch == SCMP_ARCH_PPC64 || arch == SCMP_ARCH_PPC64LE ||
	       arch == SCMP_ARCH_MIPS || arch == SCMP_ARCH_MIPSEL;
}

static int forbid_family(struct rules *rules, enum scmp_compare op, uint64_t family)
{
	const struct scmp_arg_cmp compare = SCMP_CMP(0, op, family, 0);

	return add(rules, SCMP_ACT_ERRNO(EAFNOSUPPORT), "socket", 1, &compare);
}

/* What lies below, between and above the numbers of @set. */
static int allow_families(struct rules *rules, uint64_t set)
{
	uint64_t first = (uint64_t)__builtin_ctzll(set);
	uint64_t last = FAMILIES - 1 - (uint64_t)__builtin_clzll(set);
	int r = first > 0 ? forbid_family(rules, SCMP_CMP_LT, first) : 0;

	for (uint64_t i = first; r == 0 && i < last; i++)
		if (!(set & (UINT64_C(1) << i)))
			r = forbid_family(rules, SCMP_CMP_EQ, i);
	return r == 0 ? forbid_family(rules, SCMP_CMP_GT, last) : r;
}

static int deny_families(struct rules *rules, uint64_t set)
{
	int r = 0;

	for (uint64_t i = 0; r == 0 && i < FAMILIES; i++) {
		const struct scmp_arg_cmp compare = SCMP_CMP(0, SCMP_CMP_MASKED_EQ, LOW_HALF, i);

		if (set & (UINT64_C(1) << i))
			r = add(rules, SCMP_ACT_ERRNO(EAFNOSUPPORT), "socket", 1, &compare);
	}
	return r;
}

static int restrict_families(struct rules *rules, const struct wire_list *settings)
{
	const char *value = settings_get(settings, "RestrictAddressFamilies");
	bool allows = value && strncmp(value, "allow", 5) == 0;
	uint64_t set = 0;

	if (!value || hides_sockets(rules->arch))
		return 0;
	for (const char *word = strchr(value, ' '); word; word = strchr(word + 1, ' '))
		set |= UINT64_C(1) << (strtoul(word + 1, NULL, 10) % FAMILIES);
	if (allows && set == 0)
		return add(rules, SCMP_ACT_ERRNO(EAFNOSUPPORT), "socket", 0, NULL);
	return allows ? allow_families(rules, set) : deny_families(rules, set);
}

/* --- memory, files, scheduling --- */

static int deny_write_execute(struct rules *rules, const struct wire_list *settings)
{
	bool hides = rules->arch == SCMP_ARCH_X86;
	int r;

	if (!settings_is_on(settings, "MemoryDenyWriteExecute"))
		return 0;
	r = hides ? forbid(rules, "mmap") /* its arguments lie in memory; mmap2 is what is used */
		  : forbid_bits(rules, "mmap", 2, PROT_EXEC | PROT_WRITE, PROT_EXEC | PROT_WRITE);
	if (r == 0)
		r = forbid_bits(rules, "mmap2", 2, PROT_EXEC | PROT_WRITE, PROT_EXEC | PROT_WRITE);
	if (r == 0)
		r = forbid_bits(rules, "mprotect", 2, PROT_EXEC, PROT_EXEC);
	if (r == 0)
		r = forbid_bits(rules, "pkey_mprotect", 2, PROT_EXEC, PROT_EXEC);
	return r == 0 && !hides ? forbid_bits(rules, "shmat", 2, SHM_EXEC, SHM_EXEC) : r;
}

static int restrict_suid(struct rules *rules, const struct wire_list *settings)
{
	static const struct {
		const char *name;
		unsigned int argument; /* the mode */
	} calls[] = {
		{ "chmod", 1 },     { "fchmod", 1 },  { "fchmodat", 2 },
		{ "fchmodat2", 2 }, { "mkdir", 1 },   { "mkdirat", 2 },
		{ "mknod", 1 },     { "mknodat", 2 }, { "creat", 1 },
	};
	static const uint32_t bits[] = { S_ISUID, S_ISGID };
	int r = 0;

	if (!settings_is_on(settings, "RestrictSUIDSGID") &&
	    !settings_is_on(settings, "DynamicUser"))
		return 0;
	for (size_t b = 0; b < ARRAY_SIZE(bits); b++) {
		const struct scmp_arg_cmp open_compares[] = {
			SCMP_CMP(1, SCMP_CMP_MASKED_EQ, O_CREAT, O_CREAT),
			SCMP_CMP(2, SCMP_CMP_MASKED_EQ, bits[b], bits[b]),
		};
		const struct scmp_arg_cmp openat_compares[] = {
			SCMP_CMP(2, SCMP_CMP_MASKED_EQ, O_CREAT, O_CREAT),
			SCMP_CMP(3, SCMP_CMP_MASKED_EQ, bits[b], bits[b]),
		};

		for (size_t i = 0; r == 0 && i < ARRAY_SIZE(calls); i++)
			r = forbid_bits(rules, calls[i].name, calls[i].argument, bits[b], bits[b]);
		if (r == 0)
			r = add(rules, SCMP_ACT_ERRNO(EPERM), "open", 2, open_compares);
		if (r == 0)
			r = add(rules, SCMP_ACT_ERRNO(EPERM), "openat", 2, openat_compares);
	}
	/* its mode lies in memory */
	return r == 0 ? add(rules, SCMP_ACT_ERRNO(ENOSYS), "openat2", 0, NULL) : r;
}

static int restrict_realtime(struct rules *rules, const struct wire_list *settings)
{
	static const uint32_t allowed[] = { SCHED_OTHER, SCHED_BATCH, SCHED_IDLE };
	const uint64_t mask = LOW_HALF & ~(uint64_t)SCHED_RESET_ON_FORK;
	int r = 0;

	if (!settings_is_on(settings, "RestrictRealtime"))
		return 0;
	for (uint32_t policy = 0; r == 0 && policy < 16; policy++) {
		bool is_allowed = false;

		for (size_t i = 0; i < ARRAY_SIZE(allowed); i++)
			is_allowed |= allowed[i] == policy;
		if (!is_allowed)
			r = forbid_bits(rules, "sched_setscheduler", 1, mask, policy);
	}
	return r;
}

static int lock_personality(struct rules *rules, const struct wire_list *settings)
{
	const char *name = settings_get(settings, "Personality");
	uint64_t own = name && strcmp(name, "linux32") == 0 ? PER_LINUX32 : PER_LINUX;
	const struct scmp_arg_cmp compare = SCMP_CMP(0, SCMP_CMP_NE, own, 0);

	if (!settings_is_on(settings, "LockPersonality"))
		return 0;
	return add(rules, SCMP_ACT_ERRNO(EPERM), "personality", 1, &compare);
}

/* --- what Protect…= and Private…= imply --- */

static int forbid_implied(struct rules *rules, const struct wire_list *settings)
{
	static const struct {
		const char *key;
		const char *what; /* a call or a group */
	} implied[] = {
		{ "PrivateDevices", "@raw-io" },        { "ProtectClock", "@clock" },
		{ "ProtectHostname", "sethostname" },   { "ProtectHostname", "setdomainname" },
		{ "ProtectKernelLogs", "syslog" },      { "ProtectKernelModules", "@module" },
		{ "ProtectKernelTunables", "_sysctl" },
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(implied); i++) {
		if (!settings_is_on(settings, implied[i].key))
			continue;
		r = *implied[i].what == '@' ? forbid_group(rules, implied[i].what)
					    : forbid(rules, implied[i].what);
	}
	return r;
}

int restrictions_add(filters_context context, uint32_t arch, const struct wire_list *settings)
{
	static int (*const parts[])(struct rules *, const struct wire_list *) = {
		restrict_namespaces, restrict_families, deny_write_execute, restrict_suid,
		restrict_realtime,   lock_personality,  forbid_implied,
	};
	struct rules rules = { context, arch, 0 };

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		int r = parts[i](&rules, settings);

		if (r < 0)
			return r;
	}
	return rules.n_rules > 0;
}
