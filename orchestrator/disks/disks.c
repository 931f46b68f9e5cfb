/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The link to PID 1: takes an order, carries it out, and waits for the next or for the end of the link. One order at a time;
 * another one meanwhile is refused with DISKS_FAILED.
 *
 * An order may end within its own start, and an order's end frees nothing at once (its caller is still on the stack): the
 * finished one is freed when the next begins, or by the end of the process.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "disks.h"
#include "early/channel.h"
#include "early/log.h"
#include "early/proto/disks.h"
#include "early/strv.h"
#include "kernel_words.h"
#include "report.h"
#include "root.h"
#include "write.h"

struct disks {
	struct loop *loop;
	struct channel link;
	struct report report;
	struct kernel_words words;
	const char *root;
	const char *sys;
	struct root_order *root_order;
	struct check_order *check_order;
	struct write_order *write_order;
	char **separate; /* the paths of SEPARATE */
	bool busy;
};

static void forget_orders(struct disks *disks)
{
	disks->root_order = root_order_free(disks->root_order);
	disks->check_order = check_order_free(disks->check_order);
	disks->write_order = write_order_free(disks->write_order);
	strv_free(disks->separate);
	disks->separate = NULL;
}

static void handle_end(void *data)
{
	struct disks *disks = data;

	disks->busy = false;
}

static int start_root(struct disks *disks, struct channel_message *message)
{
	struct disks_root wanted;
	int r = channel_unpack(&disks->link, message, &wanted, sizeof(wanted));

	if (r < 0)
		return r;
	if (wanted.check > DISKS_CHECK_SKIP)
		return -EPROTO;
	return root_order_start(&disks->root_order, disks->loop, &disks->report, &wanted,
				&disks->words, disks->sys, handle_end, disks);
}

static int start_check(struct disks *disks, struct channel_message *message)
{
	struct disks_check wanted;
	int r = channel_unpack(&disks->link, message, &wanted, sizeof(wanted));

	if (r < 0)
		return r;
	if (wanted.check > DISKS_CHECK_SKIP)
		return -EPROTO;
	return check_order_start(&disks->check_order, disks->loop, &disks->report, &wanted,
				 &disks->words, disks->root, NULL, handle_end, disks);
}

/* The checks of SEPARATE are through. */
static void handle_separate_checked(void *data)
{
	struct disks *disks = data;
	int r;

	if (check_order_verdict(disks->check_order) == DISKS_VERDICT_REBOOT) {
		report_checked(&disks->report, DISKS_VERDICT_REBOOT,
			       check_order_text(disks->check_order));
		handle_end(disks);
		return;
	}
	r = write_order_start(&disks->write_order, disks->loop, &disks->report, &disks->words,
			      disks->root, disks->separate, handle_end, disks);
	if (r == 0)
		return;
	report_failed(&disks->report, "the disks of fstab cannot be mounted", strerror(-r),
		      "Boot again");
	handle_end(disks);
}

static int start_separate(struct disks *disks, struct channel_message *message)
{
	struct disks_separate wanted;
	int r = channel_unpack(&disks->link, message, &wanted, sizeof(wanted));

	if (r < 0)
		return r;
	if (wanted.check > DISKS_CHECK_SKIP)
		return -EPROTO;
	r = wire_list_to_strv(&wanted.paths, &disks->separate);
	if (r < 0)
		return r;
	return check_order_start(&disks->check_order, disks->loop, &disks->report,
				 &(struct disks_check){ .check = wanted.check }, &disks->words,
				 disks->root, disks->separate, handle_separate_checked, disks);
}

static int start_order(struct disks *disks, struct channel_message *message)
{
	switch (message->opcode) {
	case DISKS_ROOT:
		return start_root(disks, message);
	case DISKS_CHECK:
		return start_check(disks, message);
	case DISKS_WRITE:
		return write_order_start(&disks->write_order, disks->loop, &disks->report,
					 &disks->words, disks->root, NULL, handle_end, disks);
	case DISKS_SEPARATE:
		return start_separate(disks, message);
	default:
		return -EPROTO;
	}
}

static void handle_message(struct channel *channel, struct channel_message *message)
{
	struct disks *disks = channel->data;
	int r;

	if (disks->busy) {
		report_failed(&disks->report, "an order came while another one is carried out",
			      "early-disks takes one at a time",
			      "Report this as a bug of early-init");
		return;
	}
	forget_orders(disks);
	disks->busy = true;
	r = start_order(disks, message);
	if (r == 0)
		return;
	disks->busy = false;
	report_failed(
		&disks->report, "an order to early-disks could not be begun", strerror(-r),
		"If it says protocol error, early-init and early-disks are of different versions: "
		"make a new initramfs");
}

static void handle_close(struct channel *channel, int error)
{
	struct disks *disks = channel->data;

	if (error < 0)
		log_errno(error, "the link to PID 1 broke");
	loop_exit(disks->loop, error < 0 ? 1 : 0);
}

int disks_new(struct disks **ret_disks, struct loop *loop, int link_fd,
	      const struct disks_settings *settings)
{
	struct disks *disks = calloc(1, sizeof(*disks));
	int r;

	if (!disks) {
		close(link_fd);
		return -ENOMEM;
	}
	disks->loop = loop;
	disks->root = settings->root;
	disks->sys = settings->sys;
	disks->report.link = &disks->link;
	if (settings->cmdline)
		kernel_words_parse(settings->cmdline, &disks->words);
	else
		kernel_words_read(&disks->words);
	r = channel_init(&disks->link, loop, link_fd, &disks_protocol, handle_message, handle_close,
			 disks);
	if (r < 0) {
		free(disks);
		return r;
	}
	*ret_disks = disks;
	return 0;
}

struct disks *disks_free(struct disks *disks)
{
	if (!disks)
		return NULL;
	forget_orders(disks);
	channel_close(&disks->link);
	free(disks);
	return NULL;
}
