/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The order of the steps, which is most of what can go wrong here:
 *
 * conditions first, they may make all else needless; then names (NSS) while the process is still root and in the real root; streams, limits and
 * directories with root's rights; PAM while root; the bounding set before the user changes (it needs CAP_SETPCAP), ambient
 * capabilities after; name spaces once no path of the host is needed any more; the working directory last, with the user's own rights. Environment in the order of systemd: what PID 1 adds,
 * the user's, PAM's, Environment=, the files, and UnsetEnvironment= over all.
 */
#include "run.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "capability.h"
#include "clean.h"
#include "condition.h"
#include "confine.h"
#include "credentials.h"
#include "directories.h"
#include "early/fd.h"
#include "early/fs.h"
#include "early/macros.h"
#include "early/parse.h"
#include "early/strv.h"
#include "filters.h"
#include "identity.h"
#include "isolate.h"
#include "login_record.h"
#include "open_files.h"
#include "private_tmp.h"
#include "scheduling.h"
#include "session.h"
#include "settings.h"
#include "surroundings.h"
#include "variables.h"

#define ENVIRONMENT_FILE_MAX (1024 * 1024)
#define CONDITIONS_MET "EARLY_CONDITIONS=met"
#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

struct run {
	const struct request *request;
	const struct table_service *service;
	bool privileged; /* the "+" in front of the command */
	bool keeps_identity; /* the "!": it changes the user by itself */
	struct identity identity;
	struct directories directories;
	char *credentials; /* their directory, or NULL */
	char **variables;
	int report_fd;
	int ready_fd; /* of ReadyFd=, out of the way of the numbers that it may go to */
	uint32_t n_listen; /* sockets from REQUEST_FIRST_LISTEN_FD on */
	uint32_t n_open; /* files of OpenFile= behind them */
	struct failure *failure;
};

static int no_memory(struct run *run)
{
	return failure_set(run->failure, STEP_MEMORY, -ENOMEM, "no memory");
}

/*
 * Only for what begins a service: what ends it must not be skipped by what was needed to start it. PID 1 says EARLY_CONDITIONS=met for
 * the later commands of a start, because the first ones may have changed what a condition looks at.
 */
static bool checks_conditions(const struct request *request)
{
	const struct wire_list *words = &request->context.environment;

	for (const char *word = wire_list_next(words, NULL); word;
	     word = wire_list_next(words, word))
		if (strcmp(word, CONDITIONS_MET) == 0)
			return false;
	return request->exec.phase <= TABLE_PHASE_START;
}

/* --- environment --- */

static int set_list(char ***variables, const struct wire_list *list)
{
	for (const char *word = wire_list_next(list, NULL); word;
	     word = wire_list_next(list, word)) {
		int r = strv_set_variable(variables, word);

		if (r < 0)
			return r;
	}
	return 0;
}

static int set_user_variables(struct run *run)
{
	const struct {
		const char *name;
		const char *value;
	} pairs[] = {
		{ "HOME", run->identity.home },
		{ "LOGNAME", run->identity.name },
		{ "USER", run->identity.name },
		{ "SHELL", run->identity.shell },
	};

	for (size_t i = 0; run->identity.has_user && i < ARRAY_SIZE(pairs); i++) {
		int r = variables_set_value(&run->variables, pairs[i].name, pairs[i].value);

		if (r < 0)
			return r;
	}
	return 0;
}

static int set_passed_variables(struct run *run)
{
	const struct wire_list *list = &run->service->pass_environment;

	for (const char *name = wire_list_next(list, NULL); name;
	     name = wire_list_next(list, name)) {
		const char *value = getenv(name);
		int r = value ? variables_set_value(&run->variables, name, value) : 0;

		if (r < 0)
			return r;
	}
	return 0;
}

/* Before PAM sees it. */
static int begin_environment(struct run *run)
{
	int r = variables_set_value(&run->variables, "PATH", DEFAULT_PATH);

	if (r == 0)
		r = set_list(&run->variables, &run->request->context.environment);
	if (r == 0)
		r = set_user_variables(run);
	variables_unset(run->variables, "EARLY_CONDITIONS");
	if (r == 0)
		r = set_passed_variables(run);
	return r < 0 ? no_memory(run) : 0;
}

