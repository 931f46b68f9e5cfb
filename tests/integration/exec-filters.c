/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the kernel refuses to a program, call by call. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "early/macros.h"
#include "exec_unit.h"

struct example {
	const char *lines, *probes, *said;
};

static void check(const struct example *examples, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct outcome outcome;
		char script[512];

		(void)snprintf(script, sizeof(script), "exec $PROBE %s", examples[i].probes);
		run_unit(examples[i].lines, script, NULL, &outcome);
		if (strcmp(outcome.output, examples[i].said) != 0)
			fail_msg("%s\n%s\nsays\n%s\ninstead of\n%s", examples[i].lines,
				 examples[i].probes, outcome.output, examples[i].said);
	}
}

TEST(without_filters)
{
	static const struct example examples[] = {
		{ "",
		  "unix inet netlink unshare_uts setns_any batch suid sgid map_wx protect_x shm_x "
		  "chroot unknown "
		  "personality",
		  "unix: ok\ninet: ok\nnetlink: ok\nunshare_uts: ok\nsetns_any: ok\nbatch: "
		  "ok\nsuid: ok\n"
		  "sgid: ok\nmap_wx: ok\nprotect_x: ok\nshm_x: ok\nchroot: ok\nunknown: ENOSYS\n"
		  "personality: ok\n" },
	};

	check(examples, ARRAY_SIZE(examples));
}

TEST(restrictions)
{
	static const struct example examples[] = {
		{ "RestrictNamespaces=yes",
		  "unshare_net unshare_uts clone_user clone3 fork setns setns_any",
		  "unshare_net: EPERM\nunshare_uts: EPERM\nclone_user: EPERM\nclone3: "
		  "ENOSYS\nfork: ok\n"
		  "setns: EPERM\nsetns_any: EPERM\n" },
		{ "RestrictNamespaces=uts", "unshare_net unshare_uts setns setns_any",
		  "unshare_net: EPERM\nunshare_uts: ok\nsetns: EPERM\nsetns_any: EPERM\n" },
		{ "RestrictNamespaces=~user net", "unshare_net unshare_uts clone_user",
		  "unshare_net: EPERM\nunshare_uts: ok\nclone_user: EPERM\n" },
		{ "RestrictNamespaces=uts\nRestrictNamespaces=net user",
		  "unshare_net unshare_uts clone_user",
		  "unshare_net: ok\nunshare_uts: ok\nclone_user: ok\n" },
		{ "RestrictNamespaces=no", "unshare_uts setns_any",
		  "unshare_uts: ok\nsetns_any: ok\n" },
		{ "RestrictAddressFamilies=AF_UNIX AF_NETLINK", "unix netlink inet alg",
		  "unix: ok\nnetlink: ok\ninet: EAFNOSUPPORT\nalg: EAFNOSUPPORT\n" },
		{ "RestrictAddressFamilies=~AF_INET\nRestrictAddressFamilies=~AF_ALG",
		  "unix netlink inet alg",
		  "unix: ok\nnetlink: ok\ninet: EAFNOSUPPORT\nalg: EAFNOSUPPORT\n" },
		{ "RestrictAddressFamilies=none", "unix netlink inet",
		  "unix: EAFNOSUPPORT\nnetlink: EAFNOSUPPORT\ninet: EAFNOSUPPORT\n" },
		{ "RestrictAddressFamilies=AF_UNIX\nRestrictAddressFamilies=AF_INET",
		  "unix inet netlink", "unix: ok\ninet: ok\nnetlink: EAFNOSUPPORT\n" },
		{ "RestrictRealtime=yes", "fifo batch", "fifo: EPERM\nbatch: ok\n" },
		{ "RestrictSUIDSGID=yes", "suid sgid chmod",
		  "suid: EPERM\nsgid: EPERM\nchmod: ok\n" },
		{ "MemoryDenyWriteExecute=yes", "map_wx protect_x shm_x",
		  "map_wx: EPERM\nprotect_x: EPERM\nshm_x: EPERM\n" },
		{ "LockPersonality=yes", "personality own_personality",
		  "personality: EPERM\nown_personality: ok\n" },
		{ "ProtectHostname=yes", "hostname", "hostname: EPERM\n" },
		{ "ProtectClock=yes", "clock", "clock: EPERM\n" },
		{ "ProtectKernelModules=yes", "module", "module: EPERM\n" },
		{ "", "syslog", "syslog: ok\n" },
		{ "ProtectKernelLogs=yes", "syslog", "syslog: EPERM\n" },
		{ "PrivateDevices=yes", "mknod", "mknod: EPERM\n" },
		{ "DynamicUser=yes", "sgid", "sgid: EPERM\n" },
	};

	check(examples, ARRAY_SIZE(examples));
}

