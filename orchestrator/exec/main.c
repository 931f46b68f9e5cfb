/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* early-exec: between PID 1's clone and a service's program. Started by PID 1 only. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "early/log.h"
#include "early/macros.h"
#include "early/opts.h"
#include "request.h"
#include "run.h"

static int set_help(void *target, const char *value)
{
	*(bool *)target = true;
	return 0;
}

static const struct opt options[] = {
	{ 'h', "help", NULL, "show this help", set_help },
};

/* early-init passes one name, with its suffix: it is none of these. */
static bool is_question(const char *word)
{
	return strcmp(word, "-h") == 0 || strcmp(word, "--help") == 0 ||
	       strcmp(word, "--version") == 0;
}

static int show_help(int argc, char **argv)
{
	bool help = false;
	int n = opts_parse(options, ARRAY_SIZE(options), &help, argc, argv);

	if (n < 0)
		return 2;
	fputs("early-exec NAME\nStarts the program of a service. It is run by early-init, "
	      "with the order at descriptor 3.\n\n",
	      help ? stdout : stderr);
	opts_print_help(help ? stdout : stderr, options, ARRAY_SIZE(options));
	return help ? 0 : 2;
}

int main(int argc, char **argv)
{
	struct request request CLEANUP(request_done) = { 0 };
	struct failure failure = { 0 };
	const char *skipped = NULL;
	int report_fd;
	int r;

	log_init("early-exec", LOG_SINK_STDERR, LOG_LEVEL_INFO);
	if (argc != 2 || is_question(argv[1]))
		return show_help(argc, argv);
	/* High enough not to meet the sockets on their way to descriptor 3 and on. */
	report_fd = fcntl(REPORT_FD, F_DUPFD_CLOEXEC, 1000);
	if (report_fd < 0)
		return log_errno(-errno, "no answer pipe at descriptor %d", REPORT_FD), STEP_FDS;
	r = request_read(REQUEST_FD, &request);
	if (r < 0) {
		(void)failure_set(&failure, STEP_FDS, r, "the order at descriptor %d is not whole",
				  REQUEST_FD);
	} else {
		close(REQUEST_FD);
		close(REPORT_FD);
		r = run_program(&request, report_fd, &skipped, &failure);
	}
	if (r == 0) {
		if (skipped)
			report_skipped(report_fd, skipped);
		return 0;
	}
	/* Of a user or a group that is not there the detail says all. */
	log_line(LOG_LEVEL_ERROR, failure.error == -ESRCH ? 0 : failure.error, "%s: %s: %s",
		 argv[1], step_name(failure.step), failure.detail);
	report_failure(report_fd, &failure);
	return (int)failure.step;
}
