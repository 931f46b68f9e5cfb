/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "early/opts.h"

#include <errno.h>
#include <string.h>

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

TEST_MAIN(cmocka_unit_test(forms), cmocka_unit_test(refusals), cmocka_unit_test(commands))
