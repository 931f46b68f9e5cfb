/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What earlyctl prints for people: when in colour, how wide, what is cut and what never. */
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "columns.h"
#include "early/macros.h"
#include "early_test.h"
#include "log_text.h"
#include "style.h"

TEST(colors_are_for_terminals)
{
	static const struct {
		struct style_source source;
		bool color;
	} cases[] = {
		{ { .is_terminal = true }, true },
		{ { .is_terminal = true, .no_color = "" },
		  true }, /* no-color.org: only if not empty */
		{ { .is_terminal = true, .no_color = "1" }, false },
		{ { .is_terminal = true, .term = "dumb" }, false },
		{ { .is_terminal = true, .term = "xterm" }, true },
		{ { .is_terminal = false }, false },
		{ { .mode = COLOR_ALWAYS, .no_color = "1" }, true },
		{ { .mode = COLOR_NEVER, .is_terminal = true }, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(style_decide(&cases[i].source).color, cases[i].color);
}

TEST(only_terminals_are_narrow)
{
	static const struct {
		struct style_source source;
		size_t width;
	} cases[] = {
		{ { .is_terminal = false, .columns = "20" }, 0 },
		{ { .is_terminal = true, .terminal_columns = 132 }, 132 },
		{ { .is_terminal = true }, 80 },
		{ { .is_terminal = true, .terminal_columns = 132, .columns = "40" }, 40 },
		{ { .is_terminal = true, .terminal_columns = 132, .columns = "junk" }, 132 },
		{ { .is_terminal = true, .terminal_columns = 132, .columns = "0" }, 132 },
		{ { .is_terminal = true, .columns = "4294967295" }, 80 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(style_decide(&cases[i].source).width, cases[i].width);
}

static void check_cut(const char *text, size_t width, bool utf8, const char *wanted)
{
	const struct style style = { .utf8 = utf8 };
	CLEANUP_STRBUF struct strbuf out = STRBUF_INIT;
	size_t used = style_put_cut(&style, &out, text, width);

	strbuf_puts(&out, "");
	assert_string_equal(out.data, wanted);
	assert_int_equal(used, style_width_of(wanted));
}

TEST(text_is_cut_by_columns)
{
	assert_non_null(setlocale(LC_CTYPE, "C.UTF-8"));
	assert_int_equal(style_width_of("grün"), 4);
	assert_int_equal(style_width_of("起動"), 4); /* wide: two each */
	assert_int_equal(style_width_of("e\xcc\x81"), 1); /* combining */
	check_cut("gnome", 5, true, "gnome");
	check_cut("gnome", 4, true, "gno…");
	check_cut("gnome", 4, false, "gno~");
	check_cut("grüße", 4, true, "grü…");
	check_cut("起動中", 4, true, "起…"); /* half a character is none */
	check_cut("a\033[31mb", 9, true, "a?[31mb");
	check_cut("a\xff"
		  "b",
		  3, true, "a?b");
	check_cut("ab", 1, true, "…");
	check_cut("ab", 0, true, "");
}

static void put_table(struct strbuf *out, struct style style)
{
	static const char *const texts[] = { "NAME",      "STATE",  "WHAT",
					     "a.service", "active", "Grüße an alle Welt",
					     "b",         "failed", "" };
	struct columns columns;

	columns_init(&columns, 3);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		columns_add(&columns, i == 7 ? TONE_BAD : TONE_PLAIN, texts[i]);
	assert_int_equal(columns_put(&columns, &style, out), 0);
	columns_done(&columns);
}

TEST(columns_fit)
{
	static const struct {
		struct style style;
		const char *wanted;
	} cases[] = {
		{ { .width = 0 },
		  "NAME       STATE   WHAT\na.service  active  Grüße an alle Welt\nb          "
		  "failed\n" },
		{ { .width = 30, .utf8 = true },
		  "NAME       STATE   WHAT\na.service  active  Grüße an a…\nb          failed\n" },
		{ { .width = 22, .utf8 = true },
		  "NAME    STATE   WHAT\na.ser…  active  Grüße…\nb       failed\n" },
		/* Never below what can be read. */
		{ { .width = 5, .utf8 = true },
		  "NAME    STATE   WHAT\na.ser…  active  Grüße…\nb       failed\n" },
		{ { .color = true },
		  "NAME       STATE   WHAT\na.service  active  Grüße an alle Welt\n"
		  "b          \033[1;31mfailed\033[0m\n" },
	};

	assert_non_null(setlocale(LC_CTYPE, "C.UTF-8"));
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP_STRBUF struct strbuf out = STRBUF_INIT;

		put_table(&out, cases[i].style);
		assert_string_equal(out.data, cases[i].wanted);
	}
}

static void check_line(const char *text, bool terminal, const char *name, const char *wanted)
{
	const struct style style = { .width = terminal ? 80 : 0 };
	const struct log_line line = { name ? name : "", text, strlen(text), 0, NULL };
	CLEANUP_STRBUF struct strbuf out = STRBUF_INIT;

	log_line_put(&line, &style, name != NULL, &out);
	assert_string_equal(out.data, wanted);
}

TEST(a_line_of_a_log)
{
	const struct style color = { .color = true };
	const struct log_line bad = { "x", "[    1.000001] err no", 21, 0, NULL };
	CLEANUP_STRBUF struct strbuf out = STRBUF_INIT;

	check_line("[    1.000001] info a", false, NULL, "[    1.000001] info a\n");
	check_line("[    1.000001] info a", false, "x.service",
		   "[    1.000001] x.service info a\n");
	check_line("no time", false, "x.service", "x.service no time\n");
	/* A service does not write to its reader's terminal; a file gets what it said. */
	check_line("[    1.000001] info \033[2Jx\ty", true, NULL, "[    1.000001] info ?[2Jx\ty\n");
	check_line("\033[2J", false, NULL, "\033[2J\n");
	log_line_put(&bad, &color, false, &out);
	assert_string_equal(out.data, "\033[2m[    1.000001] \033[0m\033[1;31merr no\033[0m\n");
	strbuf_reset(&out);
	log_line_put_json(&bad, &out);
	assert_string_equal(
		out.data,
		"{\"service\":\"x\",\"t_us\":1000001,\"level\":\"err\",\"text\":\"no\"}\n");
}

TEST(lines_without_a_time_take_no_text_away)
{
	static const char *const texts[] = {
		"",    "[",       "[]",         "[   ",        "[1",
		"[1.", "[1.5] a", "[1.000000]", "[1.000000]x", "[x.000000] info a",
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		char wanted[64];

		(void)snprintf(wanted, sizeof(wanted), "%s\n", texts[i]);
		check_line(texts[i], false, NULL, wanted);
	}
}

TEST(logs_are_merged_by_time)
{
	static const char a[] = "[1.000000] info a1\n  and more\n[3.000000] info a2\n";
	static const char b[] = "[1.000000] info b1\n[2.000000] info b2";
	static const char *const wanted[] = { "[1.000000] info a1", "  and more",
					      "[1.000000] info b1", "[2.000000] info b2",
					      "[3.000000] info a2" };
	struct log_lines lines = { 0 };

	assert_int_equal(log_lines_add(&lines, "a", NULL, a, strlen(a)), 0);
	assert_int_equal(log_lines_add(&lines, "b", NULL, b, strlen(b)), 0);
	log_lines_sort(&lines);
	assert_int_equal(lines.n, ARRAY_SIZE(wanted));
	for (size_t i = 0; i < lines.n; i++) {
		assert_int_equal(lines.lines[i].len, strlen(wanted[i]));
		assert_memory_equal(lines.lines[i].text, wanted[i], lines.lines[i].len);
	}
	log_lines_keep(&lines, 2);
	assert_int_equal(lines.n, 2);
	assert_int_equal(lines.lines[1].t_us, 3000000);
	log_lines_keep(&lines, 0);
	assert_int_equal(lines.n, 0);
	log_lines_done(&lines);
}

TEST_MAIN(cmocka_unit_test(colors_are_for_terminals), cmocka_unit_test(only_terminals_are_narrow),
	  cmocka_unit_test(text_is_cut_by_columns), cmocka_unit_test(columns_fit),
	  cmocka_unit_test(a_line_of_a_log),
	  cmocka_unit_test(lines_without_a_time_take_no_text_away),
	  cmocka_unit_test(logs_are_merged_by_time))
