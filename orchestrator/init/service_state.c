/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "service_state.h"

#include "early/macros.h"

/*
 * The table
 *
 *	dead -> condition -> start-pre -> start -> start-post -> running (or exited) <-> reload, reload-signal, reload-notify
 *	     ... -> stop-notify -> stop -> stop-sigterm -> stop-sigkill -> stop-post -> final-sigkill -> dead, failed, auto-restart
 *
 * A state with commands is entered with ACTION_RUN; the shell runs them one after the other and feeds PHASE_DONE at once if
 * there are none. Every way out of a service that was started leads through final-sigkill, so that no process of one life
 * meets the next one; only there the verdict is asked for. What a cell does not name is ignored.
 *
 * A stop while starting does not run ExecStop= (it never was up), as with systemd.
 */

#define RUN SERVICE_ACTION_RUN
#define CLEAR SERVICE_ACTION_CLEAR
#define TIME_START SERVICE_ACTION_TIME_START
#define TIME_STOP SERVICE_ACTION_TIME_STOP
#define KILL_CONTROL SERVICE_ACTION_KILL_CONTROL
#define TERMINATE (SERVICE_ACTION_KILL_MAIN_AND_GROUP | SERVICE_ACTION_TIME_STOP)
#define ABORT (SERVICE_ACTION_KILL_ABORT | SERVICE_ACTION_TIME_STOP)
#define KILL_HARD (SERVICE_ACTION_KILL_HARD | SERVICE_ACTION_TIME_STOP)
#define KILL_REST (SERVICE_ACTION_KILL_REST | SERVICE_ACTION_TIME_REST)

#define STEP(next_state, todo)                                                                     \
	{                                                                                          \
		.next = SERVICE_##next_state, .actions = (todo), .taken = true                     \
	}

/* Phases before the service is up: whatever goes wrong, terminate what there is. */
#define STARTING                                                                                   \
	[SERVICE_EVENT_STOP] = STEP(STOP_SIGTERM, KILL_CONTROL | TERMINATE),                       \
	[SERVICE_EVENT_PHASE_FAILED] = STEP(STOP_SIGTERM, TERMINATE),                              \
	[SERVICE_EVENT_SKIPPED] = STEP(FINAL_SIGKILL, KILL_CONTROL | KILL_REST),                   \
	[SERVICE_EVENT_TIMEOUT] = STEP(STOP_SIGTERM, KILL_CONTROL | TERMINATE),                    \
	[SERVICE_EVENT_TIMEOUT_ABORT] = STEP(STOP_ABORT, KILL_CONTROL | ABORT),                    \
	[SERVICE_EVENT_TIMEOUT_KILL] = STEP(STOP_SIGKILL, KILL_CONTROL | KILL_HARD)

/* It reloads by itself, and says READY=1 when it is through. */
#define RELOADING                                                                                  \
	UP, [SERVICE_EVENT_READY] = STEP(RUNNING, SERVICE_ACTION_SETTLE),                          \
	    [SERVICE_EVENT_RELOADING] = STEP(RELOAD_NOTIFY, TIME_START),                           \
	    [SERVICE_EVENT_STOPPING] = STEP(STOPPING, TIME_STOP),                                  \
	    [SERVICE_EVENT_TIMEOUT] = STEP(RUNNING, SERVICE_ACTION_SETTLE)

/* Up, with or without processes. */
#define UP                                                                                         \
	[SERVICE_EVENT_STOP] = STEP(STOP, KILL_CONTROL | RUN | TIME_STOP),                         \
	[SERVICE_EVENT_MAIN_GONE] = STEP(STOP, KILL_CONTROL | RUN | TIME_STOP),                    \
	[SERVICE_EVENT_MAIN_FAILED] = STEP(STOP_SIGTERM, KILL_CONTROL | TERMINATE),                \
	[SERVICE_EVENT_WATCHDOG] = STEP(STOP_SIGTERM, KILL_CONTROL | ABORT),                       \
	[SERVICE_EVENT_SKIPPED] = STEP(FINAL_SIGKILL, KILL_CONTROL | KILL_REST)

#define START_AFRESH STEP(CONDITION, CLEAR | RUN | TIME_START)

