/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The order CHECK: what is due, beneath the running greeter.
 *
 * The root is mounted read-only (its superblock is), so nobody writes and `e2fsck -fn` sees exactly what is there. Clean: the
 * mount count and the time of the check are set as e2fsck would. Not clean: nothing is repaired beneath the mount, because
 * ext4 would go on with what it has in memory; PID 1 is told to ask for a reboot, where ROOT repairs before it mounts. So that
 * ROOT then sees a reason, the superblock's state is marked by tune2fs as e2fsck -p would find it due.
 *
 * The other disks of fstab (passno above 0) are checked and repaired before they are mounted, one after the other in the
 * order of their passno. All children run at idle CPU and I/O priority.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "check.h"
#include "device.h"
#include "early/log.h"
#include "early/macros.h"
#include "early/strbuf.h"
#include "fstab.h"
#include "kernel_words.h"
#include "repair.h"
#include "report.h"
#include "spec.h"

#define EXIT_ERRORS_LEFT 4
#define SLOW_MS 30000

struct check_order {
	struct loop *loop;
	struct report *report;
	const char *root;
	struct kernel_words words;
	struct devices devices;
	struct fstab fstab;
	struct mounts mounts;
	struct repair repair;
	struct task task; /* tune2fs, fsck.TYPE */
	char *root_node;
	char *other_node; /* of the disk under check */
	int passno; /* under way */
	size_t next_entry; /* of that passno */
	enum disks_verdict verdict;
	bool separate; /* for SEPARATE */
	bool skips_root;
	struct strbuf text;
	void (*on_end)(void *data);
	void *data;
};

struct check_order *check_order_free(struct check_order *order)
{
	if (!order)
		return NULL;
	repair_done(&order->repair);
	task_abandon(&order->task);
	mounts_done(&order->mounts);
	fstab_done(&order->fstab);
	devices_done(&order->devices);
	strbuf_done(&order->text);
	free(order->root_node);
	free(order->other_node);
	free(order);
	return NULL;
}

static void note(struct check_order *order, const char *fmt, ...) PRINTF_LIKE(2, 3);

static void note(struct check_order *order, const char *fmt, ...)
{
	va_list args;

	if (order->text.len > 0)
		strbuf_puts(&order->text, "; ");
	va_start(args, fmt);
	strbuf_vprintf(&order->text, fmt, args);
	va_end(args);
}

static void raise_verdict(struct check_order *order, enum disks_verdict verdict)
{
	if (verdict > order->verdict)
		order->verdict = verdict;
}

static void finish(struct check_order *order)
{
	if (order->text.len == 0)
		strbuf_puts(&order->text, "nothing was due");
	if (order->separate)
		log_info("separate disks checked: %s", check_order_text(order));
	else
		report_checked(order->report, order->verdict, check_order_text(order));
	order->on_end(order->data);
}

enum disks_verdict check_order_verdict(const struct check_order *order)
{
	return order->verdict;
}

const char *check_order_text(const struct check_order *order)
{
	return strbuf_error(&order->text) ? "out of memory" : order->text.data;
}

static bool is_ext(const char *type)
{
	return type && strncmp(type, "ext", 3) == 0;
}

static const char *find_program(const char *const *paths)
{
	for (; *paths; paths++)
		if (access(*paths, X_OK) == 0)
			return *paths;
	return NULL;
}

/* --- the other disks --- */

static void check_next(struct check_order *order);

static void take_result(struct check_order *order, int exit_code, const char *last_line)
{
	switch (check_plan_next(CHECK_STEP_YES, exit_code, CHECK_REPAIR_PREEN)) {
	case CHECK_NEXT_MOUNT:
		if (exit_code > 0) {
			note(order, "%s was repaired", order->other_node);
			raise_verdict(order, DISKS_VERDICT_REPAIRED);
		}
		break;
	case CHECK_NEXT_YES:
	case CHECK_NEXT_REFUSE:
		note(order, "%s could not be repaired: %s", order->other_node,
		     last_line[0] ? last_line : "its check was stopped by a signal");
		break;
	}
	check_next(order);
}

static void handle_other_repaired(struct repair *repair, int exit_code)
{
	struct check_order *order = repair->data;
	enum check_step step = repair->kind == REPAIR_YES ? CHECK_STEP_YES : CHECK_STEP_PREEN;

	if (check_plan_next(step, exit_code, order->words.repair) == CHECK_NEXT_YES &&
	    repair_start(repair, order->loop, order->report, order->other_node, REPAIR_YES, true,
			 handle_other_repaired, order) == 0)
		return;
	take_result(order, exit_code, task_last_line(&repair->task));
}

