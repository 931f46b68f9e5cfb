/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manager.h"

/* What a person is told of a request that cannot be fulfilled. @error is negative. */
const char *control_explain(int error);

/* "start", "try-restart": as earlyctl's and systemctl's users know it. */
const char *control_verb_word(enum manager_verb verb);
