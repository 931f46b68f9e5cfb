/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "container.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "early/clock.h"
#include "early/fd.h"
#include "early/fs.h"
#include "early/log.h"
#include "early/loop.h"
#include "early/macros.h"
#include "early/opts.h"
#include "early/parse.h"
#include "early/strv.h"

#include "config.h"
#include "crash.h"
#include "image.h"
#include "manager.h"
#include "outputs.h"
#include "reexec.h"
#include "survivors.h"
#include "timeline.h"
#include "watchdog.h"

/*
 * Container mode: services, supervision and control as on a machine, without display, overlay and disks. Every unit that has a
 * stage is started at once; the others wait for a demand. SIGTERM and SIGINT stop all in reverse order, then it ends.
 *
 * `earlyctl daemon-reexec` executes the program that is now at argv[0] in place of this one, with the same options and the state
 * in the image (--state), and so does a crash (crash.c). The services do not notice. Children are reaped only after the
 * state was read, so that one that ended in between is found by who watches it.
 */

#define STOP_DEADLINE_US (90 * USEC_PER_SEC)

struct container {
	char **service_dirs;
	char *run_dir;
	char *cgroup_root;
	char *helpers;
	char *config; /* early.conf; NULL: none */
	char **argv; /* as they came */
	struct crash_state state; /* of the program before; fds[0] -1: none */
	bool debug;
	bool help;

	struct loop *loop;
	struct manager *manager;
	struct outputs *outputs;
	struct image image;
	struct watchdog watchdog;
	struct reexec reexec;
	struct survivors survivors;
	int exit_status; /* of a good end */
};

/* --- options --- */

static int apply_container(void *target, const char *value)
{
	return 0;
}

static int apply_help(void *target, const char *value)
{
	((struct container *)target)->help = true;
	return 0;
}

/* PID 1 and its helpers work in "/": a relative path is meant from where the command was typed. */
static int make_absolute(const char *value, char **ret_path)
{
	CLEANUP(free_charp)
	char *here = NULL;

	if (!value[0])
		return -EINVAL;
	if (value[0] == '/') {
		*ret_path = strdup(value);
		return *ret_path ? 0 : -ENOMEM;
	}
	here = getcwd(NULL, 0);
	if (!here)
		return -errno;
	return asprintf(ret_path, "%s/%s", here, value) < 0 ? -ENOMEM : 0;
}

static int apply_services(void *target, const char *value)
{
	char *path;
	int r = make_absolute(value, &path);

	if (r < 0)
		return r;
	return strv_consume(&((struct container *)target)->service_dirs, path);
}

static int set_path(char **path, const char *value)
{
	char *absolute;
	int r = make_absolute(value, &absolute);

	if (r < 0)
		return r;
	free(*path);
	*path = absolute;
	return 0;
}

static int apply_run(void *target, const char *value)
{
	return set_path(&((struct container *)target)->run_dir, value);
}

static int apply_cgroup(void *target, const char *value)
{
	return set_path(&((struct container *)target)->cgroup_root, value);
}

static int apply_helpers(void *target, const char *value)
{
	return set_path(&((struct container *)target)->helpers, value);
}

static int apply_config(void *target, const char *value)
{
	return set_path(&((struct container *)target)->config, value);
}

static int apply_crash_window(void *target, const char *value)
{
	uint64_t us;

	if (parse_span_us(value, &us) < 0)
		return -EINVAL;
	crash_set_again_us(us);
	return 0;
}

static int apply_state(void *target, const char *value)
{
	return crash_parse(value, &((struct container *)target)->state);
}

static int apply_debug(void *target, const char *value)
{
	((struct container *)target)->debug = true;
	return 0;
}

static const struct opt opts[] = {
	{ 0, "container", NULL, "be PID 1 of a PID name space", apply_container },
	{ 0, "services", "DIR", "take manifests from DIR only; may be given again",
	  apply_services },
	{ 0, "run", "DIR", "state and control socket (absolute; default /run/early)", apply_run },
	{ 0, "cgroup", "DIR", "a directory of a cgroup v2 tree that is ours", apply_cgroup },
	{ 0, "helpers", "DIR", "where early-load, early-exec and early-log are", apply_helpers },
	{ 0, "config", "FILE", "an early.conf of its own (the watchdog; default none)",
	  apply_config },
	{ 0, "crash-window", "SPAN",
	  "end at a second crash of early-init within SPAN (default 10s)", apply_crash_window },
	{ 0, "state", "FD,FD", "take over from the program before (its daemon-reexec gives this)",
	  apply_state },
	{ 0, "debug", NULL, "say what happens", apply_debug },
	{ 'h', "help", NULL, "show this help", apply_help },
};

/* --- running --- */

static void handle_stopped(struct manager *manager, void *data)
{
	struct container *container = data;

	loop_exit(container->loop, EXIT_SUCCESS);
}

