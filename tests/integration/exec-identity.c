/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who a program is and what it may become. argv[1] is early-exec. */
#include <linux/keyctl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "early/macros.h"
#include "exec_unit.h"

#define STATUS(fields) "grep -E '^(" fields "):' /proc/self/status"

TEST(rights)
{
	static const struct {
		const char *lines, *script, *said;
	} cases[] = {
		{ "", STATUS("NoNewPrivs"), "NoNewPrivs:\t0\n" },
		{ "NoNewPrivileges=yes", STATUS("NoNewPrivs"), "NoNewPrivs:\t1\n" },
		{ "CapabilityBoundingSet=CAP_KILL cap_chown", STATUS("CapBnd|CapEff"),
		  "CapEff:\t0000000000000021\nCapBnd:\t0000000000000021\n" },
		{ "CapabilityBoundingSet=CAP_KILL CAP_CHOWN\nCapabilityBoundingSet=~CAP_CHOWN",
		  STATUS("CapBnd"), "CapBnd:\t0000000000000020\n" },
		{ "CapabilityBoundingSet=", STATUS("CapBnd|CapEff"),
		  "CapEff:\t0000000000000000\nCapBnd:\t0000000000000000\n" },
		{ "User=nobody\nAmbientCapabilities=CAP_KILL\nSecureBits=keep-caps-locked noroot",
		  STATUS("CapAmb|CapEff"),
		  "CapEff:\t0000000000000020\nCapAmb:\t0000000000000020\n" },
		{ "SecureBits=noroot\nSecureBits=noroot-locked", STATUS("CapPrm|CapEff"),
		  "CapPrm:\t0000000000000000\nCapEff:\t0000000000000000\n" },
		{ "User=65534", "id -un; id -gn", "nobody\nnogroup\n" },
		{ "User=54321\nGroup=43210", "id -u; id -g; id -G; echo $USER",
		  "54321\n43210\n43210\n54321\n" },
		{ "Group=tty", "id -u; id -gn", "0\ntty\n" },
		{ "User=nobody\nSupplementaryGroups=tty 12345", "id -G", "65534 5 12345\n" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct outcome outcome;

		run_unit(cases[i].lines, cases[i].script, NULL, &outcome);
		assert_said(outcome, cases[i].said);
		assert_int_equal(outcome.code, 0);
	}
}

/* "+" is free of everything, "!" of the user alone. */
TEST(prefixes)
{
	static const char lines[] = "User=nobody\nNoNewPrivileges=yes\nProtectSystem="
				    "yes\nCapabilityBoundingSet=CAP_KILL";
	static const char script[] = "id -u; grep -E '^(NoNewPrivs|CapBnd)' /proc/self/status; "
				     "test -w /usr && echo writable";
	struct outcome outcome;

	run_unit(lines, script, NULL, &outcome);
	assert_string_equal(outcome.output, "65534\nCapBnd:\t0000000000000020\nNoNewPrivs:\t1\n");
	run_unit_with_flags(lines, script, TABLE_EXEC_KEEP_IDENTITY, &outcome);
	assert_string_equal(outcome.output, "0\nCapBnd:\t0000000000000020\nNoNewPrivs:\t1\n");
	run_unit_with_flags(lines, script, TABLE_EXEC_FULL_PRIVILEGE, &outcome);
	assert_said(outcome, "0\nCapBnd:\t00000");
	assert_said(outcome, "NoNewPrivs:\t0\nwritable\n");
}

/* A security module that is not there is no obstacle; what is there is asked. */
TEST(labels)
{
	struct outcome outcome;

	run_unit("AppArmorProfile=-no-such-profile\nSELinuxContext=-no:such:context:s0\n"
		 "SmackProcessLabel=-x",
		 "echo runs", NULL, &outcome);
	assert_string_equal(outcome.output, "runs\n");
}

TEST(keyrings)
{
	struct outcome outcome;
	char own[64];

	(void)snprintf(own, sizeof(own), "session %ld\n",
		       syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0));
	run_unit("KeyringMode=inherit", "$PROBE session", NULL, &outcome);
	assert_said(outcome, own);
	run_unit("User=nobody\nKeyringMode=private", "$PROBE session user_keyring", NULL, &outcome);
	assert_null(strstr(outcome.output, own));
	assert_said(outcome, "user_keyring: ENOKEY\n");
	run_unit("User=nobody\nKeyringMode=shared", "$PROBE session user_keyring", NULL, &outcome);
	assert_null(strstr(outcome.output, own));
	assert_said(outcome, "user_keyring: ok\n");
}

static const char own_directories[] = "DynamicUser=yes\nStateDirectory=state/"
				      "sub:alias\nCacheDirectory=cache\nRuntimeDirectory=run\n"
				      "ConfigurationDirectory=early-exec-test\n";

