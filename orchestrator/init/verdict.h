/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

#include "definition.h"

/* How an ended process and an ended service are judged. Pure. */

enum verdict_result {
	VERDICT_SUCCESS,
	VERDICT_RESOURCES, /* PID 1 could not start it */
	VERDICT_PROTOCOL, /* gone without having said that it is ready */
	VERDICT_TIMEOUT,
	VERDICT_EXIT_CODE,
	VERDICT_SIGNAL,
	VERDICT_CORE_DUMP,
	VERDICT_WATCHDOG,
	VERDICT_START_LIMIT,
	VERDICT_CONDITION, /* skipped: not a failure */
	VERDICT_ASSERT, /* an assertion did not hold: failed, and no restart makes it hold */
	VERDICT_RESULT_COUNT,
};

/* systemd's word: success, exit-code, start-limit-hit … */
const char *verdict_name(enum verdict_result result);

/* @code and @status are waitid's (CLD_EXITED and the status, CLD_KILLED or CLD_DUMPED and the signal). */
enum verdict_result verdict_process(const struct definition_words *service, int code, int status);

/* May a service that ended by itself with @result run again? */
bool verdict_restarts(const struct definition_words *service, enum verdict_result result, int code,
		      int status);
