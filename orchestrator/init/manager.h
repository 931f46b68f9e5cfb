/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "early/list.h"
#include "early/loop.h"
#include "early/proto/control.h"
#include "early/proto/table.h"

/*
 * The manager owns services, scopes, jobs, the table, the timeline and the control socket. The boot code drives it by these
 * functions and hears of what happens by its listeners. Every function returns at once.
 */
struct manager;
struct service;

typedef void (*state_put_fn)(uint16_t opcode, const void *value, void *to);

struct manager_options {
	bool container;
	const char *run_dir; /* NULL: /run/early */
	char *const *service_dirs; /* for early-load's --services; NULL: its own search path */
	const char *cmdline; /* the kernel's, whose masks hold; NULL: none */
	const char *cgroup_root; /* a directory of a cgroup v2 file system; NULL: process groups */
	const char *load_path; /* NULL: EARLY_LIBEXECDIR/early-load */
	const char *exec_path; /* NULL: EARLY_LIBEXECDIR/early-exec */
	const char *timer_path; /* NULL: EARLY_LIBEXECDIR/early-timer */

	/*
	 * The control verbs that are the boot code's: POWEROFF, REBOOT, HALT, DAEMON_REEXEC, RESCUE, MERGE. -EINPROGRESS: manager_verb_done()
	 * follows. NULL: -EOPNOTSUPP. The name with POWEROFF is a unit's whose manifest says FailureAction=exit or SuccessAction=exit.
	 */
	int (*verb)(struct manager *manager, enum control_verb verb, const char *name, void *data);
	/* Adds the paths that lie below an overlay now. NULL: there are none. */
	int (*overlaid)(char ***paths, void *data);
	/* What else `earlyctl status` has to say about the machine, a line each. NULL: nothing. */
	void (*status)(void *data, void (*say)(void *to, const char *text), void *to);
	void *data;
	/*
	 * What else belongs into the image, in messages of state_proto.h, all of it or what may have changed; and how it comes back, last
	 * of all. May be NULL.
	 */
	void (*save)(state_put_fn put, void *to, bool whole, void *data);
	void (*take)(uint16_t opcode, const void *value, void *data);
};

/* One unit (service, target or scope) as the bus and the control socket see it. Valid during the call it comes with. */
struct manager_unit {
	const char *name;
	const char *description;
	const char *load_state;
	const char *active_state;
	const char *sub_state;
	const char *path; /* manifest's file */
	const char *cgroup;
	const char *result;
	const char *detail; /* why it failed, in words; "": nothing to say */
	const char *stage;
	const char *seat;
	const char
		*on_give_up; /* the rungs that are tried when it ends again and again; "": none */
	bool screen_at_start; /* it opens the screen before it asks for a session */
	pid_t main_pid;
	uint64_t since_us; /* CLOCK_BOOTTIME */
	uint32_t remarks; /* lines of its manifest that are not honoured */
};

enum manager_verb {
	MANAGER_VERB_START,
	MANAGER_VERB_STOP,
	MANAGER_VERB_RESTART,
	MANAGER_VERB_TRY_RESTART,
	MANAGER_VERB_RELOAD,
	MANAGER_VERB_RELOAD_OR_RESTART,
};

/* Any function may be NULL. A listener may remove itself within its own call. */
struct ladder_rung;

struct manager_listener {
	struct list link; /* manager::listeners; zeroed memory is fine before manager_listen */

	/* The unit is new or something of it changed. */
	void (*unit_changed)(struct manager_listener *listener, const struct manager_unit *unit);
	void (*unit_gone)(struct manager_listener *listener, const char *name);

	/* @result: done, failed, canceled, timeout, dependency, skipped. */
	void (*job_done)(struct manager_listener *listener, uint32_t job, const char *unit,
			 const char *result);

	/* It ends again and again, and this rung of OnGiveUp= was climbed (its unit was already started by the manager). */
	void (*gave_up)(struct manager_listener *listener, const struct manager_unit *unit,
			const struct ladder_rung *rung);

