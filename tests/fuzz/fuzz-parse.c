/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "early/parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	uint64_t u64;
	uint32_t u32;
	int32_t i32;
	bool flag;
	int number;

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	(void)parse_u64(text, &u64);
	(void)parse_u32(text, &u32);
	(void)parse_i32(text, &i32);
	(void)parse_bool(text, &flag);
	(void)parse_span_us(text, &u64);
	(void)parse_size(text, &u64);
	(void)parse_mode(text, &u32);
	(void)parse_signal(text, &number);
	free(text);
	return 0;
}
