/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who a program is and what it may become. argv[1] is early-exec. */
#include <linux/keyctl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
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

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rights),
		cmocka_unit_test(labels),
		cmocka_unit_test(keyrings),
	};

	if (!exec_unit_begin(argc, argv))
		return 2;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
