/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "early/strbuf.h"
#include "loader.h"

/*
 * Writes one manifest that holds what several stock units say, with their drop-ins: sockets, paths and times go to [Activate], what
 * Early refuses becomes a comment with the reason. *ret_name (free) is the manifest's name: that of the first unit that is no
 * socket, path or timer. A name without a suffix stands for its service and for what starts that. Names with a slash are files.
 *
 * -ENOENT: there is no such unit. -EINVAL: none of them can be a manifest. It was told.
 */
int manifest_write(struct loader *loader, char *const *units, size_t n_units, struct strbuf *text,
		   char **ret_name);
