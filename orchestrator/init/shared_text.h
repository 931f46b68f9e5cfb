/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Lines that many units have in common: a cause is told for each unit that follows from it. Texts that were asked for lately are one. */

/* NULL: no memory. */
const char *shared_text_new(const char *text);
void shared_text_free(const char *text);
