/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "verdict.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "early/macros.h"
#include "early/parse.h"

/*
 * A daemon that ends by SIGTERM, SIGINT, SIGHUP or SIGPIPE ended well, a oneshot did not; SuccessExitStatus= adds numbers and
 * signal names. Restart= is systemd's table of results; RestartPreventExitStatus= wins over it, and RestartForceExitStatus=
 * restarts where it would not.
 */

static const char *const result_names[VERDICT_RESULT_COUNT] = {
	[VERDICT_SUCCESS] = "success",
	[VERDICT_RESOURCES] = "resources",
	[VERDICT_PROTOCOL] = "protocol",
	[VERDICT_TIMEOUT] = "timeout",
	[VERDICT_EXIT_CODE] = "exit-code",
	[VERDICT_SIGNAL] = "signal",
	[VERDICT_CORE_DUMP] = "core-dump",
	[VERDICT_WATCHDOG] = "watchdog",
	[VERDICT_START_LIMIT] = "start-limit-hit",
	[VERDICT_CONDITION] = "condition",
	[VERDICT_ASSERT] = "assert",
};

const char *verdict_name(enum verdict_result result)
{
	return result < VERDICT_RESULT_COUNT ? result_names[result] : "success";
}

static bool list_has(const struct wire_list *list, int code, int status)
{
	const char *word = NULL;
	uint32_t number;
	int signo;

	while ((word = wire_list_next(list, word))) {
		if (parse_u32(word, &number) == 0) {
			if (code == CLD_EXITED && number == (uint32_t)status)
				return true;
		} else if (parse_signal(word, &signo) == 0) {
			if (code != CLD_EXITED && signo == status)
				return true;
		}
	}
	return false;
}

static bool is_clean_signal(const struct definition_words *service, int signo)
{
	if (service->type == TABLE_TYPE_ONESHOT)
		return false;
	return signo == SIGHUP || signo == SIGINT || signo == SIGTERM || signo == SIGPIPE;
}

enum verdict_result verdict_process(const struct definition_words *service, int code, int status)
{
	if (list_has(&service->rare->success_codes, code, status))
		return VERDICT_SUCCESS;
	switch (code) {
	case CLD_EXITED:
		return status == 0 ? VERDICT_SUCCESS : VERDICT_EXIT_CODE;
	case CLD_DUMPED:
		return VERDICT_CORE_DUMP;
	default:
		return is_clean_signal(service, status) ? VERDICT_SUCCESS : VERDICT_SIGNAL;
	}
}

#define BIT(result) (1u << VERDICT_##result)
#define ABNORMAL (BIT(SIGNAL) | BIT(CORE_DUMP) | BIT(TIMEOUT) | BIT(WATCHDOG))
#define FAILURE (ABNORMAL | BIT(EXIT_CODE) | BIT(PROTOCOL) | BIT(RESOURCES))

static const unsigned int restart_on[] = {
	[TABLE_RESTART_NO] = 0,
	[TABLE_RESTART_ON_SUCCESS] = BIT(SUCCESS),
	[TABLE_RESTART_ON_FAILURE] = FAILURE,
	[TABLE_RESTART_ON_ABNORMAL] = ABNORMAL,
	[TABLE_RESTART_ON_WATCHDOG] = BIT(WATCHDOG),
	[TABLE_RESTART_ON_ABORT] = BIT(SIGNAL) | BIT(CORE_DUMP),
	[TABLE_RESTART_ALWAYS] = FAILURE | BIT(SUCCESS),
};

bool verdict_restarts(const struct definition_words *service, enum verdict_result result, int code,
		      int status)
{
	if (service->restart >= ARRAY_SIZE(restart_on))
		return false;
	if (code != 0 && list_has(&service->rare->restart_prevent_codes, code, status))
		return false;
	if (code != 0 && list_has(&service->rare->restart_force_codes, code, status))
		return true;
	return restart_on[service->restart] & (1u << result);
}
