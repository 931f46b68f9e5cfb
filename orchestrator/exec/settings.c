/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "settings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "early/macros.h"

/* Every key, by the file that reads it. */
static const char *const keys[] = {
	/* confine.c */
	"AppArmorProfile",
	"KeyringMode",
	"NoNewPrivileges",
	"SELinuxContext",
	"SecureBits",
	"SmackProcessLabel",
	/* credentials.c */
	"LoadCredential",
	"SetCredential",
	/* directories.c, identity.c */
	"ConfigurationDirectory",
	"ConfigurationDirectoryMode",
	"DynamicUser",
	"RemoveIPC",
	/* filters.c, restrictions.c */
	"LockPersonality",
	"MemoryDenyWriteExecute",
	"RestrictAddressFamilies",
	"RestrictNamespaces",
	"RestrictRealtime",
	"RestrictSUIDSGID",
	"SystemCallArchitectures",
	"SystemCallErrorNumber",
	"SystemCallFilter",
	"SystemCallLog",
	/* isolate.c */
	"IPCNamespacePath",
	"MountFlags",
	"NetworkNamespacePath",
	"PrivateIPC",
	"PrivateNetwork",
	"PrivateUsers",
	"ProtectClock",
	"ProtectHostname",
	/* open_files.c */
	"OpenFile",
	/* sandbox.c */
	"BindPaths",
	"BindReadOnlyPaths",
	"ExecPaths",
	"InaccessiblePaths",
	"MountAPIVFS",
	"NoExecPaths",
	"PrivateDevices",
	"PrivateMounts",
	"PrivateTmp",
	"ProcSubset",
	"ProtectControlGroups",
	"ProtectHome",
	"ProtectKernelLogs",
	"ProtectKernelModules",
	"ProtectKernelTunables",
	"ProtectProc",
	"ProtectSystem",
	"ReadOnlyPaths",
	"ReadWritePaths",
	"TemporaryFileSystem",
	/* scheduling.c */
	"CPUAffinity",
	"CPUSchedulingPolicy",
	"CPUSchedulingPriority",
	"CPUSchedulingResetOnFork",
	"CoredumpFilter",
	"IOSchedulingClass",
	"IOSchedulingPriority",
	"NUMAMask",
	"NUMAPolicy",
	"Personality",
	"TimerSlackNSec",
	/* surroundings.c, terminal.c, login_record.c */
	"StandardInputData",
	"TTYColumns",
	"TTYReset",
	"TTYRows",
	"TTYVHangup",
	"TTYVTDisallocate",
	"UtmpIdentifier",
	"UtmpMode",
};

static bool is_of(const char *entry, const char *key)
{
	size_t len = strlen(key);

	return strncmp(entry, key, len) == 0 && entry[len] == '=';
}

static bool is_known(const char *entry)
{
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (is_of(entry, keys[i]))
			return true;
	return false;
}

int settings_check(const struct wire_list *settings, struct failure *failure)
{
	for (const char *entry = wire_list_next(settings, NULL); entry;
	     entry = wire_list_next(settings, entry))
		if (!is_known(entry))
			return failure_set(failure, STEP_EXEC, -EPROTO,
					   "no step reads \"%s\": early-load is of another version",
					   entry);
	return 0;
}

const char *settings_next(const struct wire_list *settings, const char *key, const char *value)
{
	const char *entry = value ? value - strlen(key) - 1 : NULL;

	while ((entry = wire_list_next(settings, entry)))
		if (is_of(entry, key))
			return entry + strlen(key) + 1;
	return NULL;
}

const char *settings_get(const struct wire_list *settings, const char *key)
{
	return settings_next(settings, key, NULL);
}

bool settings_is_on(const struct wire_list *settings, const char *key)
{
	const char *value = settings_get(settings, key);

	return value && strcmp(value, "yes") == 0;
}

uint64_t settings_number(const struct wire_list *settings, const char *key, int base,
			 uint64_t fallback)
{
	const char *value = settings_get(settings, key);

	return value && *value ? strtoull(value, NULL, base) : fallback;
}