static void handle_signal(const struct loop_signal_info *info, void *data)
{
	struct container *container = data;
	int r;

	log_info("stopping all services");
	r = manager_stop_all(container->manager, "the container stops",
			     clock_monotonic_us() + STOP_DEADLINE_US, handle_stopped, container);
	if (r < 0)
		log_warning_errno(r, "cannot set a deadline for the end");
}

static void handle_loaded(struct manager *manager, int error, void *data)
{
	static const enum table_stage stages[] = {
		TABLE_STAGE_DISPLAY,
		TABLE_STAGE_DISKS,
		TABLE_STAGE_MERGED,
		TABLE_STAGE_GREETER,
	};

	if (error < 0)
		log_warning_errno(error, "the manifests could not be read, starting what is known");
	for (size_t i = 0; i < ARRAY_SIZE(stages); i++)
		(void)manager_start_stage(manager, stages[i], "the container starts"); /* logged */
	manager_event(manager, "complete", 0, NULL);
}

static int handle_verb(struct manager *manager, enum control_verb verb, const char *name,
		       void *data)
{
	struct container *container = data;

	if (verb == CONTROL_VERB_DAEMON_REEXEC && container->survivors.ending)
		return -EBUSY; /* there is no state yet that is worth one */
	if (verb == CONTROL_VERB_DAEMON_REEXEC)
		return reexec_start(&container->reexec);
	if (verb != CONTROL_VERB_POWEROFF && verb != CONTROL_VERB_HALT)
		return -EOPNOTSUPP;
	container->exit_status = name[0] ? manager_exit_status(manager, name) : EXIT_SUCCESS;
	handle_signal(NULL, container);
	return 0;
}

static int make_run_dir(const struct container *container)
{
	char path[512];
	int r;

	if ((size_t)snprintf(path, sizeof(path), "%s/log", container->run_dir) >= sizeof(path))
		return -ENAMETOOLONG;
	r = fs_mkdir_p_at(AT_FDCWD, container->run_dir, 0755);
	return r < 0 ? r : fs_mkdir_p_at(AT_FDCWD, path, 0755);
}

static int start_manager(struct container *container)
{
	char load[512], exec[512], timer[512];
	struct manager_options options = {
		.container = true,
		.run_dir = container->run_dir,
		.service_dirs = container->service_dirs,
		.cgroup_root = container->cgroup_root,
		.load_path = load,
		.exec_path = exec,
		.timer_path = timer,
		.verb = handle_verb,
		.data = container,
	};
	int r;

	snprintf(load, sizeof(load), "%s/early-load", container->helpers);
	snprintf(exec, sizeof(exec), "%s/early-exec", container->helpers);
	snprintf(timer, sizeof(timer), "%s/early-timer", container->helpers);
	r = manager_new(&container->manager, container->loop, &options);
	if (r < 0)
		return log_errno(r, "cannot make the manager");
	reexec_init(&container->reexec, container->loop, container->manager,
		    container->argv[0][0] == '/' ? container->argv[0] : "/proc/self/exe");
	return 0;
}

/* From the state of the program before. Negative: it is of another version, and all that runs has to end. */
static int take_state(struct container *container)
{
	const struct crash_state *state = &container->state;
	int r = manager_read_image(container->manager, state->fds, state->crashed_us > 0);

	crash_close_strays();
	if (r < 0)
		log_warning_errno(r, "the state of the program before can't be read");
	if (r == -EPROTONOSUPPORT) {
		log_warning("all that runs is ended, and a plain start follows");
		return r;
	}
	if (r < 0)
		_exit(CRASH_EXIT_NO_STATE); /* started plainly, everything would run twice */
	return r;
}

/* Without early-log the services write to our stderr. */
static void start_outputs(struct container *container)
{
	char path[512];
	int r;

	snprintf(path, sizeof(path), "%s/early-log", container->helpers);
	if (access(path, X_OK) < 0)
		return;
	r = outputs_new(&container->outputs, container->loop, container->manager, path,
			container->run_dir, manager_zero_us(container->manager));
	if (r < 0)
		log_warning_errno(r, "cannot start early-log");
}

/*
 * Only PID 1 inherits every orphan, and only its end ends all of them; on a machine's own PIDs services would outlive it. Nobody is
 * helped by half of that.
 */
static int check_pid(void)
{
	if (getpid() == 1)
		return 0;
	fputs("early-init: --container is for PID 1 of a PID name space. Run it as\n"
	      "  unshare --fork --pid --mount --mount-proc early-init --container …\n",
	      stderr);
	return -EINVAL;
}

