/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a program sees of the file systems, in a mount name space whose /tmp, /run, /home and so on are empty. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "early/macros.h"
#include "exec_unit.h"

/* Whether each word's directory takes a file: "/tmp:yes". */
#define WRITE_TEST(dirs)                                                                           \
	"for d in " dirs "; do if (: > $d/probe) 2> /dev/null; then echo $d:yes; "                 \
	"else echo $d:no; fi; rm -f $d/probe; done"

struct example {
	const char *lines, *script, *said;
};

static void check(const struct example *examples, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct outcome outcome;

		run_unit_apart(examples[i].lines, examples[i].script, NULL, &outcome);
		if (!strstr(outcome.output, examples[i].said))
			fail_msg("%s\n%s\nsays\n%s\ninstead of\n%s", examples[i].lines,
				 examples[i].script, outcome.output, examples[i].said);
	}
}

TEST(system_and_homes)
{
	static const struct example examples[] = {
		{ "", WRITE_TEST("/usr /etc /home /var/lib"),
		  "/usr:yes\n/etc:yes\n/home:yes\n/var/lib:yes\n" },
		{ "ProtectSystem=yes", WRITE_TEST("/usr /lib /etc /var/lib"),
		  "/usr:no\n/lib:no\n/etc:yes\n/var/lib:yes\n" },
		{ "ProtectSystem=full", WRITE_TEST("/usr /etc /var/lib /"),
		  "/usr:no\n/etc:no\n/var/lib:yes\n/:yes\n" },
		{ "ProtectSystem=strict", WRITE_TEST("/ /usr /var/lib /tmp /dev/shm /home /root"),
		  "/:no\n/usr:no\n/var/lib:no\n/tmp:no\n/dev/shm:yes\n/home:yes\n/root:yes\n" },
		{ "ProtectSystem=strict\nReadWritePaths=/var/lib /usr/local -/no/such",
		  WRITE_TEST("/ /usr /usr/local /var/lib"),
		  "/:no\n/usr:no\n/usr/local:yes\n/var/lib:yes\n" },
		{ "ProtectSystem=strict\nPrivateTmp=yes\nStateDirectory=a/b\nCacheDirectory=c\n"
		  "RuntimeDirectory=r\nLogsDirectory=",
		  WRITE_TEST("/tmp /var/tmp /var/lib /var/lib/a/b /var/cache/c /run/r /run"),
		  "/tmp:yes\n/var/tmp:yes\n/var/lib:no\n/var/lib/a/b:yes\n/var/cache/c:yes\n/run/"
		  "r:yes\n"
		  "/run:no\n" },
		{ "ProtectSystem=yes\nReadOnlyPaths=/var/lib\nReadOnlyPaths=\nReadOnlyDirectories=/"
		  "home",
		  WRITE_TEST("/var/lib /home"), "/var/lib:yes\n/home:no\n" },
		{ "ProtectHome=read-only", WRITE_TEST("/home /root /tmp"),
		  "/home:no\n/root:no\n/tmp:yes\n" },
		{ "ProtectHome=yes", "stat -c %a /home /root", "0\n0\n" },
		{ "ProtectHome=tmpfs\nBindPaths=/var/lib:/home/me",
		  "stat -f -c %T /home; ls /home;" WRITE_TEST("/home /home/me"),
		  "tmpfs\nme\n/home:no\n/home/me:yes\n" },
		{ "InaccessiblePaths=/etc/passwd /var/lib -/no/such\nUser=nobody",
		  "cat /etc/passwd; ls /var/lib", "Permission denied" },
		{ "InaccessiblePaths=/etc/passwd /var/lib", "stat -c '%a %F' /etc/passwd /var/lib",
		  "0 regular empty file\n0 directory\n" },
	};

	check(examples, ARRAY_SIZE(examples));
}

