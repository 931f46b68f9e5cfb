/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "early/macros.h"

/* What an ELF file needs from others before it can run. */
struct elf_needed {
	uint16_t machine; /* EM_… */
	char *interpreter; /* the dynamic loader, NULL if none is asked for */
	char **libraries; /* DT_NEEDED, in the file's order */
	char *search_path; /* DT_RUNPATH, else DT_RPATH, else NULL */
};

enum elf_verdict {
	ELF_READ = 0,
	ELF_NONE = 1, /* not an ELF file: a script, data */
	ELF_FOREIGN = 2, /* ELF, but of 32 bits or of big-endian byte order */
};

/*
 * Reads @data, of which nothing is trusted. Returns an enum elf_verdict, or -EBADMSG for a file that claims to be ELF and is
 * broken; *ret_why then says in a few words (static text) how. @ret is only filled for ELF_READ.
 */
int elf_needed_read(const void *data, size_t len, struct elf_needed *ret, const char **ret_why);

/* The same of the beginning of a file, for its machine alone: ELF_HEAD_BYTES are enough, and nothing behind them is looked at. */
int elf_needed_machine(const void *data, size_t len, uint16_t *ret, const char **ret_why);
#define ELF_HEAD_BYTES 64

void elf_needed_done(struct elf_needed *elf);
#define CLEANUP_ELF CLEANUP(elf_needed_done)
