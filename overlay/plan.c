/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The rule behind it: what the union shows wins, since processes look at it and have it open; but a real object that the union
 * never knew of is nobody's to delete. It is kept, under its own name if the union only says "nothing here", else beside it.
 */
#include "plan.h"

static struct plan decide_whiteout(const struct plan_input *in)
{
	if (in->real == PLAN_KIND_NOTHING)
		return (struct plan){ .step = PLAN_NOTHING };
	if (!in->expected)
		return (struct plan){ .step = PLAN_NOTHING, .conflict = true };
	return (struct plan){ .step = PLAN_NOTHING, .remove = true };
}

static struct plan decide_dir(const struct plan_input *in)
{
	if (in->real == PLAN_KIND_DIR)
		return (struct plan){ .step = PLAN_MERGE_DIR, .clear = in->opaque };
	if (in->real == PLAN_KIND_NOTHING)
		return (struct plan){ .step = PLAN_MAKE_DIR };
	if (in->expected)
		return (struct plan){ .step = PLAN_MAKE_DIR, .remove = true };
	return (struct plan){ .step = PLAN_MAKE_DIR, .conflict = true, .set_aside = true };
}

static struct plan decide_file(const struct plan_input *in)
{
	struct plan plan = { .step = in->placed ? PLAN_LINK : PLAN_REPLACE };

	if (in->real == PLAN_KIND_NOTHING)
		return plan;
	if (!in->expected) {
		plan.conflict = plan.set_aside = true;
		return plan;
	}
	if (in->real == PLAN_KIND_DIR)
		plan.remove = true; /* a rename can't replace it */
	else if (in->shared && !in->placed)
		plan.step = PLAN_REWRITE;
	return plan;
}

struct plan plan_decide(const struct plan_input *in)
{
	switch (in->upper) {
	case PLAN_KIND_NOTHING:
		break;
	case PLAN_KIND_WHITEOUT:
		return decide_whiteout(in);
	case PLAN_KIND_DIR:
		return decide_dir(in);
	case PLAN_KIND_FILE:
		return decide_file(in);
	}
	return (struct plan){ .step = PLAN_NOTHING };
}
