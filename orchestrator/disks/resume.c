/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Resuming from a hibernated image.
 *
 * A swap space with an image in it carries the signature S1SUSPEND where mkswap wrote SWAPSPACE2. Writing its device number
 * to /sys/power/resume makes the kernel load the image and go on with it; the write returns only if there was none or it did
 * not fit this kernel. The kernel has put the old signature back by then, so it is not tried again at the next boot.
 *
 * The signature is looked at before, because the kernel tells nobody why a write to that file did nothing.
 *
 * An image that was passed over (noresume, another resume=) must not stay: resumed at a later boot it would bring back a memory that
 * knows nothing of what was written since, and destroy the file systems. So the signature is put back when that swap space is
 * taken into use, as swapon(8) does.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "device.h"
#include "early/fd.h"
#include "early/fs.h"
#include "early/log.h"
#include "early/macros.h"
#include "report.h"
#include "resume.h"

#define SIGNATURE "S1SUSPEND"
#define SIGNATURE_FROM_END 10 /* bytes before the end of the page */
#define ORIGINAL_FROM_END 20 /* mkswap's signature, which the kernel has put there */
#define PAGE_MAX 65536
#define SLOW_MS 10000

bool resume_is_signature(const void *page, size_t page_size)
{
	const char *bytes = page;

	return page_size >= SIGNATURE_FROM_END &&
	       memcmp(bytes + page_size - SIGNATURE_FROM_END, SIGNATURE, strlen(SIGNATURE)) == 0;
}

bool resume_has_image(const struct device *device, uint64_t offset)
{
	CLEANUP_FD
	int fd = open(device->node, O_RDONLY | O_CLOEXEC);
	CLEANUP(free_charp)
	char *page = NULL;
	size_t size = (size_t)sysconf(_SC_PAGESIZE);

	if (fd < 0 || size > PAGE_MAX || offset > INT64_MAX / size)
		return false;
	page = malloc(size);
	return page && pread(fd, page, size, (off_t)(offset * size)) == (ssize_t)size &&
	       resume_is_signature(page, size);
}

/* Only for writing once it is known to be wanted: a swap file in use cannot be opened so. */
static int put_back(const char *path, const char *original, size_t page_size)
{
	CLEANUP_FD
	int fd = -1;

	if (memcmp(original, "SWAPSPACE2", SIGNATURE_FROM_END) != 0 &&
	    memcmp(original, "SWAP-SPACE", SIGNATURE_FROM_END) != 0)
		return -EBADMSG;
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (pwrite(fd, original, SIGNATURE_FROM_END, (off_t)(page_size - SIGNATURE_FROM_END)) !=
	    SIGNATURE_FROM_END)
		return -EIO;
	return fsync(fd) < 0 ? -errno : 1;
}

int resume_forget_image(const char *path)
{
	CLEANUP_FD
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	CLEANUP(free_charp)
	char *page = NULL;
	size_t size = (size_t)sysconf(_SC_PAGESIZE);

	if (fd < 0)
		return -errno;
	page = malloc(size);
	if (!page)
		return -ENOMEM;
	if (pread(fd, page, size, 0) != (ssize_t)size || !resume_is_signature(page, size))
		return 0;
	return put_back(path, page + size - ORIGINAL_FROM_END, size);
}

static char *power_file(const char *sys, const char *name)
{
	char *path;

	return asprintf(&path, "%s/power/%s", sys, name) < 0 ? NULL : path;
}

int resume_is_possible(const char *sys)
{
	CLEANUP(free_charp)
	char *path = power_file(sys, "resume");

	return path && access(path, W_OK) == 0 ? 0 : -EOPNOTSUPP;
}

static int write_number(const char *sys, const char *name, const char *text)
{
	CLEANUP(free_charp)
	char *path = power_file(sys, name);

	return path ? fs_write_at(AT_FDCWD, path, text) : -ENOMEM;
}

/* In a child: the write takes as long as reading the image does. */
static int run_resume(void *data)
{
	const struct resume *resume = data;
	char text[32];
	int r = 0;

	snprintf(text, sizeof(text), "%" PRIu64, resume->offset);
	if (resume->offset > 0)
		r = write_number(resume->sys, "resume_offset", text);
	snprintf(text, sizeof(text), "%u:%u", resume->major, resume->minor);
	if (r == 0)
		r = write_number(resume->sys, "resume", text);
	if (r < 0)
		fprintf(stderr, "%s\n", strerror(-r));
	return r;
}

static void handle_slow(struct task *task)
{
	struct resume *resume = container_of(task, struct resume, task);

	report_progress(resume->report, 0, "resuming from %s: reading for %u s", resume->node,
			task->slow_count * SLOW_MS / 1000);
}

static void handle_done(struct task *task, int exit_code)
{
	struct resume *resume = container_of(task, struct resume, task);
	const char *why = task_last_line(task);

	report_trouble(
		resume->report,
		"the hibernated image on %s could not be resumed (%s): starting anew, what was "
		"not saved is lost",
		resume->node, why[0] ? why : "it does not fit this kernel");
	resume->on_done(resume);
}

int resume_start(struct resume *resume, struct loop *loop, struct report *report, const char *sys,
		 const struct device *device, uint64_t offset,
		 void (*on_done)(struct resume *resume), void *data)
{
	*resume = (struct resume){
		.report = report,
		.node = strdup(device->node),
		.sys = strdup(sys),
		.offset = offset,
		.major = device->major,
		.minor = device->minor,
		.on_done = on_done,
		.data = data,
	};
	if (!resume->node || !resume->sys) {
		resume_done(resume);
		return -ENOMEM;
	}
	report_progress(report, 0, "resuming from %s", resume->node);
	return task_start(&resume->task, loop,
			  &(struct task_spec){
				  .what = "resuming",
				  .run = run_resume,
				  .data = resume,
				  .on_slow = handle_slow,
				  .slow_ms = SLOW_MS,
				  .on_done = handle_done,
			  });
}

void resume_done(struct resume *resume)
{
	task_abandon(&resume->task);
	free(resume->node);
	free(resume->sys);
	resume->node = NULL;
	resume->sys = NULL;
}