TEST(own_file_systems)
{
	static const struct example examples[] = {
		{ "PrivateTmp=yes",
		  "ls -A /tmp /var/tmp | wc -l; stat -c %a /tmp; grep -c systemd-private "
		  "/proc/self/mountinfo",
		  "3\n1777\n2\n" },
		{ "TemporaryFileSystem=/var/lib:ro,mode=0700 /home:size=64k",
		  "stat -c %a /var/lib;" WRITE_TEST(
			  "/var/lib /home") "; head -c 100k /dev/zero > /home/big || echo full",
		  "700\n/var/lib:no\n/home:yes\n" },
		{ "TemporaryFileSystem=/home:size=64k",
		  "head -c 100k /dev/zero > /home/big || echo full", "full\n" },
		{ "TemporaryFileSystem=/:ro\nBindReadOnlyPaths=/usr /bin /lib "
		  "-/lib64\nBindPaths=/var/lib /dev\nMountAPIVFS=no",
		  "ls /; " WRITE_TEST("/ /usr /var/lib /var") "; ls /var",
		  "bin\ndev\nlib\nlib64\nusr\nvar\n/:no\n/usr:no\n/var/lib:yes\n/var:no\nlib\n" },
		{ "TemporaryFileSystem=/\nBindReadOnlyPaths=/usr /bin /lib -/lib64 "
		  "/etc\nBindPaths=/proc\n"
		  "PrivateDevices=yes\nPrivateTmp=yes\nProtectSystem=full\nStateDirectory="
		  "x\nProtectHome=yes",
		  "echo x > /dev/null; stat -c %a /tmp; " WRITE_TEST("/ /etc /tmp"),
		  "1777\n/:yes\n/etc:no\n/tmp:yes\n" },
		{ "BindReadOnlyPaths=/usr/share:/tmp/new/share "
		  "-/no/such:/tmp/x\nBindPaths=/etc/passwd:/tmp/users",
		  "ls -d /tmp/new/share/doc; cmp /etc/passwd /tmp/users && echo same; ls "
		  "/tmp/x;" WRITE_TEST("/tmp /tmp/new/share"),
		  "/tmp/new/share/doc\nsame\n" },
		{ "BindReadOnlyPaths=/var/lib:/tmp/new", WRITE_TEST("/tmp /var/lib /tmp/new"),
		  "/tmp:yes\n/var/lib:yes\n/tmp/new:no\n" },
		{ "NoExecPaths=/\nExecPaths=/usr/bin /usr/lib /lib64 /bin /lib",
		  "cp /bin/true /tmp/t; /tmp/t; echo $?; true && echo yes", "126\nyes\n" },
		{ "PrivateDevices=yes",
		  "ls /dev | tr '\\n' ' '; echo x > /dev/null; " WRITE_TEST("/dev /dev/shm"),
		  "full " },
		{ "PrivateDevices=yes",
		  "test -e /dev/kmsg || echo none; test -c /dev/urandom && echo some; " WRITE_TEST(
			  "/dev /dev/shm"),
		  "none\nsome\n/dev:no\n/dev/shm:yes\n" },
		{ "PrivateDevices=yes", "grep CapBnd /proc/self/status", "CapBnd:\t000001fff" },
		{ "PrivateMounts=yes\nMountFlags=private",
		  "awk '$5 == \"/\" && /shared|master/' /proc/self/mountinfo; echo end", "end\n" },
		{ "PrivateMounts=yes",
		  "awk '$5 == \"/tmp\" && /master:/ {print \"slave\"}' /proc/self/mountinfo",
		  "slave\n" },
		{ "MountFlags=shared",
		  "awk '$5 == \"/tmp\" && /shared:/ {print \"shared\"}' /proc/self/mountinfo",
		  "shared\n" },
	};

	check(examples, ARRAY_SIZE(examples));
}

TEST(kernel_file_systems)
{
	static const struct example examples[] = {
		{ "ProtectKernelTunables=yes",
		  "for f in /proc/sys/kernel/domainname /proc/sysrq-trigger; do "
		  "(: >> $f) 2> /dev/null && echo $f; done; "
		  "stat -c %s-%a /proc/kallsyms; findmnt -no OPTIONS /sys | cut -c1-2; echo end",
		  "0-0\nro\nend\n" },
		{ "ProtectKernelLogs=yes",
		  "stat -c %a /proc/kmsg /dev/kmsg; grep CapBnd /proc/self/status",
		  "0\n0\nCapBnd:\t000001fbf" },
		{ "ProtectKernelModules=yes", "grep CapBnd /proc/self/status",
		  "CapBnd:\t000001fffefeffff\n" },
		{ "ProtectClock=yes", "grep CapBnd /proc/self/status",
		  "CapBnd:\t000001f7fcffffff\n" },
		{ "ProtectProc=invisible\nUser=nobody",
		  "ls -d /proc/1 /proc/self; findmnt -no OPTIONS /proc", "hidepid=invisible" },
		{ "ProtectProc=invisible\nUser=nobody", "ls -d /proc/1 2> /dev/null; echo end",
		  "end\n" },
		{ "ProcSubset=pid", "ls /proc/self/status /proc/meminfo 2> /dev/null; echo end",
		  "/proc/self/status\nend\n" },
		{ "ProtectHostname=yes",
		  "hostname elsewhere 2>/dev/null; cat /proc/sys/kernel/hostname; "
		  "readlink /proc/self/ns/uts",
		  "uts:[" },
		{ "PrivateIPC=yes",
		  "readlink /proc/self/ns/ipc; grep -c ' /dev/mqueue ' /proc/self/mountinfo",
		  "ipc:[" },
	};

	check(examples, ARRAY_SIZE(examples));
}

