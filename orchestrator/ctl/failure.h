/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "log_text.h"

struct json_object;
struct strbuf;
struct style;

/* What is known of a service's failures, from an answer to `status`. Pure. */

/* Something is to be said of it: it failed, could not be started, or comes again and again. */
bool failure_is_there(struct json_object *service);

/* What happened, and when, and how often: whole lines. */
void failure_put(struct json_object *service, const struct style *style, struct strbuf *out);

/* Of @lines those stay that were said in the run that failed, the last @n of them. */
void failure_keep_words(struct json_object *service, struct log_lines *lines, size_t n);
