/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The effects on the process itself. Each function is one step of the way to the program and says in its failure which path or limit
 * it was.
 */
#include "surroundings.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "early/base64.h"
#include "early/fd.h"
#include "early/fs.h"
#include "early/macros.h"
#include "early/parse.h"
#include "early/strbuf.h"
#include "settings.h"
#include "terminal.h"

#define CGROUP_ROOT "/sys/fs/cgroup"

/* --- descriptors 0 to 2 --- */

static int move_to(int fd, int target)
{
	if (fd < 0)
		return -errno;
	if (fd == target)
		return 0;
	if (dup2(fd, target) < 0) {
		int r = -errno;

		close(fd);
		return r;
	}
	close(fd);
	return 0;
}

/* Opens the terminal and makes it the controlling one of this session. */
static int open_terminal(const struct table_service *service, bool force)
{
	int fd = open(terminal_path(service), O_RDWR | O_NOCTTY);

	if (fd < 0)
		return -1;
	(void)ioctl(
		fd, TIOCSCTTY,
		force ? 1
		      : 0); /* a terminal that is another session's still works for reading and writing */
	return fd;
}

/* StandardInputText= and StandardInputData=, one after the other. */
static int open_data(const struct table_service *service)
{
	const struct wire_list *settings = &service->settings;
	int fd CLEANUP_FD
	= -1;
	int r = fd_new_memfd("input", &fd);

	for (const char *value = settings_next(settings, "StandardInputData", NULL);
	     r == 0 && value; value = settings_next(settings, "StandardInputData", value)) {
		char *data CLEANUP(free_charp)
		= NULL;
		size_t len;

		r = base64_read(value, &data, &len);
		if (r == 0)
			r = fd_write_all(fd, data, len);
	}
	if (r == 0)
		r = fd_seal(fd);
	if (r == 0 && lseek(fd, 0, SEEK_SET) < 0)
		r = -errno;
	if (r < 0) {
		errno = -r;
		return -1;
	}
	return TAKE_FD(fd);
}

static bool reads_data(const struct table_service *service)
{
	const char *input = service->standard_input;

	if (!*input || strcmp(input, "null") == 0)
		return settings_get(&service->settings, "StandardInputData") != NULL;
	return strcmp(input, "data") == 0;
}

static int set_input(const struct table_service *service)
{
	const char *input = service->standard_input;

	if (reads_data(service))
		return move_to(open_data(service), STDIN_FILENO);

	if (strncmp(input, "tty", 3) == 0)
		return move_to(open_terminal(service, strcmp(input, "tty-force") == 0),
			       STDIN_FILENO);
	if (strncmp(input, "file:", 5) == 0)
		return move_to(open(input + 5, O_RDONLY | O_NOCTTY), STDIN_FILENO);
	return move_to(open("/dev/null", O_RDONLY), STDIN_FILENO);
}

static int set_output(const struct table_service *service, const char *output, int target)
{
	bool from_input = strncmp(service->standard_input, "tty", 3) == 0;

	if (strcmp(output, "null") == 0)
		return move_to(open("/dev/null", O_WRONLY), target);
	if (strcmp(output, "tty") == 0)
		return from_input ? (dup2(STDIN_FILENO, target) < 0 ? -errno : 0)
				  : move_to(open_terminal(service, false), target);
	if (strncmp(output, "file:", 5) == 0)
		return move_to(open(output + 5, O_WRONLY | O_CREAT | O_NOCTTY, 0644), target);
	if (strncmp(output, "append:", 7) == 0)
		return move_to(open(output + 7, O_WRONLY | O_CREAT | O_APPEND | O_NOCTTY, 0644),
			       target);
	if (strncmp(output, "truncate:", 9) == 0)
		return move_to(open(output + 9, O_WRONLY | O_CREAT | O_TRUNC | O_NOCTTY, 0644),
			       target);
	return 0; /* inherit: PID 1 gave the log's pipe */
}

int surroundings_set_streams(const struct table_service *service, struct failure *failure)
{
	bool input_is_tty = strncmp(service->standard_input, "tty", 3) == 0;
	const char *output = service->standard_output;
	const char *error = service->standard_error;
	int r;

	terminal_prepare(service);
	r = set_input(service);

	if (r < 0)
		return failure_set(failure, STEP_STDIN, r, "cannot open standard input (%s)",
				   input_is_tty ? terminal_path(service) : service->standard_input);
	if (!*output && input_is_tty)
		output = "tty"; /* as with systemd: output inherits a terminal from input */
	r = set_output(service, output, STDOUT_FILENO);
	if (r < 0)
		return failure_set(failure, STEP_STDOUT, r, "cannot open standard output (%s)",
				   output);
	if (!*error || strcmp(error, "inherit") == 0)
		r = dup2(STDOUT_FILENO, STDERR_FILENO) < 0 ? -errno : 0;
	else
		r = set_output(service, error, STDERR_FILENO);
	if (r < 0)
		return failure_set(failure, STEP_STDERR, r, "cannot open standard error (%s)",
				   error);
	return 0;
}

/* --- limits --- */

static const struct {
	const char *name;
	int resource;
} resources[] = {
	{ "CPU", RLIMIT_CPU },           { "FSIZE", RLIMIT_FSIZE },
	{ "DATA", RLIMIT_DATA },         { "STACK", RLIMIT_STACK },
	{ "CORE", RLIMIT_CORE },         { "RSS", RLIMIT_RSS },
	{ "NOFILE", RLIMIT_NOFILE },     { "AS", RLIMIT_AS },
	{ "NPROC", RLIMIT_NPROC },       { "MEMLOCK", RLIMIT_MEMLOCK },
	{ "LOCKS", RLIMIT_LOCKS },       { "SIGPENDING", RLIMIT_SIGPENDING },
	{ "MSGQUEUE", RLIMIT_MSGQUEUE }, { "NICE", RLIMIT_NICE },
	{ "RTPRIO", RLIMIT_RTPRIO },     { "RTTIME", RLIMIT_RTTIME },
};

