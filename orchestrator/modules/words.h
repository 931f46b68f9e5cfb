/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

#include "early/macros.h"

struct strbuf;

/* What the kernel's command line says about modules. */
struct words {
	char **all; /* the words as they stand: the kernel wants a parameter's quotes */
	char **plain; /* without quotes */
};

/* Up to "--". */
int words_read(struct words *words, const char *cmdline);
void words_done(struct words *words);
#define CLEANUP_WORDS CLEANUP(words_done)

/* The value of the last KEY=VALUE, or NULL. */
const char *words_value(const struct words *words, const char *key);

/* By module_blacklist= or modprobe.blacklist=. */
bool words_is_blacklisted(const struct words *words, const char *module);

/* Adds PARAM=VALUE of each MODULE.PARAM=VALUE to @out, with spaces between. */
void words_add_parameters(const struct words *words, const char *module, struct strbuf *out);
