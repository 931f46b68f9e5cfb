/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Text to values; 0, -EINVAL for what is no such value, -ERANGE for what does not fit. */

int parse_u64(const char *text, uint64_t *ret_value);
int parse_u32(const char *text, uint32_t *ret_value);
int parse_i32(const char *text, int32_t *ret_value);

/* 1 yes true on y t / 0 no false off n f, in any case, as systemd takes them. */
int parse_bool(const char *text, bool *ret_value);

#define PARSE_INFINITY UINT64_MAX

/* A systemd time span ("1min 30s", "500ms", "5" are seconds, "infinity") in microseconds. */
int parse_span_us(const char *text, uint64_t *ret_us);

/* A size in bytes, with K M G T to the base of 1024, or "infinity". */
int parse_size(const char *text, uint64_t *ret_bytes);

/* An octal file mode, 0 to 07777. */
int parse_mode(const char *text, uint32_t *ret_mode);

/* A signal by name (SIGTERM, TERM, RTMIN+3) or number. */
int parse_signal(const char *text, int *ret_signal);