static const struct service_step steps[SERVICE_STATE_COUNT][SERVICE_EVENT_COUNT] = {
	[SERVICE_DEAD] = {
		[SERVICE_EVENT_START] = START_AFRESH,
		[SERVICE_EVENT_RESTART_REFUSED] = STEP(FAILED, 0),
	},
	[SERVICE_FAILED] = {
		[SERVICE_EVENT_START] = START_AFRESH,
		[SERVICE_EVENT_RESTART_REFUSED] = STEP(FAILED, 0),
	},
	[SERVICE_AUTO_RESTART] = {
		[SERVICE_EVENT_START] = START_AFRESH,
		[SERVICE_EVENT_RESTART_REFUSED] = STEP(FAILED, 0),
		[SERVICE_EVENT_STOP] = STEP(DEAD, 0),
	},
	[SERVICE_CONDITION] = {
		STARTING,
		[SERVICE_EVENT_PHASE_DONE] = STEP(START_PRE, RUN | TIME_START),
	},
	[SERVICE_START_PRE] = {
		STARTING,
		[SERVICE_EVENT_PHASE_DONE] = STEP(START, RUN | TIME_START),
	},
	[SERVICE_START] = {
		STARTING,
		[SERVICE_EVENT_READY] = STEP(START_POST, RUN | TIME_START),
		[SERVICE_EVENT_MAIN_FAILED] = STEP(STOP_SIGTERM, TERMINATE),
		[SERVICE_EVENT_WATCHDOG] = STEP(STOP_SIGTERM, ABORT),
	},
	[SERVICE_START_POST] = {
		STARTING,
		[SERVICE_EVENT_PHASE_DONE] = STEP(RUNNING, SERVICE_ACTION_SETTLE),
		[SERVICE_EVENT_MAIN_FAILED] = STEP(STOP_SIGTERM, KILL_CONTROL | TERMINATE),
		[SERVICE_EVENT_WATCHDOG] = STEP(STOP_SIGTERM, KILL_CONTROL | ABORT),
	},
	[SERVICE_RUNNING] = {
		UP,
		[SERVICE_EVENT_RELOAD] = STEP(RELOAD, RUN | TIME_START),
		[SERVICE_EVENT_MAIN_REMAINS] = STEP(EXITED, 0),
		[SERVICE_EVENT_TIMEOUT] = STEP(STOP, RUN | TIME_STOP),
		[SERVICE_EVENT_RELOAD_BY_SIGNAL] =
			STEP(RELOAD_SIGNAL, SERVICE_ACTION_SIGNAL_RELOAD | TIME_START),
		[SERVICE_EVENT_RELOADING] = STEP(RELOAD_NOTIFY, TIME_START),
		[SERVICE_EVENT_STOPPING] = STEP(STOPPING, TIME_STOP),
	},
	[SERVICE_RELOAD_SIGNAL] = { RELOADING },
	[SERVICE_RELOAD_NOTIFY] = { RELOADING },
	[SERVICE_STOPPING] = {
		UP,
		[SERVICE_EVENT_TIMEOUT] = STEP(STOP_SIGTERM, TERMINATE),
		[SERVICE_EVENT_MAIN_REMAINS] = STEP(EXITED, 0),
	},
	[SERVICE_EXITED] = {
		UP,
		[SERVICE_EVENT_RELOAD] = STEP(RELOAD, RUN | TIME_START),
	},
	[SERVICE_RELOAD] = {
		UP,
		[SERVICE_EVENT_PHASE_DONE] = STEP(RUNNING, SERVICE_ACTION_SETTLE),
		[SERVICE_EVENT_PHASE_FAILED] = STEP(RUNNING, SERVICE_ACTION_SETTLE),
		[SERVICE_EVENT_TIMEOUT] = STEP(RUNNING, KILL_CONTROL | SERVICE_ACTION_SETTLE),
	},
	[SERVICE_STOP] = {
		[SERVICE_EVENT_PHASE_DONE] = STEP(STOP_SIGTERM, TERMINATE),
		[SERVICE_EVENT_PHASE_FAILED] = STEP(STOP_SIGTERM, TERMINATE),
		[SERVICE_EVENT_TIMEOUT] = STEP(STOP_SIGTERM, KILL_CONTROL | TERMINATE),
		[SERVICE_EVENT_TIMEOUT_ABORT] = STEP(STOP_ABORT, KILL_CONTROL | ABORT),
		[SERVICE_EVENT_TIMEOUT_KILL] = STEP(STOP_SIGKILL, KILL_CONTROL | KILL_HARD),
	},
	[SERVICE_STOP_SIGTERM] = {
		[SERVICE_EVENT_EMPTY] = STEP(STOP_POST, RUN | TIME_STOP),
		[SERVICE_EVENT_TIMEOUT] = STEP(STOP_SIGKILL, KILL_HARD),
		[SERVICE_EVENT_TIMEOUT_ABORT] = STEP(STOP_ABORT, ABORT),
		[SERVICE_EVENT_TIMEOUT_KILL] = STEP(STOP_SIGKILL, KILL_HARD),
	},
	[SERVICE_STOP_ABORT] = {
		[SERVICE_EVENT_EMPTY] = STEP(STOP_POST, RUN | TIME_STOP),
		[SERVICE_EVENT_TIMEOUT] = STEP(STOP_SIGKILL, KILL_HARD),
	},
	[SERVICE_STOP_SIGKILL] = {
		[SERVICE_EVENT_EMPTY] = STEP(STOP_POST, RUN | TIME_STOP),
		[SERVICE_EVENT_TIMEOUT] = STEP(STOP_POST, RUN | TIME_STOP),
	},
	[SERVICE_STOP_POST] = {
		[SERVICE_EVENT_PHASE_DONE] = STEP(FINAL_SIGKILL, KILL_REST),
		[SERVICE_EVENT_PHASE_FAILED] = STEP(FINAL_SIGKILL, KILL_REST),
		[SERVICE_EVENT_TIMEOUT] = STEP(FINAL_SIGKILL, KILL_CONTROL | KILL_REST),
	},
	[SERVICE_FINAL_SIGKILL] = {
		[SERVICE_EVENT_EMPTY] = STEP(FINAL_SIGKILL, SERVICE_ACTION_VERDICT),
		[SERVICE_EVENT_TIMEOUT] = STEP(FINAL_SIGKILL, SERVICE_ACTION_VERDICT),
		[SERVICE_EVENT_END_DEAD] = STEP(DEAD, 0),
		[SERVICE_EVENT_END_FAILED] = STEP(FAILED, 0),
		[SERVICE_EVENT_END_RESTART] = STEP(AUTO_RESTART, SERVICE_ACTION_TIME_RESTART),
	},
};

