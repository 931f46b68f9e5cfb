/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The texts that strangers hand to early-bus: object paths, names, cgroups, unit files. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "install_info.h"
#include "object_path.h"
#include "preset.h"
#include "process.h"
#include "unit_files.h"
#include "unit_name.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_path(const char *text)
{
	char *unit, *path, *again;

	if (unit_path_parse(text, &unit) < 0)
		return;
	if (unit_path_new(unit, &path) < 0 || unit_path_parse(path, &again) < 0)
		abort();
	/* What was read is written and read again to the same. */
	if (strcmp(unit, again) != 0)
		abort();
	free(unit);
	free(path);
	free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char prefix[] = UNIT_PATH_PREFIX;
	char *text = malloc(sizeof(prefix) + size), *found;
	struct install_info info;
	uint32_t job;
	bool wanted;
	char *name;

	if (text == NULL)
		return 0;
	name = text + sizeof(prefix) - 1;
	memcpy(text, prefix, sizeof(prefix) - 1);
	memcpy(name, data, size);
	name[size] = '\0';
	check_path(text);
	(void)job_path_parse(name, &job);
	if (unit_name_is_valid(name) && unit_name_template(name, &found) >= 0)
		free(found);
	if (unit_name_instance(name, &found) >= 0)
		free(found);
	if (unit_name_from_cgroup(name, &found) >= 0)
		free(found);
	if (process_parse_cgroup(name, &found) >= 0)
		free(found);
	if (install_info_parse(name, &info) >= 0)
		install_info_done(&info);
	(void)preset_parse(name, "a.service", &wanted);
	free(text);
	return 0;
}
