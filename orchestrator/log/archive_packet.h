/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "sink.h"

/* What early-log hands its writer over a SOCK_SEQPACKET pair: two processes of one program, never of two versions. */
#define ARCHIVE_MAX_FDS 2
#define ARCHIVE_TEXT_MAX (2 * RECORD_TEXT_MAX)

enum archive_kind {
	ARCHIVE_MARKS = 'M', /* first; its descriptor: the file of archive_marks.h */
	ARCHIVE_FILE =
		'F', /* what is in memory so far; its descriptors: NAME.log, and NAME.log.1 if there is one */
	ARCHIVE_LINE = 'L', /* the next line of a service; its text follows the head */
};

struct archive_packet {
	char kind;
	char name[SINK_NAME_SIZE]; /* of the file, without .log */
	uint64_t id; /* LINE: of the file in memory; 0: it is in none */
	uint64_t offset; /* LINE: where it begins there. FILE: how much of NAME.log counts */
};

/* @text and @fds may be missing. Never waits: -EAGAIN. */
int archive_packet_send(int fd, const struct archive_packet *packet, const char *text, size_t len,
			const int *fds, size_t n_fds);

/* Waits. The length of the text, -ENODATA at the end. The descriptors are the caller's; those that did not come are -1. */
ssize_t archive_packet_receive(int fd, struct archive_packet *ret_packet, char *text, size_t size,
			       int ret_fds[ARCHIVE_MAX_FDS]);
