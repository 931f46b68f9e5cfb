/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "early/list.h"
#include "early/loop.h"

#include "background.h"
#include "backoff.h"
#include "cgroup.h"
#include "definition.h"
#include "execs_pipe.h"
#include "ladder.h"
#include "listen.h"
#include "notify.h"
#include "service_state.h"
#include "verdict.h"

#define SERVICE_REST_DEADLINE_US (5 * 1000000ULL)
#define SERVICE_SOFTWARE_DEADLINE_US (10 * 1000000ULL)
#define SERVICE_MAX_REASONS 8
#define SERVICE_MAX_STORED_FDS 512

struct service;
struct timer;

/* What became of a rung. */
enum service_gave_up {
	SERVICE_GAVE_UP, /* it stays down */
	SERVICE_GAVE_UP_AGAIN, /* it runs again */
	SERVICE_GAVE_UP_NEXT, /* not possible: the next rung */
};

/* A process of a service that somebody waits for. */
struct service_process {
	struct loop_child child;
	struct service *service;
	pid_t pid; /* 0: none */
	struct execs_pipe pipe; /* what became of its exec */
};

/* Why somebody wanted it, newest last. */
struct service_reason {
	uint64_t t_us;
	const char *text; /* shared_text.h */
};

/* A descriptor that the service asked PID 1 to keep. */
struct service_stored_fd {
	struct list link; /* service::stored_fds */
	char *name;
	int fd;
	struct service *service;
	struct loop_source source; /* tells that the other end is gone, unless FDPOLL=0 */
};

/* What a service needs of its surroundings; one for all services. The functions must not call back into the service. */
struct service_host {
	struct loop *loop;
	struct cgroup_tree *cgroups;
	const char *run_dir;
	const char *exec_path; /* of early-exec */
	bool gated; /* until the greeter stands: what is only wished for runs in the background */
	bool streams; /* stdout and stderr are pipes; otherwise PID 1's stderr */
	void (*state_changed)(struct service *service, enum service_state old, void *data);
	void (*changed)(struct service *service,
			void *data); /* something else of it: main pid, status */
	void (*spawned)(struct service *service,
			void *data); /* it has a new process; may be NULL */
	bool (*prestart)(struct service *service,
			 void *data); /* true: service_prestart_done() will come */
	/* It ends again and again: what its manifest has for that. */
	enum service_gave_up (*gave_up)(struct service *service, const struct ladder_rung *rung,
					void *data);
	void (*loops)(struct service *service, enum backoff_loop loop, void *data);
	void (*stream)(struct service *service, void *data); /* output_read is new */
	int (*overlaid)(char ***paths, void *data); /* NULL: nothing is */
	/* What a manifest says of another unit, a slice, or NULL. The function itself may be NULL. */
	const struct definition_words *(*words)(const char *name, void *data);
	struct service *(*find)(const char *name, void *data); /* may be NULL, too */
	void *data;
};

/* What few services are watched by. */
struct service_watch {
	struct service *service;
	struct loop_source ready; /* of service::ready_fd */
	struct loop_source stranger; /* of service::main_pidfd */
	struct loop_timer alive; /* WatchdogSec= */
};

/* There are thousands, so what is seldom needed is a piece of its own, and small fields stand together. */
struct service {
	struct list link; /* manager::services */
	struct list
		unsaved_link; /* manager::unsaved, while something changed since it was written to the image */
	struct list
		touched_link; /* manager::touched, while something changed since the listeners were told */
	const struct service_host *host;
	const char *name; /* shared_text.h */
	struct definition *definition;
	struct timer *times; /* manager's: of a .timer; NULL of all others */

	enum service_state state;
	enum verdict_result result;
	uint64_t since_us; /* CLOCK_BOOTTIME of the last change of the active state */
	uint64_t started_us; /* CLOCK_MONOTONIC of the last start */
	uint64_t run_us; /* CLOCK_BOOTTIME of the same; 0: none yet */
	uint64_t run_id[2]; /* INVOCATION_ID of that run */
	uint32_t restarts;
	enum background_kind background;
	uint32_t rung; /* of OnGiveUp=: how many were climbed */
	uint32_t nth; /* command of the phase */
	uint32_t n_spawn_retries;
	int exit_code; /* CLD_EXITED, CLD_KILLED … of the last main process; 0: none yet */
	int exit_status;
	bool stop_wanted; /* by somebody: no automatic restart */
	bool restart_wanted; /* by somebody: it stops to start again, stored descriptors stay */
	bool wished; /* the start that runs was only wanted by another unit */
	bool relations_due; /* manager's: what follows for others is to be looked at */
	bool conditions_met; /* in this run: a command was executed */
	bool cleaned; /* after this run: early-exec was told to take away what the run made */
	bool main_gone; /* the main process of this run ended, as exit_code tells */
	bool prestart_pending;
	bool awaits_idle; /* manager's: its prestart waits for the jobs of others */
	bool climbs; /* its next death leads to the next rung */
	bool awaits_software; /* that unit starts; service_software_ready() will come */

