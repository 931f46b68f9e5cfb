/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

struct roots;

/* The directories that /etc/ld.so.conf of the roots names, with the files that it includes, in its order. */
int ld_conf_read(const struct roots *roots, char ***ret_dirs);
