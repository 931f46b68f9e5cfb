/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* earlyctl's pure parts: the chart's layout, SVG, what verify makes of a table. */
#include <errno.h>
#include <json-c/json.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "early/macros.h"
#include "early/proto/table.h"
#include "early/strbuf.h"
#include "early_test.h"
#include "layout.h"
#include "png_draw.h"
#include "svg.h"
#include "verbs.h"
#include "verify.h"

/* fontconfig keeps what it read for the life of the process. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libfontconfig\n";
}

static const struct layout_event boot[] = {
	{ "init", 1200000, "" },
	{ "first-frame", 1900000, "" },
	{ "root", 2400000, "" },
	{ "overlay", 2450000, "" },
	{ "switch-root", 2500000, "" },
	{ "service:systemd-udevd.service:start", 2600000, "" },
	{ "service:systemd-udevd.service:ready", 3000000, "" },
	{ "service:early-tmpfiles-display.service:start", 2610000, "" },
	{ "service:early-tmpfiles-display.service:ready", 2650000, "" },
	{ "service:dbus.service:start", 2700000, "" },
	{ "service:dbus.service:ready", 3500000, "" },
	{ "bus", 3600000, "" },
	{ "service:gdm.service:start", 3700000, "" },
	{ "display-manager", 3700100, "" },
	{ "service:never.service:start", 3800000, "" },
	{ "service:dbus.service:stop", 3900000, "" },
	{ "greeter", 40000000, "" },
	{ "fsck", 40500000, "" },
	{ "disks", 40600000, "" },
	{ "merged", 40900000, "" },
	{ "overlay-gone", 41000000, "" },
	{ "complete", 42000000, "" },
	{ "service:late.service:start", 90000000, "" },
};

/* Text lies above its baseline and a little below. */
static bool texts_overlap(const struct layout_item *a, const struct layout_item *b)
{
	double descent = LAYOUT_FONT_SIZE / 4;

	return a->x < b->x + b->w && b->x < a->x + a->w && a->y - a->h < b->y + descent &&
	       b->y - b->h < a->y + descent;
}

static void check_layout(const struct layout_event *events, size_t n)
{
	struct layout layout;

	assert_int_equal(layout_make(events, n, &layout), 0);
	for (size_t i = 0; i < layout.n_items; i++) {
		const struct layout_item *a = &layout.items[i];

		assert_true(a->x >= 0 && a->y >= 0);
		assert_true(a->x + a->w <= layout.width + 0.01 &&
			    a->y + (a->kind == LAYOUT_TEXT ? 0 : a->h) <= layout.height + 0.01);
		for (size_t j = i + 1; a->kind == LAYOUT_TEXT && j < layout.n_items; j++)
			if (layout.items[j].kind == LAYOUT_TEXT &&
			    texts_overlap(a, &layout.items[j]))
				fail_msg("\"%s\" and \"%s\" overlap", a->text,
					 layout.items[j].text);
	}
	layout_done(&layout);
}

TEST(nothing_overlaps)
{
	static char names[60][64];
	struct layout_event many[ARRAY_SIZE(names)];

	check_layout(boot, ARRAY_SIZE(boot));
	check_layout(boot, 0);
	check_layout(boot, 1);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		(void)snprintf(names[i], sizeof(names[i]),
			       i % 2 ? "milestone-%zu"
				     : "service:a-rather-long-name-of-a-service-%zu.service:start",
			       i);
		many[i] = (struct layout_event){ names[i], 1000 * (i / 4), "" };
	}
	check_layout(many, ARRAY_SIZE(many));
}

static const struct layout_item *find_text(const struct layout *layout, const char *prefix)
{
	for (size_t i = 0; i < layout->n_items; i++)
		if (layout->items[i].kind == LAYOUT_TEXT &&
		    strncmp(layout->items[i].text, prefix, strlen(prefix)) == 0)
			return &layout->items[i];
	return NULL;
}

TEST(bars_and_milestones)
{
	struct layout layout;

	assert_int_equal(layout_make(boot, ARRAY_SIZE(boot), &layout), 0);
	assert_non_null(find_text(&layout, "greeter 40.00 s"));
	assert_non_null(find_text(&layout, "gdm.service"));
	assert_non_null(find_text(&layout, "0.80 s")); /* dbus */
	assert_non_null(find_text(&layout, "not ready"));
	assert_null(find_text(&layout, "late.service")); /* after the boot */
	assert_true(find_text(&layout, "systemd-udevd.service")->y <
		    find_text(&layout, "dbus.service")->y);
	layout_done(&layout);
}

