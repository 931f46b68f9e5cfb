/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "early/wire.h"

/* What a manifest says about a group's resources ("memory.max=50%"), in the kernel's own numbers. Pure. */

/* What shares are shares of. */
struct limit_machine {
	uint64_t memory_bytes;
	uint64_t tasks;
};

/* One line of the list, taken apart. */
struct limit_line {
	char file[32]; /* memory.max */
	char controller[16]; /* memory */
	const char *device; /* /dev/sda, not terminated; NULL: is about none */
	size_t device_len;
	const char *text; /* what is behind the file, or behind the device */
};

/* -EINVAL for what is no line of this kind. */
int limit_line_parse(const char *line, struct limit_line *ret_line);

/* What is to be written: with a percentage resolved, and @device ("8:0 ", may be "") in front. -ERANGE: does not fit. */
int limit_line_text(const struct limit_line *line, const struct limit_machine *machine,
		    const char *device, char *buf, size_t size);
