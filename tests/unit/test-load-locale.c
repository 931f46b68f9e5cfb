/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The machine's locale in the environment of services. */
#include "early/strbuf.h"
#include "early/strv.h"
#include "load_tree.h"
#include "locale.h"

static void check_text(const char *text, const char *expected)
{
	char **variables CLEANUP_STRV = NULL;
	struct strbuf joined CLEANUP_STRBUF = STRBUF_INIT;

	assert_int_equal(locale_parse(text, &variables), 0);
	for (size_t i = 0; variables && variables[i]; i++)
		strbuf_printf(&joined, "%s;", variables[i]);
	assert_string_equal(joined.data ? joined.data : "", expected);
}

TEST(variables_of_a_file)
{
	check_text("", "");
	check_text("# a comment\n  LANG=de_DE.UTF-8 \nLC_TIME='C'\r\nLC_PAPER=\"en_GB@euro\"",
		   "LANG=de_DE.UTF-8;LC_TIME=C;LC_PAPER=en_GB@euro;");
	check_text("LANGUAGE=de:en\nPATH=/x\nLC_ALL=C\nLANG\nLANGX=C\n=C\n", "LANGUAGE=de:en;");
	check_text("LANG=\nLC_TIME=$(x)\nLC_NAME=a b\nLC_CTYPE='C\nLC_NUMERIC=\"\"\n", "");
}

static void check_first(const char *expected)
{
	char **variables CLEANUP_STRV = NULL;

	assert_int_equal(locale_read(root_fd, &variables), 0);
	assert_int_equal(strv_length(variables), 1);
	assert_string_equal(variables[0], expected);
}

TEST(the_first_file_that_says_something)
{
	check_first("LANG=C.UTF-8");
	put_file("etc/default/locale", "LANG=fr_FR.UTF-8\n");
	check_first("LANG=fr_FR.UTF-8");
	put_file("etc/locale.conf", "# nothing\n");
	check_first("LANG=fr_FR.UTF-8");
	put_file("etc/locale.conf", "LANG=it_IT.UTF-8\n");
	check_first("LANG=it_IT.UTF-8");
}

TEST(a_unit_has_the_last_word)
{
	char **variables CLEANUP_STRV = NULL;
	char **environment CLEANUP_STRV = NULL;

	assert_int_equal(locale_parse("LANG=C\nLC_TIME=C\n", &variables), 0);
	assert_int_equal(strv_append(&environment, "LANG=POSIX"), 0);
	assert_int_equal(strv_append(&environment, "LC_TIMES=x"), 0);
	assert_int_equal(locale_add(variables, &environment), 0);
	assert_int_equal(strv_length(environment), 3);
	assert_string_equal(environment[0], "LANG=POSIX");
	assert_string_equal(environment[2], "LC_TIME=C");
}

#define TREE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

TEST_MAIN(cmocka_unit_test(variables_of_a_file), TREE(the_first_file_that_says_something),
	  cmocka_unit_test(a_unit_has_the_last_word))
