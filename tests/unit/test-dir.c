/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "early/dir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "early/fd.h"
#include "early_test.h"

static int temporary_directory(char *path)
{
	int fd;

	assert_non_null(mkdtemp(path));
	fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(mkdirat(fd, "sub", 0700), 0);
	return fd;
}

static unsigned int count(DIR *dir, const char *name)
{
	struct dirent *entry;
	unsigned int n = 0;

	while ((entry = readdir(dir)))
		n += strcmp(entry->d_name, name) == 0;
	return n;
}

/* The directory itself, each time from its beginning, and what is in it; also by a descriptor that can't be read. */
TEST(directories_are_listed)
{
	char path[] = "/tmp/early-test-XXXXXX";
	CLEANUP_FD
	int fd = temporary_directory(path);

	for (int round = 0; round < 2; round++) {
		CLEANUP_DIR
		DIR *dir = NULL;
		CLEANUP_DIR
		DIR *sub = NULL;

		assert_int_equal(dir_open_at(fd, ".", &dir), 0);
		assert_int_equal(count(dir, "sub"), 1);
		assert_int_equal(dir_open_at(fd, "sub", &sub), 0);
		assert_int_equal(count(sub, "."), 1);
		assert_true(fcntl(dirfd(sub), F_GETFD) & FD_CLOEXEC);
	}
	assert_int_equal(rmdir(path) < 0 ? errno : 0, ENOTEMPTY);
	assert_int_equal(unlinkat(fd, "sub", AT_REMOVEDIR), 0);
	assert_int_equal(rmdir(path), 0);
}

TEST(what_is_no_directory_is_an_error_and_closed)
{
	DIR *dir = NULL;
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(dir_of_fd(fd, &dir), -ENOTDIR);
	assert_int_equal(fcntl(fd, F_GETFD) < 0 ? errno : 0, EBADF);
	assert_int_equal(dir_of_fd(-1, &dir), -EBADF);
	assert_int_equal(dir_open_at(AT_FDCWD, "/dev/null", &dir), -ENOTDIR);
	assert_int_equal(dir_open_at(AT_FDCWD, "/no/such/directory", &dir), -ENOENT);
	assert_null(dir);
}

TEST_MAIN(cmocka_unit_test(directories_are_listed),
	  cmocka_unit_test(what_is_no_directory_is_an_error_and_closed))
