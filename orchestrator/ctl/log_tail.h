/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>

#include "early/strbuf.h"

/* One of early-log's files that grows, and is rotated: NAME.log becomes NAME.log.1, and is begun anew. */
struct log_tail {
	char *name;
	int fd; /* where to go on; -1: it is not there yet */
	uint64_t old_id; /* the file_id() of the older generation, which was read; 0: none */
	struct strbuf rest; /* a line that is not whole yet */
};

int log_tail_init(struct log_tail *tail, const char *name);
void log_tail_done(struct log_tail *tail);

/* Opens it in @dir, and adds the older generation to @text. -ENOENT if there is neither. */
int log_tail_open(struct log_tail *tail, const char *dir, struct strbuf *text);

/* Adds the whole lines of what is new in it, across rotations. */
int log_tail_read(struct log_tail *tail, const char *dir, struct strbuf *text);

/* Adds both generations of a file as they are, and says when it was written to last. -ENOENT if there is neither. */
int log_tail_read_all(const char *dir, const char *name, struct strbuf *text,
		      uint64_t *ret_written_us);
