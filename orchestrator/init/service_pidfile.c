/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "early/clock.h"
#include "early/fd.h"
#include "early/log.h"
#include "early/parse.h"

#include "service_internal.h"

/*
 * PIDFile= of a forking service. Its command may end before the daemon has written the file, so it is looked for again until the
 * start's own deadline. PID 1 may not wait for a file system, so only files beneath /run, which is memory, are read; the main
 * process of any other is the only one of the group. A file that is not root's may name a process of the service only.
 */

#define LOOK_AGAIN_US (20 * USEC_PER_MSEC)

static bool path_of(const struct service *service, char *buf, size_t size)
{
	const char *path = service->definition->service.rare->pid_file;
	int n;

	if (strncmp(path, "/var/run/", strlen("/var/run/")) == 0)
		path += strlen("/var");
	n = snprintf(buf, size, path[0] == '/' ? "%s" : "/run/%s", path);
	return n > 0 && (size_t)n < size && strncmp(buf, "/run/", strlen("/run/")) == 0 &&
	       !strstr(buf, "/../");
}

bool service_has_pid_file(const struct service *service)
{
	char path[PATH_MAX];

	return service->definition->service.rare->pid_file[0] &&
	       path_of(service, path, sizeof(path));
}

static pid_t read_pid(const char *path, bool *ret_trusted)
{
	CLEANUP_FD
	int fd = open(path, O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
	char buf[32];
	struct stat st;
	uint32_t pid;
	ssize_t n;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return 0;
	n = read(fd, buf, sizeof(buf) - 1);
	if (n <= 0)
		return 0;
	buf[n] = '\0';
	buf[strcspn(buf, " \t\r\n")] = '\0';
	*ret_trusted = st.st_uid == 0;
	return parse_u32(buf, &pid) == 0 && pid > 1 && pid <= INT32_MAX ? (pid_t)pid : 0;
}

static bool look(struct service *service)
{
	bool trusted = false;
	char path[PATH_MAX];
	pid_t pid;

	if (!path_of(service, path, sizeof(path)))
		return false;
	pid = read_pid(path, &trusted);
	if (pid == 0 || kill(pid, 0) < 0)
		return false;
	if (!trusted && !cgroup_contains(&service->group, pid)) {
		log_warning("%s: %s names process %d, which is not the service's", service->name,
			    path, (int)pid);
		return false;
	}
	service_watch_main(service, pid);
	return true;
}

static void handle_again(struct loop_timer *timer)
{
	struct service *service = container_of(timer, struct service, again);

	if (service->state == SERVICE_START)
		service_look_for_main(service);
}

void service_look_for_main(struct service *service)
{
	if (look(service)) {
		service_dispatch(service, SERVICE_EVENT_READY);
		return;
	}
	if (cgroup_is_empty(&service->group)) {
		service_fail(service, VERDICT_PROTOCOL, "left no process and no PIDFile=%s",
			     service->definition->service.rare->pid_file);
		service_dispatch(service, SERVICE_EVENT_MAIN_FAILED);
		return;
	}
	(void)loop_timer_start(service->host->loop, &service->again,
			       clock_monotonic_us() + LOOK_AGAIN_US,
			       handle_again); /* without it the start's deadline comes */
}