/* A service that was started three times has three bars in one row. */
TEST(all_runs_are_drawn)
{
	static const struct layout_event events[] = {
		{ "init", 1000000, "" },
		{ "service:a.service:start", 2000000, "" },
		{ "service:a.service:ready", 3000000, "" },
		{ "service:b.service:start", 4000000, "" },
		{ "service:a.service:stop", 5000000, "" },
		{ "service:a.service:start", 6000000, "" },
		{ "service:a.service:stop", 6100000, "" },
		{ "service:a.service:start", 7000000, "" },
		{ "service:a.service:ready", 7500000, "" },
		{ "complete", 10000000, "" },
		{ "service:a.service:start", 90000000, "" },
	};
	const struct layout_item *name;
	struct layout layout;
	size_t n_bars = 0, n_names = 0;

	assert_int_equal(layout_make(events, ARRAY_SIZE(events), &layout), 0);
	name = find_text(&layout, "a.service");
	assert_non_null(name);
	for (size_t i = 0; i < layout.n_items; i++) {
		const struct layout_item *item = &layout.items[i];

		n_bars += (item->style == LAYOUT_STYLE_STARTING ||
			   item->style == LAYOUT_STYLE_FINISHED) &&
			  item->y < name->y && item->y + item->h > name->y - item->h;
		n_names += item->kind == LAYOUT_TEXT && strcmp(item->text, "a.service") == 0;
	}
	assert_int_equal(n_bars, 3);
	assert_int_equal(n_names, 1);
	assert_non_null(find_text(&layout, "0.10 s"));
	assert_non_null(find_text(&layout, "0.50 s"));
	assert_non_null(find_text(&layout, "1 later start"));
	layout_done(&layout);
	check_layout(events, ARRAY_SIZE(events));
}

TEST(a_container_has_its_own_zero)
{
	static const struct layout_event events[] = {
		{ "init", 4000000000, "" },
		{ "complete", 4000100000, "" },
		{ "service:a.service:start", 4000150000, "" },
		{ "service:a.service:ready", 4000950000, "" },
	};
	struct layout layout;

	assert_int_equal(layout_make(events, ARRAY_SIZE(events), &layout), 0);
	assert_non_null(find_text(&layout, "a.service"));
	assert_non_null(find_text(&layout, "0.80 s"));
	assert_non_null(find_text(&layout, "0.5 s")); /* the grid is fine enough */
	layout_done(&layout);
	check_layout(events, ARRAY_SIZE(events));
}

/* Bars are thick, the lines of running times thin. */
static enum layout_style find_style(const struct layout *layout, const char *title, bool thick)
{
	for (size_t i = 0; i < layout->n_items; i++) {
		const struct layout_item *item = &layout->items[i];

		if (item->kind == LAYOUT_RECT && item->title && (item->h > 5) == thick &&
		    strstr(item->title, title))
			return item->style;
	}
	fail_msg("nothing is told about %s", title);
	return LAYOUT_STYLE_GRID;
}

static enum layout_style style_of_bar(const struct layout *layout, const char *title)
{
	return find_style(layout, title, true);
}

static enum layout_style style_of_line(const struct layout *layout, const char *title)
{
	return find_style(layout, title, false);
}

