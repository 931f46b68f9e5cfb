/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "filter_program.h"
#include "indices.h"
#include "mount_plan.h"
#include "sandbox.h"
#include "settings.h"
#include "syscall_list.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_lists(const struct wire_list *settings)
{
	static const char *const keys[] = { "SystemCallFilter", "SystemCallLog" };

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		struct syscall_list list CLEANUP_SYSCALL_LIST = { 0 };

		if (syscall_list_read(settings, keys[i], &list) < 0)
			continue;
		for (size_t j = 1; j < list.n_entries; j++) /* sorted, each once */
			if (!syscall_list_find(&list, list.entries[j].name, list.entries[j].len))
				abort();
	}
}

static bool is_canonical(const char *path)
{
	size_t len = strlen(path);

	return !strstr(path, "//") && (len == 1 || path[len - 1] != '/');
}

static bool all_are_canonical(const struct mount_plan *plan)
{
	for (size_t i = 0; i < plan->n_entries; i++)
		if (!is_canonical(plan->entries[i].path))
			return false;
	return true;
}

/* In the finished plan a parent comes first and no path twice, and nothing lies below an overlay. */
static void make_plan(const struct wire_list *settings, const char *root)
{
	static char *overlaid[] = { (char *)"/var", (char *)"/home", NULL };
	static char *children[] = { (char *)"/usr", (char *)"/var", NULL };
	const struct sandbox sandbox = { .settings = settings, .root = root };
	struct mount_plan plan CLEANUP_MOUNT_PLAN = { 0 };
	size_t dropped;

	(void)sandbox_wants_mounts(&sandbox);
	if (sandbox_plan(&sandbox, &plan) < 0)
		return;
	if (mount_plan_avoid(&plan, overlaid, children, &dropped) < 0)
		abort();
	mount_plan_finish(&plan);
	if (!all_are_canonical(&plan)) /* mounts.c makes them so before */
		return;
	for (size_t i = 0; i < plan.n_entries; i++) {
		(void)mount_plan_attributes(&plan, plan.entries[i].path);
		if (strncmp(plan.entries[i].path, "/var/", 5) == 0)
			abort();
		for (size_t j = i + 1; j < plan.n_entries; j++)
			if (mount_plan_is_within(plan.entries[i].path, plan.entries[j].path))
				abort();
	}
}

/* Any list is read by early-exec's pure parts without a complaint of the sanitizers. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct wire_list settings = { (const char *)data, (uint32_t)size };
	struct failure failure;
	struct indices set = { 0 };

	if (size == 0 || data[size - 1] != '\0' || size > 65536)
		return 0;
	(void)settings_check(&settings, &failure);
	(void)indices_add(&set, (const char *)data);
	read_lists(&settings);
	make_plan(&settings, "");
	make_plan(&settings, "/srv/root");
	return 0;
}
