/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * early-log in the real root: started, started again after a pause if it ends, and given what services write and what is to be said of
 * them. What it asked to be kept (log_keep.h) outlives it, and so do the services' pipes.
 */
#include "boot.h"
#include "early/clock.h"
#include "early/log.h"
#include "early/proto/logs.h"

#define LOG_RETRY_US (500 * USEC_PER_MSEC)

static void handle_log_retry(struct loop_timer *timer)
{
	boot_log_start(container_of(timer, struct boot, log_retry));
}

static void handle_log_exit(struct helper *helper, int status)
{
	struct boot *boot = helper->data;

	(void)loop_timer_start(boot->loop, &boot->log_retry, clock_monotonic_us() + LOG_RETRY_US,
			       handle_log_retry);
}

static void handle_log_message(struct helper *helper, struct channel_message *message)
{
	struct boot *boot = helper->data;

	log_keep_take(&boot->log_keep, &helper->channel, message);
}

static struct helper_spec log_spec(struct boot *boot)
{
	static const char *const argv[] = { EARLY_LIBEXECDIR "/early-log", NULL };

	return (struct helper_spec){ .name = "early-log",
				     .argv = argv,
				     .protocol = &logs_protocol,
				     .on_message = handle_log_message,
				     .on_exit = handle_log_exit,
				     .data = boot };
}

int boot_log_adopt(struct boot *boot, pid_t pid, int link_fd)
{
	const struct helper_spec spec = log_spec(boot);

	return helper_adopt(&boot->log, boot->loop, &spec, pid, link_fd);
}

void boot_log_start(struct boot *boot)
{
	const struct helper_spec spec = log_spec(boot);
	int r = helper_start(&boot->log, boot->loop, &spec);

	if (r < 0) {
		log_errno(r, "cannot start early-log");
		handle_log_exit(&boot->log, 0); /* again, or the services' pipes fill up */
		return;
	}
	log_keep_hand_over(&boot->log_keep, &boot->log.channel);
	manager_set_streams(boot->manager, true);
	manager_each_stream(boot->manager, &boot->listener);
	if (boot->unions.told_gone || boot->unions.keep)
		(void)helper_send(&boot->log, LOGS_FLUSH, NULL);
}

static void handle_stream(struct manager_listener *listener, const char *unit, int fd)
{
	struct boot *boot = container_of(listener, struct boot, listener);
	const struct logs_stream stream = { unit };

	if (helper_is_running(&boot->log))
		(void)channel_send_fds(&boot->log.channel, LOGS_STREAM, &stream, &fd, 1);
}

static void handle_remark(struct manager_listener *listener, const char *unit, const char *text)
{
	struct boot *boot = container_of(listener, struct boot, listener);
	const struct logs_line line = { unit, LOG_LEVEL_WARNING, text };

	if (helper_is_running(&boot->log))
		(void)helper_send(&boot->log, LOGS_LINE, &line); /* it is in the kernel's log */
}

void boot_log_connect(struct boot *boot)
{
	boot->listener.stream = handle_stream;
	boot->listener.remark = handle_remark;
}
