/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "early/wire.h"
#include "steps.h"

/* How the kernel shares out CPU, disk and memory nodes to this process, and what it dumps of it: a unit's wishes, as root. */
int scheduling_apply(const struct wire_list *settings, struct failure *failure);
