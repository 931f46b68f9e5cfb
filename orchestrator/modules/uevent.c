/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "uevent.h"

#include <string.h>

static int is_key(const char *text, const char *key)
{
	return strncmp(text, key, strlen(key)) == 0;
}

const char *uevent_new_modalias(const char *message, size_t len)
{
	const char *modalias = NULL;
	int new = 0;

	/* "add@/devices/…" and then KEY=VALUE, each ended by NUL. */
	if (len == 0 || message[len - 1] != '\0')
		return NULL;
	for (size_t at = 0; at < len; at += strlen(message + at) + 1) {
		if (is_key(message + at, "MODALIAS="))
			modalias = message + at + strlen("MODALIAS=");
		else if (is_key(message + at, "ACTION="))
			new = strcmp(message + at, "ACTION=add") == 0;
	}
	return new ? modalias : NULL;
}
