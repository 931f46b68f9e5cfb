/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The modaliases of all devices below @sysfs (/sys), each once. */
int modaliases_read(const char *sysfs, char ***ret_aliases);
