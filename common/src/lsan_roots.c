/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Of sanitized builds only: where LeakSanitizer looks for pointers at the end of a process. */
#include <link.h>
#include <sanitizer/lsan_interface.h>
#include <string.h>

/* Left to itself it reads the globals of every library, and of them 5 MB are the sanitizer's own tables: most of the check's time. */
const char *__lsan_default_options(void)
{
	return "use_globals=0";
}

static int add_globals(struct dl_phdr_info *module, size_t size, void *unused)
{
	if (strstr(module->dlpi_name, "/libasan.so"))
		return 0;
	for (int i = 0; i < module->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &module->dlpi_phdr[i];

		if (segment->p_type == PT_LOAD && (segment->p_flags & PF_W))
			__lsan_register_root_region((void *)(module->dlpi_addr + segment->p_vaddr),
						    segment->p_memsz);
	}
	return 0;
}

/* As late as can be: also of what was loaded in between. */
__attribute__((destructor)) static void add_roots(void)
{
	dl_iterate_phdr(add_globals, NULL);
}
