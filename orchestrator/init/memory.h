/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* PID 1's own memory: at its start, and whenever it has nothing to do after it had. What fails here costs some memory. */
void memory_set_up(void);
void memory_give_back(void);
