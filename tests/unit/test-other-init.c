/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* other_init.c: roots with Early linked to the names of other inits. */
#include "other_init.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "early/fd.h"
#include "early/fs.h"
#include "early_test.h"

#define EARLY "/usr/sbin/early-init"

static char dir[] = "/tmp/early-other-XXXXXX";
static int root_fd;

static void add_file(const char *path, mode_t mode)
{
	CLEANUP_FD
	int fd = openat(root_fd, path + 1, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);

	assert_true(fd >= 0);
}

static void add_link(const char *target, const char *path)
{
	assert_int_equal(symlinkat(target, root_fd, path + 1), 0);
}

static int set_up(void **state)
{
	static const char *const dirs[] = { "usr/sbin", "usr/lib/systemd", "opt" };

	(void)snprintf(dir, sizeof(dir), "/tmp/early-other-XXXXXX");
	assert_non_null(mkdtemp(dir));
	root_fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_true(root_fd >= 0);
	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
		assert_int_equal(fs_mkdir_p_at(root_fd, dirs[i], 0755), 0);
	add_link("usr/sbin", "/sbin");
	add_link("usr/lib", "/lib");
	add_file(EARLY, 0755);
	return 0;
}

static int tear_down(void **state)
{
	char command[64];

	root_fd = fd_close(root_fd);
	(void)snprintf(command, sizeof(command), "rm -r %s", dir);
	return system(command);
}

TEST(a_usual_root)
{
	struct other_inits inits;

	add_file("/usr/lib/systemd/systemd", 0755);
	add_link("/lib/systemd/systemd", "/usr/sbin/init");
	other_init_find(&inits, root_fd, EARLY, "");
	assert_true(inits.n_paths > 0);
	assert_string_equal(inits.paths[0], "/sbin/init");
	other_init_find(&inits, root_fd, EARLY, "/lib/systemd/systemd");
	assert_string_equal(inits.paths[0], "/lib/systemd/systemd");
}

TEST(early_as_sbin_init)
{
	struct other_inits inits;

	add_link(EARLY, "/usr/sbin/init");
	other_init_find(&inits, root_fd, EARLY, "");
	assert_int_equal(inits.n_paths, 0);
	assert_string_equal(inits.why,
			    "/sbin/init is early-init itself; /lib/systemd/systemd is not "
			    "there; /usr/lib/systemd/systemd is not there");
	add_file("/usr/lib/systemd/systemd", 0755);
	other_init_find(&inits, root_fd, EARLY, "/usr/sbin/early-init");
	assert_int_equal(inits.n_paths, 2);
	assert_string_equal(inits.paths[0], "/lib/systemd/systemd");
}

TEST(early_by_other_links)
{
	struct other_inits inits;

	/* A hard link; a chain of links to another Early. */
	assert_int_equal(linkat(root_fd, &EARLY[1], root_fd, "usr/sbin/init", 0), 0);
	add_file("/opt/early-init", 0755);
	add_link("../../../opt/early-init", "/usr/lib/systemd/systemd");
	other_init_find(&inits, root_fd, EARLY, "");
	assert_int_equal(inits.n_paths, 0);
	assert_true(other_init_is_early(root_fd, EARLY, "/lib/systemd/systemd"));
	assert_true(other_init_is_early(root_fd, EARLY, "/sbin/init"));
	assert_false(other_init_is_early(root_fd, EARLY, "/sbin/other"));
}

TEST(what_is_no_init)
{
	struct other_inits inits;

	add_link(EARLY, "/usr/sbin/init"); /* dangling: Early was removed */
	assert_int_equal(unlinkat(root_fd, &EARLY[1], 0), 0);
	add_file("/usr/lib/systemd/systemd", 0644);
	other_init_find(&inits, root_fd, EARLY, "/opt");
	assert_int_equal(inits.n_paths, 0);
	assert_string_equal(inits.why,
			    "/opt is no program; /sbin/init is not there; /lib/systemd/systemd is "
			    "no program; /usr/lib/systemd/systemd is no program");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
TEST_MAIN(CASE(a_usual_root), CASE(early_as_sbin_init), CASE(early_by_other_links),
	  CASE(what_is_no_init))
