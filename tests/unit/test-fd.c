/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "early/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "early/fs.h"
#include "early_test.h"

static int temporary_directory(void)
{
	char path[] = "/tmp/early-test-XXXXXX";
	int fd;

	assert_non_null(mkdtemp(path));
	fd = open(path, O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

TEST(read_all_respects_its_limit)
{
	CLEANUP_FD
	int fd = -1;
	char *text = NULL;
	size_t len;

	assert_int_equal(fd_new_memfd("test", &fd), 0);
	assert_int_equal(fd_write_all(fd, "0123456789", 10), 0);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_int_equal(fd_read_all(fd, 9, &text, &len), -EFBIG);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_int_equal(fd_read_all(fd, 10, &text, &len), 0);
	assert_int_equal(len, 10);
	assert_string_equal(text, "0123456789");
	free(text);
}

TEST(sealed_memfd_cannot_be_written)
{
	CLEANUP_FD
	int fd = -1;

	assert_int_equal(fd_new_memfd("test", &fd), 0);
	assert_int_equal(fd_seal(fd), 0);
	assert_int_equal(fd_write_all(fd, "x", 1), -EPERM);
}

TEST(copy_of_a_proc_file)
{
	CLEANUP_FD
	int from = open("/proc/self/status", O_RDONLY | O_CLOEXEC), to = -1;

	assert_int_equal(fd_new_memfd("test", &to), 0);
	assert_int_equal(fd_copy(from, to), 0);
	assert_true(lseek(to, 0, SEEK_END) > 100);
}

TEST(copy_of_a_large_file)
{
	CLEANUP_FD
	int from = -1, to = -1;
	char *text = NULL;
	size_t len;

	assert_int_equal(fd_new_memfd("from", &from), 0);
	assert_int_equal(fd_new_memfd("to", &to), 0);
	for (int i = 0; i < 10000; i++)
		assert_int_equal(fd_write_all(from, "0123456789", 10), 0);
	assert_int_equal(lseek(from, 0, SEEK_SET), 0);
	assert_int_equal(fd_copy(from, to), 0);
	assert_int_equal(lseek(to, 0, SEEK_SET), 0);
	assert_int_equal(fd_read_all(to, 200000, &text, &len), 0);
	assert_int_equal(len, 100000);
	assert_memory_equal(text + 99990, "0123456789", 10);
	free(text);
}

TEST(directories_and_replaced_files)
{
	CLEANUP_FD
	int dir = temporary_directory();
	char *line = NULL;
	struct stat st;

	assert_int_equal(fs_mkdir_p_at(dir, "a/b/c", 0755), 0);
	assert_int_equal(fs_mkdir_p_at(dir, "a/b/c", 0755), 0);
	assert_int_equal(fs_replace_at(dir, "a/b/f", "one\ntwo\n", 8, 0640), 0);
	assert_int_equal(fs_replace_at(dir, "a/b/f", "uno\ndos\n", 8, 0600), 0);
	assert_int_equal(fs_read_line_at(dir, "a/b/f", &line), 0);
	assert_string_equal(line, "uno");
	free(line);
	assert_int_equal(fstatat(dir, "a/b/f", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_false(fs_exists_at(dir, "a/b/f.new~"));
	assert_int_equal(fs_mkdir_p_at(dir, "a/b/f/g", 0755), -ENOTDIR);
	assert_int_equal(fs_mkdir_p_at(dir, "a/b/f", 0755), -ENOTDIR);
	assert_int_equal(fs_read_line_at(dir, "none", &line), -ENOENT);
}

TEST(taking_leaves_nothing)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC), taken = TAKE_FD(fd);

	assert_int_equal(fd, -1);
	assert_true(taken >= 0);
	assert_int_equal(fd_close(taken), -1);
	assert_int_equal(fcntl(taken, F_GETFD), -1);
}

TEST_MAIN(cmocka_unit_test(read_all_respects_its_limit),
	  cmocka_unit_test(sealed_memfd_cannot_be_written), cmocka_unit_test(copy_of_a_proc_file),
	  cmocka_unit_test(copy_of_a_large_file), cmocka_unit_test(directories_and_replaced_files),
	  cmocka_unit_test(taking_leaves_nothing))
