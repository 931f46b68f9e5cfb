/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "utf8.h"

#include <dbus/dbus.h>

void utf8_make_valid(char *text)
{
	if (dbus_validate_utf8(text, NULL))
		return;
	for (; *text != '\0'; text++) {
		if ((unsigned char)*text >= 0x80)
			*text = '?';
	}
}
