/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "table_read.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "early/fd.h"
#include "early_test.h"
#include "table_make.h"

struct seen {
	char names[256];
	size_t n_execs;
	size_t n_diagnostics;
};

static int take(struct definition *definition, void *data)
{
	struct seen *seen = data;

	strcat(seen->names, definition->service.name);
	strcat(seen->names, " ");
	seen->n_execs += definition->n_execs;
	definition_unref(definition);
	return 0;
}

static void take_diagnostic(const struct table_diagnostic *diagnostic, void *data)
{
	((struct seen *)data)->n_diagnostics++;
}

static int read_it(const struct table_make *make, struct seen *seen)
{
	const struct table_read_sink sink = { take, take_diagnostic, seen };

	*seen = (struct seen){ 0 };
	return table_read(make->data, make->len, &sink);
}

static void make_good(struct table_make *make)
{
	const struct table_diagnostic diagnostic = { .file = "x", .line = 3, .text = "odd" };

	make->len = 0;
	make_header(make);
	make_service(make, "a.service");
	make_exec(make, TABLE_PHASE_START, "/bin/a");
	make_message(make, TABLE_DIAGNOSTIC, &diagnostic);
	make_exec(make, TABLE_PHASE_STOP, "/bin/b");
	make_service(make, "b.service");
	make_message(make, TABLE_END, NULL);
}

static struct table_make make;

TEST(reads_a_whole_table)
{
	struct seen seen = { 0 };

	make_good(&make);
	assert_int_equal(read_it(&make, &seen), 0);
	assert_string_equal(seen.names, "a.service b.service ");
	assert_int_equal(seen.n_execs, 2);
	assert_int_equal(seen.n_diagnostics, 1);
}

/* Whatever is cut off, nothing of it is taken. */
TEST(refuses_every_truncation)
{
	struct seen seen = { 0 };
	size_t whole;

	make_good(&make);
	whole = make.len;
	for (make.len = 0; make.len < whole; make.len++) {
		assert_int_equal(read_it(&make, &seen), -EPROTO);
		assert_string_equal(seen.names, "");
	}
}

TEST(refuses_what_follows_the_end)
{
	struct seen seen = { 0 };

	make_good(&make);
	make_service(&make, "c.service");
	assert_int_equal(read_it(&make, &seen), -EPROTO);
}

TEST(refuses_another_version)
{
	const struct table_header header = { .version = TABLE_VERSION + 1 };
	struct seen seen = { 0 };

	make.len = 0;
	make_message(&make, TABLE_HEADER, &header);
	make_message(&make, TABLE_END, NULL);
	assert_int_equal(read_it(&make, &seen), -EPROTO);
}

TEST(refuses_a_command_of_no_unit)
{
	struct seen seen = { 0 };

	make.len = 0;
	make_header(&make);
	make_exec(&make, TABLE_PHASE_START, "/bin/a");
	make_message(&make, TABLE_END, NULL);
	assert_int_equal(read_it(&make, &seen), -EPROTO);
}

/* One bad unit costs itself only. */
TEST(leaves_out_a_bad_unit)
{
	struct table_service bad[] = {
		{ .name = "../evil.service" },
		{ .name = "noend" },
		{ .name = "t.service", .type = 99 },
		{ .name = "r.service", .restart = 7 },
		{ .name = "k.service", .kill_signal = -9 },
		{ .name = "s.service", .stage = 6 },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct seen seen = { 0 };

		make.len = 0;
		make_header(&make);
		make_message(&make, TABLE_SERVICE, &bad[i]);
		make_service(&make, "good.service");
		make_message(&make, TABLE_END, NULL);
		assert_int_equal(read_it(&make, &seen), 0);
		assert_string_equal(seen.names, "good.service ");
		assert_int_equal(seen.n_diagnostics, 1);
	}
}

