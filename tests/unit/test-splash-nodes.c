/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "early_test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "nodes.h"

static char root[] = "/tmp/early-nodes-XXXXXX";
static unsigned int changes;

static void handle_change(struct nodes *nodes)
{
	changes++;
}

static void make(const char *path, int is_dir)
{
	char full[128];
	int fd;

	snprintf(full, sizeof(full), "%s%s", root, path);
	if (is_dir) {
		assert_int_equal(mkdir(full, 0755), 0);
		return;
	}
	fd = open(full, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	close(fd);
}

static void drop(const char *path)
{
	char full[128];

	snprintf(full, sizeof(full), "%s%s", root, path);
	assert_int_equal(remove(full), 0);
}

static size_t cards(char (*paths)[NODE_PATH_MAX])
{
	return nodes_list_cards(root, paths, 8);
}

TEST(sees_what_comes)
{
	char paths[8][NODE_PATH_MAX];
	struct loop *loop = NULL;
	struct nodes nodes;

	assert_non_null(mkdtemp(root));
	make("/dev", 1);
	assert_int_equal(loop_new(&loop), 0);
	assert_int_equal(nodes_init(&nodes, loop, root, handle_change), 0);
	assert_int_equal(cards(paths), 0);
	assert_true(loop_turn(loop, 0) >= 0);
	assert_int_equal(changes, 0);

	make("/dev/fb0", 0);
	assert_true(loop_turn(loop, 1000) >= 0);
	assert_int_equal(changes, 1);

	make("/dev/dri", 1);
	assert_true(loop_turn(loop, 1000) >= 0);
	changes = 0;
	make("/dev/dri/card1", 0); /* in the directory that came later */
	assert_true(loop_turn(loop, 1000) >= 0);
	assert_int_equal(changes, 1);
	make("/dev/dri/card0", 0);
	make("/dev/dri/renderD128", 0);
	assert_true(loop_turn(loop, 1000) >= 0);
	assert_int_equal(cards(paths), 2);
	assert_string_equal(strrchr(paths[0], '/'), "/card0");
	assert_string_equal(strrchr(paths[1], '/'), "/card1");

	nodes_done(&nodes);
	nodes_done(&nodes);
	loop_free(loop);
	drop("/dev/dri/card0");
	drop("/dev/dri/card1");
	drop("/dev/dri/renderD128");
	drop("/dev/dri");
	drop("/dev/fb0");
	drop("/dev");
	drop("");
}

TEST_MAIN(cmocka_unit_test(sees_what_comes))