	/*
	 * A service is about to run (@restart: again, after it died). Return true to delay it, and call
	 * manager_prestart_done() later; after MANAGER_PRESTART_DEADLINE_US it starts anyway.
	 */
	bool (*prestart)(struct manager_listener *listener, const struct manager_unit *unit,
			 bool restart);

	/* A service's output has a pipe: its read end, to be duplicated by who wants it. */
	void (*stream)(struct manager_listener *listener, const char *unit, int fd);

	/* What early-load has to say about the unit's manifest: a line for its log. Once for each load. */
	void (*remark)(struct manager_listener *listener, const char *unit, const char *text);

	void (*event)(struct manager_listener *listener, const char *name, uint64_t t_us,
		      const char *why);
};

#define MANAGER_PRESTART_DEADLINE_US (10 * 1000000ULL)
#define MANAGER_LOAD_DEADLINE_US (10 * 1000000ULL)
#define MANAGER_MAX_JOBS 16384
#define MANAGER_MAX_SERVICES 16384

int manager_new(struct manager **ret, struct loop *loop, const struct manager_options *options);
struct manager *manager_free(struct manager *manager);

void manager_listen(struct manager *manager, struct manager_listener *listener);
void manager_unlisten(struct manager_listener *listener);

/* Makes RUN/control. Once /run is there. */
int manager_open_control(struct manager *manager);

/*
 * Output: until this is called with true services write to PID 1's stderr; afterwards each has a pipe, told by `stream`.
 * manager_each_stream tells all of them again (a new early-log).
 */
void manager_set_streams(struct manager *manager, bool on);
void manager_each_stream(struct manager *manager, struct manager_listener *listener);

/* --- table --- */

/* @error: 0 or negative errno (-ETIME: early-load took too long). What it could read is in the table by then. */
typedef void (*manager_loaded_fn)(struct manager *manager, int error, void *data);

/* Runs early-load for @names (NULL: all that a boot wants, `--all`). @fn may be NULL. Several at once are fine. */
int manager_load(struct manager *manager, char *const *names, manager_loaded_fn fn, void *data);

/* What is asked of early-load waits: nothing that is not known yet can be started meanwhile. */
void manager_hold_loads(struct manager *manager, bool held);

/* The same for Early's own manifests and what they pull in: what the way to the greeter needs, and quickly read. */
int manager_load_manifests(struct manager *manager, manager_loaded_fn fn, void *data);

/* Reads a table from a sealed memfd, as early-load would have written it. */
int manager_read_table(struct manager *manager, int fd);

/* --- jobs --- */

/*
 * 0 and the job's id, whose end job_done tells, or: -EALREADY nothing to do, -ERFKILL masked, -ENOENT known to be nowhere,
 * -EINVAL no unit's name, -EAGAIN too many jobs. A unit that the table lacks is asked of early-load first: then the job
 * exists and ends as "failed" if there is none. @ret_job may be NULL. @why is what `earlyctl why` shows.
 */
int manager_job(struct manager *manager, enum manager_verb verb, const char *name, const char *why,
		uint32_t *ret_job);

/* How its last main process ended: its status, 255 for a signal; 0: there was none. */
int manager_exit_status(struct manager *manager, const char *name);

/* The same for a person, or a program in a person's place: -EBADRQC where RefuseManualStart= or RefuseManualStop= says so. */
int manager_order(struct manager *manager, enum manager_verb verb, const char *name,
		  const char *why, uint32_t *ret_job);

int manager_start_unit(struct manager *manager, const char *name, const char *why,
		       uint32_t *ret_job);
int manager_stop_unit(struct manager *manager, const char *name, const char *why,
		      uint32_t *ret_job);
int manager_restart_unit(struct manager *manager, const char *name, const char *why,
			 uint32_t *ret_job);

/*
 * Why the job failed that job_done tells of; only within that call. In words, "" if there is nothing to say; *ret_error is -ENOENT if
 * there is no such unit, -ERFKILL if it is masked, -EBADMSG if its manifest has an error, else 0.
 */
