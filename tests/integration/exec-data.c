/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is handed to a program (input, terminal, credentials), and what is taken away after it. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "early/macros.h"
#include "exec_unit.h"

TEST(input)
{
	static const struct {
		const char *lines, *said;
	} cases[] = {
		{ "StandardInputText=one  \"two\"\\n\\x41\nStandardInputText=three",
		  "one  \"two\"\nA\nthree\n" },
		{ "StandardInputData=aGVs\nStandardInputData=bG8K\nStandardInput=data", "hello\n" },
		{ "StandardInputData=AAEC /w==\nStandardInput=null", "\\0\\1\\2\\377" },
		{ "StandardInputText=gone\nStandardInputText=", "" },
		{ "StandardInputText=not this\nStandardInput=file:/dev/null", "" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct outcome outcome;
		bool binary = strchr(cases[i].said, '\\') != NULL;

		run_unit(cases[i].lines,
			 binary ? "od -An -b | sed 's/ 0*/\\\\/g; s/\\\\\\\\/\\\\0\\\\/' | tr -d "
				  "'\\n'"
				: "cat",
			 NULL, &outcome);
		assert_string_equal(outcome.output, cases[i].said);
	}
}

/* A terminal of ours: what a raw program left is made fit for people. */
TEST(terminals)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	struct termios modes;
	struct outcome outcome;
	char lines[256];
	int terminal;

	assert_true(master >= 0);
	assert_int_equal(grantpt(master) | unlockpt(master), 0);
	terminal = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_int_equal(tcgetattr(terminal, &modes), 0);
	cfmakeraw(&modes);
	assert_int_equal(tcsetattr(terminal, TCSANOW, &modes), 0);
	(void)snprintf(
		lines, sizeof(lines),
		"TTYPath=%s\nTTYRows=33\nTTYColumns=99\nEnvironment=T=%s\nStandardOutput=inherit",
		ptsname(master), ptsname(master));
	run_unit(lines,
		 "stty -a -F $T | tr -s ' ;' '\\n' | grep -E '^-?(icanon|echo)$'; stty size -F $T",
		 NULL, &outcome);
	assert_string_equal(outcome.output, "-icanon\n-echo\n33 99\n");
	(void)snprintf(lines, sizeof(lines), "TTYPath=%s\nTTYReset=yes\nEnvironment=T=%s",
		       ptsname(master), ptsname(master));
	run_unit(lines,
		 "stty -a -F $T | tr -s ' ;' '\\n' | grep -E '^-?(icanon|echo)$'; stty size -F $T",
		 NULL, &outcome);
	assert_string_equal(outcome.output, "icanon\necho\n33 99\n");
	/* who had it open before has it no more */
	(void)snprintf(lines, sizeof(lines), "TTYPath=%s\nTTYVHangup=yes", ptsname(master));
	run_unit(lines, "true", NULL, &outcome);
	assert_int_equal(write(terminal, "x", 1), -1);
	close(terminal);
	close(master);
}

static void in_child(void (*fn)(void))
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		fn();
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void check_credentials(void)
{
	struct outcome outcome;

	enter_empty_machine();
	assert_int_equal(system("mkdir -p /tmp/dir /run/credstore; printf file > /tmp/file; printf "
				"a > /tmp/dir/x; "
				"printf stored > /run/credstore/named"),
			 0);
	run_unit("SetCredential=plain:a\\x20b\nLoadCredential=file:/tmp/"
		 "file\nSetCredential=file:other\n"
		 "LoadCredential=many:/tmp/dir\nLoadCredential=named\nLoadCredential=missing:/no/"
		 "such\n"
		 "SetCredential=missing:fall back\nUser=nobody\nProtectSystem=strict",
		 "cd $CREDENTIALS_DIRECTORY; pwd; for f in *; do echo $f=$(cat $f); done; stat -c "
		 "'%U %a' . plain; "
		 "echo x > y || echo read-only; ls /run/credentials",
		 NULL, &outcome);
	assert_string_equal(
		outcome.output,
		"/run/credentials/test.service\nfile=file\nmany_x=a\nmissing=fall back\n"
		"named=stored\nplain=a b\nnobody 500\nnobody 400\n"
		"sh: 1: cannot create y: Read-only file system\nread-only\ntest.service\n");
	/* nor does root write to them */
	run_unit(
		"SetCredential=plain:x",
		"cd $CREDENTIALS_DIRECTORY; echo x > y || echo read-only; chmod 777 . || echo kept",
		NULL, &outcome);
	assert_said(outcome, "read-only\n");
	assert_said(outcome, "kept\n");
	/* nobody else reads them, and one that is protected does not even see them */
	run_unit("User=daemon", "cat /run/credentials/test.service/plain", NULL, &outcome);
	assert_said(outcome, "Permission denied");
	run_unit("ProtectSystem=strict", "stat -c %a /run/credentials; ls /run/credentials", NULL,
		 &outcome);
	assert_string_equal(outcome.output, "0\n");
	run_unit("LoadCredential=nobody.has.it", "ls $CREDENTIALS_DIRECTORY; echo runs", NULL,
		 &outcome);
	assert_string_equal(outcome.output, "runs\n");
	run_unit("LoadCredential=x:/no/such", "true", NULL, &outcome);
	assert_int_equal(outcome.code, 243);
	_exit(0);
}

