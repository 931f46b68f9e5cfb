/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Preloaded into early-init: PID 1 crashes when it has received a message that holds the text in the file EARLY_TEST_CRASH. The file is
 * gone then, so that it does so once.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

ssize_t recvmsg(int fd, struct msghdr *msg, int flags)
{
	ssize_t (*real)(int, struct msghdr *, int) = dlsym(RTLD_NEXT, "recvmsg");
	const char *path = getenv("EARLY_TEST_CRASH");
	ssize_t n = real(fd, msg, flags), len;
	char text[64];
	int file;

	if (n <= 0 || getpid() != 1 || !path)
		return n;
	file = open(path, O_RDONLY | O_CLOEXEC);
	if (file < 0)
		return n;
	len = read(file, text, sizeof(text));
	(void)close(file);
	if (len > 0 && memmem(msg->msg_iov[0].iov_base, (size_t)n, text, (size_t)len)) {
		(void)unlink(path);
		(void)raise(SIGSEGV);
	}
	return n;
}
