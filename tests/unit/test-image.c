/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "early/macros.h"
#include "early/strbuf.h"
#include "early_test.h"
#include "image.h"
#include "state_collapse.h"
#include "state_proto.h"

static void assert_image(const struct image *image, const char *expected)
{
	char *data;
	size_t len;

	assert_int_equal(image_read(image->fds, &data, &len), 0);
	assert_int_equal(len, strlen(expected));
	assert_memory_equal(data, expected, len);
	free(data);
}

TEST(whole_and_changes)
{
	struct image image;

	assert_int_equal(image_init(&image), 0);
	assert_true(image_wants_whole(&image));
	assert_int_equal(image_replace(&image, "one", 3), 0);
	assert_false(image_wants_whole(&image));
	assert_int_equal(image_add(&image, "+two", 4), 0);
	assert_int_equal(image_add(&image, "+three", 6), 0);
	assert_image(&image, "one+two+three");
	assert_int_equal(image_replace(&image, "four", 4), 0);
	assert_image(&image, "four");
	assert_int_equal(image_add(&image, "+five", 5), 0);
	assert_image(&image, "four+five");
	image_done(&image);
}

TEST(the_last_entry_is_cut_or_overwritten)
{
	struct image image;

	assert_int_equal(image_init(&image), 0);
	assert_int_equal(image_replace(&image, "one", 3), 0);
	assert_int_equal(image_add(&image, "+two", 4), 0);
	assert_int_equal(pwrite(image.fds[image.current], "X", 1, (off_t)image.len - 1), 1);
	assert_image(&image, "one");
	assert_int_equal(ftruncate(image.fds[image.current], (off_t)image.len - 2), 0);
	assert_image(&image, "one");
	assert_int_equal(ftruncate(image.fds[image.current], 20), 0);

	char *data;
	size_t len;

	assert_int_equal(image_read(image.fds, &data, &len), -ENODATA);
	image_done(&image);
}

TEST(an_emptied_one_says_so)
{
	struct image image;
	char *data;
	size_t len;

	assert_int_equal(image_init(&image), 0);
	assert_int_equal(image_replace(&image, "one", 3), 0);
	image_empty(&image);
	assert_int_equal(image_read(image.fds, &data, &len), -ENODATA);
	assert_true(image_wants_whole(&image));
	assert_int_equal(image_replace(&image, "two", 3), 0);
	assert_image(&image, "two");
	image_done(&image);
}

/* --- collapse --- */

static void put(struct strbuf *buf, uint16_t opcode, const void *value)
{
	char message[4096];
	int len = wire_pack(&manager_state_protocol, opcode, value, message, sizeof(message));

	assert_in_range(len, 1, sizeof(message));
	strbuf_add(buf, message, (size_t)len);
}

static void put_manager(struct strbuf *buf, uint32_t last_job)
{
	const struct state_manager message = { .version = STATE_VERSION, .last_job = last_job };

	put(buf, STATE_MANAGER, &message);
}

static void put_service(struct strbuf *buf, const char *name, uint32_t restarts)
{
	const struct state_service message = { .name = name, .restarts = restarts };
	const struct state_reason reason = { 1, name };

	put(buf, STATE_SERVICE, &message);
	put(buf, STATE_REASON, &reason);
}

static void put_job(struct strbuf *buf, uint32_t id)
{
	const struct state_job message = { .id = id, .name = "a.service", .why = "" };

	put(buf, STATE_JOB, &message);
}

static void put_gone(struct strbuf *buf, const char *name, uint32_t job)
{
	const struct state_gone message = { name, job };

	put(buf, STATE_GONE, &message);
}

static void put_event(struct strbuf *buf, const char *name)
{
	const struct state_event message = { name, 1, NULL };

	put(buf, STATE_EVENT, &message);
}

static void put_client(struct strbuf *buf, uint64_t fd)
{
	const struct state_client message = { .fd = fd };

	put(buf, STATE_CLIENT, &message);
}

static void put_kept(struct strbuf *buf, const char *name)
{
	const struct state_kept_fd message = { name, 1 };

	put(buf, STATE_KEPT, NULL);
	put(buf, STATE_KEPT_FD, &message);
}

static void put_ended(struct strbuf *buf, uint32_t id)
{
	const struct state_ended message = { .id = id, .name = "a.service" };

	put(buf, STATE_ENDED, &message);
}

TEST(what_is_in_each_change_and_what_is_not)
{
	struct strbuf in CLEANUP_STRBUF = STRBUF_INIT;
	struct strbuf expected CLEANUP_STRBUF = STRBUF_INIT;
	char *out;
	size_t len;

	put_manager(&in, 1);
	put_ended(&in, 1); /* told since */
	put_kept(&in, "old");
	put_manager(&in, 2);
	put_ended(&in, 2);
	put_kept(&in, "new");
	put_manager(&in, 3);
	put_client(&in, 7);
	put_ended(&in, 3);

	put_manager(&expected, 3);
	put_ended(&expected, 3); /* a client may wait for it */
	put_client(&expected, 7);
	put_kept(&expected, "new");
	put(&expected, STATE_END, NULL);

	assert_int_equal(state_collapse(in.data, in.len, &out, &len), 0);
	assert_int_equal(len, expected.len);
	assert_memory_equal(out, expected.data, len);
	free(out);
}

TEST(changes_lead_to_a_state)
{
	struct strbuf in CLEANUP_STRBUF = STRBUF_INIT;
	struct strbuf expected CLEANUP_STRBUF = STRBUF_INIT;
	char *out;
	size_t len;

	put_manager(&in, 1);
	put_client(&in, 7);
	put_event(&in, "init");
	put_service(&in, "a.service", 0);
	put_service(&in, "b.service", 0);
	put_service(&in, "c.service", 0);
	put_job(&in, 1);
	put_job(&in, 2);
	put_manager(&in, 2);
	put_client(&in, 8);
	put_gone(&in, "", 1);
	put_gone(&in, "c.service", 0);
	put_event(&in, "init"); /* the same twice is two */
	put_service(&in, "a.service", 5);

	put_manager(&expected, 2);
	put_event(&expected, "init");
	put_event(&expected, "init");
	put_service(&expected, "b.service", 0);
	put_service(&expected, "a.service", 5);
	put_job(&expected, 2);
	put_client(&expected, 8);
	put(&expected, STATE_END, NULL);

	assert_int_equal(state_collapse(in.data, in.len, &out, &len), 0);
	assert_int_equal(len, expected.len);
	assert_memory_equal(out, expected.data, len);
	free(out);
}

TEST(what_is_no_state)
{
	struct strbuf in CLEANUP_STRBUF = STRBUF_INIT;
	char *out;
	size_t len;

	assert_int_equal(state_collapse("", 0, &out, &len), -EPROTO);
	put_service(&in, "a.service", 0);
	assert_int_equal(state_collapse(in.data, in.len, &out, &len), -EPROTO);
	strbuf_reset(&in);
	put_manager(&in, 1);
	assert_int_equal(state_collapse(in.data, in.len - 1, &out, &len), -EPROTO);
	strbuf_puts(&in, "garbage!");
	assert_int_equal(state_collapse(in.data, in.len, &out, &len), -EPROTO);
}

TEST_MAIN(cmocka_unit_test(whole_and_changes),
	  cmocka_unit_test(the_last_entry_is_cut_or_overwritten),
	  cmocka_unit_test(an_emptied_one_says_so), cmocka_unit_test(changes_lead_to_a_state),
	  cmocka_unit_test(what_is_in_each_change_and_what_is_not),
	  cmocka_unit_test(what_is_no_state))
