/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "early/loop.h"
#include "sink.h"

#define KMSG_SERVICE "kernel" /* its file: kernel.log */

struct kmsg_record {
	int level;
	int facility; /* 0: the kernel itself; others wrote to /dev/kmsg */
	uint64_t sequence;
	uint64_t t_us;
	const char *text;
	size_t len;
};

/* One record as it is read from /dev/kmsg. Pure; the text points into @bytes. False: it is none. */
bool kmsg_parse(const char *bytes, size_t len, struct kmsg_record *ret_record);

/* The kernel's log, from its first line, each line once however often early-log is started. */
struct kmsg {
	struct loop_source source;
	struct sink *sink;
	int state_fd; /* -1: it is not kept how far it is */
	uint64_t next; /* sequence number */
	bool is_begun; /* false: what is missing before the first one was never ours */
};

/* @fd is taken over, also on failure. The state lies in the sink's directory. */
int kmsg_init(struct kmsg *kmsg, struct loop *loop, struct sink *sink, int fd);
void kmsg_done(struct kmsg *kmsg);
