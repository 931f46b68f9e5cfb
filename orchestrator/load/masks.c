/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "masks.h"

#include <string.h>

#include "early/kernel_line.h"
#include "early/strv.h"
#include "specifier.h"

#define MASK_WORD "systemd.mask="

int masks_parse(const char *cmdline, char ***ret_names)
{
	CLEANUP_STRV char **words = NULL;
	CLEANUP_STRV char **names = NULL;
	int r = kernel_line_split(cmdline, &words);

	for (size_t i = 0; r >= 0 && i < strv_length(words); i++) {
		const char *name;

		if (strncmp(words[i], MASK_WORD, strlen(MASK_WORD)) != 0)
			continue;
		name = words[i] + strlen(MASK_WORD);
		r = strv_appendf(&names, "%s%s", name, *unit_name_suffix(name) ? "" : ".service");
	}
	if (r < 0)
		return r;
	*ret_names = TAKE_PTR(names);
	return 0;
}