TEST(bars_say_what_became_of_them)
{
	static const struct layout_event events[] = {
		{ "init", 1000000, "" },
		{ "service:up.service:start", 1100000, "Stage=display: on the way" },
		{ "service:up.service:ready", 1200000, "" },
		{ "service:once.service:start", 1300000, "" },
		{ "service:once.service:stop", 1400000, "success" },
		{ "service:old.service:start", 1300000, "" },
		{ "service:old.service:stop", 1400000, "" },
		{ "service:bad.service:start", 1500000, "" },
		{ "service:bad.service:stop", 1700000, "main process ended with exit status 3" },
		{ "service:crash.service:start", 1500000, "" },
		{ "service:crash.service:ready", 1510000, "" },
		{ "service:crash.service:stop", 1700000, "signal" },
		{ "service:quick.service:start", 1500000, "" },
		{ "service:quick.service:ready", 1710000, "" },
		{ "service:quick.service:stop", 1710100, "success" },
		{ "service:slow.service:start", 1600000, "" },
		{ "greeter", 2000000, "seen by early-splash" },
	};
	struct layout layout;

	assert_int_equal(layout_make(events, ARRAY_SIZE(events), &layout), 0);
	assert_int_equal(style_of_bar(&layout, "up.service\nstarted at 1.100000 s\nready after "
					       "0.100000 s\nbecause: Stage=display"),
			 LAYOUT_STYLE_STARTING);
	assert_int_equal(style_of_bar(&layout, "once.service"), LAYOUT_STYLE_FINISHED);
	assert_int_equal(style_of_bar(&layout, "old.service"), LAYOUT_STYLE_FINISHED);
	assert_int_equal(style_of_bar(&layout, "failed: main process ended with exit status 3"),
			 LAYOUT_STYLE_FAILED);
	/* It came up, and failed while it ran. */
	assert_int_equal(style_of_line(&layout, "failed: signal"), LAYOUT_STYLE_FAILED);
	assert_int_equal(style_of_bar(&layout, "failed: signal"), LAYOUT_STYLE_STARTING);
	assert_int_equal(style_of_bar(&layout, "quick.service"), LAYOUT_STYLE_FINISHED);
	assert_int_equal(style_of_bar(&layout, "slow.service"), LAYOUT_STYLE_WAITING);
	assert_string_equal(find_text(&layout, "greeter")->title,
			    "greeter at 2.000000 s\nseen by early-splash");
	assert_non_null(find_text(&layout, "not ready"));
	assert_non_null(find_text(&layout, "ran and ended"));
	layout_done(&layout);
	check_layout(events, ARRAY_SIZE(events));
}

TEST(a_container_has_no_boot)
{
	static const struct layout_event events[] = {
		{ "init", 0, "" },
		{ "complete", 70000, "" },
		{ "service:a.service:start", 150000, "" },
		{ "service:a.service:ready", 950000, "" },
	};
	struct layout layout;

	assert_int_equal(layout_make(events, ARRAY_SIZE(events), &layout), 0);
	assert_non_null(find_text(&layout, "a.service"));
	layout_done(&layout);
	check_layout(events, ARRAY_SIZE(events));
}

TEST(svg_is_escaped)
{
	static const struct layout_event events[] = {
		{ "service:<a&b>.service:start", 1, "</title>\033" }, { "x", 5, "" }
	};
	struct strbuf out CLEANUP_STRBUF = STRBUF_INIT;
	struct layout layout;

	assert_int_equal(layout_make(events, ARRAY_SIZE(events), &layout), 0);
	svg_write(&layout, &out);
	layout_done(&layout);
	assert_non_null(strstr(out.data, "&lt;a&amp;b&gt;.service</text>"));
	assert_non_null(strstr(out.data, "because: &lt;/title&gt;?</title></rect>"));
	assert_null(strstr(out.data, "<a&b>"));
	assert_int_equal(strncmp(out.data, "<svg ", 5), 0);
}

TEST(png_has_its_signature)
{
	struct strbuf out CLEANUP_STRBUF = STRBUF_INIT;
	struct layout layout;

	assert_int_equal(layout_make(boot, ARRAY_SIZE(boot), &layout), 0);
	assert_int_equal(png_draw(&layout, &out), 0);
	layout_done(&layout);
	assert_true(out.len > 1000);
	assert_memory_equal(out.data, "\x89PNG\r\n\x1a\n", 8);
}

static void put(struct strbuf *table, uint16_t opcode, const void *value)
{
	char buf[4096];
	int len = wire_pack(&table_protocol, opcode, value, buf, sizeof(buf));

	assert_true(len > 0);
	strbuf_add(table, buf, (size_t)len);
}

static long long number(struct json_object *object, const char *outer, const char *name)
{
	struct json_object *holder = outer ? json_object_object_get(object, outer) : object;

	return json_object_get_int64(json_object_object_get(holder, name));
}

