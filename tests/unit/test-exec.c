/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* early-exec's parts without an effect: environments, conditions, capabilities, the order. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capability.h"
#include "condition.h"
#include "early/fd.h"
#include "early/fs.h"
#include "early/macros.h"
#include "early/strbuf.h"
#include "early/strv.h"
#include "early_test.h"
#include "request.h"
#include "variables.h"

static char *render(char *const *words)
{
	struct strbuf out = STRBUF_INIT;

	for (size_t i = 0; words && words[i]; i++)
		strbuf_printf(&out, "%s|", words[i]);
	return strbuf_take(&out);
}

TEST(setting_and_unsetting)
{
	char **variables CLEANUP_STRV = NULL;
	char *text;

	assert_int_equal(strv_set_variable(&variables, "A=1"), 0);
	assert_int_equal(strv_set_variable(&variables, "AB=2"), 0);
	assert_int_equal(strv_set_variable(&variables, "A=3=4"), 0);
	assert_string_equal(variables_get(variables, "A", 1), "3=4");
	assert_null(variables_get(variables, "B", 1));
	variables_unset(variables, "AB=5"); /* another value: stays */
	text = render(variables);
	assert_string_equal(text, "A=3=4|AB=2|");
	free(text);
	variables_unset(variables, "AB=2");
	variables_unset(variables, "A");
	assert_null(variables[0]);
}

