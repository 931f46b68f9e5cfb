/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "early/channel.h"
#include "early/log.h"
#include "early/loop.h"
#include "early/opts.h"

#include "bus.h"

static int show_help(void)
{
	printf("Usage: early-bus [OPTION]…\n\n"
	       "The face of systemd's manager on the system bus. PID 1 starts it with its link at "
	       "descriptor %d.\n\n",
	       CHANNEL_HELPER_FD);
	opts_print_help(stdout, bus_opts, bus_n_opts);
	return EXIT_SUCCESS;
}

static void handle_terminate(const struct loop_signal_info *info, void *data)
{
	loop_exit(data, 0);
}

int main(int argc, char **argv)
{
	struct bus bus = { .connection = NULL };
	struct loop *loop = NULL;
	int r;

	log_init("early-bus", LOG_SINK_STDERR, LOG_LEVEL_INFO);
	r = opts_parse(bus_opts, bus_n_opts, &bus, argc, argv);
	if (r >= 0 && bus.help)
		return show_help();
	if (r != 0) {
		if (r > 0)
			fprintf(stderr, "early-bus: no operands are taken; see --help\n");
		return 2;
	}
	(void)signal(SIGPIPE, SIG_IGN); /* cannot fail for a valid signal */
	r = loop_new(&loop);
	if (r < 0) {
		(void)log_errno(r, "cannot make the event loop");
		return EXIT_FAILURE;
	}
	r = loop_signal(loop, SIGTERM, handle_terminate, loop);
	if (r >= 0)
		r = loop_signal(loop, SIGINT, handle_terminate, loop);
	if (r >= 0)
		r = bus_init(&bus, loop, CHANNEL_HELPER_FD);
	if (r >= 0)
		r = loop_run(loop);
	if (bus.loop != NULL)
		bus_done(&bus);
	loop_free(loop);
	return r == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
