/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

#include "early/strbuf.h"

#define SYSV_DIR "/etc/init.d"

/* Scripts of /etc/init.d as units. Text to text. */

/* "foo" for foo.service and foo.sh.service, the script's name; false for names that no script can have. */
bool sysv_is_script_name(const char *name);

/* The unit that stands for the script @path with that @text: what its LSB head says, and how it is called. */
int sysv_unit(const char *path, const char *text, struct strbuf *unit);
