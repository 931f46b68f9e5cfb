/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Filters are loaded one after the other, each anew for every architecture whose programs the kernel runs: first what restricts arguments,
 * then SystemCallLog= and SystemCallFilter=, and SystemCallArchitectures= last. The kernel asks all of them and takes the strictest answer.
 */
#include "filters.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>

#include "early/macros.h"
#include "filter_list.h"
#include "settings.h"

#define ARCHITECTURES_MAX 8

struct filters {
	const struct wire_list *settings;
	uint32_t architectures
		[ARCHITECTURES_MAX]; /* the ones to write rules for, the native one last */
	size_t n_architectures;
};

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

int filters_begin(uint32_t arch, filters_context *ret_context)
{
	scmp_filter_ctx context = seccomp_init(SCMP_ACT_ALLOW);
	int r = 0;

	if (!context)
		return -ENOMEM;
	if (arch != seccomp_arch_native()) {
		r = seccomp_arch_remove(context, SCMP_ARCH_NATIVE);
		if (r == 0)
			r = seccomp_arch_add(context, arch);
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
static int load_restrictions(const struct filters *filters)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < filters->n_architectures; i++) {
		filters_context context = NULL;

		r = filters_begin(filters->architectures[i], &context);
		if (r < 0)
			return r;
		r = restrictions_add(context, filters->architectures[i], filters->settings);
		if (r > 0)
			r = seccomp_load(context);
		seccomp_release(context);
	}
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

static int load_list(const struct filters *filters, const char *key, uint32_t action)
{
	struct filter_list list CLEANUP(filter_list_done) = { 0 };
	int r = filter_list_read(filters->settings, key, action, &list);

	return r < 0 || !list.syscalls.given
		       ? r
		       : filter_list_load(&list, filters->architectures, filters->n_architectures);
}

int filters_load(const struct wire_list *settings, struct failure *failure)
{
	uint64_t error = settings_number(settings, "SystemCallErrorNumber", 10, UINT64_MAX);
	uint32_t action = error <= 4095 ? SECCOMP_RET_ERRNO | (uint32_t)error
					: SECCOMP_RET_KILL_PROCESS;
	struct filters filters = { .settings = settings };
	const char *what = "what Restrict and Protect keys forbid";
	int r;

	find_architectures(&filters);
	r = load_restrictions(&filters);
	if (r == 0) {
		what = "SystemCallLog=";
		r = load_list(&filters, "SystemCallLog", SECCOMP_RET_LOG);
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
