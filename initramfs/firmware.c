/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What to say about firmware that is not installed. A module names the files of all devices that it drives, also of those that came after
 * the installed package: a missing file is a reason to say so, never to stop. Tables only.
 */
#include "firmware.h"

#include <string.h>

#include "early/macros.h"
#include "early/strbuf.h"

static const struct {
	const char *prefix;
	const char *package;
} packages[] = {
	{ "amdgpu/", "firmware-amd-graphics" },
	{ "radeon/", "firmware-amd-graphics" },
	{ "i915/", "firmware-misc-nonfree (from Debian 13 on firmware-intel-graphics)" },
	{ "xe/", "firmware-misc-nonfree (from Debian 13 on firmware-intel-graphics)" },
	{ "nvidia/", "firmware-misc-nonfree (from Debian 13 on firmware-nvidia-graphics)" },
	{ "qcom/", "firmware-qcom-soc" },
};

bool firmware_matters(const char *path)
{
	static const char dir[] = "kernel/drivers/gpu/";

	return strncmp(path, dir, sizeof(dir) - 1) == 0;
}

const char *firmware_package(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(packages); i++)
		if (strncmp(name, packages[i].prefix, strlen(packages[i].prefix)) == 0)
			return packages[i].package;
	return NULL;
}

void firmware_describe(const char *module, const struct firmware_count *count, struct strbuf *text)
{
	const char *package = firmware_package(count->first_missing);

	strbuf_printf(text, "%s: %zu of %zu firmware files are not installed (%s%s); ", module,
		      count->n_missing, count->n_named, count->first_missing,
		      count->n_missing > 1 ? ", ..." : "");
	strbuf_puts(text, count->n_missing == count->n_named
				  ? "the picture may not come without them"
				  : "this GPU may be one that needs them");
	if (package)
		strbuf_printf(text, "; Debian's package: %s", package);
}
