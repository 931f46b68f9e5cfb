/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "early/list.h"
#include "early/nametable.h"
#include "early/strbuf.h"
#include "early/strv.h"
#include "early_test.h"

TEST(strbuf_grows)
{
	CLEANUP_STRBUF struct strbuf buf = STRBUF_INIT;

	for (int i = 0; i < 1000; i++)
		strbuf_printf(&buf, "%d,", i);
	assert_int_equal(strbuf_error(&buf), 0);
	assert_int_equal(buf.len, 10 * 2 + 90 * 3 + 900 * 4);
	assert_int_equal(strlen(buf.data), buf.len);
}

TEST(strbuf_take_of_nothing)
{
	struct strbuf buf = STRBUF_INIT;
	char *text = strbuf_take(&buf);

	assert_string_equal(text, "");
	free(text);
}

TEST(strv_splits)
{
	CLEANUP_STRV char **strv = NULL, **none = NULL;

	assert_int_equal(strv_split("  a b\tc ", " \t", &strv), 0);
	assert_int_equal(strv_length(strv), 3);
	assert_string_equal(strv[2], "c");
	assert_true(strv_contains(strv, "b"));
	assert_false(strv_contains(strv, "d"));
	assert_int_equal(strv_split("   ", " ", &none), 0);
	assert_int_equal(strv_length(none), 0);
}

TEST(strv_consumes_null_as_enomem)
{
	CLEANUP_STRV char **strv = NULL;

	assert_int_equal(strv_consume(&strv, NULL), -ENOMEM);
	assert_int_equal(strv_appendf(&strv, "%s-%d", "a", 1), 0);
	assert_string_equal(strv[0], "a-1");
}

TEST(list_keeps_order_and_forgets)
{
	struct item {
		int number;
		struct list link;
	} items[3] = { { .number = 0 }, { .number = 1 }, { .number = 2 } };
	struct list head = LIST_INIT(head);
	struct item *item, *tmp;
	int n = 0;

	for (int i = 0; i < 3; i++)
		list_append(&head, &items[i].link);
	list_for_each (item, &head, link)
		assert_int_equal(item->number, n++);
	assert_int_equal(n, 3);
	list_for_each_safe (item, tmp, &head, link)
		list_remove(&item->link);
	assert_true(list_empty(&head));
	list_remove(&items[0].link); /* a second time is harmless */
	assert_null(list_first(&head, struct item, link));
}

TEST(names_to_values)
{
	static char names[1000][16];
	struct nametable table = { 0 };
	int value = 0;

	assert_null(nametable_find(&table, "x"));
	for (int i = 0; i < 1000; i++) {
		snprintf(names[i], sizeof(names[i]), "n%d", i);
		assert_int_equal(nametable_add(&table, names[i], &names[i]), 0);
	}
	assert_int_equal(nametable_add(&table, "n7", &value), 0);
	for (int i = 0; i < 1000; i++)
		assert_ptr_equal(nametable_find(&table, names[i]), &names[i]);
	assert_int_equal(table.n_entries, 1000);
	assert_null(nametable_find(&table, "n1000"));
	nametable_clear(&table);
	assert_null(nametable_find(&table, "n1"));
}

TEST_MAIN(cmocka_unit_test(strbuf_grows), cmocka_unit_test(strbuf_take_of_nothing),
	  cmocka_unit_test(strv_splits), cmocka_unit_test(strv_consumes_null_as_enomem),
	  cmocka_unit_test(list_keeps_order_and_forgets), cmocka_unit_test(names_to_values))
