/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <string.h>

#include "early/fs.h"
#include "early/kernel_line.h"
#include "early/log.h"
#include "early/macros.h"
#include "early/parse.h"
#include "early/strv.h"
#include "kernel_words.h"

#define CMDLINE_MAX 65536

static void take_resume(const char *word, struct kernel_words *words)
{
	if (strcmp(word, "noresume") == 0) {
		words->no_resume = true;
	} else if (strncmp(word, "resume=", 7) == 0) {
		if (strlen(word + 7) >= sizeof(words->resume))
			log_warning("%s on the kernel command line: too long for a device", word);
		else
			strcpy(words->resume, word + 7);
	} else if (strncmp(word, "resume_offset=", 14) == 0) {
		if (parse_u64(word + 14, &words->resume_offset) < 0)
			log_warning("%s on the kernel command line: a number of pages is meant",
				    word);
	}
}

static void take_word(const char *word, struct kernel_words *words)
{
	if (strncmp(word, "fsck.mode=", 10) == 0 || strncmp(word, "early.fsck=", 11) == 0) {
		if (check_mode_parse(strchr(word, '=') + 1, &words->mode) < 0)
			log_warning("%s on the kernel command line: auto, force or skip is meant",
				    word);
	} else if (strncmp(word, "fsck.repair=", 12) == 0) {
		if (check_repair_parse(word + 12, &words->repair) < 0)
			log_warning("%s on the kernel command line: preen, yes or no is meant",
				    word);
	} else if (strcmp(word, "rw") == 0 || strcmp(word, "ro") == 0) {
		words->root_writable = word[1] == 'w';
	} else {
		take_resume(word, words);
	}
}

void kernel_words_parse(const char *cmdline, struct kernel_words *ret_words)
{
	CLEANUP_STRV char **words = NULL;

	*ret_words = (struct kernel_words){ .mode = DISKS_CHECK_AUTO };
	if (kernel_line_split(cmdline, &words) < 0)
		return; /* out of memory: the defaults are the careful choice */
	for (size_t i = 0; words && words[i]; i++)
		take_word(words[i], ret_words);
}

void kernel_words_read(struct kernel_words *ret_words)
{
	CLEANUP(free_charp)
	char *cmdline = NULL;

	if (fs_read_file_at(AT_FDCWD, "/proc/cmdline", CMDLINE_MAX, &cmdline, NULL) < 0)
		kernel_words_parse("", ret_words);
	else
		kernel_words_parse(cmdline, ret_words);
}
