/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "config.h"
#include "early/macros.h"
#include "early_test.h"

static struct config read_text(const char *text)
{
	char path[] = "/tmp/early-config-XXXXXX";
	struct config config;
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_true(dprintf(fd, "%s", text) >= 0);
	(void)close(fd);
	assert_int_equal(config_read(&config, path), 0);
	(void)unlink(path);
	return config;
}

TEST(watchdog_of_a_file)
{
	static const struct {
		const char *text;
		uint64_t watchdog_us;
		const char *device;
	} cases[] = {
		{ "", 0, "/dev/watchdog" },
		{ "[Manager]\nRuntimeWatchdogSec=30\n", 30000000, "/dev/watchdog" },
		{ "[Manager]\n RuntimeWatchdogSec = 1min \r\nWatchdogDevice=/dev/watchdog1",
		  60000000, "/dev/watchdog1" },
		{ "[Manager]\nRuntimeWatchdogSec=30\nRuntimeWatchdogSec=off\n", 0,
		  "/dev/watchdog" },
		{ "[Manager]\nRuntimeWatchdogSec=soon\nWatchdogDevice=here\nNothing=1\nwords\n", 0,
		  "/dev/watchdog" },
		{ "[Overlay]\nRuntimeWatchdogSec=30\n", 0, "/dev/watchdog" },
		{ "RuntimeWatchdogSec=30\n", 0, "/dev/watchdog" },
		{ "[Manager]\n# RuntimeWatchdogSec=30\n;x\n[[[\n=\n", 0, "/dev/watchdog" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct config config = read_text(cases[i].text);

		assert_int_equal(config.watchdog_us, cases[i].watchdog_us);
		assert_string_equal(config.watchdog_device, cases[i].device);
	}
}

TEST(no_file)
{
	struct config config;

	assert_int_equal(config_read(&config, "/nowhere/early.conf"), 0);
	assert_int_equal(config.watchdog_us, 0);
}

TEST_MAIN(cmocka_unit_test(watchdog_of_a_file), cmocka_unit_test(no_file))
