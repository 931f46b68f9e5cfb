/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Filters are loaded one after the other, each anew for every architecture whose programs the kernel runs: first what restricts arguments,
 * then SystemCallLog= and SystemCallFilter=, and SystemCallArchitectures= last. The kernel asks all of them and takes the strictest answer.
 *
 * A list that allows answers ENOSYS to calls that it does not know: a program then falls back, as it does on an older kernel, instead of
 * being killed for being new.
 */
#include "filters.h"

#include <errno.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>

#include "early/macros.h"
#include "early/syscall_groups.h"
#include "settings.h"
#include "syscall_list.h"

#define ARCHITECTURES_MAX 8

struct filters {
	const struct wire_list *settings;
	uint32_t architectures
		[ARCHITECTURES_MAX]; /* the ones to write rules for, the native one last */
	size_t n_architectures;
	struct syscall_list list; /* SystemCallFilter= or SystemCallLog=, while it is added */
	uint32_t member_action;
	uint32_t other_action; /* for known calls that are no members */
};

/* Adds the rules of one architecture; 1 if there are any. */
typedef int (*rules_fn)(filters_context context, uint32_t arch, const struct filters *filters);

static const char *const filter_keys[] = {
	"LockPersonality",         "MemoryDenyWriteExecute",
	"PrivateDevices",          "ProtectClock",
	"ProtectHostname",         "ProtectKernelLogs",
	"ProtectKernelModules",    "ProtectKernelTunables",
	"RestrictAddressFamilies", "RestrictNamespaces",
	"RestrictRealtime",        "RestrictSUIDSGID",
	"SystemCallArchitectures", "SystemCallFilter",
	"SystemCallLog",           "DynamicUser",
};

bool filters_are_wanted(const struct wire_list *settings)
{
	for (size_t i = 0; i < ARRAY_SIZE(filter_keys); i++)
		if (settings_get(settings, filter_keys[i]))
			return true;
	return false;
}

/* --- architectures --- */

static uint32_t architecture_by_name(const char *name)
{
	static const char *const names[][2] = {
		{ "x86-64", "x86_64" },        { "arm64", "aarch64" },
		{ "mips-le", "mipsel" },       { "mips64-le", "mipsel64" },
		{ "mips64-n32", "mips64n32" }, { "mips64-le-n32", "mipsel64n32" },
		{ "ppc64-le", "ppc64le" },
	};

	if (strcmp(name, "native") == 0)
		return seccomp_arch_native();
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strcmp(names[i][0], name) == 0)
			name = names[i][1];
	return seccomp_arch_resolve_name(
		name); /* 0: libseccomp does not know it, so nothing of it runs */
}

static bool is_permitted(const struct wire_list *settings, uint32_t arch)
{
	static const char key[] = "SystemCallArchitectures";
	const char *value = settings_next(settings, key, NULL);

	if (!value || arch == seccomp_arch_native())
		return true;
	for (; value; value = settings_next(settings, key, value))
		if (architecture_by_name(value) == arch)
			return true;
	return false;
}

static void find_architectures(struct filters *filters)
{
	static const struct {
		uint32_t native, also;
	} siblings[] = {
		{ SCMP_ARCH_X86_64, SCMP_ARCH_X86 },  { SCMP_ARCH_X86_64, SCMP_ARCH_X32 },
		{ SCMP_ARCH_AARCH64, SCMP_ARCH_ARM }, { SCMP_ARCH_S390X, SCMP_ARCH_S390 },
		{ SCMP_ARCH_PPC64, SCMP_ARCH_PPC },
	};
	uint32_t native = seccomp_arch_native();

	for (size_t i = 0; i < ARRAY_SIZE(siblings); i++)
		if (siblings[i].native == native &&
		    is_permitted(filters->settings, siblings[i].also))
			filters->architectures[filters->n_architectures++] = siblings[i].also;
	filters->architectures[filters->n_architectures++] = native;
}

/* --- one filter for each architecture --- */

/* A filter for @arch alone; others pass it. */
static int begin(uint32_t arch, uint32_t default_action, filters_context *ret_context)
{
	scmp_filter_ctx context = seccomp_init(default_action);
	int r;

	if (!context)
		return -ENOMEM;
	if (arch != seccomp_arch_native()) {
		r = seccomp_arch_remove(context, SCMP_ARCH_NATIVE);
		if (r == 0)
			r = seccomp_arch_add(context, arch);
	} else {
		r = 0;
	}
	if (r == 0)
		r = seccomp_attr_set(context, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ALLOW);
	if (r == 0) /* no_new_privs is a step of its own */
		r = seccomp_attr_set(context, SCMP_FLTATR_CTL_NNP, 0);
	if (r < 0) {
		seccomp_release(context);
		return r;
	}
	*ret_context = context;
	return 0;
}