/* The tests' own /tmp is the machine's there, so what a unit leaves behind can be seen. */
static void check_root_directory(void)
{
	struct outcome outcome;

	enter_empty_machine();
	assert_int_equal(
		system("mkdir -p /tmp/root/bin /tmp/root/etc && cp /bin/busybox /tmp/root/bin/ "
		       "2> /dev/null || { mkdir -p /tmp/root/usr /tmp/root/lib /tmp/root/lib64; }"),
		0);
	run_unit("RootDirectory=/tmp/root\nBindReadOnlyPaths=/bin /usr /lib "
		 "-/lib64\nMountAPIVFS=yes\n"
		 "ReadOnlyPaths=+/etc\nStateDirectory=own\nProtectSystem=no",
		 "ls /; test -e /proc/self/status && echo proc; test -e /dev/null && echo dev; "
		 "ls -A /run | wc -l; ls -d /var/lib/own;" WRITE_TEST("/etc / /usr /var/lib/own"),
		 NULL, &outcome);
	assert_said(outcome, "bin\ndev\netc\n");
	assert_said(outcome,
		    "proc\ndev\n0\n/var/lib/own\n/etc:no\n/:yes\n/usr:no\n/var/lib/own:yes\n");
	run_unit("RootDirectory=/no/such\nMountAPIVFS=no", "true", NULL, &outcome);
	assert_int_equal(outcome.code, 210);
	run_unit("RootDirectory=/no/such", "true", NULL, &outcome);
	assert_int_equal(outcome.code, 226);
	_exit(0);
}

/* A private /tmp is the same for all commands of one run, and nobody else's. */
static void check_private_tmp_is_kept(void)
{
	struct execs_context later = { .cgroup = "", .environment = WORDS("EARLY_CONDITIONS=met") };
	struct outcome outcome;

	enter_empty_machine();
	run_unit("PrivateTmp=yes", "echo kept > /tmp/a; echo kept > /var/tmp/b", NULL, &outcome);
	run_unit("PrivateTmp=yes", "cat /tmp/a /var/tmp/b", &later, &outcome);
	assert_string_equal(outcome.output, "kept\nkept\n");
	run_unit("User=nobody", "ls /tmp; ls /tmp/* 2>&1; ls -A /var/tmp | wc -l", &later,
		 &outcome);
	assert_said(outcome, "systemd-private-");
	assert_said(outcome, "-test.service-");
	assert_said(outcome, "Permission denied");
	assert_null(strstr(outcome.output, "\na\n"));
	/* the next run begins with an empty one */
	run_unit("PrivateTmp=yes", "ls -A /tmp /var/tmp", NULL, &outcome);
	assert_string_equal(outcome.output, "/tmp:\n\n/var/tmp:\n");
	_exit(0);
}

static void check_read_only_tmp(void)
{
	struct outcome outcome;

	enter_empty_machine();
	assert_int_equal(mount(NULL, "/tmp", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL), 0);
	assert_int_equal(mount(NULL, "/var/tmp", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL), 0);
	/* the unit's file of the test has to be somewhere */
	assert_int_equal(mount("tmpfs", "/home", "tmpfs", 0, NULL), 0);
	exec_unit_work = "/home";
	run_unit("PrivateTmp=yes\nUser=nobody", WRITE_TEST("/tmp /var/tmp"), NULL, &outcome);
	assert_said(outcome, "/tmp:yes\n/var/tmp:no\n");
	_exit(0);
}

