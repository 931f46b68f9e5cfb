/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cmdline.h"
#include "early/log.h"
#include "early/strbuf.h"
#include "kernel_words.h"
#include "words.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const char text[static CMDLINE_VALUE_MAX])
{
	if (!memchr(text, '\0', CMDLINE_VALUE_MAX))
		abort();
}

static void read_as_pid1(const char *text)
{
	static struct cmdline cmdline;

	cmdline_parse(&cmdline, text);
	check_text(cmdline.root);
	check_text(cmdline.rootfstype);
	check_text(cmdline.rootflags);
	check_text(cmdline.init);
	check_text(cmdline.complaints);
	if ((cmdline.init[0] && cmdline.init[0] != '/') || cmdline.unions.n > OVERLAY_PATHS_MAX ||
	    cmdline.fsck > DISKS_CHECK_SKIP)
		abort();
	for (uint32_t i = 0; i < cmdline.unions.n; i++) {
		check_text(cmdline.unions.paths[i]);
		if (cmdline.unions.paths[i][0] != '/')
			abort();
	}
}

static void read_as_helpers(const char *text)
{
	struct words words CLEANUP_WORDS = { 0 };
	struct strbuf parameters CLEANUP_STRBUF = STRBUF_INIT;
	struct kernel_words kernel;

	kernel_words_parse(text, &kernel);
	check_text(kernel.resume);
	if (kernel.mode > DISKS_CHECK_SKIP || words_read(&words, text) < 0)
		abort();
	(void)words_value(&words, "root"); /* given or not */
	(void)words_is_blacklisted(&words, "usb_storage");
	words_add_parameters(&words, "usb_storage", &parameters);
	if (strbuf_error(&parameters) < 0)
		abort();
}

/* Any text is a kernel command line, to each of those who read it: whatever it says, a value has an end and a path is one. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size);

	if (!text)
		return 0;
	log_set_max_level(LOG_LEVEL_ERROR); /* what is warned of would be most of the time */
	read_as_pid1(text);
	read_as_helpers(text);
	free(text);
	return 0;
}
