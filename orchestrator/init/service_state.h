/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* The life of a service as a table. Pure: knows no process, no clock and no socket. */

enum service_state {
	SERVICE_DEAD,
	SERVICE_CONDITION,
	SERVICE_START_PRE,
	SERVICE_START,
	SERVICE_START_POST,
	SERVICE_RUNNING,
	SERVICE_EXITED,
	SERVICE_RELOAD,
	SERVICE_RELOAD_SIGNAL, /* notify-reload: it was asked, and has not yet said RELOADING=1 */
	SERVICE_RELOAD_NOTIFY, /* it said RELOADING=1, READY=1 will come */
	SERVICE_STOPPING, /* it said STOPPING=1 and ends by itself */
	SERVICE_STOP,
	SERVICE_STOP_SIGTERM,
	SERVICE_STOP_ABORT, /* took too long, and its manifest wants a core of that */
	SERVICE_STOP_SIGKILL,
	SERVICE_STOP_POST,
	SERVICE_FINAL_SIGKILL, /* what is left of the group is killed and awaited */
	SERVICE_FAILED,
	SERVICE_AUTO_RESTART,
	SERVICE_STATE_COUNT,
};

enum service_event {
	SERVICE_EVENT_START, /* somebody wants it to run */
	SERVICE_EVENT_STOP, /* somebody wants it to end */
	SERVICE_EVENT_RELOAD,
	SERVICE_EVENT_RELOAD_BY_SIGNAL, /* the same where a signal does it */
	SERVICE_EVENT_RELOADING, /* it said that it reloads */
	SERVICE_EVENT_STOPPING, /* it said that it stops */
	SERVICE_EVENT_PHASE_DONE, /* the commands of this state are through */
	SERVICE_EVENT_PHASE_FAILED,
	SERVICE_EVENT_SKIPPED, /* a condition was not met */
	SERVICE_EVENT_READY, /* in START: up, by the rules of its type */
	SERVICE_EVENT_MAIN_GONE, /* the main process ended well and nothing of the service is left */
	SERVICE_EVENT_MAIN_REMAINS, /* the same, with RemainAfterExit=yes */
	SERVICE_EVENT_MAIN_FAILED,
	SERVICE_EVENT_EMPTY, /* no process is left of those that were killed */
	SERVICE_EVENT_TIMEOUT,
	SERVICE_EVENT_TIMEOUT_ABORT, /* the same with TimeoutStartFailureMode= or -Stop- abort, kill */
	SERVICE_EVENT_TIMEOUT_KILL,
	SERVICE_EVENT_WATCHDOG,
	SERVICE_EVENT_END_DEAD, /* in FINAL_SIGKILL, after EMPTY or TIMEOUT: the verdict */
	SERVICE_EVENT_END_FAILED,
	SERVICE_EVENT_END_RESTART,
	SERVICE_EVENT_RESTART_REFUSED, /* too often */
	SERVICE_EVENT_COUNT,
};

/* What the shell does, in this order, when a step is taken. */
enum service_action {
	SERVICE_ACTION_NONE = 0,
	SERVICE_ACTION_CLEAR = 1, /* forget the last run's result */
	SERVICE_ACTION_KILL_CONTROL = 2, /* the command of the state that is left */
	SERVICE_ACTION_KILL_MAIN_AND_GROUP = 4, /* by KillSignal= and KillMode= */
	SERVICE_ACTION_KILL_HARD = 8, /* by SIGKILL, KillMode= still holds */
	SERVICE_ACTION_KILL_ABORT = 16, /* by SIGABRT, for a core of one that hangs */
	SERVICE_ACTION_KILL_REST = 32, /* all that is left */
	SERVICE_ACTION_RUN = 64, /* the commands of the new state */
	SERVICE_ACTION_TIME_START = 128, /* TimeoutStartSec= */
	SERVICE_ACTION_TIME_STOP = 256, /* TimeoutStopSec= */
	SERVICE_ACTION_TIME_REST = 512, /* SERVICE_REST_DEADLINE_US */
	SERVICE_ACTION_TIME_RESTART = 1024, /* RestartSec= */
	SERVICE_ACTION_VERDICT = 2048, /* ask service_verdict() and feed its event */
	SERVICE_ACTION_SIGNAL_RELOAD = 8192, /* ReloadSignal= to the main process */
	SERVICE_ACTION_SETTLE = 4096, /* up: is the main process still there? */
};

struct service_step {
	enum service_state next;
	uint32_t actions; /* enum service_action, or-ed */
	bool taken; /* false: the event means nothing in this state */
};

struct service_step service_step(enum service_state state, enum service_event event);

/* systemd's names. A target's sub states are its own ("active" instead of "running"). */
const char *service_active_state_name(enum service_state state);
const char *service_sub_state_name(enum service_state state);
const char *service_event_name(enum service_event event);

/* One of the three reloads. */
bool service_state_is_reload(enum service_state state);
/* Up: running, exited, reloads. */
bool service_state_is_active(enum service_state state);
/* At rest: dead, failed. */
bool service_state_is_inactive(enum service_state state);
