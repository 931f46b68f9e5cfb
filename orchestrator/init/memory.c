/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "memory.h"

#include <link.h>
#include <malloc.h>
#include <stddef.h>
#include <sys/auxv.h>
#include <sys/mman.h>

/*
 * What is needed for a moment only (the table, a whole state) is mapped and goes back to the kernel at once. By itself malloc would
 * keep such pieces on its heap as soon as the first one was freed.
 */
void memory_set_up(void)
{
	(void)mallopt(M_MMAP_THRESHOLD, 64 * 1024);
	(void)mallopt(M_TRIM_THRESHOLD, 32 * 1024);
	(void)mallopt(M_TOP_PAD, 16 * 1024);
}

/*
 * The program's first segment is what the dynamic linker reads when libc first calls a function of its own: pages of a file that
 * nobody else maps, and that come again if it does.
 */
static void drop_link_tables(void)
{
	const ElfW(Phdr) *headers = (const void *)getauxval(AT_PHDR);
	size_t n = headers ? getauxval(AT_PHNUM) : 0;
	char *base = NULL;

	for (size_t i = 0; i < n; i++) {
		if (headers[i].p_type == PT_PHDR)
			base = (char *)headers - headers[i].p_vaddr;
		if (headers[i].p_type != PT_LOAD)
			continue;
		if (base && headers[i].p_flags == PF_R)
			(void)madvise(base + headers[i].p_vaddr, headers[i].p_filesz,
				      MADV_DONTNEED);
		return;
	}
}

void memory_give_back(void)
{
	(void)malloc_trim(0);
	drop_link_tables();
}
