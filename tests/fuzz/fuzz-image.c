/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A whole saved state: messages that lie in the two memfds of an image, as a whole and a change of it. A manager that takes them over,
 * whatever they say, lives on, and saves a state that the next one takes over as well.
 *
 * The first byte says how much of the rest is the whole, and whether it was a crash.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "early/fd.h"
#include "early/log.h"
#include "early/macros.h"
#include "machine.h"
#include "manager_internal.h"
#include "state_fd.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* --- descriptors: the low bits of what is saved are the kind of one that is made when it is taken --- */

uint64_t state_fd(int fd)
{
	return fd < 0 ? STATE_NO_FD : (uint64_t)fd;
}

uint64_t state_fd_twin(uint64_t saved, int fd)
{
	(void)saved;
	return state_fd(fd);
}

static int one_of(int ends[2], int r)
{
	if (r < 0)
		return -1;
	close(ends[1]); /* whoever spoke is gone */
	return ends[0];
}

int state_fd_take(uint64_t saved)
{
	int ends[2], fd;

	switch (saved == STATE_NO_FD ? 5 : saved % 5) {
	case 0:
		return one_of(ends, pipe2(ends, O_CLOEXEC | O_NONBLOCK));
	case 1:
		return one_of(ends, socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
					       0, ends));
	case 2:
		return one_of(ends, socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends));
	case 3:
		fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		(void)listen(fd, 1); /* it has no name: nobody comes */
		return fd;
	case 4:
		return open("/dev/null", O_RDWR | O_CLOEXEC);
	}
	return -1;
}

/* --- */

/* What PID 1 relies on holds for whatever was let through. */
static void check_services(struct manager *manager)
{
	const struct service *service;

	list_for_each (service, &manager->services, link)
		if (service->state >= SERVICE_STATE_COUNT ||
		    service->result >= VERDICT_RESULT_COUNT ||
		    !definition_name_is_valid(service->name))
			abort();
}

/* What it saves now goes into @image. */
static int take_over(struct image *from, bool crashed, struct image *image)
{
	static const struct manager_options options = { .container = true, .run_dir = "/nowhere" };
	struct manager *manager;
	struct loop *loop;
	int r;

	if (loop_new(&loop) < 0 || loop_reap_children(loop) < 0 ||
	    manager_new(&manager, loop, &options) < 0)
		abort();
	r = manager_read_image(manager, from->fds, crashed);
	check_services(manager);
	if (r == 0) {
		manager_keep_image(manager, image);
		machine_turn(loop);
		if (manager->save_failed)
			abort();
	}
	manager_free(manager);
	loop_free(loop);
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct image images[2];
	size_t whole;

	if (size < 1)
		return 0;
	log_set_max_level(LOG_LEVEL_ERROR);
	machine_begin(NULL, 0);
	whole = (size - 1) * (data[0] & 127) / 127;
	if (image_init(&images[0]) < 0 || image_init(&images[1]) < 0 ||
	    image_replace(&images[0], data + 1, whole) < 0 ||
	    image_add(&images[0], data + 1 + whole, size - 1 - whole) < 0)
		abort();
	if (take_over(&images[0], data[0] & 128, &images[1]) == 0 &&
	    take_over(&images[1], true, &images[0]) < 0)
		abort();
	image_done(&images[0]);
	image_done(&images[1]);
	machine_check_fds();
	return 0;
}