static int limit_value(const char *text, size_t len, rlim_t *ret_value)
{
	char number[32];
	uint64_t value;
	int r;

	if (len == strlen("infinity") && strncmp(text, "infinity", len) == 0) {
		*ret_value = RLIM_INFINITY;
		return 0;
	}
	if (len >= sizeof(number))
		return -EINVAL;
	memcpy(number, text, len);
	number[len] = '\0';
	r = parse_u64(number, &value);
	if (r == 0)
		*ret_value = value;
	return r;
}

static uint64_t read_nr_open(void)
{
	char *text = NULL;
	uint64_t value = RLIM_INFINITY;

	if (fs_read_line_at(AT_FDCWD, "/proc/sys/fs/nr_open", &text) == 0)
		(void)parse_u64(text, &value); /* who does not know it asks for all */
	free(text);
	return value;
}

static void lower_to(struct rlimit *limit, rlim_t highest)
{
	if (limit->rlim_max > highest)
		limit->rlim_max = highest;
	if (limit->rlim_cur > highest)
		limit->rlim_cur = highest;
}

/*
 * More than may be had becomes the most that may: LimitNOFILE=infinity is in many stock units, but the kernel gives nobody more
 * than fs.nr_open, and who lacks CAP_SYS_RESOURCE (a container) has to do with the hard limit that he has.
 */
static int set_closest(int resource, struct rlimit limit)
{
	struct rlimit now;

	if (setrlimit((__rlimit_resource_t)resource, &limit) == 0)
		return 0;
	if (errno != EPERM)
		return -errno;
	if (resource == RLIMIT_NOFILE) {
		lower_to(&limit, read_nr_open());
		if (setrlimit(RLIMIT_NOFILE, &limit) == 0)
			return 0;
	}
	if (getrlimit((__rlimit_resource_t)resource, &now) < 0)
		return -errno;
	lower_to(&limit, now.rlim_max);
	return setrlimit((__rlimit_resource_t)resource, &limit) < 0 ? -errno : 0;
}

/* "NOFILE=1024:524288" */
static int set_limit(const char *text)
{
	const char *equals = strchr(text, '=');
	const char *colon = equals ? strchr(equals, ':') : NULL;
	struct rlimit limit;

	if (!colon)
		return -EINVAL;
	if (limit_value(equals + 1, (size_t)(colon - equals - 1), &limit.rlim_cur) < 0 ||
	    limit_value(colon + 1, strlen(colon + 1), &limit.rlim_max) < 0)
		return -EINVAL;
	for (size_t i = 0; i < ARRAY_SIZE(resources); i++)
		if (strlen(resources[i].name) == (size_t)(equals - text) &&
		    strncmp(resources[i].name, text, (size_t)(equals - text)) == 0)
			return set_closest(resources[i].resource, limit);
	return -EINVAL;
}

int surroundings_set_limits(const struct table_service *service, struct failure *failure)
{
	char score[16];
	int r;

	if (service->nice != 0 && setpriority(PRIO_PROCESS, 0, service->nice) < 0)
		return failure_set(failure, STEP_NICE, -errno, "cannot set Nice=%d", service->nice);
	if (service->oom_score_adjust != 0) {
		(void)snprintf(score, sizeof(score), "%d", service->oom_score_adjust);
		r = fs_write_at(AT_FDCWD, "/proc/self/oom_score_adj", score);
		if (r < 0)
			return failure_set(failure, STEP_OOM_ADJUST, r,
					   "cannot set OOMScoreAdjust=%s", score);
	}
	for (const char *limit = wire_list_next(&service->limits, NULL); limit;
	     limit = wire_list_next(&service->limits, limit)) {
		r = set_limit(limit);
		if (r < 0)
			return failure_set(failure, STEP_LIMITS, r, "cannot set the limit %s",
					   limit);
	}
	return 0;
}

/* --- cgroup --- */

int surroundings_give_cgroup(const char *cgroup, const struct identity *identity,
			     struct failure *failure)
{
	static const char *const files[] = { ".", "cgroup.procs", "cgroup.subtree_control",
					     "cgroup.threads" };
	struct strbuf path CLEANUP_STRBUF = STRBUF_INIT;
	int fd CLEANUP_FD
	= -1;

	if (!identity->has_user || !*cgroup)
		return 0;
	strbuf_printf(&path, CGROUP_ROOT "%s%s", *cgroup == '/' ? "" : "/", cgroup);
	fd = strbuf_error(&path) == 0 ? open(path.data, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
	if (fd < 0)
		return failure_set(failure, STEP_CGROUP, -errno, "cannot open the cgroup %s",
				   cgroup);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		if (fchownat(fd, files[i], identity->uid, identity->gid, AT_SYMLINK_NOFOLLOW) < 0 &&
		    errno != ENOENT)
			return failure_set(failure, STEP_CGROUP, -errno,
					   "cannot hand over %s of %s", files[i], cgroup);
	return 0;
}

/* --- working directory --- */

int surroundings_set_working_directory(const struct table_service *service,
				       const struct identity *identity, struct failure *failure)
{
	const char *path = *service->working_directory ? service->working_directory : "/";
	bool optional = *path == '-';

	if (optional)
		path++;
	if (strcmp(path, "~") == 0)
		path = identity->home ? identity->home : "/root";
	if (chdir(path) == 0)
		return 0;
	if (optional && chdir("/") == 0)
		return 0;
	return failure_set(failure, STEP_CHDIR, -errno, "cannot enter %s", path);
}
