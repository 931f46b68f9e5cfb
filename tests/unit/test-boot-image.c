/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What of a machine goes into the image comes out of it again. */
#include "boot.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "early/fd.h"
#include "early_test.h"
#include "state_proto.h"

static struct boot before, after;
static unsigned int n_kept;

union any {
	struct state_machine machine;
	struct state_helper helper;
	struct state_overlay overlay;
	struct state_page page;
	struct state_forward forward;
	struct state_load load;
	struct state_kept_fd kept_fd;
	struct state_rescue rescue;
};

static void take(uint16_t opcode, const void *value, void *to)
{
	char *buf = malloc(WIRE_MAX_MESSAGE);
	union any unpacked;
	int len;

	assert_non_null(buf);
	len = wire_pack(&manager_state_protocol, opcode, value, buf, WIRE_MAX_MESSAGE);
	assert_true(len > 0);
	assert_int_equal(wire_unpack(&manager_state_protocol, buf, (size_t)len, opcode, &unpacked,
				     sizeof(unpacked)),
			 0);
	boot_image_take(opcode, &unpacked, to);
	free(buf);
}

static void count_kept(uint16_t opcode, const void *value, void *to)
{
	n_kept += opcode == STATE_KEPT || opcode == STATE_KEPT_FD;
}

static int set_up(void **state)
{
	struct boot *const boots[] = { &before, &after };

	for (size_t i = 0; i < ARRAY_SIZE(boots); i++) {
		memset(boots[i], 0, sizeof(*boots[i]));
		boots[i]->display.drm_fd = -1;
		log_keep_init(&boots[i]->log_keep);
	}
	return 0;
}

static int tear_down(void **state)
{
	log_keep_done(&before.log_keep);
	log_keep_done(&after.log_keep);
	return 0;
}

static int make_fd(void)
{
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	close(ends[1]);
	assert_int_equal(fd_set_cloexec(ends[0], false), 0); /* as after an exec */
	return ends[0];
}

TEST(the_boot)
{
	before.units_loaded = before.seat_awaited = before.rest_loaded = true;
	before.separate = BOOT_SEPARATE_WAITING;
	before.display.owner = DISPLAY_HANDED;
	before.display_manager_deaths = 2;
	before.greeter_failures = 1;
	before.greeter_fails = true;
	strcpy(before.display_manager, "gdm.service");
	strcpy(before.greeter_scopes[3], "session-c1.scope");
	before.config.watchdog_us = 30000000;
	strcpy(before.config.watchdog_device, "/dev/watchdog0");
	boot_image_put(take, &after, true, &before);
	assert_int_equal(after.config.watchdog_us, 30000000);
	assert_string_equal(after.config.watchdog_device, "/dev/watchdog0");
	assert_true(after.units_loaded && after.seat_awaited && after.rest_loaded);
	assert_false(after.after_greeter);
	assert_int_equal(after.separate, BOOT_SEPARATE_WAITING);
	assert_int_equal(after.display.owner, DISPLAY_HANDED);
	assert_int_equal(after.display_manager_deaths, 2);
	assert_int_equal(after.greeter_failures, 1);
	assert_true(after.greeter_fails);
	assert_string_equal(after.display_manager, "gdm.service");
	assert_string_equal(after.greeter_scopes[0], "session-c1.scope");
}

TEST(the_page_on_the_screen)
{
	before.display.page_kind = SPLASH_KIND_FAILURE;
	strcpy(before.display.page_title, "The disk");
	memset(before.display.page_text, 'x', sizeof(before.display.page_text) - 1);
	boot_image_put(take, &after, true, &before);
	assert_int_equal(after.display.page_kind, SPLASH_KIND_FAILURE);
	assert_string_equal(after.display.page_title, "The disk");
	assert_string_equal(after.display.page_text, before.display.page_text);
}

TEST(a_screen_that_was_given_to_a_text_console)
{
	before.display.released = true;
	after.display.enabled = true;
	boot_image_put(take, &after, true, &before);
	assert_false(after.display.enabled);
}

TEST(rescue_shells)
{
	assert_int_equal(loop_new(&after.loop), 0);
	before.rescue.n_shells = 2;
	strcpy(before.rescue.shells[0].tty, "/dev/tty1");
	before.rescue.shells[0].on_screen = true;
	strcpy(before.rescue.shells[1].tty, "/dev/ttyS0");
	before.rescue.shells[1].n_short = 3;
	boot_image_put(take, &after, true, &before);
	assert_int_equal(after.rescue.n_shells, 2);
	assert_string_equal(after.rescue.shells[0].tty, "/dev/tty1");
	assert_true(after.rescue.shells[0].on_screen);
	assert_string_equal(after.rescue.shells[1].tty, "/dev/ttyS0");
	assert_false(after.rescue.shells[1].on_screen);
	assert_non_null(
		after.rescue.shells[1].again.loop); /* nobody is there: the next one comes */
	loop_timer_stop(&after.rescue.shells[0].again);
	loop_timer_stop(&after.rescue.shells[1].again);
	after.loop = loop_free(after.loop);
}

TEST(names_that_the_bus_knows_jobs_by)
{
	bus_link_adopt_forward(&before.bus, 7, "user@101.service", false);
	bus_link_adopt_forward(&before.bus, 8, "poweroff.target", true);
	boot_image_put(take, &after, true, &before);
	assert_int_equal(after.bus.forwards[0].job, 7);
	assert_string_equal(after.bus.forwards[0].unit, "user@101.service");
	assert_int_equal(after.bus.power.job, 8);
	assert_string_equal(after.bus.power.unit, "poweroff.target");
}

static void see(const char *name, int fd, void *data)
{
	assert_string_equal(name, "client");
	*(int *)data = fd;
}

TEST(what_is_kept_for_early_log)
{
	int fd = make_fd(), seen = -1;

	assert_int_equal(log_keep_adopt(&before.log_keep, "client", fd), 0);
	boot_image_put(take, &after, false, &before);
	log_keep_each(&after.log_keep, see, &seen);
	assert_int_equal(seen, fd);
	/* It is one descriptor of one program here. */
	assert_int_equal(log_keep_adopt(&before.log_keep, "client", -1), 0);
}

TEST(what_is_kept_is_put_when_it_changed)
{
	boot_image_put(count_kept, NULL, false, &before);
	assert_int_equal(n_kept, 0);
	boot_image_put(count_kept, NULL, true, &before);
	assert_int_equal(n_kept, 1);
	assert_int_equal(log_keep_adopt(&before.log_keep, "client", make_fd()), 0);
	boot_image_put(count_kept, NULL, false, &before);
	assert_int_equal(n_kept, 3);
	boot_image_put(count_kept, NULL, false, &before);
	assert_int_equal(n_kept, 3);
}

#define IMAGE_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

TEST_MAIN(IMAGE_TEST(the_boot), IMAGE_TEST(the_page_on_the_screen),
	  IMAGE_TEST(a_screen_that_was_given_to_a_text_console), IMAGE_TEST(rescue_shells),
	  IMAGE_TEST(names_that_the_bus_knows_jobs_by), IMAGE_TEST(what_is_kept_for_early_log),
	  IMAGE_TEST(what_is_kept_is_put_when_it_changed))
