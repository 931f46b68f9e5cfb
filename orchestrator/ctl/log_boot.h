/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The boots that logs on the disk are of. The times of lines count from their boot; the line "boot ID began at TIME" stands before each
 * boot's first. Pure.
 */

#define LOG_BOOT_ID_SIZE 40

struct log_boot {
	struct log_boot *next; /* log_boots::first */
	char id[LOG_BOOT_ID_SIZE];
	uint64_t began_us; /* of CLOCK_REALTIME */
	bool is_told; /* its line was shown; another file has it as well */
};

struct log_boots {
	struct log_boot *first;
	struct log_boot *current;
	uint64_t now_us; /* when they were looked at; CLOCK_REALTIME */
	uint64_t same_us;
};

/*
 * @id, @began_us: of this boot, by the clock as it goes now. Lines with the same @id that say they began within @same_us of it are of the
 * same boot: the clock may have been set meanwhile; but containers begin anew in one boot. 0 or -ENOMEM.
 */
int log_boots_init(struct log_boots *boots, const char *id, uint64_t began_us, uint64_t now_us,
		   uint64_t same_us);
void log_boots_done(struct log_boots *boots);

/* The boot that the line at the beginning of @text says, made if it is not known. *@ret is NULL if it says none. 0 or -ENOMEM. */
int log_boots_read(struct log_boots *boots, const char *text, size_t len, struct log_boot **ret);

/* Is @text such a line? */
bool log_boot_is_mark(const char *text, size_t len);

/* Where the next of these lines begins, at or behind @from; @len if there is none. */
size_t log_boot_next_mark(const char *text, size_t len, size_t from);