	struct service_process main;
	struct service_process *control; /* the command of a phase; NULL: there was none yet */

	struct cgroup group;
	struct notify *notify; /* NULL: it never had one */
	struct listen listen;
	struct list stored_fds; /* service_stored_fd::link */
	uint64_t output_saved; /* state_fd() of output_read, which never changes */
	int output_read; /* pipe of stdout and stderr; PID 1 keeps both ends */
	int output_write;
	int main_pidfd; /* of a main process that is not our child; -1: none */
	int ready_fd; /* read end of the pipe of ReadyFd=; -1: none */
	uint32_t n_stored_fds;
	uint32_t n_reasons;
	char *status_text; /* STATUS= */
	char *detail; /* why it failed, in words */
	char *failure; /* the last one, also of an earlier run; NULL: none */
	uint64_t failure_us; /* CLOCK_BOOTTIME of it */
	uint64_t failure_run_us; /* of the start of the run that it ended */
	char *error_text; /* ERRNO=, BUSERROR=, EXIT_STATUS=: what it said of its failure */
	char *software; /* unit whose Environment= it gets as well; NULL: none */

	struct loop_timer timer; /* the deadline of the state, or RestartSec= */
	struct loop_timer
		again; /* no process could be made for the command, or PIDFile= names none yet */
	uint64_t watchdog_span_us; /* WatchdogSec=, or what it said by WATCHDOG_USEC= */
	struct service_watch *watch; /* NULL: nothing of it was needed yet */
	struct backoff backoff;

	struct service_reason *reasons; /* SERVICE_MAX_REASONS at most */
	struct service_reason
		first_reason; /* most have only one: `reasons` is this, or a piece of memory */
};

int service_new(struct service **ret, const struct service_host *host,
		struct definition *definition);
struct service *service_free(struct service *service);

/*
 * Takes new words of the manifest over; what runs goes on. If there is no manifest any more it keeps the words that it was started
 * with, its commands to stop among them. The reference is taken. 0 or -ENOMEM: then the old words stay as they are.
 */
int service_set_definition(struct service *service, struct definition *definition);

/*
 * Requests. 0: under way or done (the state tells, `changed` follows each change), -EALREADY: nothing to do, -ENOTSUP: no
 * ExecReload=, -EBUSY: not in this state.
 */
int service_start(struct service *service);
int service_stop(struct service *service);
int service_reload(struct service *service);
bool service_can_reload(const struct service *service);

/* The unit of its rung is up, or never will be. */
void service_software_ready(struct service *service);

/* One that comes again and whose pause is over starts now, not by its timer in the loop's next turn. */
void service_restart_due(struct service *service);

/* Somebody needs it after all, or nobody is in a hurry any more. */
void service_raise(struct service *service);

void service_prestart_done(struct service *service);
bool service_is_starting(const struct service *service); /* activating, or waiting for prestart */

/* The bus name of a Type=dbus service got or lost (0) its owner. */
void service_owner_changed(struct service *service, pid_t pid);

/* See manager_climb(). */
int service_climb(struct service *service);

/* When it must have given a sign of life (CLOCK_MONOTONIC); 0: it need not. */
uint64_t service_watchdog_deadline(const struct service *service);

/* Sends a signal to all its processes, as `systemctl kill`. */
int service_kill(struct service *service, int signo);

/* Forgets a failure and the start limit. */
void service_reset_failed(struct service *service);

void service_add_reason(struct service *service, const char *why);
const char *service_last_reason(const struct service *service);

/* The write end of its output pipe (made when it is not there), or -1 for PID 1's own stderr. */
int service_output(struct service *service);

/* Remembers a failure: of the present run, or of a start that was not even tried. */
void service_note_failure(struct service *service, bool of_run, const char *fmt, ...)
	PRINTF_LIKE(3, 4);

/* "ends again and again within seconds", or "". */
const char *service_loop(const struct service *service);

/* Of the command of a phase: 0 if none runs, and -1. */
pid_t service_control_pid(const struct service *service);
int service_control_pipe(const struct service *service);

bool service_is_target(const struct service *service);
