/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Between the mark and the line nothing else is written to the file, and after the line nothing before it is marked as written: a
 * file that is not there any more was taken away by somebody else, and the line with it, if it ever was there.
 */
#include "sink_mark.h"

enum sink_mark_verdict sink_mark_judge(const struct sink_mark *mark, uint64_t number, bool is_found,
				       uint64_t size)
{
	if (mark->written == number)
		return SINK_MARK_WHOLE;
	if (mark->placed != number || !is_found || size <= mark->offset)
		return SINK_MARK_MISSING;
	return size - mark->offset >= mark->len ? SINK_MARK_WHOLE : SINK_MARK_TORN;
}
