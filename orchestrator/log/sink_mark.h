/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * Where a line is to lie, told *before* it is appended: an early-log that finds the mark of one that was killed sees by the file's
 * size what became of the line. It lies in memory that outlives the process. Pure.
 */
struct sink_mark {
	uint64_t number; /* of the line that is written next; no two have the same, none has 0 */
	uint64_t id; /* of file_id.h */
	uint64_t offset;
	uint64_t len;
	_Atomic uint64_t placed; /* the number of the line that the place is of */
	_Atomic uint64_t written; /* the number of the last line that is there as a whole */
};

/* Nothing that was said before to be stored is stored after it, nothing that is said after it is stored before. */
static inline void sink_mark_publish(_Atomic uint64_t *where, uint64_t value)
{
	atomic_signal_fence(memory_order_seq_cst);
	atomic_store_explicit(where, value, memory_order_relaxed);
	atomic_signal_fence(memory_order_seq_cst);
}

enum sink_mark_verdict {
	SINK_MARK_MISSING, /* it is to be written */
	SINK_MARK_TORN, /* its beginning is there, which is to be cut off */
	SINK_MARK_WHOLE,
};

/* Of the line @number; @size is what the mark's file has now, @is_found: it is there. */
enum sink_mark_verdict sink_mark_judge(const struct sink_mark *mark, uint64_t number, bool is_found,
				       uint64_t size);
