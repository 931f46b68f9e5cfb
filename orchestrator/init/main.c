/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "boot.h"
#include "container.h"

/* early-init is PID 1 of a machine, or with --container that of a PID name space. */
int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "--container") == 0 || strcmp(argv[i], "--help") == 0 ||
		    strcmp(argv[i], "--version") == 0)
			return container_main(argc, argv);
	return boot_main(argc, argv);
}