struct service_step service_step(enum service_state state, enum service_event event)
{
	struct service_step step = { .next = state };

	if (state >= SERVICE_STATE_COUNT || event >= SERVICE_EVENT_COUNT)
		return step;
	return steps[state][event].taken ? steps[state][event] : step;
}

static const struct {
	const char *active;
	const char *sub;
} state_names[SERVICE_STATE_COUNT] = {
	[SERVICE_DEAD] = { "inactive", "dead" },
	[SERVICE_CONDITION] = { "activating", "condition" },
	[SERVICE_START_PRE] = { "activating", "start-pre" },
	[SERVICE_START] = { "activating", "start" },
	[SERVICE_START_POST] = { "activating", "start-post" },
	[SERVICE_RUNNING] = { "active", "running" },
	[SERVICE_EXITED] = { "active", "exited" },
	[SERVICE_RELOAD] = { "reloading", "reload" },
	[SERVICE_RELOAD_SIGNAL] = { "reloading", "reload-signal" },
	[SERVICE_RELOAD_NOTIFY] = { "reloading", "reload-notify" },
	[SERVICE_STOPPING] = { "deactivating", "stop-notify" },
	[SERVICE_STOP] = { "deactivating", "stop" },
	[SERVICE_STOP_SIGTERM] = { "deactivating", "stop-sigterm" },
	[SERVICE_STOP_ABORT] = { "deactivating", "stop-watchdog" },
	[SERVICE_STOP_SIGKILL] = { "deactivating", "stop-sigkill" },
	[SERVICE_STOP_POST] = { "deactivating", "stop-post" },
	[SERVICE_FINAL_SIGKILL] = { "deactivating", "final-sigkill" },
	[SERVICE_FAILED] = { "failed", "failed" },
	[SERVICE_AUTO_RESTART] = { "activating", "auto-restart" },
};

const char *service_active_state_name(enum service_state state)
{
	return state < SERVICE_STATE_COUNT ? state_names[state].active : "inactive";
}

const char *service_sub_state_name(enum service_state state)
{
	return state < SERVICE_STATE_COUNT ? state_names[state].sub : "dead";
}

static const char *const event_names[] = {
	[SERVICE_EVENT_START] = "start",
	[SERVICE_EVENT_STOP] = "stop",
	[SERVICE_EVENT_RELOAD] = "reload",
	[SERVICE_EVENT_RELOAD_BY_SIGNAL] = "reload-by-signal",
	[SERVICE_EVENT_RELOADING] = "reloading",
	[SERVICE_EVENT_STOPPING] = "stopping",
	[SERVICE_EVENT_PHASE_DONE] = "phase-done",
	[SERVICE_EVENT_PHASE_FAILED] = "phase-failed",
	[SERVICE_EVENT_SKIPPED] = "skipped",
	[SERVICE_EVENT_READY] = "ready",
	[SERVICE_EVENT_MAIN_GONE] = "main-gone",
	[SERVICE_EVENT_MAIN_REMAINS] = "main-remains",
	[SERVICE_EVENT_MAIN_FAILED] = "main-failed",
	[SERVICE_EVENT_EMPTY] = "empty",
	[SERVICE_EVENT_TIMEOUT] = "timeout",
	[SERVICE_EVENT_TIMEOUT_ABORT] = "timeout-abort",
	[SERVICE_EVENT_TIMEOUT_KILL] = "timeout-kill",
	[SERVICE_EVENT_WATCHDOG] = "watchdog",
	[SERVICE_EVENT_END_DEAD] = "end-dead",
	[SERVICE_EVENT_END_FAILED] = "end-failed",
	[SERVICE_EVENT_END_RESTART] = "end-restart",
	[SERVICE_EVENT_RESTART_REFUSED] = "restart-refused",
};

const char *service_event_name(enum service_event event)
{
	return event < ARRAY_SIZE(event_names) ? event_names[event] : "?";
}

bool service_state_is_reload(enum service_state state)
{
	return state == SERVICE_RELOAD || state == SERVICE_RELOAD_SIGNAL ||
	       state == SERVICE_RELOAD_NOTIFY;
}

bool service_state_is_active(enum service_state state)
{
	return state == SERVICE_RUNNING || state == SERVICE_EXITED ||
	       service_state_is_reload(state);
}

bool service_state_is_inactive(enum service_state state)
{
	return state == SERVICE_DEAD || state == SERVICE_FAILED;
}