static void check_dynamic_user(void)
{
	struct outcome outcome;
	int uid;

	enter_empty_machine();
	run_unit(own_directories,
		 "id -u; id -g; id -G; stat -Lc '%U %u %a' /var/lib/state/sub /run/run; "
		 "grep NoNewPrivs /proc/self/status; echo kept > $STATE_DIRECTORY/file; "
		 "ls -Ld /var/lib/alias; echo $STATE_DIRECTORY $CACHE_DIRECTORY "
		 "$CONFIGURATION_DIRECTORY; "
		 "echo no > /usr/probe; echo no > /var/lib/probe; ls /var/lib/private",
		 NULL, &outcome);
	assert_int_equal(rmdir("/etc/early-exec-test"), 0);
	uid = atoi(outcome.output);
	assert_in_range(uid, 61184, 65519);
	assert_int_equal(outcome.code, 0);
	assert_said(outcome, "NoNewPrivs:\t1\n/var/lib/alias\n"
			     "/var/lib/state/sub /var/cache/cache /etc/early-exec-test\n");
	assert_said(outcome, "cannot create /usr/probe");
	assert_said(outcome, "cannot create /var/lib/probe");
	assert_null(strstr(outcome.output, "root"));
	/* outside nobody but root passes, and the same user comes again */
	run_unit(own_directories, "id -u; cat /var/lib/state/sub/file", NULL, &outcome);
	assert_int_equal(atoi(outcome.output), uid);
	assert_said(outcome, "kept\n");
	run_unit("User=nobody", "cat /var/lib/state/sub/file; stat -c %a /var/lib/private", NULL,
		 &outcome);
	assert_said(outcome, "Permission denied");
	assert_said(outcome, "700\n");
	/* without DynamicUser= what is there moves, and belongs to the new user */
	run_unit("User=nobody\nStateDirectory=state/sub",
		 "cat /var/lib/state/sub/file; stat -c '%U %F' /var/lib/state/sub/file "
		 "/var/lib/state/sub",
		 NULL, &outcome);
	assert_string_equal(outcome.output, "kept\nnobody regular file\nnobody directory\n");
	/* another name, another number; a name that the user database has is that user */
	run_unit("DynamicUser=yes\nUser=other", "id -u", NULL, &outcome);
	assert_in_range(atoi(outcome.output), 61184, 65519);
	assert_int_not_equal(atoi(outcome.output), uid);
	run_unit("DynamicUser=yes\nUser=nobody", "id -u", NULL, &outcome);
	assert_string_equal(outcome.output, "65534\n");
	_exit(0);
}

TEST(dynamic_users)
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		check_dynamic_user();
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

TEST(private_users)
{
	struct outcome outcome;

	run_unit("PrivateUsers=yes\nUser=nobody",
		 "cat /proc/self/uid_map; id -u; stat -c %U / /dev/tty; id -g", NULL, &outcome);
	assert_said(outcome, "         0          0          1\n     65534      65534          "
			     "1\n65534\nroot\n");
	run_unit("PrivateUsers=yes\nPrivateTmp=yes", "id -u; chown 1:1 /tmp || echo refused", NULL,
		 &outcome);
	assert_said(outcome, "0\n");
	assert_said(outcome, "refused\n");
}

TEST(private_network)
{
	struct execs_context context = { .environment = { NULL, 0 } };
	struct outcome outcome;
	char word[64];
	int len;

	run_unit("PrivateNetwork=yes",
		 "tail -n +3 /proc/net/dev | wc -l; cat /sys/class/net/lo/flags; "
		 "bash -c ': > /dev/udp/127.0.0.1/9' && echo up; readlink /proc/self/ns/net",
		 NULL, &outcome);
	assert_said(outcome, "1\n");
	assert_said(outcome, "up\n");
	/* a command beside the main process enters that one's */
	len = snprintf(word, sizeof(word), "MAINPID=%d", (int)getpid()) + 1;
	context.environment = words(word, (size_t)len);
	run_unit("PrivateNetwork=yes\nPrivateIPC=yes",
		 "test $(readlink /proc/self/ns/net) = $(readlink /proc/$MAINPID/ns/net) && "
		 "test $(readlink /proc/self/ns/ipc) = $(readlink /proc/$MAINPID/ns/ipc) && echo "
		 "same",
		 &context, &outcome);
	assert_said(outcome, "same\n");
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rights),          cmocka_unit_test(prefixes),
		cmocka_unit_test(labels),          cmocka_unit_test(keyrings),
		cmocka_unit_test(dynamic_users),   cmocka_unit_test(private_users),
		cmocka_unit_test(private_network),
	};

	if (!exec_unit_begin(argc, argv))
		return 2;
	exec_unit_hide_the_others();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
