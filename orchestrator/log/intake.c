/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The file is a head, the batch and rests, mapped with its blocks allocated beforehand (a full /run would be a SIGBUS otherwise):
 * the batch when it is opened, each further rest when there is need of one. The mapping is as long as the file can become. What is
 * in the file was written by an early-log that may have been killed at any moment (batch.c), or by another version: then it is
 * begun anew.
 *
 * The lock keeps the next early-log waiting while this one, which is told to end, still reads what lies in the pipes.
 */
#include "intake.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "early/clock.h"
#include "early/fd.h"
#include "early/log.h"
#include "early/macros.h"

#define HEAD_SIZE 64
#define WAIT_US (2 * USEC_PER_SEC)
#define WAIT_STEP_NS 5000000

struct intake_map {
	char head[HEAD_SIZE];
	struct batch batch;
	struct batch_rest rests[INTAKE_RESTS_MAX];
};

static struct batch batch_of_process; /* too large for the stack */

static size_t size_with(size_t n_rests)
{
	return offsetof(struct intake_map, rests) + n_rests * sizeof(struct batch_rest);
}

void intake_init(struct intake *intake)
{
	*intake = (struct intake){ .batch = &batch_of_process, .fd = -1 };
}

void intake_done(struct intake *intake)
{
	if (intake->map)
		(void)munmap(intake->map, sizeof(*intake->map)); /* of ours: it can't fail */
	if (intake->batch)
		fd_close(intake->fd);
	intake_init(intake);
}

/* Of the process: it is free as soon as its owner is dead. */
static int lock(int fd)
{
	const struct flock what = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	const struct timespec step = { .tv_nsec = WAIT_STEP_NS };
	uint64_t end_us = clock_monotonic_us() + WAIT_US;

	while (fcntl(fd, F_SETLK, &what) < 0) {
		if (errno != EAGAIN && errno != EACCES && errno != EINTR)
			return -errno;
		if (clock_monotonic_us() > end_us)
			return -EBUSY;
		(void)nanosleep(&step, NULL); /* a short one is another try */
	}
	return 0;
}

/* Not only the version: what another compiler laid out is not ours either. */
static void format_head(char *head)
{
	memset(head, 0, HEAD_SIZE);
	(void)snprintf(head, HEAD_SIZE, "early-log intake 1 %zu %zu\n", sizeof(struct batch),
		       sizeof(struct batch_rest));
}

static int map_file(struct intake *intake)
{
	struct stat st;
	void *map;
	int r;

	if (fstat(intake->fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EBADF;
	if ((size_t)st.st_size > size_with(0))
		intake->n_rests =
			MIN(((size_t)st.st_size - size_with(0)) / sizeof(struct batch_rest),
			    (size_t)INTAKE_RESTS_MAX);
	r = posix_fallocate(intake->fd, 0, (off_t)size_with(intake->n_rests));
	if (r > 0)
		return -r;
	map = mmap(NULL, sizeof(*intake->map), PROT_READ | PROT_WRITE, MAP_SHARED, intake->fd, 0);
	if (map == MAP_FAILED)
		return -errno;
	intake->map = map;
	intake->batch = &intake->map->batch;
	return 0;
}

/* False: there was something in it that is not ours. */
static bool recover(struct intake *intake)
{
	static const char empty[HEAD_SIZE];
	char head[HEAD_SIZE];
	bool is_ours;

	format_head(head);
	if (memcmp(intake->map->head, head, sizeof(head)) != 0) {
		is_ours = memcmp(intake->map->head, empty, sizeof(empty)) == 0;
		memset(intake->map, 0, size_with(intake->n_rests));
		memcpy(intake->map->head, head, sizeof(head));
		return is_ours;
	}
	is_ours = batch_recover(intake->batch);
	for (size_t i = 0; i < intake->n_rests; i++) {
		is_ours = batch_rest_recover(&intake->map->rests[i]) && is_ours;
		intake->uses[i] = intake->map->rests[i].len > 0 ? INTAKE_FOUND : INTAKE_FREE;
	}
	return is_ours;
}

int intake_open(struct intake *intake, int dir_fd)
{
	int r;

	intake->fd = openat(dir_fd, INTAKE_FILE,
			    O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	r = intake->fd < 0 ? -errno : lock(intake->fd);
	if (r == 0)
		r = map_file(intake);
	if (r < 0) {
		intake_done(intake);
		return r;
	}
	if (!recover(intake))
		log_warning("%s is damaged or of another version: what it held is lost",
			    INTAKE_FILE);
	return 0;
}

static bool is_of(const struct batch_rest *rest, const struct batch_origin *origin)
{
	return rest->origin.id == origin->id && strcmp(rest->origin.service, origin->service) == 0;
}

struct batch_rest *intake_take(struct intake *intake, const struct batch_origin *origin)
{
	for (size_t i = 0; i < intake->n_rests; i++)
		if (intake->uses[i] == INTAKE_FOUND &&
		    (!origin || is_of(&intake->map->rests[i], origin))) {
			intake->uses[i] = INTAKE_USED;
			return &intake->map->rests[i];
		}
	return NULL;
}

static bool is_mapped(const struct intake *intake, const struct batch_rest *rest)
{
	return intake->map && rest >= intake->map->rests &&
	       rest < intake->map->rests + INTAKE_RESTS_MAX;
}

bool intake_leave(struct intake *intake, struct batch_rest *rest)
{
	if (!is_mapped(intake, rest))
		return false;
	intake->uses[rest - intake->map->rests] = INTAKE_FOUND;
	return true;
}

static int grow(struct intake *intake)
{
	int r;

	if (!intake->map || intake->n_rests == INTAKE_RESTS_MAX)
		return -ENOSPC;
	r = posix_fallocate(intake->fd, (off_t)size_with(intake->n_rests),
			    sizeof(struct batch_rest));
	if (r > 0)
		return -r;
	intake->n_rests++;
	return 0;
}

struct batch_rest *intake_new(struct intake *intake, const struct batch_origin *origin)
{
	struct batch_rest *rest;
	size_t i = 0;

	while (i < intake->n_rests && intake->uses[i] != INTAKE_FREE)
		i++;
	if (i < intake->n_rests || grow(intake) == 0) {
		rest = &intake->map->rests[i];
		intake->uses[i] = INTAKE_USED;
	} else {
		rest = malloc(sizeof(*rest));
		if (!rest)
			return NULL;
	}
	rest->len = 0;
	rest->origin = *origin;
	return rest;
}

void intake_drop(struct intake *intake, struct batch_rest *rest)
{
	if (!rest)
		return;
	if (!is_mapped(intake, rest)) {
		free(rest);
		return;
	}
	sink_mark_publish(&rest->len, 0);
	intake->uses[rest - intake->map->rests] = INTAKE_FREE;
}