TEST(lists)
{
	static const struct example examples[] = {
		{ "SystemCallFilter=@system-service\nSystemCallErrorNumber=EPERM",
		  "chroot unix fork unknown newer",
		  "chroot: EPERM\nunix: ok\nfork: ok\nunknown: ENOSYS\nnewer: ENOSYS\n" },
		{ "SystemCallFilter=@system-service\nSystemCallFilter=~@network-"
		  "io\nSystemCallErrorNumber=EUCLEAN",
		  "unix fork", "unix: EUCLEAN\nfork: ok\n" },
		{ "SystemCallFilter=~socket:ECHILD chroot:EXDEV "
		  "unshare\nSystemCallErrorNumber=EPERM",
		  "unix chroot unshare_uts fork",
		  "unix: ECHILD\nchroot: EXDEV\nunshare_uts: EPERM\nfork: ok\n" },
		{ "SystemCallFilter=~@mount:EIO "
		  "@module\nSystemCallErrorNumber=EPERM\nSystemCallFilter=chroot",
		  "chroot module", "chroot: ok\nmodule: EPERM\n" },
		{ "SystemCallFilter=@system-service\nSystemCallFilter=~getpriority:"
		  "ENOTTY\nSystemCallErrorNumber=1",
		  "getpriority fork", "getpriority: ENOTTY\nfork: ok\n" },
		{ "SystemCallLog=chroot\nSystemCallArchitectures=native", "chroot",
		  "chroot: ok\n" },
		{ "SystemCallLog=~@known", "chroot", "chroot: ok\n" },
		{ "SystemCallFilter=~chroot\nSystemCallFilter=", "chroot", "chroot: ok\n" },
	};

	check(examples, ARRAY_SIZE(examples));
}

#if defined(__x86_64__)
/*
 * A kernel may have no calls of 32 bits at all (CONFIG_IA32_EMULATION, ia32_emulation=0): there is nothing to refuse then. Asked without
 * early-exec, whose own faults are none of the kernel's.
 */
static bool kernel_has_calls_of_32_bits(void)
{
	int status, result;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		(void)signal(SIGSEGV, SIG_DFL); /* not a sanitizer's */
		__asm__ volatile("int $0x80"
				 : "=a"(result)
				 : "a"(20) /* getpid */
				 : "memory", "r8", "r9", "r10", "r11");
		_exit(result == getpid() ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV)
		return false;
	assert_int_equal(status, 0);
	return true;
}

TEST(programs_of_32_bits)
{
	static const struct example examples[] = {
		{ "", "chroot_x86", "chroot_x86: ok\n" },
		{ "SystemCallFilter=~chroot:EXDEV", "chroot_x86 chroot",
		  "chroot_x86: EXDEV\nchroot: EXDEV\n" },
		{ "SystemCallArchitectures=native x86", "chroot_x86", "chroot_x86: ok\n" },
		{ "SystemCallFilter=~socket:EXDEV", "socket_x86 socketcall_x86 unix",
		  "socket_x86: EXDEV\nsocketcall_x86: EXDEV\nunix: EXDEV\n" },
		{ "SystemCallFilter=~connect:EXDEV", "socket_x86 socketcall_x86 unix",
		  "socket_x86: ok\nsocketcall_x86: ok\nunix: ok\n" },
		{ "SystemCallFilter=@system-service", "socket_x86 socketcall_x86",
		  "socket_x86: ok\nsocketcall_x86: ok\n" },
		{ "SystemCallFilter=@system-service\nSystemCallFilter=~@network-"
		  "io\nSystemCallErrorNumber=EPERM",
		  "socket_x86 socketcall_x86", "socket_x86: EPERM\nsocketcall_x86: EPERM\n" },
	};
	struct outcome outcome;

	if (!kernel_has_calls_of_32_bits()) {
		print_message("this kernel has no calls of 32 bits\n");
		skip();
	}
	check(examples, ARRAY_SIZE(examples));
	run_unit("SystemCallArchitectures=native", "exec $PROBE chroot chroot_x86", NULL, &outcome);
	assert_string_equal(outcome.output, "chroot: ok\n");
	assert_int_equal(outcome.code, 128 + SIGSYS);
}
#endif

