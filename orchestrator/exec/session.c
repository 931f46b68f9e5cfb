/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * PAM around a program that replaces this process.
 *
 * The process that PID 1 watches must be the program itself, so it is not the program that becomes a child but the one who closes the
 * session: it keeps a pidfd of its parent, ignores the signals that end the service, and runs pam_close_session when the
 * parent is gone. It lives in the service's cgroup: a last SIGKILL ends it, too, and then logind sees the end of the session by itself.
 */
#include "session.h"

#include <errno.h>
#include <poll.h>
#include <security/pam_appl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "early/fd.h"
#include "early/strv.h"
#include "variables.h"

/* There is nobody to answer: a module that asks is refused. */
static int converse(int n, const struct pam_message **messages, struct pam_response **responses,
		    void *data)
{
	(void)n;
	(void)messages;
	(void)responses;
	(void)data;
	return PAM_CONV_ERR;
}

static int set_items(pam_handle_t *pam, char *const *variables, const char *tty)
{
	int code = PAM_SUCCESS;

	if (tty && *tty)
		code = pam_set_item(pam, PAM_TTY, tty);
	for (size_t i = 0; code == PAM_SUCCESS && variables && variables[i]; i++)
		code = pam_putenv(pam, variables[i]);
	return code;
}

static int open_session(pam_handle_t *pam, char *const *variables, const char *tty)
{
	int code = set_items(pam, variables, tty);

	if (code == PAM_SUCCESS)
		code = pam_acct_mgmt(pam, PAM_SILENT);
	if (code != PAM_SUCCESS)
		return code;
	(void)pam_setcred(pam, PAM_ESTABLISH_CRED |
				       PAM_SILENT); /* modules without credentials refuse it */
	code = pam_open_session(pam, PAM_SILENT);
	if (code != PAM_SUCCESS)
		(void)pam_setcred(pam, PAM_DELETE_CRED | PAM_SILENT);
	return code;
}

static int take_variables(pam_handle_t *pam, char ***variables)
{
	char **list = pam_getenvlist(pam);
	int r = list ? 0 : -ENOMEM;

	for (size_t i = 0; list && list[i]; i++) {
		if (r == 0)
			r = strv_set_variable(variables, list[i]);
		free(list[i]);
	}
	free(list);
	return r;
}

static void ignore_signals(void)
{
	static const int signals[] = { SIGTERM, SIGINT, SIGHUP, SIGPIPE, SIGUSR1, SIGUSR2 };

	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		(void)signal(signals[i], SIG_IGN); /* cannot fail for these */
}

/*
 * What modules opened must stay (logind's session ends with pam_systemd's descriptor); what PID 1 gave must go: the answer pipe, whose end
 * of file says that the program runs, and the sockets.
 */
static void drop_descriptors(const struct session_descriptors *descriptors)
{
	close(STDIN_FILENO);
	close(STDOUT_FILENO);
	close(descriptors->report_fd);
	if (descriptors->n_listen > 0)
		(void)syscall(SYS_close_range, descriptors->first_listen_fd,
			      descriptors->first_listen_fd + descriptors->n_listen - 1, 0U);
}

static void keep_watch(pam_handle_t *pam, int parent_fd,
		       const struct session_descriptors *descriptors)
{
	struct pollfd poll_fd = { .fd = parent_fd, .events = POLLIN };

	ignore_signals();
	(void)prctl(PR_SET_NAME, "(early-pam)");
	drop_descriptors(descriptors);
	while (poll(&poll_fd, 1, -1) < 0 && errno == EINTR)
		continue;
	(void)pam_close_session(pam, PAM_SILENT); /* nobody is left to hear of an error */
	(void)pam_setcred(pam, PAM_DELETE_CRED | PAM_SILENT);
	(void)pam_end(pam, PAM_SUCCESS);
	_exit(0);
}

static int start_watch(pam_handle_t *pam, const struct session_descriptors *descriptors)
{
	int parent_fd CLEANUP_FD
	= (int)syscall(SYS_pidfd_open, getpid(), 0);
	pid_t pid;

	if (parent_fd < 0)
		return -errno;
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0)
		keep_watch(pam, parent_fd, descriptors);
	return 0;
}

int session_open(const char *pam_name, const struct identity *identity, const char *tty,
		 const struct session_descriptors *descriptors, char ***variables,
		 struct failure *failure)
{
	static const struct pam_conv conversation = { converse, NULL };
	pam_handle_t *pam = NULL;
	int code = pam_start(pam_name, identity->name ? identity->name : "root", &conversation,
			     &pam);
	int r = 0;

	if (code != PAM_SUCCESS)
		return failure_set(failure, STEP_PAM, -EIO, "cannot start PAM service %s",
				   pam_name);
	code = open_session(pam, *variables, tty);
	if (code != PAM_SUCCESS) {
		(void)failure_set(failure, STEP_PAM, -EPERM, "PAM service %s refused %s: %s",
				  pam_name, identity->name ? identity->name : "root",
				  pam_strerror(pam, code));
		(void)pam_end(pam, code);
		return -EPERM;
	}
	r = take_variables(pam, variables);
	if (r == 0)
		r = start_watch(pam, descriptors);
	if (r < 0) {
		(void)pam_close_session(pam, PAM_SILENT);
		(void)pam_end(pam, PAM_SYSTEM_ERR);
		return failure_set(failure, STEP_PAM, r,
				   "cannot keep the session of PAM service %s", pam_name);
	}
	return 0; /* the handle lives on in the child; here the program replaces everything */
}
