/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "early/arch.h"

#include <stddef.h>
#include <string.h>

#include "early/macros.h"

const char *arch_name(const char *machine)
{
	static const char *const names[][2] = {
		{ "x86_64", "x86-64" },
		{ "i386", "x86" },
		{ "i486", "x86" },
		{ "i586", "x86" },
		{ "i686", "x86" },
		{ "aarch64", "arm64" },
		{ "aarch64_be", "arm64-be" },
		{ "armv4l", "arm" },
		{ "armv5tel", "arm" },
		{ "armv6l", "arm" },
		{ "armv7l", "arm" },
		{ "armv8l", "arm" },
		{ "ppc64le", "ppc64-le" },
		{ "riscv64", "riscv64" },
		{ "loongarch64", "loongarch64" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strcmp(names[i][0], machine) == 0)
			return names[i][1];
	return machine;
}
