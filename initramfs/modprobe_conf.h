/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

#include "early/macros.h"

struct roots;

/*
 * What /etc/modprobe.d and its like say about modules: options and blacklist. (libkmod reads them too, but mixes the
 * command line of the machine that makes the image into them.)
 */
struct modprobe_conf {
	char **options; /* pairs: module, its options */
	char **blacklist;
};

int modprobe_conf_read(struct modprobe_conf *conf, const struct roots *roots);
void modprobe_conf_done(struct modprobe_conf *conf);
#define CLEANUP_MODPROBE_CONF CLEANUP(modprobe_conf_done)

/* Takes the lines of one file; @text is written to. */
int modprobe_conf_parse(struct modprobe_conf *conf, char *text);

bool modprobe_conf_is_blacklisted(const struct modprobe_conf *conf, const char *module);

/* All options of @module in one line, NULL if it has none. Free *ret. */
int modprobe_conf_options(const struct modprobe_conf *conf, const char *module, char **ret);

/* The directories, the first of a file name wins; NULL-terminated. */
const char *const *modprobe_conf_dirs(void);