const char *manager_job_failure(struct manager *manager, int *ret_error);

/* Starts every unit of @stage; returns how many jobs that made, or negative errno. */
int manager_start_stage(struct manager *manager, enum table_stage stage, const char *why);

/* Stops everything in reverse order; @fn when nothing is left or after @deadline_us (CLOCK_MONOTONIC). No start is accepted afterwards. */
int manager_stop_all(struct manager *manager, const char *why, uint64_t deadline_us,
		     void (*fn)(struct manager *manager, void *data), void *data);

/* --- units --- */
bool manager_unit(struct manager *manager, const char *name, struct manager_unit *ret_unit);
void manager_each_unit(struct manager *manager,
		       void (*fn)(const struct manager_unit *unit, void *data), void *data);
int manager_kill_unit(struct manager *manager, const char *name, int signo);
/*
 * Until it is opened again: what a start merely wants (by Wants=, all the way from what was asked for) and that is not of Stage=splash
 * or display, and comes before nothing that is needed, runs in the background.
 */
void manager_gate(struct manager *manager, bool closed);

/* A service that lives but does not do what it is for: killed, and the next rung of its OnGiveUp= is climbed. -ESRCH: it does not run. */
int manager_climb(struct manager *manager, const char *name);

void manager_prestart_done(struct manager *manager, const char *name);
void manager_owner_changed(struct manager *manager, const char *bus_name, pid_t pid);
/* NULL or "": all. */
void manager_reset_failed(struct manager *manager, const char *name);

/* --- scopes: foreign processes in a group of their own --- */
int manager_scope_new(struct manager *manager, const char *name, const char *slice,
		      const char *description, const pid_t *pids, size_t n_pids);
int manager_scope_abandon(struct manager *manager, const char *name);
/* All processes of it, until @fn says false. */
void manager_scope_each(struct manager *manager, const char *name,
			bool (*fn)(pid_t pid, void *data), void *data);
/* Kills all its processes; unit_gone follows when they are gone. manager_kill_unit sends any other signal. */
int manager_scope_kill(struct manager *manager, const char *name);

/* --- timeline --- */
struct timeline;
struct timeline *manager_timeline(struct manager *manager);
/*
 * What all times that people see count from, in CLOCK_BOOTTIME: 0, the kernel's start, on a machine; in a container its own
 * start (its `init`), which it keeps when it is executed anew.
 */
uint64_t manager_zero_us(struct manager *manager);
/* A milestone (t_us 0: now). Tells the listeners. */
void manager_event(struct manager *manager, const char *name, uint64_t t_us, const char *why);

/* --- re-exec --- */

/*
 * Writes all state of its own (not what options.save has) to @fd (a memfd) at its current offset and lets the descriptors that belong
 * to it survive an exec. If the exec fails, call manager_serialize_undo(). The reader takes them over again. -EPROTO: not this version's.
 */
int manager_serialize(struct manager *manager, int fd);
void manager_serialize_undo(struct manager *manager);
int manager_deserialize(struct manager *manager, int fd);

/*
 * From now on the whole state is in @image whenever the loop sleeps. Reading it after a crash (@crashed) or a planned exec: every
 * descriptor was kept open, and those that belong to nobody are closed.
 */
struct image;
void manager_keep_image(struct manager *manager, struct image *image);
/* Brings it up to date; done before the loop sleeps, after any change. */
/* The answer to a control verb for which options.verb said -EINPROGRESS. */
void manager_verb_done(struct manager *manager, enum control_verb verb, int error,
		       const char *text);

int manager_save(struct manager *manager);
/* -EPROTONOSUPPORT: it is of another STATE_VERSION, and nothing of it was taken. */
int manager_read_image(struct manager *manager, const int fds[2], bool crashed);

/* manager_stop_all was called, maybe by the program before. */
bool manager_is_stopping(struct manager *manager);
