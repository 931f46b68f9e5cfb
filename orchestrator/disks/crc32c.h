/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* CRC-32C (Castagnoli), reflected, without the final inversion: ext4's checksums. Pass UINT32_MAX as the first @crc. */
uint32_t crc32c(uint32_t crc, const void *data, size_t len);
