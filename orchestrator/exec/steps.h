/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Exit codes of the steps before a program runs: systemd's, so that what people know of them holds. */
enum step {
	STEP_CHDIR = 200,
	STEP_NICE = 201,
	STEP_FDS = 202,
	STEP_EXEC = 203,
	STEP_MEMORY = 204,
	STEP_LIMITS = 205,
	STEP_OOM_ADJUST = 206,
	STEP_SIGNAL_MASK = 207,
	STEP_STDIN = 208,
	STEP_STDOUT = 209,
	STEP_CHROOT = 210,
	STEP_IOPRIO = 211,
	STEP_TIMERSLACK = 212,
	STEP_SECUREBITS = 213,
	STEP_SETSCHEDULER = 214,
	STEP_CPUAFFINITY = 215,
	STEP_GROUP = 216,
	STEP_USER = 217,
	STEP_CAPABILITIES = 218,
	STEP_CGROUP = 219,
	STEP_STDERR = 222,
	STEP_PAM = 224,
	STEP_NETWORK = 225,
	STEP_NAMESPACE = 226,
	STEP_NO_NEW_PRIVILEGES = 227,
	STEP_SECCOMP = 228,
	STEP_SELINUX_CONTEXT = 229,
	STEP_PERSONALITY = 230,
	STEP_APPARMOR_PROFILE = 231,
	STEP_ADDRESS_FAMILIES = 232,
	STEP_RUNTIME_DIRECTORY = 233,
	STEP_SMACK_PROCESS_LABEL = 236,
	STEP_KEYRING = 237,
	STEP_STATE_DIRECTORY = 238,
	STEP_CACHE_DIRECTORY = 239,
	STEP_LOGS_DIRECTORY = 240,
	STEP_CONFIGURATION_DIRECTORY = 241,
	STEP_NUMA_POLICY = 242,
	STEP_CREDENTIALS = 243,
};

const char *step_name(enum step step);

/* What went wrong on the way to the program. */
struct failure {
	enum step step;
	int error; /* negative errno; 0: nothing went wrong */
	char detail[256];
};

/* Fills @failure; returns @error. */
int failure_set(struct failure *failure, enum step step, int error, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
