/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ext_super.h"

#include <string.h>

#include "crc32c.h"
#include "early/macros.h"
#include "early_test.h"

static void put_u16(uint8_t *buf, size_t offset, uint16_t value)
{
	buf[offset] = (uint8_t)value;
	buf[offset + 1] = (uint8_t)(value >> 8);
}

static void put_u32(uint8_t *buf, size_t offset, uint32_t value)
{
	put_u16(buf, offset, (uint16_t)value);
	put_u16(buf, offset + 2, (uint16_t)(value >> 16));
}

static void seal(uint8_t *buf)
{
	put_u32(buf, 0x3FC, crc32c(UINT32_MAX, buf, 0x3FC));
}

/* A clean ext4 with a journal and metadata_csum. */
static void make(uint8_t buf[EXT_SUPER_SIZE])
{
	memset(buf, 0, EXT_SUPER_SIZE);
	put_u32(buf, 0x00, 8192);
	put_u32(buf, 0x04, 32768);
	put_u32(buf, 0x18, 2);
	put_u32(buf, 0x20, 32768);
	put_u32(buf, 0x28, 8192);
	put_u16(buf, 0x34, 3);
	put_u16(buf, 0x36, 30);
	put_u16(buf, 0x38, 0xEF53);
	put_u16(buf, 0x3A, 1);
	put_u32(buf, 0x40, 0xFFFFFFF0);
	put_u32(buf, 0x44, 86400);
	put_u32(buf, 0x5C, 0x4);
	put_u32(buf, 0x60, 0x80);
	put_u32(buf, 0x64, 0x400);
	memcpy(buf + 0x78, "sixteen letters!", 16);
	put_u32(buf, 0x150, 1);
	buf[0x277] = 1;
	seal(buf);
}

TEST(castagnoli)
{
	/* The check value of the CRC catalogue, which inverts at the end. */
	assert_int_equal(crc32c(UINT32_MAX, "123456789", 9) ^ UINT32_MAX, 0xE3069283);
}

TEST(fields)
{
	uint8_t buf[EXT_SUPER_SIZE];
	struct ext_super super;

	make(buf);
	assert_int_equal(ext_super_parse(buf, sizeof(buf), &super), EXT_SUPER_OK);
	assert_true(super.valid_state);
	assert_false(super.error_state);
	assert_true(super.has_journal);
	assert_true(super.has_checksum);
	assert_false(super.needs_recovery);
	assert_int_equal(super.mount_count, 3);
	assert_int_equal(super.max_mount_count, 30);
	assert_int_equal(super.check_interval_s, 86400);
	assert_int_equal(super.last_check_s, 0x1FFFFFFF0);
	assert_int_equal(super.blocks, 0x100008000);
	assert_int_equal(super.block_size, 4096);
	assert_string_equal(super.label, "sixteen letters!");
}

TEST(states)
{
	uint8_t buf[EXT_SUPER_SIZE];
	struct ext_super super;

	make(buf);
	put_u16(buf, 0x3A, 2);
	put_u32(buf, 0x60, 0x84);
	put_u32(buf, 0x194, 7);
	put_u16(buf, 0x36, 0xFFFF);
	seal(buf);
	assert_int_equal(ext_super_parse(buf, sizeof(buf), &super), EXT_SUPER_OK);
	assert_false(super.valid_state);
	assert_true(super.error_state);
	assert_true(super.needs_recovery);
	assert_int_equal(super.error_count, 7);
	assert_int_equal(super.max_mount_count, -1);
}

TEST(faults)
{
	static const struct {
		size_t offset;
		uint32_t value;
		enum ext_super_fault fault;
	} cases[] = {
		{ 0x38, 0x1EF54, EXT_SUPER_NO_MAGIC },
		{ 0x00, 0, EXT_SUPER_GEOMETRY }, /* no inodes */
		{ 0x18, 7, EXT_SUPER_GEOMETRY }, /* blocks of 128 KiB */
		{ 0x18, 0xFFFFFFFF, EXT_SUPER_GEOMETRY },
		{ 0x20, 0, EXT_SUPER_GEOMETRY },
		{ 0x28, 0, EXT_SUPER_GEOMETRY },
	};
	uint8_t buf[EXT_SUPER_SIZE];
	struct ext_super super;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		make(buf);
		put_u32(buf, cases[i].offset, cases[i].value);
		seal(buf);
		assert_int_equal(ext_super_parse(buf, sizeof(buf), &super), cases[i].fault);
	}
	make(buf);
	assert_int_equal(ext_super_parse(buf, sizeof(buf) - 1, &super), EXT_SUPER_SHORT);
	/* Any single byte that the checksum covers. */
	for (size_t i = 0x68; i < 0x3FC; i += 13) {
		make(buf);
		buf[i] ^= 0x10;
		assert_int_equal(ext_super_parse(buf, sizeof(buf), &super), EXT_SUPER_CHECKSUM);
	}
	/* Without metadata_csum there is none to be wrong. */
	make(buf);
	put_u32(buf, 0x64, 0);
	put_u32(buf, 0x3FC, 1);
	assert_int_equal(ext_super_parse(buf, sizeof(buf), &super), EXT_SUPER_OK);
}

TEST_MAIN(cmocka_unit_test(castagnoli), cmocka_unit_test(fields), cmocka_unit_test(states),
	  cmocka_unit_test(faults))
