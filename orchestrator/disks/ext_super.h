/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The superblock of ext2, ext3 and ext4, as far as the decision "repair, check or mount" needs it. */

#define EXT_SUPER_OFFSET 1024 /* where it lies on the device */
#define EXT_SUPER_SIZE 1024

enum ext_super_fault {
	EXT_SUPER_OK = 0,
	EXT_SUPER_SHORT, /* fewer than EXT_SUPER_SIZE bytes */
	EXT_SUPER_NO_MAGIC, /* this is no ext file system, or its superblock was overwritten */
	EXT_SUPER_GEOMETRY, /* numbers that no ext file system can have */
	EXT_SUPER_CHECKSUM, /* metadata_csum says that it was damaged */
};

struct ext_super {
	bool valid_state; /* EXT4_VALID_FS: cleanly unmounted, or a journal takes care of it */
	bool error_state; /* EXT4_ERROR_FS: the kernel or e2fsck found errors */
	bool has_journal;
	bool needs_recovery; /* the journal will be replayed at the mount */
	bool is_journal_device; /* an external journal, no file system to mount */
	bool has_checksum;
	uint16_t mount_count;
	int16_t max_mount_count; /* below 1: never due by count */
	uint32_t check_interval_s; /* 0: never due by time */
	uint32_t error_count; /* since the last check */
	uint64_t last_check_s; /* of the epoch */
	uint64_t blocks;
	uint32_t block_size;
	uint8_t uuid[16];
	char label[17];
};

/* Fills @ret_super only for EXT_SUPER_OK. */
enum ext_super_fault ext_super_parse(const void *buf, size_t len, struct ext_super *ret_super);

/* For people: "its magic number is missing" … */
const char *ext_super_fault_text(enum ext_super_fault fault);
