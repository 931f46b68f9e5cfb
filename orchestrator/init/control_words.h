/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manager.h"

/* What a person is told of a request that cannot be fulfilled. @error is negative. */
const char *control_explain(int error);

/*
 * Why an order for the unit @name makes no sense, and what does it instead; NULL: it makes sense. Such units count as present, so that
 * others may be ordered by them, but PID 1 neither starts nor stops one.
 */
const char *control_out_of_reach(const char *name);

/* "start", "try-restart": as earlyctl's and systemctl's users know it. */
const char *control_verb_word(enum manager_verb verb);
