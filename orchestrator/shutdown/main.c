/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "early/log.h"
#include "early/macros.h"
#include "early/opts.h"
#include "shutdown.h"

struct settings {
	bool dry_run;
	bool in_ram;
	bool help;
};

static int apply_dry_run(void *target, const char *value)
{
	((struct settings *)target)->dry_run = true;
	return 0;
}

static int apply_in_ram(void *target, const char *value)
{
	((struct settings *)target)->in_ram = true;
	return 0;
}

static int apply_help(void *target, const char *value)
{
	((struct settings *)target)->help = true;
	return 0;
}

static const struct opt opts[] = {
	{ 0, "dry-run", NULL, "print what would be ended and unmounted, in order, and do nothing",
	  apply_dry_run },
	{ 0, "in-ram", NULL, "go on with the second half (it executes itself so)", apply_in_ram },
	{ 'h', "help", NULL, "show this help", apply_help },
};

static int usage(FILE *file, int exit_code)
{
	fprintf(file, "usage: early-shutdown [OPTION] poweroff|reboot|halt\n"
		      "Replaces PID 1 at the end: ends all processes, unmounts everything, "
		      "switches off.\n\n");
	opts_print_help(file, opts, ARRAY_SIZE(opts));
	return exit_code;
}

static int run_as_pid_1(const char *word, enum shutdown_verb verb, bool in_ram)
{
	bool owns_machine = shutdown_owns_machine();
	sigset_t all;

	(void)close_range(3, ~0U, 0); /* what PID 1 has left behind would hold the old root */
	log_init("early-shutdown", owns_machine ? LOG_SINK_KMSG : LOG_SINK_STDERR, LOG_LEVEL_INFO);
	sigfillset(&all);
	(void)sigprocmask(SIG_BLOCK, &all, NULL);
	if (!in_ram && shutdown_leave_root(word, owns_machine) < 0)
		return shutdown_switch_off(verb) < 0 ? 1 : 0;
	return shutdown_finish(verb, owns_machine) < 0 ? 1 : 0;
}

int main(int argc, char **argv)
{
	struct settings settings = { .dry_run = false };
	int n = opts_parse(opts, ARRAY_SIZE(opts), &settings, argc, argv);
	enum shutdown_verb verb;

	if (n < 0)
		return 2;
	if (settings.help)
		return usage(stdout, 0);
	if (settings.dry_run)
		return shutdown_print_plan() < 0 ? 1 : 0;
	if (n != 1 || shutdown_parse_verb(argv[1], &verb) < 0)
		return usage(stderr, 2);
	if (getpid() != 1) {
		fprintf(stderr,
			"early-shutdown replaces PID 1 and runs only as it; to switch off: "
			"earlyctl %s\n",
			argv[1]);
		return 3;
	}
	return run_as_pid_1(argv[1], verb, settings.in_ram);
}
