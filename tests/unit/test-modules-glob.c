/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "glob.h"

#include <string.h>

#include "early/macros.h"
#include "early_test.h"

TEST(matches)
{
	static const struct {
		const char *pattern;
		const char *text;
		bool match;
	} cases[] = {
		{ "pci:v00001AF4d*sv*sd*bc*sc*i*",
		  "pci:v00001AF4d00001050sv00001AF4sd00001100bc03sc00i00", true },
		{ "pci:v00001AF5d*sv*sd*bc*sc*i*",
		  "pci:v00001AF4d00001050sv00001AF4sd00001100bc03sc00i00", false },
		{ "virtio:d00000010v*", "virtio:d00000010v00001AF4", true },
		{ "fs-ext4", "fs_ext4", true },
		{ "usb:v*p*d*dc*dsc*dp*ic08isc06ip50in*",
		  "usb:v0781p5567d0127dc00dsc00dp00ic08isc06ip50in00", true },
		{ "a[0-9]c", "a5c", true },
		{ "a[0-9]c", "axc", false },
		{ "a[!0-9]c", "axc", true },
		{ "a[]-]c", "a]c", true },
		{ "a[bc", "a[bc", true }, /* a set that does not end */
		{ "a?c", "abc", true },
		{ "a?c", "ac", false },
		{ "*", "", true },
		{ "", "", true },
		{ "", "a", false },
		{ "a", "", false },
		{ "a*b*c", "axxbxbxc", true },
		{ "a*b*c", "axxbxbx", false },
		{ "a*", "a", true },
		{ "a**b", "ab", true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		if (glob_match(cases[i].pattern, cases[i].text) != cases[i].match)
			fail_msg("%s against %s", cases[i].pattern, cases[i].text);
	}
}

TEST(stars_cost_no_more_than_the_product)
{
	char text[4001];

	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_false(glob_match("*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b", text));
}

TEST(names)
{
	assert_true(glob_same_name("dm-mod", "dm_mod"));
	assert_false(glob_same_name("dm-mod", "dm_mo"));
	assert_false(glob_same_name("dm", "dm_mod"));
}

TEST_MAIN(cmocka_unit_test(matches), cmocka_unit_test(stars_cost_no_more_than_the_product),
	  cmocka_unit_test(names))
