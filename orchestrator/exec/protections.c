/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What systemd.exec(5) says of each key, as tables. A path that is a link is followed; one that lies in another needs no entry. */
#include "protections.h"

#include "early/macros.h"

static const struct protected_path system_yes[] = {
	{ "/usr", PROTECT_READ_ONLY, false },  { "/boot", PROTECT_READ_ONLY, true },
	{ "/efi", PROTECT_READ_ONLY, true },   { "/lib", PROTECT_READ_ONLY, true },
	{ "/lib64", PROTECT_READ_ONLY, true }, { "/bin", PROTECT_READ_ONLY, true },
	{ "/sbin", PROTECT_READ_ONLY, true },  { NULL, PROTECT_READ_ONLY, true },
};

static const struct protected_path system_full[] = {
	{ "/usr", PROTECT_READ_ONLY, false }, { "/boot", PROTECT_READ_ONLY, true },
	{ "/efi", PROTECT_READ_ONLY, true },  { "/etc", PROTECT_READ_ONLY, false },
	{ "/lib", PROTECT_READ_ONLY, true },  { "/lib64", PROTECT_READ_ONLY, true },
	{ "/bin", PROTECT_READ_ONLY, true },  { "/sbin", PROTECT_READ_ONLY, true },
	{ NULL, PROTECT_READ_ONLY, true },
};

/* The kernel's file systems and people's directories have keys of their own. */
static const struct protected_path system_strict[] = {
	{ "/", PROTECT_READ_ONLY, false },         { "/proc", PROTECT_READ_WRITE, true },
	{ "/sys", PROTECT_READ_WRITE, true },      { "/dev", PROTECT_READ_WRITE, true },
	{ "/home", PROTECT_READ_WRITE, true },     { "/root", PROTECT_READ_WRITE, true },
	{ "/run/user", PROTECT_READ_WRITE, true }, { NULL, PROTECT_READ_ONLY, true },
};

static const struct protected_path home_yes[] = {
	{ "/home", PROTECT_HIDDEN, true },
	{ "/root", PROTECT_HIDDEN, true },
	{ "/run/user", PROTECT_HIDDEN, true },
	{ NULL, PROTECT_READ_ONLY, true },
};

static const struct protected_path home_read_only[] = {
	{ "/home", PROTECT_READ_ONLY, true },
	{ "/root", PROTECT_READ_ONLY, true },
	{ "/run/user", PROTECT_READ_ONLY, true },
	{ NULL, PROTECT_READ_ONLY, true },
};

static const struct protected_path home_tmpfs[] = {
	{ "/home", PROTECT_EMPTY, true },
	{ "/root", PROTECT_EMPTY, true },
	{ "/run/user", PROTECT_EMPTY, true },
	{ NULL, PROTECT_READ_ONLY, true },
};

static const struct protected_path kernel_tunables[] = {
	{ "/proc/acpi", PROTECT_READ_ONLY, true },
	{ "/proc/asound", PROTECT_READ_ONLY, true },
	{ "/proc/bus", PROTECT_READ_ONLY, true },
	{ "/proc/fs", PROTECT_READ_ONLY, true },
	{ "/proc/irq", PROTECT_READ_ONLY, true },
	{ "/proc/kallsyms", PROTECT_HIDDEN, true },
	{ "/proc/kcore", PROTECT_HIDDEN, true },
	{ "/proc/latency_stats", PROTECT_READ_ONLY, true },
	{ "/proc/mtrr", PROTECT_READ_ONLY, true },
	{ "/proc/scsi", PROTECT_READ_ONLY, true },
	{ "/proc/sys", PROTECT_READ_ONLY, true },
	{ "/proc/sysrq-trigger", PROTECT_READ_ONLY, true },
	{ "/proc/timer_stats", PROTECT_READ_ONLY, true },
	{ "/sys", PROTECT_READ_ONLY, true },
	{ "/sys/fs/cgroup", PROTECT_READ_WRITE, true }, /* ProtectControlGroups= */
	{ "/sys/fs/selinux", PROTECT_READ_WRITE, true },
	{ NULL, PROTECT_READ_ONLY, true },
};

static const struct protected_path kernel_modules[] = {
	{ "/lib/modules", PROTECT_HIDDEN, true },
	{ "/usr/lib/modules", PROTECT_HIDDEN, true },
	{ NULL, PROTECT_READ_ONLY, true },
};

static const struct protected_path kernel_logs[] = {
	{ "/proc/kmsg", PROTECT_HIDDEN, true },
	{ "/dev/kmsg", PROTECT_HIDDEN, true },
	{ NULL, PROTECT_READ_ONLY, true },
};

static const struct protected_path control_groups[] = {
	{ "/sys/fs/cgroup", PROTECT_READ_ONLY, true },
	{ NULL, PROTECT_READ_ONLY, true },
};

const struct protection_set protections[] = {
	{ "ProtectSystem", "yes", system_yes },
	{ "ProtectSystem", "full", system_full },
	{ "ProtectSystem", "strict", system_strict },
	{ "ProtectHome", "yes", home_yes },
	{ "ProtectHome", "read-only", home_read_only },
	{ "ProtectHome", "tmpfs", home_tmpfs },
	{ "ProtectKernelTunables", "yes", kernel_tunables },
	{ "ProtectKernelModules", "yes", kernel_modules },
	{ "ProtectKernelLogs", "yes", kernel_logs },
	{ "ProtectControlGroups", "yes", control_groups },
};

const size_t protections_count = ARRAY_SIZE(protections);