static int read_environment_file(struct run *run, const char *word)
{
	const char *path = *word == '-' ? word + 1 : word;
	char *text CLEANUP(free_charp)
	= NULL;
	size_t len;
	int r = fs_read_file_at(AT_FDCWD, path, ENVIRONMENT_FILE_MAX, &text, &len);

	if (r < 0 && *word == '-')
		return 0;
	if (r < 0) /* systemd has no code of its own for it: it fails the start as "resources" */
		return failure_set(run->failure, STEP_EXEC, r, "cannot read EnvironmentFile=%s",
				   path);
	return variables_read(&run->variables, text) < 0 ? no_memory(run) : 0;
}

static int finish_environment(struct run *run)
{
	const struct wire_list *files = &run->service->environment_files;
	const struct wire_list *unset = &run->service->unset_environment;
	char pid[16];
	int r = set_list(&run->variables, &run->service->environment);

	if (r < 0)
		return no_memory(run);
	for (const char *file = wire_list_next(files, NULL); file;
	     file = wire_list_next(files, file)) {
		r = read_environment_file(run, file);
		if (r < 0)
			return r;
	}
	for (const char *word = wire_list_next(unset, NULL); word;
	     word = wire_list_next(unset, word))
		variables_unset(run->variables, word);
	if (!variables_get(run->variables, "LISTEN_FDS", strlen("LISTEN_FDS")))
		return 0;
	(void)snprintf(pid, sizeof(pid), "%d", (int)getpid());
	return variables_set_value(&run->variables, "LISTEN_PID", pid) < 0 ? no_memory(run) : 0;
}

/* --- the process --- */

static int reset_signals(struct run *run)
{
	struct sigaction action = { .sa_handler = SIG_DFL };
	sigset_t none;

	for (int signo = 1; signo < NSIG; signo++)
		(void)sigaction(signo, &action, NULL); /* SIGKILL and SIGSTOP refuse */
	action.sa_handler = SIG_IGN;
	if (!(run->service->flags & TABLE_FLAG_KEEP_SIGPIPE))
		(void)sigaction(SIGPIPE, &action, NULL); /* cannot fail */
	sigemptyset(&none);
	if (sigprocmask(SIG_SETMASK, &none, NULL) < 0)
		return failure_set(run->failure, STEP_SIGNAL_MASK, -errno,
				   "cannot reset the signal mask");
	return 0;
}

static int become_user(struct run *run)
{
	const struct table_service *service = run->service;
	const struct wire_list *settings = &service->settings;
	uint64_t bounding = UINT64_MAX;
	uint64_t ambient;
	int r;

	if (run->privileged)
		return 0;
	r = run->keeps_identity ? 0 : identity_take_groups(&run->identity, run->failure);
	if (r == 0)
		r = isolate_users(settings, &run->identity, run->failure);
	if (r < 0)
		return r;
	if (capability_parse(&service->ambient_capabilities, &ambient) < 0 ||
	    (service->capabilities.len > 0 &&
	     capability_parse(&service->capabilities, &bounding) < 0))
		return failure_set(run->failure, STEP_CAPABILITIES, -EINVAL,
				   "a name in CapabilityBoundingSet= or AmbientCapabilities= is no "
				   "capability");
	r = capability_limit(bounding & ~confine_capabilities(settings));
	if (r < 0)
		return failure_set(run->failure, STEP_CAPABILITIES, r,
				   "cannot limit the capabilities");
	r = capability_set_secure_bits((unsigned int)settings_number(settings, "SecureBits", 16, 0),
				       ambient && run->identity.has_user);
	if (r < 0)
		return failure_set(run->failure, STEP_SECUREBITS, r, "cannot set SecureBits=");
	r = run->keeps_identity ? 0 : identity_take_user(&run->identity, run->failure);
	if (r < 0)
		return r;
	if (ambient && !run->keeps_identity)
		r = capability_raise_ambient(ambient);
	return r < 0 ? failure_set(run->failure, STEP_CAPABILITIES, r,
				   "cannot raise AmbientCapabilities=")
		     : 0;
}

/* The last step: nothing that early-exec itself still has to do may be forbidden by it. */
static int confine(struct run *run)
{
	const struct wire_list *settings = &run->service->settings;
	int r;

	if (run->privileged)
		return 0;
	r = confine_set_labels(settings, run->failure);
	if (r == 0 && (confine_wants_no_new_privileges(settings) ||
		       (filters_are_wanted(settings) && !capability_may_administrate())))
		r = confine_set_no_new_privileges(run->failure);
	if (r == 0 && filters_are_wanted(settings))
		r = filters_load(settings, run->failure);
	return r;
}

