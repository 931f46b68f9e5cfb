/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "early/opts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "early/macros.h"
#include "early_test.h"

struct settings {
	bool force;
	char output[16];
};

static int apply_force(void *target, const char *value)
{
	((struct settings *)target)->force = true;
	return 0;
}

static int apply_output(void *target, const char *value)
{
	struct settings *settings = target;

	if (!*value || strlen(value) >= sizeof(settings->output))
		return -EINVAL;
	strcpy(settings->output, value);
	return 0;
}

static const struct opt opts[] = {
	{ 'f', "force", NULL, "do it", apply_force },
	{ 'o', "output", "FILE", "where to", apply_output },
};

static int parse(struct settings *settings, char **argv)
{
	int argc = 0;

	*settings = (struct settings){ .force = false };
	while (argv[argc])
		argc++;
	return opts_parse(opts, ARRAY_SIZE(opts), settings, argc, argv);
}

#define WORDS(...) ((char **)(const char *[]){ "prog", __VA_ARGS__, NULL })

TEST(forms)
{
	struct settings s;
	char **argv = WORDS("a", "-fo", "x", "b", "--", "-f");

	assert_int_equal(parse(&s, argv), 3);
	assert_string_equal(argv[1], "a");
	assert_string_equal(argv[3], "-f");
	assert_true(s.force);
	assert_string_equal(s.output, "x");
	assert_int_equal(parse(&s, WORDS("--output=y")), 0);
	assert_string_equal(s.output, "y");
	assert_int_equal(parse(&s, WORDS("--output", "z")), 0);
	assert_string_equal(s.output, "z");
	assert_int_equal(parse(&s, WORDS("-oz", "-")), 1);
}

TEST(refusals)
{
	struct settings s;

	assert_int_equal(parse(&s, WORDS("--no-such")), -EINVAL);
	assert_int_equal(parse(&s, WORDS("-x")), -EINVAL);
	assert_int_equal(parse(&s, WORDS("--output")), -EINVAL);
	assert_int_equal(parse(&s, WORDS("--output=")), -EINVAL);
	assert_int_equal(parse(&s, WORDS("--force=1")), -EINVAL);
}

/* What the program prints for the words, which are to end it. */
static int run(char **argv, char *text, size_t size)
{
	int fds[2], status;
	size_t len = 0;
	ssize_t n;
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct settings s;

		(void)dup2(fds[1], STDOUT_FILENO);
		(void)parse(&s, argv);
		_exit(99);
	}
	close(fds[1]);
	while ((n = read(fds[0], text + len, size - 1 - len)) > 0)
		len += (size_t)n;
	text[len] = '\0';
	close(fds[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

TEST(version_is_everybodys)
{
	char text[64] = "";

	assert_int_equal(run(WORDS("--version"), text, sizeof(text)), 0);
	assert_string_equal(text, "test-opts " EARLY_VERSION "\n");
	assert_int_equal(run(WORDS("--", "--version"), text, sizeof(text)), 99);
	assert_int_equal(run(WORDS("--version=1"), text, sizeof(text)), 99);
}

TEST(version_is_in_the_help)
{
	char *text = NULL;
	size_t len;
	FILE *file = open_memstream(&text, &len);

	assert_non_null(file);
	opts_print_help(file, opts, ARRAY_SIZE(opts));
	assert_int_equal(fclose(file), 0);
	assert_non_null(strstr(text, "  -o, --output=FILE "));
	assert_non_null(strstr(text, "      --version "));
	free(text);
}

TEST(commands)
{
	static const struct opt_command commands[] = {
		{ "list", NULL, "all", 0, 0, NULL },
		{ "start", "NAME", "one", 1, -1, NULL },
	};

	assert_ptr_equal(opts_find_command(commands, 2, 2, WORDS("list")), &commands[0]);
	assert_null(opts_find_command(commands, 2, 3, WORDS("list", "x")));
	assert_null(opts_find_command(commands, 2, 2, WORDS("start")));
	assert_non_null(opts_find_command(commands, 2, 4, WORDS("start", "a", "b")));
	assert_null(opts_find_command(commands, 2, 2, WORDS("stat")));
}

TEST(long_commands_leave_the_column_straight)
{
	static const struct opt_command commands[] = {
		{ "list", NULL, "all", 0, 0, NULL },
		{ "overlay", "list|status|diff|merge [PLACE]", "unions", 1, 2, NULL },
	};
	char *text = NULL;
	size_t len;
	FILE *file = open_memstream(&text, &len);

	assert_non_null(file);
	opts_print_commands(file, commands, ARRAY_SIZE(commands));
	assert_int_equal(fclose(file), 0);
	assert_string_equal(text, "  list                           all\n"
				  "  overlay list|status|diff|merge [PLACE]\n"
				  "                                 unions\n");
	free(text);
}

TEST_MAIN(cmocka_unit_test(forms), cmocka_unit_test(refusals),
	  cmocka_unit_test(version_is_everybodys), cmocka_unit_test(version_is_in_the_help),
	  cmocka_unit_test(commands), cmocka_unit_test(long_commands_leave_the_column_straight))