TEST(leaves_out_a_unit_with_a_relative_program)
{
	struct seen seen = { 0 };

	make.len = 0;
	make_header(&make);
	make_service(&make, "bad.service");
	make_exec(&make, TABLE_PHASE_START, "bin/a");
	make_service(&make, "good.service");
	make_message(&make, TABLE_END, NULL);
	assert_int_equal(read_it(&make, &seen), 0);
	assert_string_equal(seen.names, "good.service ");
}

TEST(takes_only_sealed_memfds)
{
	struct seen seen = { 0 };
	const struct table_read_sink sink = { take, take_diagnostic, &seen };
	int fd;

	make_good(&make);
	assert_int_equal(fd_new_memfd("test", &fd), 0);
	assert_int_equal(fd_write_all(fd, make.data, make.len), 0);
	assert_int_equal(table_read_fd(fd, &sink), -EPERM);
	assert_int_equal(fd_seal(fd), 0);
	assert_int_equal(table_read_fd(fd, &sink), 0);
	assert_string_equal(seen.names, "a.service b.service ");
	close(fd);
}

TEST(names)
{
	static const struct {
		const char *name;
		bool valid;
	} names[] = {
		{ "a.service", true },
		{ "user@1000.service", true },
		{ "x.target", true },
		{ "a", false },
		{ "", false },
		{ ".service", false },
		{ "a/b.service", false },
		{ "a b.service", false },
		{ "a\n.service", false },
		{ "..", false },
		{ ".x.service", false },
		{ "session-c1.scope", true },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (definition_name_is_valid(names[i].name) != names[i].valid)
			fail_msg("%s", names[i].name);
}

TEST(missing_unit)
{
	struct definition *definition = NULL;

	assert_int_equal(definition_new_missing(&definition, "x.service"), 0);
	assert_int_equal(definition->service.load_state, TABLE_LOAD_NOT_FOUND);
	assert_null(definition_exec(definition, TABLE_PHASE_START, 0));
	definition_unref(definition);
	assert_int_equal(definition_new_missing(&definition, "a/b"), -EINVAL);
}

/* early-exec, and whoever takes the state over, get what early-load wrote. */
TEST(service_comes_back_as_it_was)
{
	const struct table_service service = {
		.name = "a.service",
		.slice = "system.slice",
		.user = "somebody",
		.pid_file = "/run/a.pid",
		.nice = -3,
		.ready_fd = 4,
		.watchdog_us = UINT64_MAX,
		.binds_to = LIST("b.service"),
		.settings = LIST("PrivateTmp=yes\0UMask=0077"),
		.changed_us = 1,
	};
	struct definition *definition = NULL;
	char bytes[4096];
	int len;

	make.len = 0;
	make_message(&make, TABLE_SERVICE, &service);
	len = (int)make.len;
	make_exec(&make, TABLE_PHASE_START, "/bin/a");
	assert_int_equal(definition_new(&definition, make.data, make.len), 0);
	assert_int_equal(definition_pack_service(definition, NULL, 0), len);
	assert_int_equal(definition_pack_service(definition, bytes, sizeof(bytes)), len);
	assert_memory_equal(bytes, make.data, (size_t)len);
	assert_int_equal(definition->n_others, make.len - (size_t)len);
	assert_memory_equal(definition->others, make.data + len, definition->n_others);
	assert_string_equal(definition->service.rare->pid_file, "/run/a.pid");
	assert_int_equal(wire_list_count(&definition->service.rare->binds_to), 1);
	definition_unref(definition);
}

TEST_MAIN(cmocka_unit_test(reads_a_whole_table), cmocka_unit_test(refuses_every_truncation),
	  cmocka_unit_test(refuses_what_follows_the_end), cmocka_unit_test(refuses_another_version),
	  cmocka_unit_test(refuses_a_command_of_no_unit), cmocka_unit_test(leaves_out_a_bad_unit),
	  cmocka_unit_test(leaves_out_a_unit_with_a_relative_program),
	  cmocka_unit_test(takes_only_sealed_memfds), cmocka_unit_test(names),
	  cmocka_unit_test(missing_unit), cmocka_unit_test(service_comes_back_as_it_was))
