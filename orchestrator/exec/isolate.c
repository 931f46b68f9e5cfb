/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Each command of a service gets its own mounts, made from the same plan. Network and IPC name spaces have to be the same ones: a
 * command that runs beside the main process (ExecReload=, ExecStop=) enters that one's.
 */
#include "isolate.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "early/fd.h"
#include "early/fs.h"
#include "early/log.h"
#include "early/strv.h"
#include "mounts.h"
#include "private_tmp.h"
#include "settings.h"

static const char *context_word(const struct request *request, const char *name)
{
	const struct wire_list *words = &request->context.environment;
	size_t len = strlen(name);

	for (const char *word = wire_list_next(words, NULL); word;
	     word = wire_list_next(words, word))
		if (strncmp(word, name, len) == 0 && word[len] == '=')
			return word + len + 1;
	return NULL;
}

/* --- network, IPC, host name --- */

static int raise_loopback(void)
{
	struct ifreq request = { .ifr_name = "lo" };
	int fd CLEANUP_FD
	= socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || ioctl(fd, SIOCGIFFLAGS, &request) < 0)
		return -errno;
	request.ifr_flags |= IFF_UP;
	return ioctl(fd, SIOCSIFFLAGS, &request) < 0 ? -errno : 0;
}

static int join(const char *path, int flag)
{
	int fd CLEANUP_FD
	= open(path, O_RDONLY | O_CLOEXEC);

	return fd < 0 || setns(fd, flag) < 0 ? -errno : 0;
}

/* Enters the main process's, or makes one. *ret_new is true for the latter. */
static int join_or_make(const struct request *request, const char *file, int flag, bool *ret_new)
{
	const char *pid = context_word(request, "MAINPID");
	char path[64];

	*ret_new = false;
	if (pid) {
		int r;

		(void)snprintf(path, sizeof(path), "/proc/%s/ns/%s", pid, file);
		r = join(path, flag);
		if (r != -ENOENT && r != -ESRCH)
			return r;
	} /* it is gone: a new one is as good */
	*ret_new = true;
	return unshare(flag) < 0 ? -errno : 0;
}

static int enter_network(const struct request *request, struct failure *failure)
{
	const struct wire_list *settings = &request->service.settings;
	const char *path = settings_get(settings, "NetworkNamespacePath");
	bool is_new = false;
	int r = 0;

	if (path)
		r = join(path, CLONE_NEWNET);
	else if (settings_is_on(settings, "PrivateNetwork"))
		r = join_or_make(request, "net", CLONE_NEWNET, &is_new);
	if (r < 0)
		return failure_set(failure, STEP_NETWORK, r,
				   "cannot enter a network name space%s%s", path ? ": " : "",
				   path ? path : "");
	if (is_new) {
		r = raise_loopback();
		if (r < 0)
			log_warning_errno(r, "the service's lo stays down");
	}
	return 0;
}

static int enter_ipc(const struct request *request, struct failure *failure)
{
	const struct wire_list *settings = &request->service.settings;
	const char *path = settings_get(settings, "IPCNamespacePath");
	bool is_new;
	int r = 0;

	if (path)
		r = join(path, CLONE_NEWIPC);
	else if (settings_is_on(settings, "PrivateIPC"))
		r = join_or_make(request, "ipc", CLONE_NEWIPC, &is_new);
	return r < 0 ? failure_set(failure, STEP_NAMESPACE, r, "cannot enter an IPC name space%s%s",
				   path ? ": " : "", path ? path : "")
		     : 0;
}

static int enter_host_name(const struct wire_list *settings, struct failure *failure)
{
	if (settings_is_on(settings, "ProtectHostname") && unshare(CLONE_NEWUTS) < 0)
		return failure_set(failure, STEP_NAMESPACE, -errno,
				   "cannot make a name space for the host name");
	return 0;
}

/* --- mounts --- */

static bool is_overlaid(const struct request *request, const char *path)
{
	const struct wire_list *paths = &request->context.overlaid;

	for (const char *at = wire_list_next(paths, NULL); at; at = wire_list_next(paths, at))
		if (mount_plan_is_within(path, at))
			return true;
	return false;
}

