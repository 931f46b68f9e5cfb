/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* early-log: reads what services say, keeps the newest of it in /run and, once the disks are there, all of it in /var. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "archive.h"
#include "early/channel.h"
#include "early/clock.h"
#include "early/fd.h"
#include "early/log.h"
#include "early/loop.h"
#include "early/opts.h"
#include "early/parse.h"
#include "early/proto/logs.h"
#include "inputs.h"
#include "sink.h"

#define DEFAULT_RUN "/run/early"
#define JOURNAL_DIR "/run/systemd/journal"

struct logd {
	struct loop *loop;
	struct channel link; /* to PID 1 */
	struct sink sink;
	struct inputs inputs;
	struct archive archive;
	char archive_dir[128];
};

struct settings {
	const char *run;
	const char *archive;
	uint64_t zero_us;
	bool help;
};

static int set_run(void *target, const char *value)
{
	((struct settings *)target)->run = value;
	return 0;
}

static int set_archive(void *target, const char *value)
{
	((struct settings *)target)->archive = value;
	return 0;
}

static int set_zero(void *target, const char *value)
{
	return parse_u64(value, &((struct settings *)target)->zero_us);
}

static int set_help(void *target, const char *value)
{
	((struct settings *)target)->help = true;
	return 0;
}

static const struct opt options[] = {
	{ 0, "run", "DIR",
	  "keep files in DIR/log and DIR/archive, without /dev/log and the journal's sockets",
	  set_run },
	{ 0, "archive", "DIR", "be the writer of the copies in DIR (started by early-log itself)",
	  set_archive },
	{ 0, "zero", "USEC", "let times count from USEC of CLOCK_BOOTTIME, as a container's do",
	  set_zero },
	{ 'h', "help", NULL, "this help", set_help },
};

static void write_line(struct logd *logd, const struct logs_line *line)
{
	const struct record record = {
		.service = line->service,
		.identifier = "early-init",
		.level = line->level < 7 ? (int)line->level : 7,
		.t_us = clock_boottime_us(),
		.text = line->text,
		.len = strlen(line->text),
	};

	sink_write(&logd->sink, &record);
}

static void handle_message(struct channel *channel, struct channel_message *message)
{
	struct logd *logd = channel->data;
	struct logs_stream stream;
	struct logs_line line;
	int r = 0;

	switch ((enum logs_opcode)message->opcode) {
	case LOGS_STREAM:
		r = channel_unpack(channel, message, &stream, sizeof(stream));
		if (r == 0 && message->n_fds == 1)
			r = inputs_add_service(&logd->inputs, stream.service,
					       TAKE_FD(message->fds[0]));
		else if (r == 0)
			r = -EPROTO;
		break;
	case LOGS_LINE:
		r = channel_unpack(channel, message, &line, sizeof(line));
		if (r == 0)
			write_line(logd, &line);
		break;
	case LOGS_FLUSH:
		r = archive_start(&logd->archive, &logd->sink, logd->archive_dir);
		break;
	}
	if (r < 0)
		(void)log_errno(r, "cannot follow an order of early-init");
}

static void handle_close(struct channel *channel, int error)
{
	struct logd *logd = channel->data;

	(void)error; /* the end of PID 1's side is the end of this one */
	loop_exit(logd->loop, 0);
}

static void handle_line(const struct sink_place *place, const char *line, size_t len, void *data)
{
	struct logd *logd = data;

	archive_line(&logd->archive, place, line, len);
}

static int start(struct logd *logd, const char *run, uint64_t zero_us)
{
	char dir[128];
	int r = loop_new(&logd->loop);

	if (r < 0)
		return log_errno(r, "cannot make the event loop");
	(void)snprintf(dir, sizeof(dir), "%s/log", run);
	r = sink_init(&logd->sink, dir, SINK_FILE_MAX);
	if (r < 0)
		return log_errno(r, "cannot keep logs in %s", dir);
	logd->sink.zero_us = zero_us;
	logd->sink.on_line = handle_line;
	logd->sink.data = logd;
	inputs_init(&logd->inputs, logd->loop, &logd->sink);
	(void)snprintf(logd->archive_dir, sizeof(logd->archive_dir), "%s/archive", run);
	if (strcmp(run, DEFAULT_RUN) == 0) {
		(void)snprintf(logd->archive_dir, sizeof(logd->archive_dir), "%s", ARCHIVE_DIR);
		logd->sink.kmsg_fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC | O_NOCTTY);
		(void)inputs_listen(&logd->inputs, JOURNAL_DIR,
				    "/dev/log"); /* told; the services' pipes matter more */
	}
	r = loop_reap_children(logd->loop);
	if (r < 0)
		return log_errno(r, "cannot watch children");
	return channel_init(&logd->link, logd->loop, CHANNEL_HELPER_FD, &logs_protocol,
			    handle_message, handle_close, logd);
}

static int run(const char *dir, uint64_t zero_us)
{
	struct logd logd = {
		.link.fd = -1,
		.sink = { .dir_fd = -1, .kmsg_fd = -1 },
		.archive.fd = -1,
	};
	int r;

	list_init(&logd.sink.files);
	inputs_init(&logd.inputs, NULL, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	r = start(&logd, dir, zero_us);
	if (r == 0)
		r = loop_run(logd.loop);
	channel_close(&logd.link);
	inputs_done(&logd.inputs);
	archive_stop(&logd.archive);
	sink_done(&logd.sink);
	loop_free(logd.loop);
	return r < 0 ? 1 : r;
}

int main(int argc, char **argv)
{
	struct settings settings = { .run = DEFAULT_RUN };
	int n;

	log_init("early-log", LOG_SINK_STDERR, LOG_LEVEL_INFO);
	n = opts_parse(options, ARRAY_SIZE(options), &settings, argc, argv);
	if (n != 0) {
		if (n > 0)
			fputs("early-log: no operands are taken (see --help)\n", stderr);
		return 2;
	}
	if (settings.help) {
		puts("early-log [--run DIR]\nReads what services say. It is run by early-init, "
		     "with its link at descriptor 3.\n");
		opts_print_help(stdout, options, ARRAY_SIZE(options));
		return 0;
	}
	return settings.archive ? archive_run(CHANNEL_HELPER_FD, settings.archive)
				: run(settings.run, settings.zero_us);
}