/* A directory that was named but can't be read is a mistake, and not an empty container. */
static int check_services(char *const *dirs)
{
	for (; dirs && *dirs; dirs++) {
		CLEANUP_FD
		int fd = open(*dirs, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		int r = fd < 0 ? -errno : 0;

		if (r < 0) {
			fprintf(stderr,
				"early-init: --services %s: %s; it must be a directory with "
				"manifests\n",
				*dirs, strerrordesc_np(-r));
			return r;
		}
	}
	return 0;
}

static int watch_signals(struct container *container)
{
	int r = loop_reap_children(container->loop);

	if (r == 0)
		r = loop_signal(container->loop, SIGTERM, handle_signal, container);
	if (r == 0)
		r = loop_signal(container->loop, SIGINT, handle_signal, container);
	return r;
}

static int begin(struct container *container)
{
	int r;

	manager_event(container->manager, "init", 0, NULL);
	start_outputs(container);
	r = manager_load(container->manager, NULL, handle_loaded, container);
	return r < 0 ? log_errno(r, "cannot run early-load") : 0;
}

/* Where the program before was. */
static int go_on(struct container *container)
{
	log_info(container->state.crashed_us > 0 ? "went on after a crash" : "re-executed");
	start_outputs(container);
	if (manager_is_stopping(container->manager))
		handle_signal(NULL, container);
	else if (!timeline_when(manager_timeline(container->manager), "complete"))
		return manager_load(container->manager, NULL, handle_loaded, container);
	return 0;
}

static void start_watchdog(struct container *container)
{
	struct config config;
	int r;

	watchdog_init(&container->watchdog);
	if (!container->config)
		return;
	r = config_read(&config, container->config);
	if (r < 0)
		log_warning_errno(r, "cannot read %s", container->config);
	if (config.watchdog_us == 0)
		return;
	r = watchdog_start(&container->watchdog, container->loop, config.watchdog_device,
			   config.watchdog_us);
	if (r < 0)
		log_warning_errno(r, "cannot open the watchdog %s", config.watchdog_device);
}

static void keep_image(struct container *container)
{
	int r = image_init(&container->image);

	if (r < 0) {
		log_warning_errno(r, "cannot keep the state for a crash");
		return;
	}
	manager_keep_image(container->manager, &container->image);
	crash_arm(&container->image, container->argv);
}

static void handle_survivors_gone(struct survivors *survivors)
{
	struct container *container = container_of(survivors, struct container, survivors);

	manager_hold_loads(container->manager, false);
	if (begin(container) < 0)
		loop_exit(container->loop, EXIT_FAILURE);
	keep_image(container);
}

/* With the state of the program before, without one, or when all that it has left is gone. */
static int start_up(struct container *container)
{
	int taken = container->state.fds[0] >= 0 ? take_state(container) : 1;
	int r = watch_signals(container);

	if (r < 0)
		return log_errno(r, "cannot watch signals");
	r = manager_open_control(container->manager);
	if (r < 0)
		return log_errno(r, "cannot open %s/control", container->run_dir);
	r = taken == 0 ? go_on(container) : taken > 0 ? begin(container) : 0;
	if (r < 0)
		return r;
	start_watchdog(container);
	if (taken >= 0) {
		keep_image(container);
		return 0;
	}
	manager_hold_loads(container->manager, true);
	survivors_end(&container->survivors, container->loop, handle_survivors_gone);
	return 0;
}

static int run(struct container *container)
{
	int r;

	r = make_run_dir(container);
	if (r < 0)
		return log_errno(r, "cannot make %s", container->run_dir);
	r = loop_new(&container->loop);
	if (r < 0)
		return log_errno(r, "cannot make the event loop");
	r = start_manager(container);
	if (r < 0)
		return r;
	r = start_up(container);
	return r < 0 ? r : loop_run(container->loop);
}

static void container_done(struct container *container)
{
	survivors_done(&container->survivors);
	outputs_free(container->outputs);
	reexec_done(&container->reexec);
	watchdog_stop(&container->watchdog);
	manager_free(container->manager);
	image_done(&container->image);
	loop_free(container->loop);
	strv_free(container->argv);
	strv_free(container->service_dirs);
	free(container->run_dir);
	free(container->cgroup_root);
	free(container->helpers);
	free(container->config);
}

int container_main(int argc, char **argv)
{
	struct container container CLEANUP(container_done) = { .state.fds = { -1, -1 },
							       .watchdog.fd = -1 };
	int n;

	for (int i = 0; i < argc; i++)
		if (strv_append(&container.argv, argv[i]) < 0)
			return EXIT_FAILURE;

	n = opts_parse(opts, ARRAY_SIZE(opts), &container, argc, argv);
	if (n < 0)
		return 2;
	if (container.help) {
		printf("early-init --container [OPTION]…\n\n");
		opts_print_help(stdout, opts, ARRAY_SIZE(opts));
		return EXIT_SUCCESS;
	}
	if (n > 0) {
		fprintf(stderr, "early-init: unexpected operand \"%s\"; see --help\n", argv[1]);
		return 2;
	}
	if (check_pid() < 0)
		return 2;
	if (container.state.fds[0] < 0 && check_services(container.service_dirs) < 0)
		return EXIT_FAILURE; /* a re-execution must not end here: its services run */
	log_init("early-init", LOG_SINK_STDERR, container.debug ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO);
	if ((!container.run_dir && set_path(&container.run_dir, "/run/early") < 0) ||
	    (!container.helpers && set_path(&container.helpers, EARLY_LIBEXECDIR) < 0))
		return EXIT_FAILURE;
	return run(&container) == 0 ? container.exit_status : EXIT_FAILURE;
}