static void handle_fsck_done(struct task *task, int exit_code)
{
	struct check_order *order = container_of(task, struct check_order, task);

	take_result(order, exit_code, task_last_line(task));
}

static void handle_slow(struct task *task)
{
	struct check_order *order = container_of(task, struct check_order, task);

	report_progress(order->report, 0, "%s: still at it after %u s", task->spec.what,
			task->slow_count * SLOW_MS / 1000);
}

/* fsck.vfat and the like. Returns 1 if one was started. */
static int start_fsck(struct check_order *order, const char *type)
{
	char path[64];
	char *argv[] = { path, (char *)"-a", order->other_node, NULL };
	int r;

	/* These check themselves at the mount; their fsck only says so. */
	if (strcmp(type, "xfs") == 0 || strcmp(type, "btrfs") == 0)
		return 0;
	if (snprintf(path, sizeof(path), "/sbin/fsck.%s", type) >= (int)sizeof(path) ||
	    access(path, X_OK) < 0)
		return 0;
	report_progress(order->report, 0, "checking %s", order->other_node);
	r = task_start(&order->task, order->loop,
		       &(struct task_spec){
			       .what = "checking a disk",
			       .argv = argv,
			       .idle = true,
			       .on_slow = handle_slow,
			       .slow_ms = SLOW_MS,
			       .on_done = handle_fsck_done,
		       });
	return r < 0 ? r : 1;
}

/* Returns 1 if a check was started. */
static int start_other(struct check_order *order, const struct device *device)
{
	enum repair_kind kind = order->words.mode == DISKS_CHECK_FORCE ? REPAIR_PREEN
								       : REPAIR_PREEN_IF_DUE;
	int r;

	free(order->other_node);
	order->other_node = strdup(device->node);
	if (!order->other_node)
		return -ENOMEM;
	if (!is_ext(device->type))
		return start_fsck(order, device->type);
	r = repair_start(&order->repair, order->loop, order->report, device->node, kind, true,
			 handle_other_repaired, order);
	return r < 0 ? r : 1;
}

static struct device *device_to_check(struct check_order *order, const struct fstab_entry *entry)
{
	CLEANUP_SPEC struct spec spec = { .value = NULL };
	struct device *device;
	const char *why;

	if (fstab_classify(entry) != FSTAB_LOCAL || !fstab_has_device(entry) ||
	    spec_parse(entry->source, &spec, &why) < 0)
		return NULL;
	device = devices_find(&order->devices, &spec);
	/* One that is missing is WRITE's to report. */
	if (!device || !device->type ||
	    mounts_has_device(&order->mounts, device->major, device->minor))
		return NULL;
	return device;
}

static int largest_passno(const struct fstab *fstab)
{
	int largest = 0;

	for (size_t i = 0; i < fstab->n_entries; i++)
		largest = MAX(largest, fstab->entries[i].passno);
	return largest;
}

static void check_next(struct check_order *order)
{
	int last = largest_passno(&order->fstab);

	for (; order->passno <= last; order->passno++, order->next_entry = 0)
		while (order->next_entry < order->fstab.n_entries) {
			struct fstab_entry *entry = &order->fstab.entries[order->next_entry++];
			struct device *device;
			int r;

			if (entry->passno != order->passno)
				continue;
			device = device_to_check(order, entry);
			r = device ? start_other(order, device) : 0;
			if (r > 0)
				return;
			if (r < 0)
				note(order, "%s could not be checked: %s", device->node,
				     strerror(-r));
		}
	finish(order);
}

static void begin_others(struct check_order *order)
{
	int r = devices_scan(&order->devices, "/sys", true);

	if (r < 0)
		note(order, "the disks of fstab could not be checked: %s", strerror(-r));
	order->passno = 1;
	order->next_entry = 0;
	check_next(order);
}

/* --- the root --- */

static void handle_tuned(struct task *task, int exit_code)
{
	struct check_order *order = container_of(task, struct check_order, task);

	if (exit_code != 0)
		note(order, "that could not be noted in its superblock: %s", task_last_line(task));
	begin_others(order);
}

