/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <dbus/dbus.h>
#include <stdbool.h>
#include <stdint.h>

#include "early/list.h"
#include "early/macros.h"

#include "request.h"

/*
 * One method call on its way. It is run from the start each time something that it waited for came (the caller's user, the
 * unit, the whole mirror), so a step that needs more only parks it. It has one owner at any time: the list that it
 * is parked in, or the request that it embeds; whoever answers it frees it.
 */

struct bus;
struct iface;
struct method;
struct unit;

enum call_result {
	CALL_DONE = 0, /* answered: call_run() frees it */
	CALL_KEPT = 1, /* somebody owns it now */
	CALL_ON = 2, /* neither: the next step, please */
};

enum object_kind {
	OBJECT_PARENT, /* /, /org, … */
	OBJECT_MANAGER,
	OBJECT_UNIT,
	OBJECT_JOB,
};

struct call {
	struct list link; /* client::calls or bus::waiting */
	struct bus *bus;
	DBusMessage *message;
	const struct method *method;
	const struct iface *iface;
	struct request request;
	enum object_kind kind;
	char *path_unit; /* of a unit's object */
	uint32_t path_job; /* of a job's object */
	struct unit *ghost; /* what PID 1 says of a unit that there is not, or NULL */
	uint32_t job; /* that the answer waits for, or 0 */
	int verb; /* of the job that was asked for */
	char *job_unit; /* and its unit */
};

/* Takes a reference on @message and runs. */
void call_start(struct bus *bus, DBusMessage *message);
void call_run(struct call *call);
struct call *call_free(struct call *call);

/* Waits in @list of who runs it again. */
enum call_result call_park(struct call *call, struct list *list);

/* Answers; all return CALL_DONE, so that handlers end with them. */
enum call_result call_reply_empty(struct call *call);
enum call_result call_reply(struct call *call, int first_type, ...);
enum call_result call_fail(struct call *call, const char *error, const char *fmt, ...)
	PRINTF_LIKE(3, 4);
/* By systemd's mapping of errno to D-Bus errors. */
enum call_result call_fail_errno(struct call *call, int error, const char *fmt, ...)
	PRINTF_LIKE(3, 4);

/* An empty answer to fill with an iterator (NULL: no memory), and its way out. */
DBusMessage *call_reply_begin(struct call *call, DBusMessageIter *ret_iter);
/* @complete false: an append failed; the caller hears of it. Takes @reply over. */
enum call_result call_reply_end(struct call *call, DBusMessage *reply, bool complete);

#define ERROR_SYSTEMD "org.freedesktop.systemd1."
#define ERROR_NO_SUCH_UNIT ERROR_SYSTEMD "NoSuchUnit"
#define ERROR_NO_UNIT_FOR_PID ERROR_SYSTEMD "NoUnitForPID"
#define ERROR_UNIT_EXISTS ERROR_SYSTEMD "UnitExists"
#define ERROR_UNIT_MASKED ERROR_SYSTEMD "UnitMasked"
#define ERROR_ONLY_BY_DEPENDENCY ERROR_SYSTEMD "OnlyByDependency"
#define ERROR_LOAD_FAILED ERROR_SYSTEMD "LoadFailed"
#define ERROR_BAD_UNIT_SETTING ERROR_SYSTEMD "BadUnitSetting"
#define ERROR_NO_SUCH_JOB ERROR_SYSTEMD "NoSuchJob"
#define ERROR_JOB_NOT_APPLICABLE ERROR_SYSTEMD "JobTypeNotApplicable"
#define ERROR_ALREADY_SUBSCRIBED ERROR_SYSTEMD "AlreadySubscribed"
#define ERROR_NOT_SUBSCRIBED ERROR_SYSTEMD "NotSubscribed"
#define ERROR_SCOPE_NOT_RUNNING ERROR_SYSTEMD "ScopeNotRunning"
#define ERROR_NO_SUCH_PROCESS ERROR_SYSTEMD "NoSuchProcess"