static bool has_ready_fd(const struct run *run)
{
	return run->service->ready_fd > 0 && run->request->exec.phase == TABLE_PHASE_START;
}

/* Behind the sockets is the pipe of ReadyFd=, which goes where that says. */
static int arrange_ready_fd(struct run *run)
{
	int from = (int)(REQUEST_FIRST_LISTEN_FD + run->n_listen);

	if (!has_ready_fd(run))
		return 0;
	/* Out of the way first: the two numbers may be the same. */
	from = fcntl(from, F_DUPFD_CLOEXEC, 256);
	if (from < 0)
		return failure_set(run->failure, STEP_FDS, -errno, "ReadyFd= is not there");
	run->ready_fd = from;
	return 0;
}

/* How many there are says the environment, and how each is called: what was stored or comes by a socket has its name before. */
static int name_open_files(struct run *run, const char *names)
{
	const char *before = variables_get(run->variables, "LISTEN_FDNAMES",
					   strlen("LISTEN_FDNAMES"));
	char *all CLEANUP(free_charp)
	= NULL;
	char number[16], pid[16];
	int r = asprintf(&all, "%s%s%s", before ? before : "", before ? ":" : "", names);

	if (r < 0)
		all = NULL;
	(void)snprintf(number, sizeof(number), "%u", run->n_listen + run->n_open);
	(void)snprintf(pid, sizeof(pid), "%d", (int)getpid());
	if (r < 0 || variables_set_value(&run->variables, "LISTEN_FDNAMES", all) < 0 ||
	    variables_set_value(&run->variables, "LISTEN_FDS", number) < 0 ||
	    variables_set_value(&run->variables, "LISTEN_PID", pid) < 0)
		return no_memory(run);
	return 0;
}

/* The numbers behind the sockets are nobody's any more. */
static int arrange_open_files(struct run *run)
{
	char *names CLEANUP(free_charp)
	= NULL;
	int r;

	if (run->request->exec.phase != TABLE_PHASE_START)
		return 0;
	r = open_files(&run->service->settings, (int)(3 + run->n_listen), &run->n_open, &names,
		       run->failure);
	return r < 0 || !names ? r : name_open_files(run, names);
}

static int place_ready_fd(struct run *run)
{
	if (has_ready_fd(run) && run->n_open > 0 &&
	    (uint32_t)run->service->ready_fd < 3 + run->n_listen + run->n_open)
		return failure_set(run->failure, STEP_FDS, -EADDRINUSE,
				   "ReadyFd= is the number of a file of OpenFile=");
	if (has_ready_fd(run) && dup2(run->ready_fd, run->service->ready_fd) < 0)
		return failure_set(run->failure, STEP_FDS, -errno, "cannot place ReadyFd=");
	return 0;
}

/*
 * The sockets come behind early-exec's own two descriptors and go to where LISTEN_FDS says. All else is closed by the execution.
 */
