/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "early_test.h"

#include "kms_pick.h"

#include "early/macros.h"

static const struct kms_pick_mode modes_two[] = { { 1920, 1080, 60, false },
						  { 1024, 768, 60, true } };
static const struct kms_pick_mode modes_plain[] = { { 1280, 800, 60, false },
						    { 640, 480, 60, false } };
static const struct kms_pick_mode modes_rates[] = { { 1920, 1080, 60, true },
						    { 1920, 1080, 144, false } };

#define CONNECTED(possible, on, modes)                                                             \
	{                                                                                          \
		true, possible, on, modes, ARRAY_SIZE(modes)                                       \
	}

static const struct {
	const char *name;
	struct kms_pick_connector connectors[3];
	size_t n_connectors;
	struct kms_pick_crtc crtcs[3];
	size_t n_crtcs;
	struct kms_pick_choice wanted[3];
	size_t n_wanted;
} cases[] = {
	{ "the preferred mode on a dark CRTC",
	  { CONNECTED(1, -1, modes_two) },
	  1,
	  { { false } },
	  1,
	  { { 0, 0, 1 } },
	  1 },
	{ "without a preferred mode the first",
	  { CONNECTED(1, -1, modes_plain) },
	  1,
	  { { false } },
	  1,
	  { { 0, 0, 0 } },
	  1 },
	{ "what is lit stays: same size, other rate",
	  { CONNECTED(1, 0, modes_rates) },
	  1,
	  { { true, { 1920, 1080, 144, false } } },
	  1,
	  { { 0, 0, 1 } },
	  1 },
	{ "a lit mode of another size gives way",
	  { CONNECTED(1, 0, modes_two) },
	  1,
	  { { true, { 1920, 1080, 60, false } } },
	  1,
	  { { 0, 0, 1 } },
	  1 },
	{ "a lit rate that the connector lacks gives way",
	  { CONNECTED(1, 0, modes_rates) },
	  1,
	  { { true, { 1920, 1080, 75, false } } },
	  1,
	  { { 0, 0, 0 } },
	  1 },
	{ "nothing is connected",
	  { { false, 1, -1, modes_two, 2 } },
	  1,
	  { { false } },
	  1,
	  { { 0, 0, 0 } },
	  0 },
	{ "connected, but without a mode",
	  { { true, 1, -1, modes_two, 0 } },
	  1,
	  { { false } },
	  1,
	  { { 0, 0, 0 } },
	  0 },
	{ "who has a CRTC keeps it, though another comes first",
	  { CONNECTED(3, -1, modes_two), CONNECTED(3, 0, modes_plain) },
	  2,
	  { { true, { 1280, 800, 60, false } }, { false } },
	  2,
	  { { 1, 0, 0 }, { 0, 1, 1 } },
	  2 },
	{ "two connectors of one CRTC: clones are taken apart",
	  { CONNECTED(3, 0, modes_plain), CONNECTED(3, 0, modes_plain) },
	  2,
	  { { true, { 1280, 800, 60, false } }, { false } },
	  2,
	  { { 0, 0, 0 }, { 1, 1, 0 } },
	  2 },
	{ "too few CRTCs: the second goes without",
	  { CONNECTED(1, -1, modes_two), CONNECTED(1, -1, modes_two) },
	  2,
	  { { false } },
	  1,
	  { { 0, 0, 1 } },
	  1 },
	{ "a CRTC that the connector can't use is not taken",
	  { CONNECTED(2, -1, modes_two) },
	  1,
	  { { false }, { false } },
	  2,
	  { { 0, 1, 1 } },
	  1 },
};

TEST(picks)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct kms_pick_choice choices[KMS_PICK_MAX];
		const size_t n = kms_pick(cases[i].connectors, cases[i].n_connectors,
					  cases[i].crtcs, cases[i].n_crtcs, choices);

		if (n != cases[i].n_wanted)
			fail_msg("%s: %zu choices, %zu wanted", cases[i].name, n,
				 cases[i].n_wanted);
		for (size_t k = 0; k < n; k++) {
			const struct kms_pick_choice *got = &choices[k];
			const struct kms_pick_choice *wanted = &cases[i].wanted[k];

			if (got->connector != wanted->connector || got->crtc != wanted->crtc ||
			    got->mode != wanted->mode)
				fail_msg("%s: choice %zu is connector %zu crtc %zu mode %zu, "
					 "wanted %zu %zu %zu",
					 cases[i].name, k, got->connector, got->crtc, got->mode,
					 wanted->connector, wanted->crtc, wanted->mode);
		}
	}
}

TEST(more_outputs_than_room)
{
	struct kms_pick_connector connectors[KMS_PICK_MAX + 4];
	struct kms_pick_crtc crtcs[KMS_PICK_MAX + 4] = { 0 };
	struct kms_pick_choice choices[KMS_PICK_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(connectors); i++)
		connectors[i] = (struct kms_pick_connector)CONNECTED(~0u, -1, modes_two);
	assert_int_equal(
		kms_pick(connectors, ARRAY_SIZE(connectors), crtcs, ARRAY_SIZE(crtcs), choices),
		KMS_PICK_MAX);
}

TEST_MAIN(cmocka_unit_test(picks), cmocka_unit_test(more_outputs_than_room))