TEST(environment_files)
{
	static const struct {
		const char *text;
		const char *variables;
	} cases[] = {
		{ "A=1\nB=2\n", "A=1|B=2|" },
		{ "# c\n; c\n\n  A = no\nA= x y \t\n", "A=x y|" },
		{ "A=\"x  y \" \nB='z # '\n", "A=x  y |B=z # |" },
		{ "A=\"q\\\"d\\\\\\n\\$\"", "A=q\"d\\\\n$|" },
		{ "A=one\\\ntwo\nB=3", "A=onetwo|B=3|" },
		{ "A='open\nB=2", "A=open\nB=2|" },
		{ "export A=1\n1A=2\nA-B=3\nLANG=de_DE.UTF-8", "LANG=de_DE.UTF-8|" },
		{ "#c \\\nA=1\nB=2", "B=2|" },
		{ "A=\n", "A=|" },
		{ "A", "" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char **variables CLEANUP_STRV = NULL;
		char *text;

		assert_int_equal(variables_read(&variables, cases[i].text), 0);
		text = render(variables);
		assert_string_equal(text, cases[i].variables);
		free(text);
	}
}

TEST(expansion)
{
	char *variables[] = { (char *)"ONE=1", (char *)"TWO=a  b", (char *)"EMPTY=", NULL };
	static const struct {
		const char *word;
		const char *result;
	} cases[] = {
		{ "$ONE", "1|" },          { "$TWO", "a|b|" },    { "${TWO}", "a  b|" },
		{ "x${ONE}y$$", "x1y$|" }, { "$EMPTY", "" },      { "${EMPTY}", "|" },
		{ "$UNSET", "" },          { "a$ONE", "a$ONE|" }, { "${UNSET}z", "z|" },
		{ "${", "${|" },           { "$", "$|" },         { "${no-name}", "${no-name}|" },
		{ "$$ONE", "$ONE|" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *argv[] = { (char *)"$ONE", (char *)cases[i].word, NULL };
		char **result CLEANUP_STRV = NULL;
		char *text;

		assert_int_equal(variables_expand(argv, variables, &result), 0);
		assert_string_equal(result[0], "$ONE"); /* argv[0] is never touched */
		text = render(result + 1);
		assert_string_equal(text, cases[i].result);
		free(text);
	}
}

static struct wire_list list_of(const char *text, size_t len)
{
	return (struct wire_list){ text, (uint32_t)len };
}

#define LIST(text) list_of(text, sizeof(text))

TEST(capabilities)
{
	static const struct {
		const char *text;
		size_t len;
		uint64_t set;
	} cases[] = {
		{ "CAP_CHOWN\0cap_kill", 19, 0x21 },
		{ "~CAP_CHOWN\0~CAP_KILL", 21, ~UINT64_C(0x21) },
		{ "none", 5, 0 },
		{ "CAP_CHOWN\0CAP_KILL\0~CAP_CHOWN", 30, 0x20 },
		{ "~all", 5, 0 },
	};
	struct wire_list bad = LIST("CAP_NONSENSE");
	uint64_t set;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct wire_list list = list_of(cases[i].text, cases[i].len);

		assert_int_equal(capability_parse(&list, &set), 0);
		assert_true(set == cases[i].set);
	}
	assert_int_equal(capability_parse(&bad, &set), -EINVAL);
}

static char root[64];
static int root_fd = -1;

static int make_root(void **state)
{
	(void)state;
	strcpy(root, "/tmp/test-exec-XXXXXX");
	if (!mkdtemp(root))
		return -1;
	root_fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (mkdirat(root_fd, "empty", 0755) < 0 || mkdirat(root_fd, "full", 0755) < 0 ||
	    mkdirat(root_fd, "proc", 0755) < 0 || symlinkat("full", root_fd, "link") < 0 ||
	    mknodat(root_fd, "socket", S_IFSOCK | 0600, 0) < 0 ||
	    fs_mkdir_p_at(root_fd, "sys/module/snd_x", 0755) < 0)
		return -1;
	fd_close(openat(root_fd, "full/file", O_CREAT | O_WRONLY, 0644));
	fd_close(openat(root_fd, "program", O_CREAT | O_WRONLY, 0755));
	return 0;
}

static int remove_root(void **state)
{
	char command[128];

	(void)state;
	root_fd = fd_close(root_fd);
	(void)snprintf(command, sizeof(command), "rm -rf %s", root);
	return system(command);
}

TEST(conditions)
{
	static const struct {
		const char *text;
		size_t len;
		enum condition_verdict verdict;
	} cases[] = {
#define CASE(text, verdict) { text, sizeof(text), verdict }
		CASE("path-exists:/full", CONDITION_MET),
		CASE("path-exists:/none", CONDITION_SKIP),
		CASE("path-exists:!/none", CONDITION_MET),
		CASE("assert-path-exists:/none", CONDITION_FAIL),
		CASE("path-is-directory:/full", CONDITION_MET),
		CASE("path-is-directory:/program", CONDITION_SKIP),
		CASE("path-is-symbolic-link:/link", CONDITION_MET),
		CASE("path-is-symbolic-link:/full", CONDITION_SKIP),
		CASE("path-is-socket:/socket", CONDITION_MET),
		CASE("path-is-socket:/full/file", CONDITION_SKIP),
		CASE("kernel-module-loaded:snd-x", CONDITION_MET),
		CASE("kernel-module-loaded:snd", CONDITION_SKIP),
		CASE("kernel-module-loaded:../module", CONDITION_SKIP),
		CASE("directory-not-empty:/full", CONDITION_MET),
		CASE("directory-not-empty:/empty", CONDITION_SKIP),
		CASE("directory-not-empty:/none", CONDITION_SKIP),
		CASE("file-not-empty:/full/file", CONDITION_SKIP),
		CASE("file-is-executable:/program", CONDITION_MET),
		CASE("file-is-executable:/full/file", CONDITION_SKIP),
		CASE("path-is-mount-point:/full", CONDITION_SKIP),
		CASE("path-is-read-write:/full", CONDITION_MET),
		CASE("security:nonsense", CONDITION_SKIP),
		CASE("nothing-known:x", CONDITION_MET),
		CASE("path-exists:|/none\0path-exists:|/full", CONDITION_MET),
		CASE("path-exists:|/none\0path-exists:|/none2", CONDITION_SKIP),
		CASE("path-exists:|/full\0path-exists:/none", CONDITION_SKIP),
#undef CASE
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct wire_list list = list_of(cases[i].text, cases[i].len);
		const char *culprit = NULL;

		if (condition_check(&list, root_fd, &culprit) != cases[i].verdict)
			fail_msg("%s", cases[i].text);
		assert_true((culprit != NULL) == (cases[i].verdict != CONDITION_MET));
	}
}

static enum condition_verdict judge(const char *text)
{
	struct wire_list list = { text, (uint32_t)strlen(text) + 1 };
	const char *culprit = NULL;

	return condition_check(&list, root_fd, &culprit);
}

static void put_text(const char *path, const char *text)
{
	char *parent = strdup(path);

	*strrchr(parent, '/') = '\0';
	assert_int_equal(fs_mkdir_p_at(root_fd, parent, 0755), 0);
	assert_int_equal(fs_replace_at(root_fd, path, text, strlen(text), 0644), 0);
	free(parent);
}

TEST(conditions_about_the_machine)
{
	static const struct {
		const char *text;
		enum condition_verdict verdict;
	} cases[] = {
		{ "architecture:native", CONDITION_MET },
		{ "architecture:vax", CONDITION_SKIP },
		{ "memory:1K", CONDITION_MET },
		{ "memory:< 1K", CONDITION_SKIP },
		{ "memory:>=999999T", CONDITION_SKIP },
		{ "memory:much", CONDITION_SKIP },
		{ "cpus:1", CONDITION_MET },
		{ "cpus:=0", CONDITION_SKIP },
		{ "cpus:!=0", CONDITION_MET },
		{ "capability:CAP_NONE_SUCH", CONDITION_SKIP },
		{ "environment:EARLY_TEST_A", CONDITION_MET },
		{ "environment:EARLY_TEST_A=b", CONDITION_MET },
		{ "environment:EARLY_TEST_A=c", CONDITION_SKIP },
		{ "environment:EARLY_TEST_NONE", CONDITION_SKIP },
		{ "kernel-version:>= 2.6", CONDITION_MET },
		{ "kernel-version:>=2.6 <2.7", CONDITION_SKIP },
		{ "kernel-version:>99", CONDITION_SKIP },
		{ "kernel-version:*", CONDITION_MET },
		{ "kernel-version:0.*", CONDITION_SKIP },
		{ "cpufeature:sse2", CONDITION_MET },
		{ "cpufeature:sse", CONDITION_SKIP },
		{ "control-group-controller:memory", CONDITION_MET },
		{ "control-group-controller:memory io", CONDITION_SKIP },
		{ "control-group-controller:v2", CONDITION_MET },
		{ "control-group-controller:v1", CONDITION_SKIP },
		{ "acpower:true", CONDITION_SKIP },
		{ "acpower:false", CONDITION_MET },
		{ "needs-update:/etc", CONDITION_MET },
		{ "needs-update:!/etc", CONDITION_SKIP },
		{ "assert-needs-update:/var", CONDITION_FAIL },
	};
	const struct timespec newer[] = { { 2000000000, 0 }, { 2000000000, 0 } };

	put_text("proc/cpuinfo", "processor: 0\nflags\t\t: fpu sse2 avx\nbugs: sse\n");
	put_text("sys/fs/cgroup/cgroup.controllers", "cpu memory pids\n");
	put_text("sys/class/power_supply/BAT0/type", "Battery\n");
	put_text("sys/class/power_supply/AC/type", "Mains\n");
	put_text("sys/class/power_supply/AC/online", "0\n");
	put_text("usr/x", "");
	put_text("var/.updated", "");
	assert_int_equal(utimensat(root_fd, "var/.updated", newer, 0), 0);
	assert_int_equal(setenv("EARLY_TEST_A", "b", 1), 0);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (judge(cases[i].text) != cases[i].verdict)
			fail_msg("%s", cases[i].text);
	put_text("sys/class/power_supply/AC/online", "1\n");
	assert_int_equal(judge("acpower:true"), CONDITION_MET);
}

TEST(conditions_about_the_system)
{
	static const char compatible[] = "vendor,board\0vendor,soc";
	static const struct {
		const char *text;
		enum condition_verdict verdict;
	} cases[] = {
		{ "osrelease:ID=debian", CONDITION_MET },
		{ "osrelease:ID=deb", CONDITION_SKIP },
		{ "osrelease:ID!=debian", CONDITION_SKIP },
		{ "osrelease:!ID=fedora", CONDITION_MET },
		{ "osrelease:ID=debian VERSION_ID>=9", CONDITION_MET },
		{ "osrelease:ID=debian VERSION_ID>=13", CONDITION_SKIP },
		{ "osrelease:VERSION_ID<13", CONDITION_MET },
		{ "osrelease:VERSION_ID<=12 VERSION_ID>11.9 VERSION_ID<>11", CONDITION_MET },
		{ "osrelease:PRETTY_NAME$=Debian*", CONDITION_MET },
		{ "osrelease:PRETTY_NAME!$=Debian*", CONDITION_SKIP },
		{ "osrelease:NONE=", CONDITION_MET },
		{ "osrelease:ID", CONDITION_SKIP },
		{ "assert-osrelease:ID=x", CONDITION_FAIL },
		{ "firmware:uefi", CONDITION_MET },
		{ "firmware:device-tree", CONDITION_SKIP },
		{ "firmware:device-tree-compatible(vendor,soc)", CONDITION_MET },
		{ "firmware:device-tree-compatible(vendor)", CONDITION_SKIP },
		{ "firmware:smbios-field(sys_vendor = ACME Inc.)", CONDITION_MET },
		{ "firmware:smbios-field(sys_vendor$=AC*)", CONDITION_MET },
		{ "firmware:smbios-field(sys_vendor!=ACME Inc.)", CONDITION_SKIP },
		{ "firmware:smbios-field(../id/sys_vendor$=*)", CONDITION_SKIP },
		{ "firmware:smbios-field(none$=*)", CONDITION_SKIP },
		{ "firmware:smbios-field(", CONDITION_SKIP },
		{ "firmware:bios", CONDITION_SKIP },
		{ "credential:key", CONDITION_MET },
		{ "credential:none", CONDITION_SKIP },
		{ "credential:..", CONDITION_SKIP },
		{ "credential:", CONDITION_SKIP },
		{ "memory-pressure:30%", CONDITION_MET },
		{ "memory-pressure:29%", CONDITION_SKIP },
		{ "memory-pressure:20%/1min", CONDITION_MET },
		{ "memory-pressure:19.9%/1min", CONDITION_SKIP },
		{ "memory-pressure:10%/10s", CONDITION_MET },
		{ "memory-pressure:100%/7min", CONDITION_SKIP },
		{ "memory-pressure:much", CONDITION_SKIP },
		{ "memory-pressure:101%", CONDITION_SKIP },
		{ "memory-pressure:a-b.slice:5%", CONDITION_MET },
		{ "memory-pressure:a-b.slice:4%", CONDITION_SKIP },
		{ "memory-pressure:../x.slice:100%", CONDITION_SKIP },
		{ "memory-pressure:-.slice:0%", CONDITION_MET },
		{ "cpupressure:50%", CONDITION_MET },
		{ "cpupressure:49%", CONDITION_SKIP },
		{ "iopressure:0%", CONDITION_MET },
	};

	put_text("etc/os-release",
		 "PRETTY_NAME=\"Debian GNU/Linux 12\"\nID=debian\nVERSION_ID=\"12\"\n");
	put_text("sys/firmware/efi/x", "");
	assert_int_equal(fs_mkdir_p_at(root_fd, "proc/device-tree", 0755), 0);
	assert_int_equal(fs_replace_at(root_fd, "proc/device-tree/compatible", compatible,
				       sizeof(compatible), 0644),
			 0);
	put_text("sys/class/dmi/id/sys_vendor", "ACME Inc.\n");
	put_text("run/credentials/@system/key", "");
	put_text("proc/pressure/memory", "some avg10=90.00 avg60=90.00 avg300=90.00 total=1\n"
					 "full avg10=10.00 avg60=20.00 avg300=30.00 total=1\n");
	put_text("proc/pressure/cpu", "some avg10=1.00 avg60=1.00 avg300=50.00 total=1\n");
	put_text("sys/fs/cgroup/a.slice/a-b.slice/memory.pressure",
		 "full avg10=0.00 avg60=0.00 avg300=5.00 total=1\n");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (judge(cases[i].text) != cases[i].verdict)
			fail_msg("%s", cases[i].text);
}

TEST(words_of_the_command_line)
{
	assert_true(condition_has_word("a quiet b=1\n", "quiet"));
	assert_true(condition_has_word("a b=1", "b"));
	assert_true(condition_has_word("a b=1", "b=1"));
	assert_false(condition_has_word("a b=12", "b=1"));
	assert_false(condition_has_word("quietly", "quiet"));
	assert_true(condition_has_word("a=\"x y\" b", "a=x y"));
	assert_false(condition_has_word("a=\"x quiet y\"", "quiet"));
	assert_false(condition_has_word("", "x"));
}

TEST(orders_that_are_not_whole)
{
	char buf[4096];
	struct execs_context context = { .cgroup = "/x" };
	struct table_service service = { .name = "a.service" };
	struct table_exec exec = { .program = "/bin/true" };
	struct request request = { 0 };
	int len = wire_pack(&execs_protocol, EXECS_CONTEXT, &context, buf, sizeof(buf));

	len += wire_pack(&table_protocol, TABLE_SERVICE, &service, buf + len,
			 sizeof(buf) - (size_t)len);
	len += wire_pack(&table_protocol, TABLE_EXEC, &exec, buf + len, sizeof(buf) - (size_t)len);
	assert_int_equal(request_unpack(buf, (size_t)len, &request), 0);
	assert_string_equal(request.exec.program, "/bin/true");
	for (int cut = 0; cut < len; cut++)
		assert_true(request_unpack(buf, (size_t)cut, &request) < 0);
}

TEST_MAIN(cmocka_unit_test(setting_and_unsetting), cmocka_unit_test(environment_files),
	  cmocka_unit_test(expansion), cmocka_unit_test(capabilities),
	  cmocka_unit_test_setup_teardown(conditions, make_root, remove_root),
	  cmocka_unit_test_setup_teardown(conditions_about_the_machine, make_root, remove_root),
	  cmocka_unit_test_setup_teardown(conditions_about_the_system, make_root, remove_root),
	  cmocka_unit_test(words_of_the_command_line), cmocka_unit_test(orders_that_are_not_whole))
