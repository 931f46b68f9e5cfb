/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdbool.h>
#include <string.h>

#include "boot.h"
#include "container.h"
#include "crash.h"
#include "memory.h"
#include "reexec.h"

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
	memory_set_up();
	crash_init(container);
	if (container)
		return container_main(argc, argv);
	return boot_main(argc, argv);
}
