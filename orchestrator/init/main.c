/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <malloc.h>
#include <stdbool.h>
#include <string.h>

#include "boot.h"
#include "container.h"
#include "crash.h"
#include "reexec.h"

/*
 * What is needed for a moment only (the table, a whole state) is mapped and goes back to the kernel at once. By itself malloc would
 * keep such pieces on its heap as soon as the first one was freed.
 */
static void set_up_heap(void)
{
	(void)mallopt(M_MMAP_THRESHOLD, 64 * 1024); /* whatever fails here costs some memory */
	(void)mallopt(M_TRIM_THRESHOLD, 32 * 1024);
	(void)mallopt(M_TOP_PAD, 16 * 1024);
}

/* early-init is PID 1 of a machine, or with --container that of a PID name space. */
int main(int argc, char **argv)
{
	bool container = false;
	int answer = reexec_answer(argc, argv);

	if (answer >= 0)
		return answer;
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "--container") == 0 || strcmp(argv[i], "--help") == 0 ||
		    strcmp(argv[i], "--version") == 0)
			container = true;
	set_up_heap();
	crash_init(container);
	if (container)
		return container_main(argc, argv);
	return boot_main(argc, argv);
}
