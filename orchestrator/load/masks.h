/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Units that the kernel command line masks for one boot. */

/* The units of its words systemd.mask=NAME; a name without a type is a service's. Free with strv_free. */
int masks_parse(const char *cmdline, char ***ret_names);
