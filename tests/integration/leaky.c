/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Loses memory, keeps some by globals of either kind, and some by the global of a library: leaky [lose]. */
#include <stdlib.h>

static char *kept;
static char *kept_in_data = (char[]){ "" };

static void nothing(void)
{
}

int main(int argc, char **argv)
{
	kept = malloc(10);
	kept_in_data = malloc(20);
	/* The C library's own table of handlers grows on the heap. */
	for (int i = 0; i < 100; i++)
		atexit(nothing);
	if (argc > 1)
		kept = NULL;
	return !kept_in_data;
}
