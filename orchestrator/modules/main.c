/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "early/log.h"
#include "early/opts.h"

#include "loader.h"

struct settings {
	struct loader_request request;
	enum phase phase;
	bool phase_set;
	bool debug;
	bool help;
};

static int set_phase(void *target, const char *value)
{
	struct settings *settings = target;

	settings->phase_set = true;
	return phase_parse(value, &settings->phase);
}

static int set_root(void *target, const char *value)
{
	((struct settings *)target)->request.root = value;
	return 0;
}

static int set_root_fs(void *target, const char *value)
{
	((struct settings *)target)->request.root_fs = value;
	return 0;
}

static int set_stay(void *target, const char *value)
{
	((struct settings *)target)->request.stay = true;
	return 0;
}

static int set_debug(void *target, const char *value)
{
	((struct settings *)target)->debug = true;
	return 0;
}

static int set_help(void *target, const char *value)
{
	((struct settings *)target)->help = true;
	return 0;
}

static const struct opt options[] = {
	{ 0, "phase", "PHASE", "display, storage or rest", set_phase },
	{ 0, "root", "DIR", "where /sys, /proc, /lib/modules and the list are (/)", set_root },
	{ 0, "rootfstype", "LIST", "file systems to load in the storage phase", set_root_fs },
	{ 0, "stay", NULL, "go on with devices that come later, until it is ended", set_stay },
	{ 'd', "debug", NULL, "say what each module took", set_debug },
	{ 'h', "help", NULL, "print this", set_help },
};

/* As the kernel calls it: modprobe -q -- NAME. Other options have no meaning here. */
static int run_modprobe(int argc, char **argv)
{
	const struct loader_request request = { .root = "/" };
	int n = 0;

	for (int i = 1; i < argc; i++) {
		if (argv[i][0] != '-')
			argv[n++] = argv[i];
	}
	return n > 0 && loader_run_names(&request, n, argv) >= 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	struct settings settings = { .request.root = "/" };
	const char *name = argc > 0 ? strrchr(argv[0], '/') : NULL;
	int n;
	int r;

	log_init("early-modules", LOG_SINK_STDERR, LOG_LEVEL_INFO);
	if (argc > 0 && strcmp(name ? name + 1 : argv[0], "modprobe") == 0)
		return run_modprobe(argc, argv);
	n = opts_parse(options, ARRAY_SIZE(options), &settings, argc, argv);
	if (n < 0)
		return 2;
	if (settings.help) {
		printf("Usage: early-modules --phase=PHASE [OPTION]…\n"
		       "       early-modules [OPTION]… MODULE…\n"
		       "Loads the kernel modules that the machine's devices want.\n\n");
		opts_print_help(stdout, options, ARRAY_SIZE(options));
		return EXIT_SUCCESS;
	}
	if (settings.phase_set == (n > 0) || (n > 0 && settings.request.stay)) {
		fprintf(stderr, "early-modules: give either --phase (and --stay) or names of "
				"modules; see early-modules --help\n");
		return 2;
	}
	if (settings.debug)
		log_set_max_level(LOG_LEVEL_DEBUG);
	if (settings.phase_set)
		r = loader_run_phase(&settings.request, settings.phase);
	else
		r = loader_run_names(&settings.request, n, argv + 1);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
