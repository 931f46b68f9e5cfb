/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The plan of a service's mounts: order, precedence, what is left out, and what each mount is in the end. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include "early/strbuf.h"
#include "early/strv.h"
#include "early_test.h"
#include "mount_plan.h"

static const char kinds[] = "ibdpqt.";

/* "KINDaccessEXECUTION/path": kind by its letter in kinds, r read-only, w read-write, x and X execution forbidden and allowed. */
static void add(struct mount_plan *plan, const char *word)
{
	struct mount_entry wish = {
		.kind = (enum mount_kind)(strchr(kinds, *word) - kinds),
		.access = MOUNT_ACCESS_INHERITED,
		.execution = MOUNT_EXECUTION_INHERITED,
	};

	for (word++; *word != '/'; word++) {
		if (*word == 'r' || *word == 'w')
			wish.access = *word == 'r' ? MOUNT_ACCESS_READ_ONLY
						   : MOUNT_ACCESS_READ_WRITE;
		else if (*word == 'x' || *word == 'X')
			wish.execution = *word == 'x' ? MOUNT_EXECUTION_FORBIDDEN
						      : MOUNT_EXECUTION_ALLOWED;
		else if (*word == 'o')
			wish.own = true;
		else
			fail_msg("what is %s?", word);
	}
	wish.path = (char *)word;
	assert_int_equal(mount_plan_add(plan, &wish), 0);
}

static void add_all(struct mount_plan *plan, const char *text)
{
	char **words CLEANUP_STRV = NULL;

	assert_int_equal(strv_split(text, " ", &words), 0);
	for (size_t i = 0; words && words[i]; i++)
		add(plan, words[i]);
}

static char *render(const struct mount_plan *plan)
{
	struct strbuf out = STRBUF_INIT;

	for (size_t i = 0; i < plan->n_entries; i++) {
		const struct mount_entry *entry = &plan->entries[i];

		strbuf_printf(&out, "%s%s%c%s%s%s", i ? " " : "", entry->detach ? "-" : "",
			      kinds[entry->kind],
			      entry->access == MOUNT_ACCESS_READ_ONLY    ? "r"
			      : entry->access == MOUNT_ACCESS_READ_WRITE ? "w"
									 : "",
			      entry->execution == MOUNT_EXECUTION_FORBIDDEN ? "x"
			      : entry->execution == MOUNT_EXECUTION_ALLOWED ? "X"
									    : "",
			      entry->path);
	}
	return strbuf_take(&out);
}

