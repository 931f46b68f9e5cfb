/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The pure parts of early-load: lines, words, specifiers, names. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "early/macros.h"
#include "early/strbuf.h"
#include "early/strv.h"
#include "early_test.h"
#include "specifier.h"
#include "unit_file.h"
#include "words.h"

/* "Section.Key=Value@line|…" */
static char *render_lines(const struct unit_lines *lines)
{
	struct strbuf out = STRBUF_INIT;

	for (size_t i = 0; i < lines->n_items; i++)
		strbuf_printf(&out, "%s.%s=%s@%u|", lines->items[i].section, lines->items[i].key,
			      lines->items[i].value, lines->items[i].line);
	return strbuf_take(&out);
}

TEST(lines_of_a_unit_file)
{
	static const struct {
		const char *text;
		const char *lines;
		size_t n_diags;
	} cases[] = {
		{ "[Unit]\nA=1\n", "Unit.A=1@2|", 0 },
		{ "# c\n\n[Unit]\n; c\n A = 1 \r\n", "Unit.A=1@5|", 0 },
		{ "[S]\nA=one \\\n  two\\\n\tthree\nB=4", "S.A=one  two three@2|S.B=4@5|", 0 },
		{ "[S]\nA=one\\\n# not me\n  two\nB=", "S.A=one two@2|S.B=@5|", 0 },
		{ "[S]\nA=x\\", "S.A=x@2|", 0 },
		{ "[S]\nA=x\\\\\nB=y", "S.A=x\\\\@2|S.B=y@3|", 0 },
		{ "[S]\nA=x\\\\\\\ny", "S.A=x\\\\ y@2|", 0 },
		{ "[S]\nA=x \\\n  \nB=y", "S.A=x@2|S.B=y@4|", 0 },
		{ "[S]\nA=x \\ \nB=y", "S.A=x \\@2|S.B=y@3|", 0 },
		{ "[S]\nA=1\\\n;c\n#c\n2\\\n3\nB=y", "S.A=1 2 3@2|S.B=y@7|", 0 },
		{ "A=1\n[S]\nB=2\n", "S.B=2@3|", 1 },
		{ "[S]\nnonsense\n=x\nB=2\n", "S.B=2@4|", 2 },
		{ "[S\nA=1\n[T]\nB=2\n", "T.B=2@4|", 2 },
		{ "[]\nA=1\n", "", 2 },
		{ "\xef\xbb\xbf[S]\nA=a=b\n", "S.A=a=b@2|", 0 },
		{ "", "", 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct unit_lines lines CLEANUP_UNIT_LINES = { 0 };
		struct diags diags CLEANUP_DIAGS = { 0 };
		char *text;

		assert_int_equal(
			unit_file_parse("f", cases[i].text, strlen(cases[i].text), &lines, &diags),
			0);
		text = render_lines(&lines);
		assert_string_equal(text, cases[i].lines);
		assert_int_equal(diags.n_items, cases[i].n_diags);
		free(text);
	}
}

TEST(zero_bytes_are_refused)
{
	struct unit_lines lines CLEANUP_UNIT_LINES = { 0 };
	struct diags diags CLEANUP_DIAGS = { 0 };

	assert_int_equal(unit_file_parse("f", "[S]\nA=\0b\n", 9, &lines, &diags), 0);
	assert_int_equal(lines.n_items, 0);
	assert_int_equal(diags.n_items, 1);
}

TEST(own_keys_win_over_imported_ones)
{
	static const char stock[] =
		"[Unit]\nAfter=a\nWants=w\n[Service]\nExecStart=/x\nExecStart=/y\n";
	static const char manifest[] = "[Unit]\nAfter=b\n[Service]\nExecStart=/z\n";
	struct unit_lines imported CLEANUP_UNIT_LINES = { 0 };
	struct unit_lines own CLEANUP_UNIT_LINES = { 0 };
	struct unit_lines all CLEANUP_UNIT_LINES = { 0 };
	struct diags diags CLEANUP_DIAGS = { 0 };
	char *text;

	assert_int_equal(unit_file_parse("s", stock, strlen(stock), &imported, &diags), 0);
	assert_int_equal(unit_file_parse("m", manifest, strlen(manifest), &own, &diags), 0);
	assert_int_equal(unit_lines_import(&all, &imported, &own), 0);
	assert_int_equal(unit_lines_append(&all, &own), 0);
	text = render_lines(&all);
	assert_string_equal(text, "Unit.Wants=w@3|Unit.After=b@2|Service.ExecStart=/z@4|");
	free(text);
}

static char *render_words(char *const *words)
{
	struct strbuf out = STRBUF_INIT;

	for (size_t i = 0; words && words[i]; i++)
		strbuf_printf(&out, "%s|", words[i]);
	return strbuf_take(&out);
}

TEST(words_of_a_value)
{
	static const struct {
		const char *text;
		bool escapes;
		int result;
		const char *words;
	} cases[] = {
		{ "a b\t c", true, 0, "a|b|c|" },
		{ "\"a b\" 'c \"d'", true, 0, "a b|c \"d|" },
		{ "x\"a b\"y", true, 0, "xa by|" },
		{ "a\\x20b \\s\\t", true, 0, "a b| \t|" },
		{ "\\101 \\u00e9", true, 0, "A|\xc3\xa9|" },
		{ "\\d+\\.", true, 0, "\\d+\\.|" },
		{ "dev-disk\\x2dby", false, 0, "dev-disk\\x2dby|" },
		{ "\"open", true, -EINVAL, NULL },
		{ "\\x00", true, -EINVAL, NULL },
		{ "\"\"", true, 0, "|" },
		{ "  ", true, 0, "" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char **words CLEANUP_STRV = NULL;
		char *text;

		assert_int_equal(words_split(cases[i].text, cases[i].escapes, &words),
				 cases[i].result);
		if (cases[i].result < 0)
			continue;
		text = render_words(words);
		assert_string_equal(text, cases[i].words);
		free(text);
	}
}

TEST(commands_between_semicolons)
{
	const char *rest = "/a x ; /b \\; 'y;' ;";
	static const char *const wanted[] = { "/a|x|", "/b|;|y;|" };

	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		char **words CLEANUP_STRV = NULL;
		char *text;

		assert_int_equal(words_split_command(&rest, &words), 0);
		text = render_words(words);
		assert_string_equal(text, wanted[i]);
		free(text);
	}
	assert_string_equal(rest, "");
}

TEST(specifiers)
{
	static const struct {
		const char *name;
		const char *text;
		const char *result; /* NULL: refused */
	} cases[] = {
		{ "foo-bar@a-b\\x2dc.service", "%n %N %p %P",
		  "foo-bar@a-b\\x2dc.service foo-bar@a-b\\x2dc foo-bar foo/bar" },
		{ "foo-bar@a-b\\x2dc.service", "%i %I %j %J %f", "a-b\\x2dc a/b-c bar bar /a/b-c" },
		{ "plain.service", "[%i] %p %t %S %C %L %U %u %h",
		  "[] plain /run /var/lib /var/cache /var/log 0 root /root" },
		{ "plain.service", "100%% %H %l %m %b", "100% host.lan host 0123 4567" },
		{ "plain.service", "date +%F %", "date +%F %" },
		{ "plain.service", "%v", NULL },
		{ "plain.service", "%a %o %w [%W%A] %q", "x86-64 debian 12 [] My Host" },
		{ "plain.service", "%y %Y %d",
		  "/lib/x/plain.service /lib/x /run/credentials/plain.service" },
		{ "plain.service", "%s %E %T %V %g %G", "/bin/sh /etc /tmp /var/tmp root 0" },
		{ "plain.service", "%M", NULL },
		{ "foo@.service", "%y", NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct specifiers specifiers = {
			.name = cases[i].name,
			.host_name = "host.lan",
			.machine_id = "0123",
			.boot_id = "4567",
			.architecture = "x86-64",
			.pretty_host = "My Host",
			.image_version = "",
			.os_id = "debian",
			.version_id = "12",
			.variant_id = "",
			.path = strcmp(cases[i].name, "plain.service") == 0 ? "/lib/x/plain.service"
									    : NULL,
		};
		char *text = NULL;
		char bad = 0;
		int r = specifiers_expand(&specifiers, cases[i].text, &text, &bad);

		if (!cases[i].result) {
			assert_int_equal(r, -EINVAL);
			assert_int_equal(bad, cases[i].text[1]);
			continue;
		}
		assert_int_equal(r, 0);
		assert_string_equal(text, cases[i].result);
		free(text);
	}
}

TEST(names_of_units)
{
	char *text;

	assert_true(unit_name_is_valid("a.service"));
	assert_true(unit_name_is_valid("a@b\\x2d:c_1.socket"));
	assert_false(unit_name_is_valid("a"));
	assert_false(unit_name_is_valid("a.foo"));
	assert_false(unit_name_is_valid("a/b.service"));
	assert_false(unit_name_is_valid(".service"));
	assert_false(unit_name_is_valid("@x.service"));
	assert_true(unit_name_is_template("a@.service"));
	assert_false(unit_name_is_template("a@b.service"));
	assert_int_equal(unit_name_template("a@b.service", &text), 0);
	assert_string_equal(text, "a@.service");
	free(text);
	assert_int_equal(unit_name_template("a.service", &text), -ENOENT);
	assert_int_equal(unit_name_instantiate("a@.service", "x.y", &text), 0);
	assert_string_equal(text, "a@x.y.service");
	free(text);
	assert_int_equal(unit_name_instance("a@x.y.service", &text), 0);
	assert_string_equal(text, "x.y");
	free(text);
}

TEST_MAIN(cmocka_unit_test(lines_of_a_unit_file), cmocka_unit_test(zero_bytes_are_refused),
	  cmocka_unit_test(own_keys_win_over_imported_ones), cmocka_unit_test(words_of_a_value),
	  cmocka_unit_test(commands_between_semicolons), cmocka_unit_test(specifiers),
	  cmocka_unit_test(names_of_units))
