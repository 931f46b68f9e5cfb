/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* early-timer: answers PID 1 when a calendar's next moment is, and keeps the stamps of timers. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "early/channel.h"
#include "early/clock.h"
#include "early/fs.h"
#include "early/log.h"
#include "early/loop.h"
#include "early/macros.h"
#include "early/opts.h"
#include "early/proto/timers.h"
#include "moments.h"
#include "stamps.h"
#include "zone.h"

struct timerd {
	struct loop *loop;
	struct channel link; /* to PID 1 */
	struct zone zone;
	struct stamps stamps;
	bool help;
};

static int set_stamps(void *target, const char *value)
{
	((struct timerd *)target)->stamps.dir = value;
	return 0;
}

static int set_help(void *target, const char *value)
{
	((struct timerd *)target)->help = true;
	return 0;
}

static const struct opt options[] = {
	{ 0, "stamps", "DIR", "keep the stamps of timers in DIR (default: " STAMPS_DIR ")",
	  set_stamps },
	{ 'h', "help", NULL, "this help", set_help },
};

static uint64_t now_us(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now); /* a clock that is always there */
	return (uint64_t)now.tv_sec * USEC_PER_SEC + (uint64_t)now.tv_nsec / 1000;
}

static int answer_next(struct timerd *timerd, const struct timers_next *next)
{
	struct timers_moment moment = { .timer = next->timer, .serial = next->serial };

	moments_next(&next->calendars, next->after_us, &moment.at_us, &moment.which);
	return channel_send(&timerd->link, TIMERS_MOMENT, &moment);
}

static int answer_stamp(struct timerd *timerd, const struct timers_stamp *stamp)
{
	struct timers_stamp stamped = { stamp->timer, stamp->at_us, stamp->at_us > 0, 0 };
	int r = stamp->at_us > 0 ? -ENOENT
				 : stamps_read(&timerd->stamps, stamp->timer, &stamped.at_us);

	/* The first time counts from now: the next start of the machine sees what was missed since. */
	if (r == -ENOENT)
		r = stamps_write(&timerd->stamps, stamp->timer,
				 stamp->at_us > 0 ? stamp->at_us : now_us());
	if (r < 0) {
		log_warning_errno(r, "the stamp of %s in %s", stamp->timer, timerd->stamps.dir);
		stamped.error = (uint32_t)-r;
	}
	return channel_send(&timerd->link, TIMERS_STAMPED, &stamped);
}

static void handle_message(struct channel *channel, struct channel_message *message)
{
	struct timerd *timerd = channel->data;
	struct timers_stamp stamp;
	struct timers_next next;
	int r = -EPROTO;

	switch ((enum timers_opcode)message->opcode) {
	case TIMERS_NEXT:
		r = channel_unpack(channel, message, &next, sizeof(next));
		if (r == 0)
			r = answer_next(timerd, &next);
		break;
	case TIMERS_STAMP:
		r = channel_unpack(channel, message, &stamp, sizeof(stamp));
		if (r == 0)
			r = answer_stamp(timerd, &stamp);
		break;
	case TIMERS_MOMENT:
	case TIMERS_STAMPED:
	case TIMERS_ZONE:
	case TIMERS_MACHINE:
		break;
	}
	if (r < 0)
		(void)log_errno(r, "cannot follow an order of early-init");
}

static void handle_close(struct channel *channel, int error)
{
	struct timerd *timerd = channel->data;

	(void)error; /* the end of PID 1's side is the end of this one */
	loop_exit(timerd->loop, 0);
}

static void handle_zone(struct zone *zone)
{
	struct timerd *timerd = container_of(zone, struct timerd, zone);

	(void)channel_send(&timerd->link, TIMERS_ZONE, NULL); /* its end is told */
}

/* Of the machine's id, which PID 1 does not read: the same on each boot, another one on each machine. */
static int tell_machine(struct timerd *timerd)
{
	struct timers_machine machine = { 0xcbf29ce484222325ULL };
	char *id CLEANUP(free_charp)
	= NULL;

	if (fs_read_line_at(AT_FDCWD, "/etc/machine-id", &id) == 0)
		for (const char *at = id; *at; at++)
			machine.seed = (machine.seed ^ (unsigned char)*at) * 0x100000001b3ULL;
	return channel_send(&timerd->link, TIMERS_MACHINE, &machine);
}

static int run(struct timerd *timerd)
{
	int r = loop_new(&timerd->loop);

	if (r < 0)
		return log_errno(r, "cannot make the event loop");
	r = channel_init(&timerd->link, timerd->loop, CHANNEL_HELPER_FD, &timers_protocol,
			 handle_message, handle_close, timerd);
	if (r < 0)
		return log_errno(r, "no link to early-init at descriptor %d", CHANNEL_HELPER_FD);
	r = zone_watch(&timerd->zone, timerd->loop, "/etc", "localtime", handle_zone);
	if (r < 0)
		log_warning_errno(r, "cannot watch /etc/localtime");
	r = tell_machine(timerd);
	if (r == 0)
		r = loop_run(timerd->loop);
	zone_done(&timerd->zone);
	channel_close(&timerd->link);
	return r;
}

int main(int argc, char **argv)
{
	struct timerd timerd = {
		.link.fd = -1,
		.zone.fd = -1,
		.stamps = { STAMPS_DIR, STAMPS_FOREIGN_DIR },
	};
	int r;

	log_init("early-timer", LOG_SINK_STDERR, LOG_LEVEL_INFO);
	r = opts_parse(options, ARRAY_SIZE(options), &timerd, argc, argv);
	if (r != 0) {
		if (r > 0)
			fputs("early-timer: no operands are taken (see --help)\n", stderr);
		return 2;
	}
	if (timerd.help) {
		puts("early-timer [--stamps DIR]\nKnows calendars, time zones and the stamps of "
		     "timers. It is run by early-init, with its link at descriptor 3.\n");
		opts_print_help(stdout, options, ARRAY_SIZE(options));
		return 0;
	}
	r = run(&timerd);
	loop_free(timerd.loop);
	return r < 0 ? 1 : 0;
}
