/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "machine.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "background.h"
#include "procset.h"
#include "spawn.h"

#define MAX_PROCESSES 64
#define FIRST_PID (1 << 28) /* the kernel's own are below 1 << 22 */
#define TURNS 24

enum process_state {
	PROCESS_LIVES,
	PROCESS_DIED,
	PROCESS_REAPED,
};

static struct {
	enum process_state state;
	int code;
	int status;
} processes[MAX_PROCESSES];
static size_t n_processes;
static const uint8_t *fates;
static size_t n_fates;
static struct ucred peer;
static int first_fd;
static int
	quiet; /* turns in which nothing came: the second one has run the hooks of the first one's timers */

static int next_fd(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		abort();
	close(fd);
	return fd;
}

void machine_begin(const uint8_t *new_fates, size_t n_new_fates)
{
	n_processes = 0;
	fates = new_fates;
	n_fates = n_new_fates;
	peer = (struct ucred){ .pid = getpid() };
	first_fd = next_fd();
}

void machine_check_fds(void)
{
	if (next_fd() != first_fd)
		abort();
}

void machine_set_peer(pid_t pid, uid_t uid)
{
	peer = (struct ucred){ .pid = pid, .uid = uid };
}

static bool lives(pid_t pid)
{
	return pid >= FIRST_PID && (size_t)(pid - FIRST_PID) < n_processes &&
	       processes[pid - FIRST_PID].state == PROCESS_LIVES;
}

pid_t machine_process(void)
{
	for (size_t i = 0; i < n_processes; i++)
		if (lives(FIRST_PID + (pid_t)i))
			return FIRST_PID + (pid_t)i;
	return 0;
}

static void end(pid_t pid, int code, int status)
{
	if (!lives(pid))
		return;
	processes[pid - FIRST_PID].state = PROCESS_DIED;
	processes[pid - FIRST_PID].code = code;
	processes[pid - FIRST_PID].status = status;
	(void)raise(SIGCHLD); /* blocked, or ignored by default */
}

void machine_end(pid_t pid, int status)
{
	end(pid, CLD_EXITED, status);
}

void machine_turn(struct loop *loop)
{
	quiet = 0;
	for (int i = 0; i < TURNS && quiet < 2; i++)
		if (loop_turn(loop, 0) < 0)
			abort();
}

/* --- what PID 1 calls --- */

int epoll_wait(int fd, struct epoll_event *events, int max, int timeout_ms)
{
	int n = (int)syscall(SYS_epoll_pwait, fd, events, max, timeout_ms, NULL, 0);

	quiet = n <= 0 ? quiet + 1 : 0;
	return n;
}

void spawn_collect(size_t max)
{
}

/* A fate's last three bits: it lives; ends well; fails; can't be made; is killed. */
int spawn(const struct spawn *what, pid_t *ret_pid)
{
	unsigned int fate = n_fates > 0 ? *fates % 8 : 0;

	if (what->program[0] != '/' || !what->argv[0] || what->n_fds > SPAWN_MAX_FDS)
		abort();
	if (n_fates > 0) {
		fates++;
		n_fates--;
	}
	if (fate == 3 || n_processes == MAX_PROCESSES)
		return -EAGAIN;
	processes[n_processes].state = PROCESS_LIVES;
	*ret_pid = FIRST_PID + (pid_t)n_processes++;
	if (what->group && cgroup_make(what->group) == 0)
		(void)cgroup_add(what->group, *ret_pid); /* no memory: not followed */
	if (fate == 1 || fate == 2)
		end(*ret_pid, CLD_EXITED, fate == 2);
	else if (fate == 4)
		end(*ret_pid, CLD_KILLED, SIGSEGV);
	return 0;
}

/* Everybody, or oneself, is never meant. */
int kill(pid_t pid, int signo)
{
	if (pid <= 0 || pid == getpid())
		abort();
	if (!lives(pid)) {
		errno = ESRCH;
		return -1;
	}
	if (signo == SIGKILL || signo == SIGTERM)
		end(pid, CLD_KILLED, signo);
	return 0;
}