TEST(credentials)
{
	in_child(check_credentials);
}

/* What is left of a service. */
#define LEFT                                                                                       \
	"ls -d /run/r /run/alias /tmp/systemd-private-* /var/tmp/systemd-private-* "               \
	"/run/credentials/* "                                                                      \
	"/run/early/dynamic-uid/* /dev/shm/early-exec-* 2> /dev/null | wc -l"

static const char leaving[] = "DynamicUser=yes\nPrivateTmp=yes\nRuntimeDirectory=r:"
			      "alias\nStateDirectory=s\nSetCredential=c:x\n";

static void check_clean(void)
{
	struct execs_context later = { .cgroup = "", .environment = WORDS("EARLY_CONDITIONS=met") };
	struct outcome outcome;
	int id;

	enter_empty_machine();
	run_unit(leaving,
		 "touch $RUNTIME_DIRECTORY/a /tmp/b $STATE_DIRECTORY/c /dev/shm/early-exec-test",
		 NULL, &outcome);
	assert_int_equal(outcome.code, 0);
	run_unit("", LEFT, &later, &outcome);
	assert_string_equal(outcome.output, "8\n");
	id = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600);
	clean_unit(leaving, &outcome);
	assert_int_equal(outcome.code, 0);
	assert_int_equal(outcome.answer, 0);
	run_unit("", LEFT, &later, &outcome);
	assert_string_equal(outcome.output, "0\n");
	run_unit(leaving, "ls /var/lib/s $RUNTIME_DIRECTORY", NULL, &outcome);
	assert_said(outcome, "c\n");
	/* other people's objects stay, and a directory that is to be kept */
	assert_int_equal(shmctl(id, IPC_RMID, NULL), 0);
	run_unit("RuntimeDirectory=kept\nRuntimeDirectoryPreserve=yes", "true", NULL, &outcome);
	clean_unit("RuntimeDirectory=kept\nRuntimeDirectoryPreserve=yes", &outcome);
	assert_int_equal(access("/run/kept", F_OK), 0);
	_exit(0);
}

TEST(cleaning)
{
	in_child(check_clean);
}

static void check_login_records(void)
{
	struct outcome outcome;

	enter_empty_machine();
	close(open("/run/utmp", O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
	run_unit("UtmpIdentifier=mytty7\nUtmpMode=user\nTTYPath=/dev/tty7\nUser=nobody",
		 "utmpdump /run/utmp 2> /dev/null", NULL, &outcome);
	assert_said(outcome, "[7] [");
	assert_said(outcome, "[tty7] [nobody");
	assert_said(outcome, "[tty7        ]");
	clean_unit("UtmpIdentifier=mytty7\nUtmpMode=user\nTTYPath=/dev/tty7\nUser=nobody",
		   &outcome);
	run_unit("", "utmpdump /run/utmp 2> /dev/null", NULL, &outcome);
	assert_said(outcome, "[8] [");
	assert_null(strstr(outcome.output, "[7] ["));
	_exit(0);
}

TEST(login_records)
{
	in_child(check_login_records);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(input),         cmocka_unit_test(terminals),
		cmocka_unit_test(credentials),   cmocka_unit_test(cleaning),
		cmocka_unit_test(login_records),
	};

	if (!exec_unit_begin(argc, argv))
		return 2;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
