/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Does what its arguments name, one after the other, and prints "NAME: ok" or the error: what a service is allowed to do. */
#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <sys/wait.h>
#include <unistd.h>

#include "early/macros.h"

static int result(long r)
{
	return r < 0 ? -errno : 0;
}

static int try_session(void)
{
	printf("session %ld\n",
	       syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0));
	return 0;
}

/* Is the user's keyring reachable from the session's? */
static int try_user_keyring(void)
{
	char name[32];

	(void)snprintf(name, sizeof(name), "_uid.%d", (int)getuid());
	return result(
		syscall(SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_SESSION_KEYRING, "keyring", name, 0));
}

static int try_socket(int family)
{
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int r = result(fd);

	if (fd >= 0)
		close(fd);
	return r;
}

static int try_unix(void)
{
	return try_socket(AF_UNIX);
}

static int try_inet(void)
{
	return try_socket(AF_INET);
}

static int try_netlink(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0);

	return result(fd);
}

static int try_alg(void)
{
	int fd = socket(AF_ALG, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	return result(fd);
}

static int try_unshare_net(void)
{
	return result(unshare(CLONE_NEWNET));
}

static int try_unshare_uts(void)
{
	return result(unshare(CLONE_NEWUTS));
}

static int try_clone_user(void)
{
	long pid = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, NULL);

	if (pid == 0)
		_exit(0);
	if (pid > 0)
		(void)waitpid((pid_t)pid, NULL, 0);
	return result(pid);
}

static int try_clone3(void)
{
	return result(syscall(SYS_clone3, NULL, 0));
}

static int try_fork(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	if (pid > 0)
		(void)waitpid(pid, NULL, 0);
	return result(pid);
}

static int try_setns(void)
{
	int fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	return result(setns(fd, CLONE_NEWNET));
}

static int try_setns_any(void)
{
	int fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	return result(setns(fd, 0));
}

static int try_fifo(void)
{
	struct sched_param param = { .sched_priority = 1 };

	return result(sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &param));
}

static int try_batch(void)
{
	struct sched_param param = { 0 };

	return result(sched_setscheduler(0, SCHED_BATCH, &param));
}

static int try_suid(void)
{
	int fd = memfd_create("suid", MFD_CLOEXEC);

	return result(fchmod(fd, 04755));
}

static int try_sgid(void)
{
	int fd = memfd_create("sgid", MFD_CLOEXEC);

	return result(fchmod(fd, 02755));
}

static int try_chmod(void)
{
	int fd = memfd_create("plain", MFD_CLOEXEC);

	return result(fchmod(fd, 01755));
}

static int try_personality(void)
{
	return result(personality(PER_LINUX32));
}

static int try_own_personality(void)
{
	return result(personality(PER_LINUX));
}

static int try_map_wx(void)
{
	return mmap(NULL, 4096, PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
			       MAP_FAILED
		       ? -errno
		       : 0;
}

static int try_protect_x(void)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return result(mprotect(page, 4096, PROT_READ | PROT_EXEC));
}

static int try_shm_x(void)
{
	int id = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0700);
	void *at = shmat(id, NULL, SHM_EXEC);
	int r = at == (void *)-1 ? -errno : 0;

	(void)shmctl(id, IPC_RMID, NULL);
	return r;
}

static int try_hostname(void)
{
	return result(sethostname("probe", 5));
}

static int try_clock(void)
{
	struct timex timex = { .modes = ADJ_TICK, .tick = 10000 };

	return result(adjtimex(&timex));
}

static int try_module(void)
{
	return result(syscall(SYS_delete_module, "no_such_module", O_NONBLOCK));
}

static int try_syslog(void)
{
	return result(syscall(SYS_syslog, 10 /* the size of the buffer */, NULL, 0));
}

static int try_chroot(void)
{
	return result(chroot("/"));
}

#if defined(__x86_64__)
/* The same by the 32-bit architecture's way into the kernel: number 61, an address below 4 GiB. */
static int try_chroot_x86(void)
{
	char *path = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	int r;

	path[0] = '/';
	__asm__ volatile("int $0x80"
			 : "=a"(r)
			 : "a"(61), "b"(path)
			 : "memory", "r8", "r9", "r10", "r11");
	return r;
}

static int x86_call(int number, long first, long second, long third)
{
	int r;

	__asm__ volatile("int $0x80"
			 : "=a"(r)
			 : "a"(number), "b"(first), "c"(second), "d"(third)
			 : "memory", "r8", "r9", "r10", "r11");
	return r < 0 ? r : 0;
}

static int try_socket_x86(void)
{
	return x86_call(359, AF_UNIX, SOCK_DGRAM, 0);
}

static int try_socketcall_x86(void)
{
	int *arguments = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

	arguments[0] = AF_UNIX;
	arguments[1] = SOCK_DGRAM;
	return x86_call(102, 1 /* SYS_SOCKET */, (long)arguments, 0);
}
#endif

static int try_mknod(void)
{
	return result(mknod("/tmp/probe-node", S_IFCHR | 0600, makedev(1, 3)));
}

static int try_getpriority(void)
{
	errno = 0;
	return result(syscall(SYS_getpriority, 0, 0));
}

/* A number that no kernel has. */
static int try_unknown(void)
{
	return result(syscall(4000));
}

/* mseal, of Linux 6.10: newer than the table of calls that are known. */
static int try_newer(void)
{
	return result(syscall(462, NULL, 0, 0));
}

static int try_io_uring(void)
{
	return result(syscall(SYS_io_uring_setup, 0, NULL));
}

static const struct {
	const char *name;
	int (*fn)(void);
} attempts[] = {
#define ATTEMPT(name)                                                                              \
	{                                                                                          \
#name, try_##name                                                                  \
	}
	ATTEMPT(session),        ATTEMPT(user_keyring),
	ATTEMPT(unix),           ATTEMPT(inet),
	ATTEMPT(netlink),        ATTEMPT(alg),
	ATTEMPT(unshare_net),    ATTEMPT(unshare_uts),
	ATTEMPT(clone_user),     ATTEMPT(clone3),
	ATTEMPT(fork),           ATTEMPT(setns),
	ATTEMPT(setns_any),      ATTEMPT(fifo),
	ATTEMPT(batch),          ATTEMPT(suid),
	ATTEMPT(sgid),           ATTEMPT(chmod),
	ATTEMPT(personality),    ATTEMPT(own_personality),
	ATTEMPT(map_wx),         ATTEMPT(protect_x),
	ATTEMPT(shm_x),          ATTEMPT(hostname),
	ATTEMPT(clock),          ATTEMPT(module),
	ATTEMPT(syslog),         ATTEMPT(chroot),
	ATTEMPT(mknod),          ATTEMPT(getpriority),
	ATTEMPT(unknown),        ATTEMPT(io_uring),
	ATTEMPT(newer),
#if defined(__x86_64__)
	ATTEMPT(chroot_x86),     ATTEMPT(socket_x86),
	ATTEMPT(socketcall_x86),
#endif
#undef ATTEMPT
};

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 4096);
	for (int i = 1; i < argc; i++) {
		for (size_t j = 0; j < ARRAY_SIZE(attempts); j++) {
			int r;

			if (strcmp(attempts[j].name, argv[i]) != 0)
				continue;
			r = attempts[j].fn();
			printf("%s: %s\n", argv[i], r < 0 ? strerrorname_np(-r) : "ok");
		}
	}
	return 0;
}