TEST(what_kills)
{
	struct outcome outcome;

	run_unit("SystemCallFilter=~chroot", "exec $PROBE fork chroot", NULL, &outcome);
	assert_string_equal(outcome.output, "fork: ok\n");
	assert_int_equal(outcome.code, 128 + SIGSYS);
	run_unit("SystemCallFilter=@system-service", "exec $PROBE fork chroot", NULL, &outcome);
	assert_string_equal(outcome.output, "fork: ok\n");
	assert_int_equal(outcome.code, 128 + SIGSYS);
	run_unit("SystemCallFilter=~chroot:kill\nSystemCallErrorNumber=EPERM", "exec $PROBE chroot",
		 NULL, &outcome);
	assert_int_equal(outcome.code, 128 + SIGSYS);
}

#define STATUS "grep -E '^(NoNewPrivs|Seccomp):' /proc/self/status"

/* Without CAP_SYS_ADMIN a filter needs no_new_privs; with it, setuid programs stay what they are. */
TEST(new_privileges)
{
	struct outcome outcome;

	run_unit("RestrictRealtime=yes", STATUS, NULL, &outcome);
	assert_string_equal(outcome.output, "NoNewPrivs:\t0\nSeccomp:\t2\n");
	run_unit("RestrictRealtime=yes\nUser=nobody", STATUS, NULL, &outcome);
	assert_string_equal(outcome.output, "NoNewPrivs:\t1\nSeccomp:\t2\n");
	run_unit("ProtectSystem=yes\nUser=nobody", STATUS, NULL, &outcome);
	assert_string_equal(outcome.output, "NoNewPrivs:\t0\nSeccomp:\t0\n");
	run_unit("RestrictRealtime=yes\nSystemCallFilter=@system-service\nSystemCallArchitectures="
		 "native\n"
		 "User=nobody",
		 STATUS, NULL, &outcome);
	assert_string_equal(outcome.output, "NoNewPrivs:\t1\nSeccomp:\t2\n");
}

/* What a hardened stock unit has, all at once: an ordinary program still runs. */
TEST(all_at_once)
{
	struct outcome outcome;

	run_unit_apart(
		"DynamicUser=yes\nStateDirectory=x\nCapabilityBoundingSet=\nProtectSystem=strict\n"
		"ProtectHome=yes\nPrivateDevices=yes\nPrivateUsers=yes\nPrivateNetwork="
		"yes\nPrivateIPC=yes\n"
		"ProtectHostname=yes\nProtectClock=yes\nProtectKernelTunables="
		"yes\nProtectKernelModules=yes\n"
		"ProtectKernelLogs=yes\nProtectControlGroups=yes\nProtectProc="
		"invisible\nProcSubset=pid\n"
		"RestrictAddressFamilies=AF_UNIX\nRestrictNamespaces=yes\nRestrictRealtime=yes\n"
		"RestrictSUIDSGID=yes\nLockPersonality=yes\nMemoryDenyWriteExecute=yes\n"
		"SystemCallFilter=@system-service\nSystemCallFilter=~@privileged @resources\n"
		"SystemCallErrorNumber=EPERM\nSystemCallArchitectures=native\nUMask="
		"0077\nRemoveIPC=yes",
		"ls /dev/null && echo state > $STATE_DIRECTORY/x && cat $STATE_DIRECTORY/x; "
		"sort < /etc/passwd | head -1 | wc -l; test -w /usr || echo protected; "
		"grep -E '^Cap(Eff|Bnd)' /proc/self/status",
		NULL, &outcome);
	assert_string_equal(outcome.output,
			    "/dev/null\nstate\n1\nprotected\nCapEff:\t0000000000000000\n"
			    "CapBnd:\t0000000000000000\n");
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_filters),
		cmocka_unit_test(restrictions),
		cmocka_unit_test(lists),
		cmocka_unit_test(what_kills),
#if defined(__x86_64__)
		cmocka_unit_test(programs_of_32_bits),
#endif

		cmocka_unit_test(new_privileges),
		cmocka_unit_test(all_at_once),
	};

	if (!exec_unit_begin(argc, argv))
		return 2;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
