/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Takes a directory away with all that is in it; links are not followed, other file systems not entered. One that is missing is fine. */
int remove_tree(const char *path);
