/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "storage.h"

#include <string.h>

#include "early/fd.h"
#include "early/log.h"

static void fail(struct storage *storage, const char *what, const char *why, const char *advice)
{
	const struct disks_failed failed = { what, why, advice };
	uint16_t order = storage->order;

	storage->order = 0;
	storage->on_failed(storage, order, &failed);
}

/* The answer that ends an order: the link is closed before the owner hears of it, for it may give the next order. */
static void finish(struct storage *storage)
{
	storage->order = 0;
	fd_close(helper_release(&storage->disks));
}

static void handle_message(struct helper *helper, struct channel_message *message)
{
	struct storage *storage = helper->data;
	uint16_t order = storage->order;
	union {
		struct disks_mounted mounted;
		struct disks_progress progress;
		struct disks_checked checked;
		struct disks_ready ready;
		struct disks_failed failed;
		struct disks_root largest;
	} m;

	if (channel_unpack(&helper->channel, message, &m, sizeof(m)) < 0)
		return;
	switch ((enum disks_opcode)message->opcode) {
	case DISKS_MOUNTED:
		finish(storage);
		storage->on_mounted(storage, &m.mounted);
		break;
	case DISKS_PROGRESS:
		storage->on_progress(storage, &m.progress);
		break;
	case DISKS_CHECKED:
		finish(storage);
		storage->on_checked(storage, &m.checked);
		break;
	case DISKS_WRITABLE:
		if (storage->on_writable)
			storage->on_writable(storage);
		break;
	case DISKS_READY:
		finish(storage);
		storage->on_ready(storage, order, &m.ready);
		break;
	case DISKS_FAILED:
		finish(storage);
		storage->on_failed(storage, order, &m.failed);
		break;
	case DISKS_ROOT:
	case DISKS_SEPARATE:
	case DISKS_CHECK:
	case DISKS_WRITE:
		break;
	}
}

static void handle_exit(struct helper *helper, int status)
{
	struct storage *storage = helper->data;

	if (storage->order)
		fail(storage, "early-disks ended before it was done",
		     helper_describe_status(status),
		     "look at its last lines in the kernel's log (dmesg)");
}

static struct helper_spec make_spec(struct storage *storage)
{
	static const char *const argv[] = { EARLY_LIBEXECDIR "/early-disks", NULL };

	return (struct helper_spec){
		.name = "early-disks",
		.argv = argv,
		.protocol = &disks_protocol,
		.on_message = handle_message,
		.on_exit = handle_exit,
		.data = storage,
	};
}

int storage_adopt(struct storage *storage, uint16_t order, pid_t pid, int link_fd)
{
	const struct helper_spec spec = make_spec(storage);

	storage->order = order;
	return helper_adopt(&storage->disks, storage->loop, &spec, pid, link_fd);
}

static void give_order(struct storage *storage, uint16_t order, const void *value)
{
	const struct helper_spec spec = make_spec(storage);
	int r;

	if (storage->order) {
		log_warning("early-disks is busy with order %d; order %d is refused",
			    storage->order, order);
		return;
	}
	storage->order = order;
	r = helper_start(&storage->disks, storage->loop, &spec);
	if (r >= 0)
		r = helper_send(&storage->disks, order, value);
	if (r < 0) {
		fd_close(helper_release(&storage->disks));
		fail(storage, "early-disks cannot be started", strerrordesc_np(-r),
		     "is " EARLY_LIBEXECDIR "/early-disks there?");
	}
}

void storage_init(struct storage *storage, struct loop *loop)
{
	storage->loop = loop;
}

void storage_find_root(struct storage *storage, const struct cmdline *cmdline, const char *target)
{
	const struct disks_root root = {
		.spec = cmdline->root,
		.fstype = cmdline->rootfstype,
		.flags = cmdline->rootflags,
		.target = target,
		.wait_ms = (uint32_t)cmdline->root_wait_ms,
		.check = cmdline->fsck,
	};

	give_order(storage, DISKS_ROOT, &root);
}

void storage_separate(struct storage *storage, const struct wire_list *paths,
		      enum disks_check_mode check)
{
	const struct disks_separate order = { .paths = *paths, .check = check };

	give_order(storage, DISKS_SEPARATE, &order);
}

void storage_check(struct storage *storage, enum disks_check_mode check)
{
	const struct disks_check order = { .check = check };

	give_order(storage, DISKS_CHECK, &order);
}

void storage_write(struct storage *storage)
{
	give_order(storage, DISKS_WRITE, NULL);
}

void storage_cancel(struct storage *storage)
{
	if (storage->order)
		finish(storage);
}