TEST(verify_counts)
{
	const struct table_header header = { TABLE_VERSION, 4 };
	const struct table_service services[] = {
		{ .name = "good.service", .path = "/good" },
		{ .name = "timed.service", .path = "/timed" },
		{ .name = "typo.service", .path = "/typo" },
		{ .name = "broken.service", .path = "/broken", .load_state = TABLE_LOAD_ERROR },
	};
	const struct table_diagnostic diagnostics[] = {
		{ "/good", 2, 7, "ExecStart", "honoured", "" },
		{ "/good", 3, 6, "PrivateTmp", "harmless", "" },
		{ "/typo", 4, 4, "ExecStat", "not understood", "" },
		{ "/typo", 5, 7, "Type", "honoured", "" },
		{ "/typo", 1, 3, "", "the whole of it", "" },
		{ "/timed.timer", 2, 4, "OnCalendar", "not understood", "timed.service" },
		{ "/good", 9, 5, "User", "not there", "good.service" },
	};
	static const int lines[] = { 1, 4, 2 }; /* in the order of the files, then of their lines */
	struct strbuf table CLEANUP_STRBUF = STRBUF_INIT;
	struct json_object *result;

	put(&table, TABLE_HEADER, &header);
	for (size_t i = 0; i < ARRAY_SIZE(services); i++)
		put(&table, TABLE_SERVICE, &services[i]);
	for (size_t i = 0; i < ARRAY_SIZE(diagnostics); i++)
		put(&table, TABLE_DIAGNOSTIC, &diagnostics[i]);
	assert_null(verify_judge(table.data, table.len, true)); /* no END */
	put(&table, TABLE_END, NULL);
	result = verify_judge(table.data, table.len, false);
	assert_non_null(result);
	assert_int_equal(number(result, NULL, "units"), 4);
	assert_int_equal(number(result, NULL, "units_refused"), 3);
	assert_int_equal(number(result, "directives", "honoured"), 2);
	assert_int_equal(number(result, "directives", "harmless"), 1);
	assert_int_equal(number(result, "directives", "refused"), 2);
	assert_int_equal(json_object_array_length(json_object_object_get(result, "refused")), 3);
	assert_int_equal(json_object_array_length(json_object_object_get(result, "faults")), 1);
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		assert_int_equal(number(json_object_array_get_idx(
						json_object_object_get(result, "refused"), i),
					NULL, "line"),
				 lines[i]);
	json_object_put(result);
}

TEST(verify_tells_missing_from_masked)
{
	const struct table_header header = { TABLE_VERSION, 2 };
	const struct table_service services[] = {
		{ .name = "gone.service", .path = "", .load_state = TABLE_LOAD_NOT_FOUND },
		{ .name = "off.service", .path = "/dev/null", .load_state = TABLE_LOAD_MASKED },
		{ .name = "null.service", .path = "/dev/null", .load_state = TABLE_LOAD_MASKED },
	};
	struct strbuf table CLEANUP_STRBUF = STRBUF_INIT;

	put(&table, TABLE_HEADER, &header);
	for (size_t i = 0; i < ARRAY_SIZE(services); i++)
		put(&table, TABLE_SERVICE, &services[i]);
	put(&table, TABLE_END, NULL);
	for (int named = 0; named <= 1; named++) {
		struct json_object *result = verify_judge(table.data, table.len, named);

		assert_int_equal(number(result, NULL, "units"), 3);
		assert_int_equal(number(result, NULL, "units_refused"), named);
		assert_int_equal(number(result, "directives", "refused"), 0);
		assert_int_equal(json_object_array_length(json_object_object_get(result, "masked")),
				 2);
		json_object_put(result);
	}
}

TEST(names_and_codes)
{
	struct settings settings = { .control = "/x/y/control" };
	char *dir = verb_run_dir(&settings);

	assert_string_equal(dir, "/x/y");
	free(dir);
	assert_string_equal(verb_unit_name("gdm"), "gdm.service");
	assert_string_equal(verb_unit_name("a.target"), "a.target");
	assert_string_equal(verb_unit_name("org.x"), "org.x.service");
	assert_int_equal(client_exit_code(0), 0);
	assert_int_equal(client_exit_code(-EPERM), 3);
	assert_int_equal(client_exit_code(-ENOENT), 4);
	assert_int_equal(client_exit_code(-EIO), 1);
}

TEST_MAIN(cmocka_unit_test(nothing_overlaps), cmocka_unit_test(bars_and_milestones),
	  cmocka_unit_test(all_runs_are_drawn), cmocka_unit_test(a_container_has_its_own_zero),
	  cmocka_unit_test(bars_say_what_became_of_them), cmocka_unit_test(a_container_has_no_boot),
	  cmocka_unit_test(svg_is_escaped), cmocka_unit_test(png_has_its_signature),
	  cmocka_unit_test(verify_counts), cmocka_unit_test(verify_tells_missing_from_masked),
	  cmocka_unit_test(names_and_codes))
