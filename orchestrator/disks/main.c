/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "disks.h"
#include "early/channel.h"
#include "early/log.h"
#include "early/loop.h"
#include "early/macros.h"
#include "early/opts.h"

struct settings {
	struct disks_settings disks;
	bool debug;
	bool help;
};

static int apply_root(void *target, const char *value)
{
	((struct settings *)target)->disks.root = value;
	return 0;
}

static int apply_sys(void *target, const char *value)
{
	((struct settings *)target)->disks.sys = value;
	return 0;
}

static int apply_cmdline(void *target, const char *value)
{
	((struct settings *)target)->disks.cmdline = value;
	return 0;
}

static int apply_debug(void *target, const char *value)
{
	((struct settings *)target)->debug = true;
	return 0;
}

static int apply_help(void *target, const char *value)
{
	((struct settings *)target)->help = true;
	return 0;
}

static const struct opt opts[] = {
	{ 0, "root", "DIR", "take etc/fstab and the mounts below DIR (for tests; default /)",
	  apply_root },
	{ 0, "sys", "DIR", "take devices and power controls from DIR (for tests; default /sys)",
	  apply_sys },
	{ 0, "cmdline", "TEXT", "take this for the kernel command line (for tests)",
	  apply_cmdline },
	{ 0, "debug", NULL, "log every step", apply_debug },
	{ 'h', "help", NULL, "show this help", apply_help },
};

static int run(const struct settings *settings)
{
	struct loop *loop = NULL;
	struct disks *disks = NULL;
	int r = loop_new(&loop);

	if (r < 0)
		return log_errno(r, "cannot make an event loop");
	r = loop_reap_children(loop);
	if (r == 0)
		r = disks_new(&disks, loop, CHANNEL_HELPER_FD, &settings->disks);
	if (r < 0)
		log_errno(r, "descriptor %d is no link: early-disks is started by early-init",
			  CHANNEL_HELPER_FD);
	else
		r = loop_run(loop);
	disks_free(disks);
	loop_free(loop);
	return r;
}

int main(int argc, char **argv)
{
	struct settings settings = { .disks = { .root = "/", .sys = "/sys" } };
	int n = opts_parse(opts, ARRAY_SIZE(opts), &settings, argc, argv);

	if (n < 0)
		return 2;
	if (settings.help) {
		puts("early-disks: finds, checks and mounts the disks, as early-init orders by its "
		     "link\n");
		opts_print_help(stdout, opts, ARRAY_SIZE(opts));
		return 0;
	}
	if (n > 0) {
		fprintf(stderr, "early-disks takes no operands; see --help\n");
		return 2;
	}
	log_init("early-disks", LOG_SINK_STDERR, settings.debug ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO);
	(void)signal(SIGPIPE, SIG_IGN); /* a child may close its end first; write says so */
	return run(&settings) == 0 ? 0 : 1;
}
