/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* early-log: reads what services say, keeps the newest of it in /run and, once the disks are there, all of it in /var. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "archive.h"
#include "conf.h"
#include "early/channel.h"
#include "early/clock.h"
#include "early/fd.h"
#include "early/log.h"
#include "early/loop.h"
#include "early/opts.h"
#include "early/parse.h"
#include "early/proto/logs.h"
#include "inputs.h"
#include "kmsg.h"
#include "sink.h"

#define FACILITY_DAEMON 3
#define DEFAULT_RUN "/run/early"
#define JOURNAL_DIR "/run/systemd/journal"

struct logd {
	struct loop *loop;
	struct channel link; /* to PID 1 */
	struct sink sink;
	struct inputs inputs;
	struct archive archive;
	struct kmsg kmsg;
	struct conf conf;
	char archive_dir[128];
	bool is_machine; /* with /dev/log and the journal's sockets */
};

struct settings {
	const char *run;
	const char *archive;
	const char *conf;
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

static int set_conf(void *target, const char *value)
{
	((struct settings *)target)->conf = value;
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
	{ 0, "conf", "FILE", "read [Log] of FILE (default: " SETTINGS_FILE ")", set_conf },
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

	const struct ucred sender = { .pid = 0 };

	sink_write(&logd->sink, &record);
	forward_record(&logd->inputs.forward, &sender, FACILITY_DAEMON, &record);
}

static void handle_message(struct channel *channel, struct channel_message *message)
{
	struct logd *logd = channel->data;
	struct logs_stream stream;
	struct logs_line line;
	struct logs_kept kept;
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
	case LOGS_KEPT:
		r = channel_unpack(channel, message, &kept, sizeof(kept));
		if (r == 0 && message->n_fds == 1 && logd->is_machine)
			r = inputs_restore(&logd->inputs, kept.name, TAKE_FD(message->fds[0]));
		else if (r == 0)
			r = -EPROTO;
		break;
	case LOGS_LISTEN:
		if (logd->is_machine)
			(void)inputs_listen(&logd->inputs, JOURNAL_DIR,
					    "/dev/log"); /* told; the services' pipes matter more */
		inputs_recover(&logd->inputs);
		break;
	case LOGS_KEEP:
	case LOGS_DROP:
		r = -EPROTO;
		break;
	case LOGS_LINE:
		r = channel_unpack(channel, message, &line, sizeof(line));
		if (r == 0)
			write_line(logd, &line);
		break;
	case LOGS_FLUSH:
		r = archive_start(&logd->archive, logd->archive_dir);
		forward_enable(&logd->inputs.forward);
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

static void handle_keep(const char *name, int fd, void *data)
{
	struct logd *logd = data;
	const struct logs_kept kept = { name };
	int r = fd < 0 ? channel_send(&logd->link, LOGS_DROP, &kept)
		       : channel_send_fds(&logd->link, LOGS_KEEP, &kept, &fd, 1);

	if (r < 0)
		log_debug("early-init does not keep a descriptor");
}

/* What is one machine's: the kernel's log, /dev/log and the journal's sockets. */
static void start_machine(struct logd *logd)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	int r = fd < 0 ? -errno : 0;

	(void)snprintf(logd->archive_dir, sizeof(logd->archive_dir), "%s", ARCHIVE_DIR);
	logd->sink.kmsg_fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC | O_NOCTTY);
	if (r == 0)
		r = kmsg_init(&logd->kmsg, logd->loop, &logd->sink, fd);
	if (r < 0)
		log_warning_errno(r, "cannot read the kernel's log");
	logd->inputs.keep = handle_keep;
	logd->inputs.keep_data = logd;
	logd->is_machine = true;
}

static int start_sink(struct logd *logd, const struct settings *settings)
{
	char dir[128];
	off_t file_max;
	int r;

	conf_init(&logd->conf);
	conf_read(&logd->conf, settings->conf, true);
	file_max = (off_t)MIN((uint64_t)SINK_FILE_MAX, logd->conf.max_memory / 8);
	(void)snprintf(dir, sizeof(dir), "%s/log", settings->run);
	r = sink_init(&logd->sink, dir, file_max);
	if (r < 0)
		return log_errno(r, "cannot keep logs in %s", dir);
	logd->sink.use_max = logd->conf.max_memory;
	logd->sink.use = logd->sink.use_max; /* of an early-log before this one: it is counted */
	logd->sink.zero_us = settings->zero_us;
	logd->sink.on_line = handle_line;
	logd->sink.data = logd;
	return 0;
}

static int start(struct logd *logd, const struct settings *settings)
{
	int r = loop_new(&logd->loop);

	if (r < 0)
		return log_errno(r, "cannot make the event loop");
	r = start_sink(logd, settings);
	if (r < 0)
		return r;
	inputs_init(&logd->inputs, logd->loop, &logd->sink);
	inputs_open_intake(&logd->inputs);
	logd->inputs.rate.burst = logd->conf.rate_burst;
	logd->inputs.rate.interval_us = logd->conf.rate_interval_us;
	archive_init(&logd->archive, logd->loop, &logd->sink, settings->conf);
	(void)snprintf(logd->archive_dir, sizeof(logd->archive_dir), "%s/archive", settings->run);
	if (strcmp(settings->run, DEFAULT_RUN) == 0)
		start_machine(logd);
	r = loop_reap_children(logd->loop);
	if (r < 0)
		return log_errno(r, "cannot watch children");
	return channel_init(&logd->link, logd->loop, CHANNEL_HELPER_FD, &logs_protocol,
			    handle_message, handle_close, logd);
}

static int run(const struct settings *settings)
{
	static struct logd logd = {
		/* too large for the stack */
		.link.fd = -1,
		.sink = { .dir_fd = -1, .kmsg_fd = -1 },
		.archive.writer.fd = -1,
		.kmsg = { .source.fd = -1, .state_fd = -1 },
	};
	int r;

	list_init(&logd.sink.files);
	inputs_init(&logd.inputs, NULL, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	r = start(&logd, settings);
	if (r == 0)
		r = loop_run(logd.loop);
	logd.inputs.is_ending = true;
	channel_close(&logd.link);
	inputs_drain(&logd.inputs);
	inputs_done(&logd.inputs);
	kmsg_done(&logd.kmsg);
	archive_stop(&logd.archive);
	sink_done(&logd.sink);
	loop_free(logd.loop);
	return r < 0 ? 1 : r;
}

int main(int argc, char **argv)
{
	struct settings settings = { .run = DEFAULT_RUN, .conf = SETTINGS_FILE };
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
	if (settings.archive) {
		const struct archive_settings archive = { settings.archive, settings.conf,
							  settings.zero_us };

		return archive_run(CHANNEL_HELPER_FD, &archive);
	}
	return run(&settings);
}
