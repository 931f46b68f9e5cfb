/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "early/base64.h"
#include "early_test.h"

/* The examples of RFC 4648, and bytes that are no text. */
static const struct {
	const char *data;
	size_t len;
	const char *text;
} cases[] = {
	{ "", 0, "" },
	{ "f", 1, "Zg==" },
	{ "fo", 2, "Zm8=" },
	{ "foo", 3, "Zm9v" },
	{ "foob", 4, "Zm9vYg==" },
	{ "fooba", 5, "Zm9vYmE=" },
	{ "\0\xff\xfe", 3, "AP/+" },
	{ "foobar", 6, "Zm9vYmFy" },
};

TEST(both_ways)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct strbuf out CLEANUP_STRBUF = STRBUF_INIT;
		char *data = NULL;
		size_t len;

		base64_put(&out, cases[i].data, cases[i].len);
		assert_string_equal(out.data ? out.data : "", cases[i].text);
		assert_int_equal(base64_read(cases[i].text, &data, &len), 0);
		assert_int_equal(len, cases[i].len);
		assert_memory_equal(data, cases[i].data, len);
		free(data);
	}
}

TEST(what_is_no_such_text)
{
	static const char *const texts[] = { "Z", "Zg", "Zg=", "Z===", "Zg==Zg", "Zm9-", "=" };
	char *data = NULL;
	size_t len;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_int_equal(base64_read(texts[i], &data, &len), -EINVAL);
	assert_int_equal(base64_read(" Zm 9v\n", &data, &len), 0);
	assert_string_equal(data, "foo");
	free(data);
}

TEST_MAIN(cmocka_unit_test(both_ways), cmocka_unit_test(what_is_no_such_text))
