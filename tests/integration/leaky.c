/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Loses memory, keeps some by a global, and some by the global of a library: leaky [lose]. */
#include <stdlib.h>

static char *kept;

static void nothing(void)
{
}

int main(int argc, char **argv)
{
	kept = malloc(10);
	/* The C library's own table of handlers grows on the heap. */
	for (int i = 0; i < 100; i++)
		atexit(nothing);
	if (argc > 1)
		kept = NULL;
	return 0;
}
