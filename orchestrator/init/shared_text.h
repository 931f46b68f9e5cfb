/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Lines that many units have in common: a cause is told for each unit that follows from it. Texts that were asked for lately are one. */

/* NULL: no memory. */
const char *shared_text_new(const char *text);

/* One that is not looked for again; each who uses it holds it. */
const char *shared_text_own(const char *text);
const char *shared_text_hold(const char *shared);

/* At the last of those who held it. NULL is nothing. */
void shared_text_free(const char *text);