/* Runs tune2fs on the root with @arguments (NULL-terminated, at most 4). */
static void tune_root(struct check_order *order, const char *const *arguments)
{
	static const char *const paths[] = { "/sbin/tune2fs", "/usr/sbin/tune2fs", NULL };
	const char *tune2fs = find_program(paths);
	char *argv[8] = { (char *)tune2fs };
	size_t n = 1;
	int r = -ENOENT;

	for (; *arguments; arguments++)
		argv[n++] = (char *)*arguments;
	argv[n++] = order->root_node;
	if (tune2fs)
		r = task_start(&order->task, order->loop,
			       &(struct task_spec){
				       .what = "noting the check of the root",
				       .argv = argv,
				       .idle = true,
				       .on_slow = handle_slow,
				       .slow_ms = SLOW_MS,
				       .on_done = handle_tuned,
			       });
	if (r < 0) {
		note(order, "that could not be noted in its superblock: %s", strerror(-r));
		begin_others(order);
	}
}

static void handle_root_looked_at(struct repair *repair, int exit_code)
{
	static const char *const was_clean[] = { "-C", "0", "-T", "now", NULL };
	static const char *const is_broken[] = { "-E", "force_fsck", NULL };
	struct check_order *order = repair->data;

	if (exit_code == 0) {
		note(order, "the root (%s) was checked and is clean", order->root_node);
		tune_root(order, was_clean);
	} else if (exit_code > 0 && exit_code & EXIT_ERRORS_LEFT) {
		note(order, "the root (%s) has errors and is repaired at the next boot",
		     order->root_node);
		raise_verdict(order, DISKS_VERDICT_REBOOT);
		tune_root(order, is_broken);
	} else {
		note(order, "the root (%s) could not be checked: %s", order->root_node,
		     task_last_line(&repair->task));
		begin_others(order);
	}
}

/* Returns 1 if a check of the root was started. */
static int look_at_root(struct check_order *order, const struct mount_info *info)
{
	struct check_facts facts = {
		.mode = order->words.mode,
		.now_s = (uint64_t)time(NULL),
	};
	struct ext_super super;
	const char *reason;
	int r = repair_read_super(order->root_node, &facts.fault, &super);

	if (r < 0)
		return r;
	facts.super = &super;
	reason = check_plan_due(&facts);
	if (!reason)
		return 0;
	if (!info->superblock_read_only) {
		note(order, "the root is due (%s) but already writable: checked at the next boot",
		     reason);
		return 0;
	}
	log_info("checking the root (%s): %s", order->root_node, reason);
	r = repair_start(&order->repair, order->loop, order->report, order->root_node, REPAIR_LOOK,
			 true, handle_root_looked_at, order);
	return r < 0 ? r : 1;
}

static int begin_root(struct check_order *order)
{
	struct mount_info info;
	struct device *device;
	int r;

	if (!mounts_find(&order->mounts, order->root, &info) || !is_ext(info.type))
		return 0; /* nothing to check beneath a mount */
	r = devices_scan(&order->devices, "/sys", false);
	if (r < 0)
		return r;
	device = devices_find_number(&order->devices, info.major, info.minor);
	if (!device)
		return -ENODEV;
	order->root_node = strdup(device->node);
	return order->root_node ? look_at_root(order, &info) : -ENOMEM;
}

static void begin(struct check_order *order)
{
	int r = mounts_read(&order->mounts);

	if (order->words.mode == DISKS_CHECK_SKIP) {
		note(order, "skipped");
		finish(order);
		return;
	}
	if (r == 0 && !order->skips_root)
		r = begin_root(order);
	if (r < 0)
		note(order, "the root could not be checked: %s", strerror(-r));
	if (r <= 0)
		begin_others(order);
}

int check_order_start(struct check_order **ret_order, struct loop *loop, struct report *report,
		      const struct disks_check *wanted, const struct kernel_words *words,
		      const char *root, char *const *paths, void (*on_end)(void *data), void *data)
{
	struct check_order *order = calloc(1, sizeof(*order));
	int r;

	if (!order)
		return -ENOMEM;
	devices_init(&order->devices);
	order->loop = loop;
	order->report = report;
	order->words = *words;
	order->words.mode = (enum disks_check_mode)wanted->check;
	order->root = root;
	order->on_end = on_end;
	order->data = data;
	order->separate = paths != NULL;
	*ret_order = order;
	r = fstab_read(&order->fstab, root);
	if (r < 0)
		note(order, "/etc/fstab cannot be read: %s", strerror(-r));
	else if (paths)
		order->skips_root = !fstab_keep_separate(&order->fstab, paths);
	begin(order);
	return 0;
}
