/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs a fuzz target over every file of a folder. An empty or missing folder is a failure: nothing was tested. */
#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(int dirfd, const char *name)
{
	int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC);
	struct stat st;
	uint8_t *data;
	ssize_t n;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		return 0;
	}
	/* Exactly as large as the file, so that the sanitizer sees a read past its end. */
	data = malloc((size_t)st.st_size + (st.st_size == 0));
	n = data ? read(fd, data, (size_t)st.st_size) : -1;
	if (n == st.st_size)
		LLVMFuzzerTestOneInput(data, (size_t)n);
	free(data);
	close(fd);
	return n == st.st_size;
}

int main(int argc, char **argv)
{
	int replayed = 0;

	for (int i = 1; i < argc; i++) {
		DIR *dir = opendir(argv[i]);
		struct dirent *entry;

		while (dir && (entry = readdir(dir)))
			replayed += replay_file(dirfd(dir), entry->d_name);
		if (dir)
			closedir(dir);
	}
	printf("%d inputs replayed\n", replayed);
	return replayed > 0 ? 0 : 1;
}
