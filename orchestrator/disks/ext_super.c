/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reader of ext4's superblock.
 *
 * libblkid says which device is the root, but not how its file system fares: state, error count, mount count and the time
 * of the last check are read here. e2fsck itself would tell too, at the price of starting a program (and, in an initramfs,
 * of having one) before every mount; a clean file system is mounted without.
 *
 * Nothing in the buffer is trusted: every number that is used later is checked, and with metadata_csum the checksum over
 * the whole must fit. The layout is that of fs/ext4/ext4.h, little-endian; offsets are given as there.
 */
#include <string.h>

#include "crc32c.h"
#include "ext_super.h"

#define EXT_MAGIC 0xEF53
#define STATE_VALID 0x0001
#define STATE_ERROR 0x0002
#define COMPAT_HAS_JOURNAL 0x0004
#define INCOMPAT_RECOVER 0x0004
#define INCOMPAT_JOURNAL_DEV 0x0008
#define INCOMPAT_64BIT 0x0080
#define RO_COMPAT_METADATA_CSUM 0x0400
#define MAX_LOG_BLOCK_SIZE 6 /* 64 KiB */

enum offset {
	OFFSET_INODES_COUNT = 0x00,
	OFFSET_BLOCKS_COUNT_LO = 0x04,
	OFFSET_FIRST_DATA_BLOCK = 0x14,
	OFFSET_LOG_BLOCK_SIZE = 0x18,
	OFFSET_BLOCKS_PER_GROUP = 0x20,
	OFFSET_INODES_PER_GROUP = 0x28,
	OFFSET_MNT_COUNT = 0x34,
	OFFSET_MAX_MNT_COUNT = 0x36,
	OFFSET_MAGIC = 0x38,
	OFFSET_STATE = 0x3A,
	OFFSET_LASTCHECK = 0x40,
	OFFSET_CHECKINTERVAL = 0x44,
	OFFSET_FEATURE_COMPAT = 0x5C,
	OFFSET_FEATURE_INCOMPAT = 0x60,
	OFFSET_FEATURE_RO_COMPAT = 0x64,
	OFFSET_UUID = 0x68,
	OFFSET_VOLUME_NAME = 0x78,
	OFFSET_BLOCKS_COUNT_HI = 0x150,
	OFFSET_ERROR_COUNT = 0x194,
	OFFSET_LASTCHECK_HI = 0x277,
	OFFSET_CHECKSUM = 0x3FC,
};

static uint16_t get_u16(const uint8_t *buf, size_t offset)
{
	return (uint16_t)(buf[offset] | buf[offset + 1] << 8);
}

static uint32_t get_u32(const uint8_t *buf, size_t offset)
{
	return get_u16(buf, offset) | (uint32_t)get_u16(buf, offset + 2) << 16;
}

static bool geometry_is_possible(const uint8_t *buf, uint64_t blocks)
{
	/* An external journal has a superblock too, with neither inodes nor groups. */
	if (get_u32(buf, OFFSET_FEATURE_INCOMPAT) & INCOMPAT_JOURNAL_DEV)
		return get_u32(buf, OFFSET_LOG_BLOCK_SIZE) <= MAX_LOG_BLOCK_SIZE;

	return get_u32(buf, OFFSET_LOG_BLOCK_SIZE) <= MAX_LOG_BLOCK_SIZE && blocks > 0 &&
	       get_u32(buf, OFFSET_INODES_COUNT) > 0 && get_u32(buf, OFFSET_BLOCKS_PER_GROUP) > 0 &&
	       get_u32(buf, OFFSET_INODES_PER_GROUP) > 0 &&
	       get_u32(buf, OFFSET_FIRST_DATA_BLOCK) < blocks;
}

static uint64_t block_count(const uint8_t *buf)
{
	uint64_t blocks = get_u32(buf, OFFSET_BLOCKS_COUNT_LO);

	if (get_u32(buf, OFFSET_FEATURE_INCOMPAT) & INCOMPAT_64BIT)
		blocks |= (uint64_t)get_u32(buf, OFFSET_BLOCKS_COUNT_HI) << 32;
	return blocks;
}

static void fill(const uint8_t *buf, struct ext_super *ret_super)
{
	uint16_t state = get_u16(buf, OFFSET_STATE);
	uint32_t incompat = get_u32(buf, OFFSET_FEATURE_INCOMPAT);

	*ret_super = (struct ext_super){
		.valid_state = state & STATE_VALID,
		.error_state = state & STATE_ERROR,
		.has_journal = get_u32(buf, OFFSET_FEATURE_COMPAT) & COMPAT_HAS_JOURNAL,
		.needs_recovery = incompat & INCOMPAT_RECOVER,
		.is_journal_device = incompat & INCOMPAT_JOURNAL_DEV,
		.has_checksum = get_u32(buf, OFFSET_FEATURE_RO_COMPAT) & RO_COMPAT_METADATA_CSUM,
		.mount_count = get_u16(buf, OFFSET_MNT_COUNT),
		.max_mount_count = (int16_t)get_u16(buf, OFFSET_MAX_MNT_COUNT),
		.check_interval_s = get_u32(buf, OFFSET_CHECKINTERVAL),
		.error_count = get_u32(buf, OFFSET_ERROR_COUNT),
		.last_check_s = get_u32(buf, OFFSET_LASTCHECK) | (uint64_t)buf[OFFSET_LASTCHECK_HI]
									 << 32,
		.blocks = block_count(buf),
		.block_size = 1024U << get_u32(buf, OFFSET_LOG_BLOCK_SIZE),
	};
	memcpy(ret_super->uuid, buf + OFFSET_UUID, sizeof(ret_super->uuid));
	memcpy(ret_super->label, buf + OFFSET_VOLUME_NAME, sizeof(ret_super->label) - 1);
}

enum ext_super_fault ext_super_parse(const void *data, size_t len, struct ext_super *ret_super)
{
	const uint8_t *buf = data;

	if (len < EXT_SUPER_SIZE)
		return EXT_SUPER_SHORT;
	if (get_u16(buf, OFFSET_MAGIC) != EXT_MAGIC)
		return EXT_SUPER_NO_MAGIC;
	/* The checksum first: what it refuses should not be explained by one odd number. */
	if (get_u32(buf, OFFSET_FEATURE_RO_COMPAT) & RO_COMPAT_METADATA_CSUM &&
	    crc32c(UINT32_MAX, buf, OFFSET_CHECKSUM) != get_u32(buf, OFFSET_CHECKSUM))
		return EXT_SUPER_CHECKSUM;
	if (!geometry_is_possible(buf, block_count(buf)))
		return EXT_SUPER_GEOMETRY;

	fill(buf, ret_super);
	return EXT_SUPER_OK;
}

const char *ext_super_fault_text(enum ext_super_fault fault)
{
	switch (fault) {
	case EXT_SUPER_OK:
		return "its superblock is in order";
	case EXT_SUPER_SHORT:
		return "the device is too small for a superblock, or cannot be read";
	case EXT_SUPER_NO_MAGIC:
		return "its superblock has no magic number: overwritten, or no ext file system";
	case EXT_SUPER_GEOMETRY:
		return "its superblock holds impossible numbers";
	case EXT_SUPER_CHECKSUM:
		return "its superblock's checksum is wrong";
	}
	return "its superblock is in an unknown state";
}
