/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Handlers for what a unit's cgroup may use: each line goes through resource.c into the service's lists. */
#include "directive.h"

#include <errno.h>
#include <string.h>

#include "early/parse.h"
#include "early/strv.h"
#include "resource.h"

int apply_resource(const struct apply *apply, const char *value)
{
	char *expanded CLEANUP(free_charp)
	= NULL;
	int r = apply_expand(apply, value, &expanded);

	if (r < 0)
		return r;
	return resource_put(&apply->service->cgroup, apply->directive->arg, expanded);
}

int apply_quota(const struct apply *apply, const char *value)
{
	return resource_parse_quota(value, &apply->service->cpu_quota_us);
}

int apply_delegate(const struct apply *apply, const char *value)
{
	struct service *service = apply->service;
	bool on = true;

	if (!*value || (parse_bool(value, &on) == 0 && !on)) {
		strv_free(service->delegate);
		service->delegate = NULL;
	}
	if (on)
		service->fields.flags |= TABLE_FLAG_DELEGATE;
	else
		service->fields.flags &= ~(uint32_t)TABLE_FLAG_DELEGATE;
	return resource_delegate(&service->delegate, value);
}

static void drop_devices(struct service *service)
{
	strv_free(service->devices);
	service->devices = NULL;
}

int apply_device_allow(const struct apply *apply, const char *value)
{
	char *expanded CLEANUP(free_charp)
	= NULL;
	int r;

	if (!*value) {
		drop_devices(apply->service);
		return 0;
	}
	r = apply_expand(apply, value, &expanded);
	return r < 0 ? r : resource_device(&apply->service->devices, expanded);
}

int apply_device_policy(const struct apply *apply, const char *value)
{
	static const char *const policies[] = { "auto", "closed", "strict" };

	for (size_t i = 0; i < ARRAY_SIZE(policies); i++) {
		if (strcmp(policies[i], value) == 0) {
			apply->service->device_policy = policies[i];
			return 0;
		}
	}
	return -EINVAL;
}

int apply_addresses(const struct apply *apply, const char *value)
{
	return resource_addresses(&apply->service->addresses, apply->directive->arg, value);
}

/* OOMPolicy=: what becomes of the others when the kernel killed one process for want of memory. */
int apply_oom_policy(const struct apply *apply, const char *value)
{
	if (strcmp(value, "kill") == 0)
		return strv_append(&apply->service->cgroup, "memory.oom.group=1");
	if (strcmp(value, "continue") == 0)
		return 0;
	if (strcmp(value, "stop") == 0)
		return apply_refuse(apply, "\"stop\" is not done: kill ends all processes at once, "
					   "continue spares the others");
	return -EINVAL;
}
