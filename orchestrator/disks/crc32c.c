/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "crc32c.h"

#define POLYNOMIAL_REFLECTED 0x82F63B78U

uint32_t crc32c(uint32_t crc, const void *data, size_t len)
{
	const uint8_t *bytes = data;

	/* Bit by bit: one superblock for each file system is all that is ever summed. */
	for (size_t i = 0; i < len; i++) {
		crc ^= bytes[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc & 1 ? crc >> 1 ^ POLYNOMIAL_REFLECTED : crc >> 1;
	}
	return crc;
}
