/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "modlist.h"

#include <errno.h>
#include <string.h>

#include "early_test.h"

#define LIST                                                                                       \
	"early-modules 1 6.1.0-test\n"                                                             \
	"m crc32c_generic 10 kernel/crypto/crc32c_generic.ko\n"                                    \
	"a crc32c\n"                                                                               \
	"a crypto-crc32c\n"                                                                        \
	"m drm 1000 kernel/drivers/gpu/drm/drm.ko\n"                                               \
	"m ext4 100 kernel/fs/ext4/ext4.ko\n"                                                      \
	"d jbd2\n"                                                                                 \
	"p crc32c_generic not_there\n"                                                             \
	"a fs-ext4\n"                                                                              \
	"m jbd2 20 kernel/fs/jbd2/jbd2.ko\n"                                                       \
	"m virtio_gpu 30 kernel/drivers/gpu/drm/virtio/virtio-gpu.ko\n"                            \
	"d drm\n"                                                                                  \
	"q ext4\n"                                                                                 \
	"o modeset=1 x=\"a b\"\n"                                                                  \
	"a virtio:d00000010v*\n"

static int read_text(struct modlist *list, const char *text, struct modlist_complaint *complaint)
{
	char *copy = strdup(text);

	assert_non_null(copy);
	return modlist_read(list, copy, complaint);
}

TEST(good_list)
{
	struct modlist_complaint complaint;
	struct modlist list;
	size_t ext4, gpu, next;

	assert_int_equal(read_text(&list, LIST, &complaint), 0);
	assert_string_equal(list.version, "6.1.0-test");
	assert_int_equal(list.n_modules, 5);
	ext4 = modlist_find(&list, "ext4");
	gpu = modlist_find(&list, "virtio_gpu");
	assert_int_equal(modlist_find(&list, "nothing"), MODLIST_NONE);
	assert_int_equal(list.modules[ext4].bytes, 100);
	assert_string_equal(list.modules[ext4].path, "kernel/fs/ext4/ext4.ko");
	assert_string_equal(list.modules[ext4].options, "");
	assert_int_equal(list.modules[ext4].needs.count, 1);
	assert_int_equal(list.related[list.modules[ext4].needs.first], modlist_find(&list, "jbd2"));
	assert_int_equal(list.modules[ext4].before.count,
			 1); /* a soft need that is not there is none */
	assert_int_equal(list.modules[gpu].after.count, 1);
	assert_string_equal(list.modules[gpu].options, "modeset=1 x=\"a b\"");
	assert_int_equal(modlist_match(&list, "virtio:d00000010v00001AF4", 0, &next), gpu);
	assert_int_equal(modlist_match(&list, "virtio:d00000010v00001AF4", next, &next),
			 MODLIST_NONE);
	assert_int_equal(modlist_match(&list, "crypto_crc32c", 0, &next),
			 modlist_find(&list, "crc32c_generic"));
	modlist_done(&list);
}

TEST(bad_lists)
{
	static const struct {
		const char *text;
		unsigned int line;
	} cases[] = {
		{ "", 1 },
		{ "early-modules 2 6.1\n", 1 },
		{ "early-modules 1 6.1", 1 },
		{ "early-modules 1 \n", 1 },
		{ "early-modules 1 ../x\n", 1 },
		{ "early-modules 1 6.1\nm a\n", 2 },
		{ "early-modules 1 6.1\nm a x kernel/a.ko\n", 2 },
		{ "early-modules 1 6.1\nm a 1 ../../etc/x\n", 2 },
		{ "early-modules 1 6.1\nm a 1 /etc/x\n", 2 },
		{ "early-modules 1 6.1\nm b 1 b.ko\nm a 1 a.ko\n", 3 },
		{ "early-modules 1 6.1\nm b 1 b.ko\nm b 1 b.ko\n", 3 },
		{ "early-modules 1 6.1\na x\n", 2 },
		{ "early-modules 1 6.1\nm a 1 a.ko\nz x\n", 3 },
		{ "early-modules 1 6.1\nm a 1 a.ko\na\n", 3 },
		{ "early-modules 1 6.1\nm a 1 a.ko\nd b\n", 0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct modlist_complaint complaint = { .line = 99 };
		struct modlist list;

		assert_int_equal(read_text(&list, cases[i].text, &complaint), -EBADMSG);
		assert_int_equal(complaint.line, cases[i].line);
		assert_non_null(complaint.why);
		assert_null(list.modules);
	}
}

TEST_MAIN(cmocka_unit_test(good_list), cmocka_unit_test(bad_lists))