/* The native architecture comes last: its filter may forbid what loading another one needs. */
static int load(const struct filters *filters, uint32_t default_action, rules_fn add)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < filters->n_architectures; i++) {
		filters_context context = NULL;

		r = begin(filters->architectures[i], default_action, &context);
		if (r < 0)
			return r;
		r = add(context, filters->architectures[i], filters);
		if (r > 0)
			r = seccomp_load(context);
		seccomp_release(context);
	}
	return r;
}

static int add_restrictions(filters_context context, uint32_t arch, const struct filters *filters)
{
	return restrictions_add(context, arch, filters->settings);
}

/* --- lists --- */

static uint32_t action_of(int error, uint32_t fallback)
{
	if (error == SYSCALL_DEFAULT)
		return fallback;
	return error == SYSCALL_KILL ? SCMP_ACT_KILL_PROCESS : SCMP_ACT_ERRNO((uint32_t)error);
}

static int add_call(filters_context context, const char *name, size_t len, uint32_t action)
{
	char text[64];
	int number;
	int r;

	if (len >= sizeof(text))
		return -EINVAL;
	memcpy(text, name, len);
	text[len] = '\0';
	number = seccomp_syscall_resolve_name(text); /* the native one: libseccomp translates */
	if (number == __NR_SCMP_ERROR)
		return 0;
	r = seccomp_rule_add_exact(context, action, number, 0);
	/* a call that this architecture does not have, or a rule that is the default */
	return r == -EDOM || r == -EEXIST || r == -EACCES || r == -EINVAL ? 0 : r;
}

static int add_list(filters_context context, uint32_t arch, const struct filters *filters)
{
	const struct syscall_list *list = &filters->list;
	const char *known = syscall_group_members("@known");
	const char *name;
	size_t len;
	int r = 0;

	for (size_t i = 0; r == 0 && i < list->n_entries; i++)
		r = add_call(context, list->entries[i].name, list->entries[i].len,
			     action_of(list->entries[i].error, filters->member_action));
	if (!list->allows)
		return r < 0 ? r : 1;
	while (r == 0 && (name = syscall_group_next(&known, &len)))
		if (!syscall_list_find(list, name, len))
			r = add_call(context, name, len, filters->other_action);
	return r < 0 ? r : 1;
}

static int load_list(struct filters *filters, const char *key, uint32_t action)
{
	bool logs = strcmp(key, "SystemCallLog") == 0;
	int r = syscall_list_read(filters->settings, key, &filters->list);

	if (r < 0 || !filters->list.given)
		return r;
	/* what is logged is allowed, too: "allows" only says which half of the calls it is */
	filters->member_action = filters->list.allows != logs ? SCMP_ACT_ALLOW : action;
	filters->other_action = action;
	if (logs)
		filters->list.allows = !filters->list.allows;
	r = load(filters,
		 !filters->list.allows ? SCMP_ACT_ALLOW
		 : logs                ? action
				       : SCMP_ACT_ERRNO(ENOSYS),
		 add_list);
	syscall_list_done(&filters->list);
	return r;
}

/* --- architectures alone --- */

/* Native calls pass, others die, unless their architecture is named. */
static int load_architectures(const struct filters *filters)
{
	static const char key[] = "SystemCallArchitectures";
	scmp_filter_ctx context;
	int r = 0;

	if (!settings_get(filters->settings, key))
		return 0;
	context = seccomp_init(SCMP_ACT_ALLOW);
	if (!context)
		return -ENOMEM;
	for (const char *value = settings_next(filters->settings, key, NULL); r == 0 && value;
	     value = settings_next(filters->settings, key, value)) {
		uint32_t arch = architecture_by_name(value);

		r = arch ? seccomp_arch_add(context, arch) : 0;
		r = r == -EEXIST || r == -EINVAL || r == -EDOM ? 0 : r;
	}
	if (r == 0)
		r = seccomp_attr_set(context, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	if (r == 0)
		r = seccomp_attr_set(context, SCMP_FLTATR_CTL_NNP, 0);
	if (r == 0)
		r = seccomp_load(context);
	seccomp_release(context);
	return r;
}

int filters_load(const struct wire_list *settings, struct failure *failure)
{
	uint64_t error = settings_number(settings, "SystemCallErrorNumber", 10, UINT64_MAX);
	uint32_t action = error <= 4095 ? SCMP_ACT_ERRNO((uint32_t)error) : SCMP_ACT_KILL_PROCESS;
	struct filters filters = { .settings = settings };
	const char *what = "what Restrict and Protect keys forbid";
	int r;

	find_architectures(&filters);
	r = load(&filters, SCMP_ACT_ALLOW, add_restrictions);
	if (r == 0) {
		what = "SystemCallLog=";
		r = load_list(&filters, "SystemCallLog", SCMP_ACT_LOG);
	}
	if (r == 0) {
		what = "SystemCallArchitectures=";
		r = load_architectures(&filters);
	}
	if (r == 0) { /* last: it may forbid what loading needs */
		what = "SystemCallFilter=";
		r = load_list(&filters, "SystemCallFilter", action);
	}
	return r < 0 ? failure_set(failure, STEP_SECCOMP, r, "cannot load a filter for %s", what)
		     : 0;
}
