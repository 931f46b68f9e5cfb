/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdint.h>

#include "elf_needed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_ELF
	struct elf_needed elf = { 0 };
	const char *why = NULL;

	(void)elf_needed_read(data, size, &elf, &why);
	return 0;
}
