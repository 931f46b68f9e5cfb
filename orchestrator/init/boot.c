/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "boot.h"

#include <stdio.h>
#include <stdlib.h>

int boot_main(int argc, char **argv)
{
	fprintf(stderr, "early-init: this build boots no machine: use --container in a PID name space\n");
	return EXIT_FAILURE;
}