static int make_private_tmp(const struct request *request, char **ret_tmp, char **ret_var_tmp,
			    bool *ret_in_memory, struct failure *failure)
{
	const char *name = request->service.name;
	int r;

	if (!sandbox_wants_private_tmp(&request->service.settings))
		return 0;
	r = private_tmp_make(name, "/tmp", ret_tmp);
	if (r ==
	    -EROFS) { /* the root's, with no file system of its own yet: one in memory for this command */
		*ret_in_memory = true;
		r = 0;
	}
	if (r < 0)
		return failure_set(failure, STEP_NAMESPACE, r, "cannot make a private /tmp");
	if (is_overlaid(request, "/var/tmp")) {
		log_info("a private /var/tmp waits for the next start: it is still overlaid");
		return 0;
	}
	r = private_tmp_make(name, "/var/tmp", ret_var_tmp);
	if (r == -EROFS || r == -ENOENT) {
		log_warning_errno(r, "cannot make a private /var/tmp");
		return 0;
	}
	return r < 0 ? failure_set(failure, STEP_NAMESPACE, r, "cannot make a private /var/tmp")
		     : 0;
}

static int enter_mounts(const struct request *request, struct sandbox *sandbox,
			struct failure *failure)
{
	struct mount_plan plan CLEANUP_MOUNT_PLAN = { 0 };
	char **overlaid CLEANUP_STRV = NULL;
	struct mounts_order order = {
		.plan = &plan,
		.root = sandbox->root,
		.propagation = settings_get(sandbox->settings, "MountFlags"),
	};
	int r = wire_list_to_strv(&request->context.overlaid, &overlaid);

	if (r == 0)
		r = sandbox_plan(sandbox, &plan);
	if (r < 0)
		return failure_set(failure, r == -ENOMEM ? STEP_MEMORY : STEP_NAMESPACE, r,
				   "cannot plan the mounts");
	order.overlaid = overlaid;
	return mounts_enter(&order, failure);
}

static int enter_root(const char *root, struct failure *failure)
{
	if (*root && (chdir(root) < 0 || chroot(".") < 0))
		return failure_set(failure, STEP_CHROOT, -errno, "cannot use RootDirectory=%s",
				   root);
	return 0;
}

int isolate_enter(const struct request *request, const struct directories *directories,
		  const char *credentials, struct failure *failure)
{
	char *tmp CLEANUP(free_charp)
	= NULL;
	char *var_tmp CLEANUP(free_charp)
	= NULL;
	struct sandbox sandbox = {
		.settings = &request->service.settings,
		.root = request->service.root_directory,
		.notify_socket = context_word(request, "NOTIFY_SOCKET"),
		.credentials = credentials,
		.directories = directories->items,
		.n_directories = directories->n_items,
	};
	int r = enter_network(request, failure);

	if (r == 0)
		r = enter_ipc(request, failure);
	if (r == 0)
		r = enter_host_name(sandbox.settings, failure);
	if (r == 0)
		r = make_private_tmp(request, &tmp, &var_tmp, &sandbox.tmp_in_memory, failure);
	if (r < 0)
		return r;
	sandbox.private_tmp = tmp;
	sandbox.private_var_tmp = var_tmp;
	return sandbox_wants_mounts(&sandbox) ? enter_mounts(request, &sandbox, failure)
					      : enter_root(sandbox.root, failure);
}

/* --- users --- */

static int write_map(pid_t pid, const char *file, unsigned int id)
{
	char path[64];
	char text[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	if (id == 0)
		(void)snprintf(text, sizeof(text), "0 0 1\n");
	else
		(void)snprintf(text, sizeof(text), "0 0 1\n%u %u 1\n", id, id);
	return fs_write_at(AT_FDCWD, path, text);
}

/* In a child, because only somebody of the old name space may write the maps. It goes on when @pipe_fd ends. */
static int write_maps(int pipe_fd, const struct identity *identity)
{
	pid_t parent = getppid();
	char byte;
	int r;

	while (read(pipe_fd, &byte, 1) < 0 && errno == EINTR)
		continue;
	r = write_map(parent, "gid_map", identity->has_group ? identity->gid : 0);
	return r < 0 ? r : write_map(parent, "uid_map", identity->has_user ? identity->uid : 0);
}

static int wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -EIO;
}

static int unshare_users(const struct identity *identity)
{
	int ends[2];
	pid_t pid;
	int r = 0;
	int waited;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	pid = fork();
	if (pid == 0) {
		close(ends[1]);
		_exit(-write_maps(ends[0], identity));
	}
	if (pid < 0 || unshare(CLONE_NEWUSER) < 0)
		r = -errno;
	close(ends[0]);
	close(ends[1]);
	if (pid < 0)
		return r;
	waited = wait_for(pid);
	return r < 0 ? r : waited;
}

int isolate_users(const struct wire_list *settings, const struct identity *identity,
		  struct failure *failure)
{
	int r = settings_is_on(settings, "PrivateUsers") ? unshare_users(identity) : 0;

	return r < 0 ? failure_set(failure, STEP_USER, r, "cannot make a user name space") : 0;
}
