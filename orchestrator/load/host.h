/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <sys/utsname.h>

#include "specifier.h"

/* What specifiers tell of the host. */
struct host {
	struct utsname uname;
	char *machine_id;
	char *boot_id;
	char *pretty_host;
	char *image_version;
	char *build_id;
	char *image_id;
	char *os_id;
	char *version_id;
	char *variant_id;
};

/* Reads the files below @root_fd. What cannot be read has no value. */
int host_read(struct host *host, int root_fd);
void host_done(struct host *host);

/* The specifiers, which point into @host. */
struct specifiers host_specifiers(const struct host *host);

/* The value of @key in the text of os-release(5) or machine-info(5): "" where it has none. */
int host_find_value(const char *text, const char *key, char **ret_value);
