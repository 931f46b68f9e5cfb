/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "errors.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "early/macros.h"

struct mapping {
	int error;
	const char *name;
};

#define DBUS_ERROR_PREFIX "org.freedesktop.DBus.Error."

static const struct mapping mappings[] = {
	{ -EPERM, DBUS_ERROR_PREFIX "AccessDenied" },
	{ -EACCES, DBUS_ERROR_PREFIX "AccessDenied" },
	{ -EINVAL, DBUS_ERROR_PREFIX "InvalidArgs" },
	{ -ESRCH, DBUS_ERROR_PREFIX "UnixProcessIdUnknown" },
	{ -ENOENT, DBUS_ERROR_PREFIX "FileNotFound" },
	{ -EEXIST, DBUS_ERROR_PREFIX "FileExists" },
	{ -ETIMEDOUT, DBUS_ERROR_PREFIX "Timeout" },
	{ -ETIME, DBUS_ERROR_PREFIX "Timeout" },
	{ -EIO, DBUS_ERROR_PREFIX "IOError" },
	{ -ENOTCONN, DBUS_ERROR_PREFIX "Disconnected" },
	{ -ECONNRESET, DBUS_ERROR_PREFIX "Disconnected" },
	{ -EOPNOTSUPP, DBUS_ERROR_PREFIX "NotSupported" },
	{ -EADDRNOTAVAIL, DBUS_ERROR_PREFIX "BadAddress" },
	{ -EADDRINUSE, DBUS_ERROR_PREFIX "AddressInUse" },
	{ -EBADMSG, DBUS_ERROR_PREFIX "InconsistentMessage" },
	{ -ENOMEM, DBUS_ERROR_PREFIX "NoMemory" },
};

const char *error_name(int error, char *buf, size_t size)
{
	const char *symbol;

	for (size_t i = 0; i < ARRAY_SIZE(mappings); i++) {
		if (mappings[i].error == error)
			return mappings[i].name;
	}
	symbol = strerrorname_np(-error);
	if (symbol == NULL)
		return DBUS_ERROR_PREFIX "Failed";
	snprintf(buf, size, "System.Error.%s", symbol);
	return buf;
}