/* As long as an overlay is there, no service may hold it. */
static void check_overlaid(void)
{
	struct execs_context context = { .cgroup = "", .overlaid = WORDS("/var\0/home") };
	struct outcome outcome;

	enter_empty_machine();
	assert_int_equal(umount("/var/lib") | umount("/var/tmp") | umount("/var/cache"), 0);
	assert_int_equal(mount("tmpfs", "/var", "tmpfs", 0, "mode=0755"), 0);
	assert_int_equal(mkdir("/var/tmp", 01777), 0);
	assert_int_equal(mkdir("/var/lib", 0755), 0);
	run_unit("ProtectSystem=strict\nProtectHome=yes\nPrivateTmp=yes\nStateDirectory=own\n"
		 "ReadWritePaths=/var/tmp\nInaccessiblePaths=/var/lib",
		 "grep -c ' /var/' /proc/self/mountinfo; grep -c ' /home ' /proc/self/mountinfo; "
		 "stat -c %a /home;" WRITE_TEST("/usr /etc /var/lib/own /var/tmp /tmp"),
		 &context, &outcome);
	assert_said(outcome, "protections wait for the next start");
	assert_said(outcome,
		    "0\n1\n0\n/usr:no\n/etc:no\n/var/lib/own:yes\n/var/tmp:yes\n/tmp:yes\n");
	run_unit("ProtectSystem=strict\nStateDirectory=own",
		 WRITE_TEST("/usr /var/lib /var/lib/own"), NULL, &outcome);
	assert_said(outcome, "/usr:no\n/var/lib:no\n/var/lib/own:yes\n");
	_exit(0);
}

/* What the host mounts and takes off is so for the service, too: an overlay that goes is gone. */
static void check_slave(void)
{
	struct outcome outcome;

	enter_empty_machine();
	assert_int_equal(mkdir("/tmp/m", 0755), 0);
	assert_int_equal(mount("tmpfs", "/tmp/m", "tmpfs", 0, NULL), 0);
	assert_int_equal(mkfifo("/tmp/looked", 0600), 0);
	if (fork() == 0) {
		(void)open("/tmp/looked", O_RDONLY); /* until the unit has seen it */
		(void)umount2("/tmp/m", MNT_DETACH);
		_exit(0);
	}
	run_unit("ProtectSystem=strict\nPrivateDevices=yes",
		 "look() { grep -c ' /tmp/m ' /proc/self/mountinfo; }; look; : >/tmp/looked; "
		 "i=0; "
		 "while [ $i -lt 300 ] && [ $(look) = 1 ]; do i=$((i + 1)); sleep 0.2; done; look",
		 NULL, &outcome);
	assert_string_equal(outcome.output, "1\n0\n");
	_exit(0);
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

TEST(root_directory)
{
	in_child(check_root_directory);
}

TEST(private_tmp_is_kept)
{
	in_child(check_private_tmp_is_kept);
}

TEST(a_read_only_tmp_is_no_obstacle)
{
	in_child(check_read_only_tmp);
}

TEST(overlaid_paths)
{
	in_child(check_overlaid);
}

TEST(mounts_of_the_host_come_and_go)
{
	in_child(check_slave);
}

TEST(codes)
{
	static const struct {
		const char *lines;
		int code;
	} cases[] = {
		{ "ReadOnlyPaths=/no/such", 226 },
		{ "InaccessiblePaths=/no/such", 226 },
		{ "BindPaths=/no/such:/tmp/x", 226 },
		{ "TemporaryFileSystem=/home:nonsense=1", 226 },
		{ "NetworkNamespacePath=/no/such", 225 },
		{ "IPCNamespacePath=/etc/passwd", 226 },
		{ "ReadOnlyPaths=-/no/such", 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct outcome outcome;

		run_unit_apart(cases[i].lines, "true", NULL, &outcome);
		if (outcome.code != cases[i].code)
			fail_msg("%s: %d instead of %d: %s", cases[i].lines, outcome.code,
				 cases[i].code, outcome.output);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(system_and_homes),
		cmocka_unit_test(own_file_systems),
		cmocka_unit_test(kernel_file_systems),
		cmocka_unit_test(root_directory),
		cmocka_unit_test(private_tmp_is_kept),
		cmocka_unit_test(a_read_only_tmp_is_no_obstacle),
		cmocka_unit_test(overlaid_paths),
		cmocka_unit_test(mounts_of_the_host_come_and_go),
		cmocka_unit_test(codes),
	};

	if (!exec_unit_begin(argc, argv))
		return 2;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
