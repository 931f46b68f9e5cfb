/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>

#include "early/strbuf.h"

/*
 * Why something was wanted, as one line that people read and that is understood again: PID 1 and early-bus write it,
 * reasons, jobs, the timeline and the saved state carry it, `earlyctl why` takes it apart. Pure.
 *
 *     start by /usr/bin/earlyctl (pid 812, uid 0)         a process; the pid is 0 where it is of another name space
 *     StartUnit by /usr/sbin/gdm3 (pid 651, uid 0)
 *     ListenStream=/run/cups/cups.sock by /usr/bin/lp (pid 9, uid 1000)
 *     PathChanged=/etc/x                                  a directive of its own manifest
 *     Stage=display: on the way to the login
 *     a call to its bus name …                            BusName= of its own manifest
 *     required by b.service, wanted by b.service          a directive of another's
 *     b.service failed, b.service ended                   OnFailure=, OnSuccess= of another's
 *     timed by b.timer: OnCalendar=*-*-* 00:00:00, 2026-01-02 00:00:00 UTC    a timer, and when
 *
 * Anything else is text only.
 */

struct cause {
	const char *how; /* "start", "StartUnit"; "" if @directive says it */
	const char *directive; /* "Requires=", "ListenStream=", …; "" */
	const char *object; /* of the directive: a socket's address, a path, a bus name; "" */
	const char *unit; /* by whose manifest; "" for its own, or a process */
	const char *exe; /* "" if not known */
	uint32_t pid; /* 0: not known */
	uint32_t uid; /* CAUSE_NO_UID: no process */
};

#define CAUSE_NO_UID UINT32_MAX
#define CAUSE_MAX 512
#define CAUSE_BUS_CALL "a call to its bus name"
#define CAUSE_TIMER "timed by "

/* A line's parts; the texts lie in @buf, which must live as long. */
void cause_parse(const char *text, char buf[static CAUSE_MAX], struct cause *ret_cause);

/* The line for a process: "HOW by EXE (pid N, uid M)". */
void cause_of_process(struct strbuf *out, const char *how, const char *exe, uint32_t pid,
		      uint32_t uid);
