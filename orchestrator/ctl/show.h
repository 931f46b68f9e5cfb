/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "early/strbuf.h"

/* Small things that several verbs print. */

/* "1.2 GiB" */
void show_bytes(uint64_t bytes, char *buf, size_t size);

/* "root", or "uid 4711" for one that has no name. */
void show_user(uint32_t uid, char *buf, size_t size);

/* A moment of the calendar in local time: "Mon 2026-01-05 06:00:00 CET"; 0 is "-". */
void show_date(uint64_t us, char *buf, size_t size);

/* How far it is from now: "in 3h 5min", "12s ago"; 0 is "-". */
void show_distance(uint64_t us, char *buf, size_t size);

/* Writes it to stdout; an exit code, after a message if that fails. */
int show_out(const struct strbuf *out);
