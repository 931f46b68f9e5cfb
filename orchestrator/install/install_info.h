/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

/* What is made of a unit at installation. */
struct install_info {
	char **wanted_by;
	char **required_by;
	char **aliases;
	char **also;
	char *default_instance;
};

void install_info_done(struct install_info *info);

/* Reads the [Install] section of a unit file's text. Pure. */
int install_info_parse(const char *text, struct install_info *ret_info);
bool install_info_is_empty(const struct install_info *info);
