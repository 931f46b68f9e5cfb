/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The machine's language, which every service has in its environment. */

/*
 * LANG= and LC_…= as /etc/locale.conf below @root_fd says, else Debian's /etc/default/locale; LANG=C.UTF-8 if neither does.
 * Free with strv_free.
 */
int locale_read(int root_fd, char ***ret_variables);

/* The variables of a file's text; what is none of a locale's, or no name of one, is left out. Free with strv_free. */
int locale_parse(const char *text, char ***ret_variables);

/* Adds to @environment what it does not say itself. */
int locale_add(char *const *variables, char ***environment);
