/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A service's own /tmp and /var/tmp: directories of a random name in the real ones, the same for all commands of one run of the
 * service. /run/early/private/NAME.tmp and NAME.var-tmp are links to them until the service is over.
 */

/* The directory that becomes @where ("/tmp" or "/var/tmp") for service @name; made if it is not there yet. Free *ret_path. */
int private_tmp_make(const char *name, const char *where, char **ret_path);

/* Takes both away with all that is in them. */
void private_tmp_remove(const char *name);
