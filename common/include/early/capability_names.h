/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The number of a capability by its name ("CAP_CHOWN", in any case), or -EINVAL. */
int capability_number(const char *name);
