/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What PID 1 executes early-load with. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "early/fs.h"
#include "early/log.h"
#include "early/loop.h"
#include "early_test.h"
#include "manager.h"

static void handle_loaded(struct manager *manager, int error, void *data)
{
	loop_exit(data, 0);
}

/* The words that a program in early-load's place is given; free them. */
static char *words_of(struct manager_options *options)
{
	char dir[] = "/tmp/test-load-line-XXXXXX", script[64], text[128], words[64], *told;
	struct manager *manager;
	struct loop *loop;

	assert_non_null(mkdtemp(dir));
	(void)snprintf(script, sizeof(script), "%s/load", dir);
	(void)snprintf(words, sizeof(words), "%s/words", dir);
	(void)snprintf(text, sizeof(text), "#!/bin/sh\necho \"$*\" >%s\n", words);
	assert_int_equal(fs_replace_at(AT_FDCWD, script, text, strlen(text), 0755), 0);
	options->run_dir = dir;
	options->load_path = script;
	assert_int_equal(loop_new(&loop), 0);
	assert_int_equal(loop_reap_children(loop), 0);
	assert_int_equal(manager_new(&manager, loop, options), 0);
	assert_int_equal(manager_load(manager, NULL, handle_loaded, loop), 0);
	assert_int_equal(loop_run(loop), 0);
	manager_free(manager);
	loop_free(loop);
	assert_int_equal(fs_read_line_at(AT_FDCWD, words, &told), 0);
	assert_int_equal(unlink(script) | unlink(words), 0);
	(void)rmdir(dir); /* the manager may have made more in it */
	return told;
}

TEST(masks_hold_on_a_machine_only)
{
	struct manager_options machine = { .cmdline = "/proc/cmdline" };
	struct manager_options container = { .service_dirs = (char *[]){ (char *)"/a", NULL } };
	char *words = words_of(&machine);

	assert_string_equal(words, "--cmdline=/proc/cmdline --all --");
	free(words);
	words = words_of(&container);
	assert_string_equal(words, "--services=/a --all --");
	free(words);
}

TEST_MAIN(cmocka_unit_test(masks_hold_on_a_machine_only))
