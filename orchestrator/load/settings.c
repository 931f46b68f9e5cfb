/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "settings.h"

#include <stdlib.h>
#include <string.h>

#include "early/strv.h"

static bool is_of(const char *entry, const char *key, size_t len)
{
	return strncmp(entry, key, len) == 0 && entry[len] == '=';
}

const char *settings_get(const struct service *service, const char *key)
{
	size_t len = strlen(key);

	for (size_t i = 0; service->settings && service->settings[i]; i++)
		if (is_of(service->settings[i], key, len))
			return service->settings[i] + len + 1;
	return NULL;
}

void settings_drop(struct service *service, const char *key)
{
	size_t len = strlen(key);
	size_t kept = 0;

	for (size_t i = 0; service->settings && service->settings[i]; i++) {
		if (is_of(service->settings[i], key, len))
			free(service->settings[i]);
		else
			service->settings[kept++] = service->settings[i];
	}
	if (service->settings)
		service->settings[kept] = NULL;
	if (kept == 0) { /* a list without entries asks for nothing */
		strv_free(service->settings);
		service->settings = NULL;
	}
}

int settings_add(struct service *service, const char *key, const char *value)
{
	return strv_appendf(&service->settings, "%s=%s", key, value);
}

int settings_set(struct service *service, const char *key, const char *value)
{
	settings_drop(service, key);
	return settings_add(service, key, value);
}