static int arrange_descriptors(struct run *run)
{
	uint32_t n = run->n_listen;
	int r;

	for (uint32_t i = 0; i < n; i++)
		if (dup2((int)(REQUEST_FIRST_LISTEN_FD + i), (int)(3 + i)) < 0)
			return failure_set(run->failure, STEP_FDS, -errno,
					   "socket %u of %u is not there", i + 1, n);
	r = arrange_ready_fd(run);
	if (r == 0)
		r = arrange_open_files(run);
	if (r < 0)
		return r;
	if (syscall(SYS_close_range, 3U + n + run->n_open, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
		return failure_set(run->failure, STEP_FDS, -errno, "cannot close descriptors");
	return place_ready_fd(run);
}

static int execute(struct run *run)
{
	const struct table_exec *exec = &run->request->exec;
	char **words CLEANUP_STRV = NULL;
	char **argv CLEANUP_STRV = NULL;
	int r = wire_list_to_strv(&exec->argv, &words);

	if (r == 0 && (exec->flags & TABLE_EXEC_HAS_VARIABLES)) {
		r = variables_expand(words, run->variables, &argv);
	} else if (r == 0) {
		argv = TAKE_PTR(words);
	}
	if (r < 0 || !argv)
		return no_memory(run);
	execve(exec->program, argv, run->variables);
	return failure_set(run->failure, STEP_EXEC, -errno, "cannot execute %s", exec->program);
}

/* A private /tmp outlives the commands of one run of the service; its next run begins with an empty one. */
static void begin_run(const struct run *run)
{
	if (checks_conditions(run->request))
		private_tmp_remove(run->service->name);
}

static int prepare(struct run *run)
{
	const struct table_service *service = run->service;
	const struct session_descriptors descriptors = { run->report_fd, REQUEST_FIRST_LISTEN_FD,
							 run->n_listen + has_ready_fd(run) };
	int r = identity_look_up(service, &run->identity, run->failure);

	(void)setsid(); /* refused if PID 1 did it already */
	begin_run(run);
	if (r == 0)
		r = surroundings_set_streams(service, run->failure);
	if (r == 0)
		r = surroundings_set_limits(service, run->failure);
	if (r == 0)
		r = scheduling_apply(&service->settings, run->failure);
	if (r == 0 && (service->flags & TABLE_FLAG_DELEGATE))
		r = surroundings_give_cgroup(run->request->context.cgroup, &run->identity,
					     run->failure);
	if (r == 0)
		r = begin_environment(run);
	if (r == 0 && run->request->exec.phase <= TABLE_PHASE_START_POST)
		r = directories_make(service, &run->identity, &run->request->context.overlaid,
				     &run->directories, &run->variables, run->failure);
	if (r == 0)
		r = credentials_make(run->request, &run->identity, &run->credentials,
				     &run->variables, run->failure);
	if (r == 0)
		r = confine_join_keyring(&service->settings, &run->identity,
					 *service->pam_name && !run->privileged &&
						 !run->keeps_identity,
					 run->failure);
	if (r == 0 && *service->pam_name && !run->privileged && !run->keeps_identity)
		r = session_open(service->pam_name, &run->identity, service->tty_path, &descriptors,
				 &run->variables, run->failure);
	if (r == 0)
		r = finish_environment(run);
	if (r == 0 && run->request->exec.phase == TABLE_PHASE_START)
		login_record_begin(service, run->identity.name ? run->identity.name : "root");
	umask((mode_t)service
		      ->umask); /* not before the directories: their parents are everybody's */
	return r;
}

static int go(struct run *run)
{
	int r = settings_check(&run->service->settings, run->failure);

	if (r == 0)
		r = reset_signals(run);
	if (r == 0)
		r = prepare(run);
	if (r == 0)
		r = arrange_descriptors(run);
	if (r == 0 && !run->privileged)
		r = isolate_enter(run->request, &run->directories, run->credentials, run->failure);
	if (r == 0)
		r = become_user(run);
	if (r == 0)
		r = surroundings_set_working_directory(run->service, &run->identity, run->failure);
	if (r == 0)
		r = confine(run);
	if (r == 0)
		r = execute(run);
	return r;
}

static uint32_t count_listen_fds(const struct request *request)
{
	const struct wire_list *words = &request->context.environment;
	uint32_t n = 0;

	for (const char *word = wire_list_next(words, NULL); word;
	     word = wire_list_next(words, word))
		if (strncmp(word, "LISTEN_FDS=", strlen("LISTEN_FDS=")) == 0 &&
		    parse_u32(word + strlen("LISTEN_FDS="), &n) < 0)
			n = 0;
	return n;
}

int run_program(const struct request *request, int report_fd, const char **ret_skipped,
		struct failure *failure)
{
	struct run run = {
		.request = request,
		.service = &request->service,
		.privileged = request->exec.flags & TABLE_EXEC_FULL_PRIVILEGE,
		.keeps_identity = request->exec.flags & TABLE_EXEC_KEEP_IDENTITY,
		.report_fd = report_fd,
		.n_listen = count_listen_fds(request),
		.failure = failure,
	};
	enum condition_verdict verdict = CONDITION_MET;
	const char *culprit = NULL;
	int r;

	if (request->exec.phase == TABLE_PHASE_CLEAN) {
		clean_after(request);
		return 0;
	}
	if (checks_conditions(request))
		verdict = condition_check(&request->service.conditions, AT_FDCWD, &culprit);
	if (verdict == CONDITION_SKIP) {
		*ret_skipped = culprit;
		return 0;
	}
	if (verdict == CONDITION_FAIL)
		return failure_set(failure, STEP_EXEC, -ECANCELED, "the assertion %s does not hold",
				   culprit);
	r = go(&run);
	identity_done(&run.identity);
	directories_done(&run.directories);
	free(run.credentials);
	strv_free(run.variables);
	return r;
}
