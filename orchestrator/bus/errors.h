/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>

/*
 * The D-Bus name of a negative errno, as systemd maps it ("org.freedesktop.DBus.Error.FileNotFound",
 * "System.Error.EROFS"). @buf is for names that are made. Pure.
 */
const char *error_name(int error, char *buf, size_t size);