TEST(finished_plans)
{
	static const struct {
		const char *wishes, *plan;
	} cases[] = {
		/* parents first, and a name that only begins alike after all that lies in the shorter one */
		{ ".r/b .r/a-b .r/a/b/c .r/a", ".r/a .r/a-b .r/b" },
		{ "t/a-b t/a/b t/a", "twX/a twX/a/b twX/a-b" },
		/* nothing that makes no difference */
		{ ".w/a", "" },
		{ ".r/ .r/a .w/a/b .w/a/b/c .r/a/b/d", ".r/ .w/a/b .r/a/b/d" },
		{ ".X/a .x/b .x/b/c .X/b/d", ".x/b .X/b/d" },
		/* of two wishes for one path the stricter holds */
		{ ".w/a .r/a", ".r/a" },
		{ ".r/ .w/a .w/a .r/a", ".r/" },
		{ ".r/a .x/a .X/a", ".rx/a" },
		{ "b/a i/a t/a", "iwX/a" },
		{ "b/a .r/a", "brX/a" },
		{ ".r/ b/a .w/a", ".r/ bwX/a" },
		/* nobody sees what lies in what nobody may enter */
		{ "i/a b/a/b .r/a/c .r/b", "iwX/a .r/b" },
		/* a mount of its own is writable below what is not */
		{ ".rx/ t/tmp .r/tmp/x", ".rx/ twX/tmp .r/tmp/x" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct mount_plan plan CLEANUP_MOUNT_PLAN = { 0 };
		char *text;

		add_all(&plan, cases[i].wishes);
		mount_plan_finish(&plan);
		text = render(&plan);
		assert_string_equal(text, cases[i].plan);
		free(text);
	}
}

TEST(attributes_of_each_mount)
{
	static const struct {
		const char *wishes, *path;
		uint64_t attributes;
	} cases[] = {
		{ ".r/ .w/home .r/home/a", "/", MOUNT_ATTR_RDONLY },
		{ ".r/ .w/home .r/home/a", "/mnt", MOUNT_ATTR_RDONLY },
		{ ".r/ .w/home .r/home/a", "/home", 0 },
		{ ".r/ .w/home .r/home/a", "/home/ab", 0 },
		{ ".r/ .w/home .r/home/a", "/home/a/b/c", MOUNT_ATTR_RDONLY },
		{ ".r/usr", "/", 0 },
		{ ".rx/ .X/usr", "/usr", MOUNT_ATTR_RDONLY },
		{ ".rx/ t/tmp", "/tmp", 0 },
		{ ".rx/ t/tmp", "/var", MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOEXEC },
		/* a /dev of its own is read-only, /dev/shm in it is not */
		{ "drxo/dev", "/dev", MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOEXEC },
		{ "drxo/dev", "/dev/shm", MOUNT_ATTR_NOEXEC },
		{ "", "/", 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct mount_plan plan CLEANUP_MOUNT_PLAN = { 0 };

		add_all(&plan, cases[i].wishes);
		mount_plan_finish(&plan);
		if (mount_plan_attributes(&plan, cases[i].path) != cases[i].attributes)
			fail_msg("case %zu: %s is %llx", i, cases[i].path,
				 (unsigned long long)mount_plan_attributes(&plan, cases[i].path));
	}
}

TEST(overlays_are_not_held)
{
	static char *overlaid[] = { (char *)"/var", (char *)"/home", NULL };
	static char *children[] = { (char *)"/etc", (char *)"/home", (char *)"/usr", (char *)"/var",
				    NULL };
	static const struct {
		const char *wishes, *plan;
		size_t dropped;
	} cases[] = {
		{ "b/var/tmp b/tmp", "bwX/tmp", 1 },
		{ ".r/ .w/var/lib/x .w/home", ".r/etc .r/usr", 1 },
		{ ".r/ b/usr", ".r/etc bwX/usr", 1 },
		{ "i/home i/root", "-iwX/home iwX/root", 0 },
		{ ".r/home .r/homes", ".r/home .r/homes", 0 },
		{ ".w/var/lib/a", "", 0 },
		{ "tr/var/lib", "", 1 },
		{ "t/", "twX/", 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct mount_plan plan CLEANUP_MOUNT_PLAN = { 0 };
		size_t dropped;
		char *text;

		add_all(&plan, cases[i].wishes);
		assert_int_equal(mount_plan_avoid(&plan, overlaid, children, &dropped), 0);
		mount_plan_finish(&plan);
		text = render(&plan);
		assert_string_equal(text, cases[i].plan);
		assert_int_equal(dropped, cases[i].dropped);
		free(text);
	}
}

TEST(sources_are_not_held_either)
{
	char *overlaid[] = { (char *)"/var", NULL };
	struct mount_entry wish = { .path = (char *)"/mnt",
				    .kind = MOUNT_BIND,
				    .source = (char *)"/var/lib/x" };
	struct mount_plan plan CLEANUP_MOUNT_PLAN = { 0 };
	size_t dropped;

	assert_int_equal(mount_plan_add(&plan, &wish), 0);
	assert_int_equal(mount_plan_avoid(&plan, overlaid, NULL, &dropped), 0);
	assert_int_equal(plan.n_entries, 0);
	assert_int_equal(dropped, 1);
}

TEST_MAIN(cmocka_unit_test(finished_plans), cmocka_unit_test(attributes_of_each_mount),
	  cmocka_unit_test(overlays_are_not_held), cmocka_unit_test(sources_are_not_held_either))
