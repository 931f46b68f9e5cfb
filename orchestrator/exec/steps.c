/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "steps.h"

#include <stdarg.h>
#include <stdio.h>

const char *step_name(enum step step)
{
	switch (step) {
	case STEP_CHDIR:
		return "CHDIR";
	case STEP_NICE:
		return "NICE";
	case STEP_FDS:
		return "FDS";
	case STEP_EXEC:
		return "EXEC";
	case STEP_MEMORY:
		return "MEMORY";
	case STEP_LIMITS:
		return "LIMITS";
	case STEP_OOM_ADJUST:
		return "OOM_ADJUST";
	case STEP_SIGNAL_MASK:
		return "SIGNAL_MASK";
	case STEP_STDIN:
		return "STDIN";
	case STEP_STDOUT:
		return "STDOUT";
	case STEP_CHROOT:
		return "CHROOT";
	case STEP_IOPRIO:
		return "IOPRIO";
	case STEP_TIMERSLACK:
		return "TIMERSLACK";
	case STEP_SECUREBITS:
		return "SECUREBITS";
	case STEP_SETSCHEDULER:
		return "SETSCHEDULER";
	case STEP_CPUAFFINITY:
		return "CPUAFFINITY";
	case STEP_GROUP:
		return "GROUP";
	case STEP_USER:
		return "USER";
	case STEP_CAPABILITIES:
		return "CAPABILITIES";
	case STEP_CGROUP:
		return "CGROUP";
	case STEP_STDERR:
		return "STDERR";
	case STEP_PAM:
		return "PAM";
	case STEP_NETWORK:
		return "NETWORK";
	case STEP_NAMESPACE:
		return "NAMESPACE";
	case STEP_NO_NEW_PRIVILEGES:
		return "NO_NEW_PRIVILEGES";
	case STEP_SECCOMP:
		return "SECCOMP";
	case STEP_SELINUX_CONTEXT:
		return "SELINUX_CONTEXT";
	case STEP_PERSONALITY:
		return "PERSONALITY";
	case STEP_APPARMOR_PROFILE:
		return "APPARMOR_PROFILE";
	case STEP_ADDRESS_FAMILIES:
		return "ADDRESS_FAMILIES";
	case STEP_RUNTIME_DIRECTORY:
		return "RUNTIME_DIRECTORY";
	case STEP_SMACK_PROCESS_LABEL:
		return "SMACK_PROCESS_LABEL";
	case STEP_KEYRING:
		return "KEYRING";
	case STEP_STATE_DIRECTORY:
		return "STATE_DIRECTORY";
	case STEP_CACHE_DIRECTORY:
		return "CACHE_DIRECTORY";
	case STEP_LOGS_DIRECTORY:
		return "LOGS_DIRECTORY";
	case STEP_CONFIGURATION_DIRECTORY:
		return "CONFIGURATION_DIRECTORY";
	case STEP_NUMA_POLICY:
		return "NUMA_POLICY";
	case STEP_CREDENTIALS:
		return "CREDENTIALS";
	}
	return "?";
}

int failure_set(struct failure *failure, enum step step, int error, const char *fmt, ...)
{
	va_list args;

	failure->step = step;
	failure->error = error;
	va_start(args, fmt);
	(void)vsnprintf(failure->detail, sizeof(failure->detail), fmt, args);
	va_end(args);
	return error;
}
