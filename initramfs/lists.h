/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

struct closure;
struct roots;

#define LISTS_DIR "/usr/lib/early/initramfs.d"

/*
 * Adds what the files *.list in LISTS_DIR name: a path on each line, "#" begins a comment, "? " before a path says that it
 * may be missing. Errors are logged with file and line.
 */
int lists_add(struct closure *closure, const struct roots *roots);