int waitid(idtype_t type, id_t id, siginfo_t *info, int options)
{
	for (size_t i = 0; i < n_processes; i++) {
		pid_t pid = FIRST_PID + (pid_t)i;

		if (processes[i].state != PROCESS_DIED || (type == P_PID && id != (id_t)pid))
			continue;
		info->si_pid = pid;
		info->si_code = processes[i].code;
		info->si_status = processes[i].status;
		if (!(options & WNOWAIT))
			processes[i].state = PROCESS_REAPED;
		return 0;
	}
	errno = ECHILD;
	return -1;
}

/* Instead of /proc; linked by --wrap. */
int __wrap_procset_scan(int proc_fd, struct procset_process **ret, size_t *ret_n);

int __wrap_procset_scan(int proc_fd, struct procset_process **ret, size_t *ret_n)
{
	struct procset_process *list = calloc(MAX_PROCESSES, sizeof(*list));

	(void)proc_fd;
	*ret_n = 0;
	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < n_processes; i++)
		if (processes[i].state == PROCESS_LIVES)
			list[(*ret_n)++] = (struct procset_process){
				.pid = FIRST_PID + (pid_t)i,
				.ppid = getpid(),
				.session = FIRST_PID + (pid_t)i,
				.start = i + 1,
			};
	*ret = list;
	return 0;
}

int __wrap_procset_children(int proc_fd, pid_t **ret, size_t *ret_n);

int __wrap_procset_children(int proc_fd, pid_t **ret, size_t *ret_n)
{
	pid_t *pids = calloc(MAX_PROCESSES, sizeof(*pids));

	(void)proc_fd;
	*ret_n = 0;
	if (!pids)
		return -ENOMEM;
	for (size_t i = 0; i < n_processes; i++)
		if (processes[i].state == PROCESS_LIVES)
			pids[(*ret_n)++] = FIRST_PID + (pid_t)i;
	*ret = pids;
	return 0;
}

enum background_kind background_enter(struct cgroup *group)
{
	(void)group;
	return BACKGROUND_PROCESSES;
}

void background_process(pid_t pid)
{
	(void)pid;
}

void background_raise(struct cgroup *group, enum background_kind kind)
{
	(void)group;
	(void)kind;
}

int getsockopt(int fd, int level, int name, void *value, socklen_t *len)
{
	if (level != SOL_SOCKET || name != SO_PEERCRED)
		return (int)syscall(SYS_getsockopt, fd, level, name, value, len);
	memcpy(value, &peer, sizeof(peer));
	return 0;
}

ssize_t recvmsg(int fd, struct msghdr *msg, int flags)
{
	ssize_t n = syscall(SYS_recvmsg, fd, msg, flags);

	for (struct cmsghdr *c = n < 0 ? NULL : CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c))
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_CREDENTIALS)
			memcpy(CMSG_DATA(c), &peer, sizeof(peer));
	return n;
}

/* --- paths: whatever is named stays as it is --- */

int bind(int fd, const struct sockaddr *addr, socklen_t len)
{
	(void)fd;
	(void)addr;
	(void)len;
	return 0;
}

int unlink(const char *path)
{
	(void)path;
	return 0;
}

int mkdirat(int dirfd, const char *path, mode_t mode)
{
	(void)dirfd;
	(void)path;
	(void)mode;
	return 0;
}

int mkfifo(const char *path, mode_t mode)
{
	(void)path;
	(void)mode;
	errno = EPERM;
	return -1;
}

int chmod(const char *path, mode_t mode)
{
	(void)path;
	(void)mode;
	return 0;
}

int lchown(const char *path, uid_t uid, gid_t gid)
{
	(void)path;
	(void)uid;
	(void)gid;
	return 0;
}

int symlink(const char *target, const char *path)
{
	(void)target;
	(void)path;
	return 0;
}
