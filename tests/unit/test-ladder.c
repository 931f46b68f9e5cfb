/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ladder.h"

#include <string.h>

#include "early_test.h"

TEST(rungs)
{
	static const char text[] = " software:soft.service  fallback:xdm.service diagnose reboot ";
	static const struct ladder_rung expected[] = {
		{ LADDER_SOFTWARE, "soft.service" },
		{ LADDER_FALLBACK, "xdm.service" },
		{ LADDER_DIAGNOSE, "" },
		{ LADDER_REBOOT, "" },
	};
	struct ladder_rung rung;

	for (uint32_t i = 0; i < 4; i++) {
		assert_true(ladder_rung(text, i, &rung));
		assert_int_equal(rung.kind, expected[i].kind);
		assert_string_equal(rung.unit, expected[i].unit);
	}
	assert_false(ladder_rung(text, 4, &rung));
	assert_false(ladder_rung("", 0, &rung));
}

TEST(nonsense)
{
	static const char *const words[] = { "software:", "fallback", "fallback:", "diagnosed",
					     "reboots",   "x",        ":",         "soft" };
	static char text[LADDER_MAX_RUNG + 20] = "fallback:";
	struct ladder_rung rung;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (ladder_rung(words[i], 0, &rung))
			fail_msg("%s was taken", words[i]);
	memset(text + 9, 'x', LADDER_MAX_RUNG - 1);
	assert_true(ladder_rung(text, 0, &rung));
	text[9 + LADDER_MAX_RUNG - 1] = 'x';
	assert_false(ladder_rung(text, 0, &rung));
}

TEST(when_to_climb)
{
	assert_false(ladder_climbs(BACKOFF_LOOP_NONE, false));
	assert_true(ladder_climbs(BACKOFF_LOOP_FAST, false));
	assert_false(ladder_climbs(BACKOFF_LOOP_FAST, true));
	assert_true(ladder_climbs(BACKOFF_LOOP_SLOW, true));
}

TEST_MAIN(cmocka_unit_test(rungs), cmocka_unit_test(nonsense), cmocka_unit_test(when_to_climb))
