/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <fcntl.h>

#include "early/loop.h"
#include "inputs.h"
#include "log_dir.h"
#include "sink.h"

/* One early-log with one pipe, as far as it has something to read. */
struct life {
	uint64_t rests_us; /* 0: as it is */
	struct loop *loop;
	struct sink sink;
	struct inputs inputs;
};

static inline bool life_begin(struct life *life, int fd)
{
	if (loop_new(&life->loop) < 0 || sink_init(&life->sink, dir_path, 1000) < 0)
		return false;
	inputs_init(&life->inputs, life->loop, &life->sink);
	if (life->rests_us > 0)
		life->inputs.rests_us = life->rests_us;
	inputs_open_intake(&life->inputs);
	return inputs_add_service(&life->inputs, "a.service", fcntl(fd, F_DUPFD_CLOEXEC, 0)) == 0;
}

static inline void life_end(struct life *life)
{
	inputs_drain(&life->inputs);
	inputs_done(&life->inputs);
	sink_done(&life->sink);
	loop_free(life->loop);
}
