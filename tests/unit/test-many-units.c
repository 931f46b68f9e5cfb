/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a table of many units costs PID 1, when it is new and when it is read again: counted are the steps through lists and tables of
 * names, which must grow as the units do.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "early/fd.h"
#include "early/log.h"
#include "early/macros.h"
#include "early/nametable.h"
#include "early/strv.h"
#include "early_test.h"
#include "manager_internal.h"
#include "table_make.h"

#define FEW 200
#define MANY 1000

static size_t n_steps;

int __real_nametable_add(struct nametable *table, const char *name, void *value);
bool __real_strv_contains(char *const *strv, const char *text);
int __real_strv_append(char ***strv, const char *text);

int __wrap_nametable_add(struct nametable *table, const char *name, void *value);
bool __wrap_strv_contains(char *const *strv, const char *text);
int __wrap_strv_append(char ***strv, const char *text);

int __wrap_nametable_add(struct nametable *table, const char *name, void *value)
{
	n_steps++;
	return __real_nametable_add(table, name, value);
}

bool __wrap_strv_contains(char *const *strv, const char *text)
{
	n_steps += strv_length(strv);
	return __real_strv_contains(strv, text);
}

int __wrap_strv_append(char ***strv, const char *text)
{
	n_steps += strv_length(*strv);
	return __real_strv_append(strv, text);
}

static void put(int fd, uint16_t opcode, const void *value)
{
	char data[4096];
	int len = wire_pack(&table_protocol, opcode, value, data, sizeof(data));

	assert_in_range(len, 1, sizeof(data));
	assert_int_equal(fd_write_all(fd, data, (size_t)len), 0);
}

static void put_unit(int fd, unsigned int i)
{
	struct table_service service = { .slice = "system.slice", .type = TABLE_TYPE_TARGET };
	char name[32], alias[64];
	int len;

	(void)snprintf(name, sizeof(name), "u%u.target", i);
	len = snprintf(alias, sizeof(alias), "a%u.target", i);
	service.name = name;
	service.aliases = (struct wire_list){ alias, (uint32_t)len + 1 };
	put(fd, TABLE_SERVICE, &service);
}

static void read_units(struct manager *manager, unsigned int n)
{
	const struct table_header header = { .version = TABLE_VERSION, .services = n };
	int fd CLEANUP_FD
	= -1;

	assert_int_equal(fd_new_memfd("table", &fd), 0);
	put(fd, TABLE_HEADER, &header);
	for (unsigned int i = 0; i < n; i++)
		put_unit(fd, i);
	put(fd, TABLE_END, NULL);
	assert_int_equal(fd_seal(fd), 0);
	assert_int_equal(manager_read_table(manager, fd), 0);
	assert_int_equal(manager->n_services, n);
}

/* The steps of: a new table, the same again, and a reload's command line. */
static void count(unsigned int n, size_t ret_steps[static 3])
{
	struct manager_options options = { .run_dir = "/tmp", .load_path = "/bin/true" };
	struct manager *manager;
	struct loop *loop;

	assert_int_equal(loop_new(&loop), 0);
	assert_int_equal(manager_new(&manager, loop, &options), 0);
	for (int i = 0; i < 2; i++) {
		n_steps = 0;
		read_units(manager, n);
		ret_steps[i] = n_steps;
	}
	n_steps = 0;
	assert_int_equal(manager_load(manager, NULL, NULL, NULL), 0);
	ret_steps[2] = n_steps;
	manager_free(manager);
	loop_free(loop);
}

TEST(steps_grow_as_the_units_do)
{
	size_t few[3], many[3];

	count(FEW, few);
	count(MANY, many);
	assert_true(few[0] >= FEW); /* they are counted */
	for (size_t i = 0; i < ARRAY_SIZE(few); i++)
		if (many[i] > few[i] * (MANY / FEW) * 2)
			fail_msg("%zu: %zu steps for %d units, %zu for %d", i, few[i], FEW, many[i],
				 MANY);
}

static const char *unit_of(struct manager *manager, const char *name)
{
	const struct service *service = manager_find(manager, name);

	return service ? service->name : "none";
}

static void read_one(struct manager *manager, const char *name, const char *alias)
{
	const struct table_header header = { .version = TABLE_VERSION, .services = 1 };
	const struct table_service service = {
		.name = name,
		.slice = "system.slice",
		.type = TABLE_TYPE_TARGET,
		.aliases = { alias, alias ? (uint32_t)strlen(alias) + 1 : 0 },
	};
	int fd CLEANUP_FD
	= -1;

	assert_int_equal(fd_new_memfd("table", &fd), 0);
	put(fd, TABLE_HEADER, &header);
	put(fd, TABLE_SERVICE, &service);
	put(fd, TABLE_END, NULL);
	assert_int_equal(fd_seal(fd), 0);
	assert_int_equal(manager_read_table(manager, fd), 0);
}

/* Aliases come and go with the words; a unit's own name wins, whoever was first. */
TEST(aliases)
{
	struct manager_options options = { .run_dir = "/tmp" };
	struct manager *manager;
	struct loop *loop;

	assert_int_equal(loop_new(&loop), 0);
	assert_int_equal(manager_new(&manager, loop, &options), 0);
	assert_string_equal(unit_of(manager, "x.target"), "none");
	read_one(manager, "a.target", "x.target");
	assert_string_equal(unit_of(manager, "x.target"), "a.target");
	read_one(manager, "b.target", "y.target");
	assert_string_equal(unit_of(manager, "y.target"), "b.target");
	read_one(manager, "c.target", "y.target");
	assert_string_equal(unit_of(manager, "y.target"), "b.target");
	read_one(manager, "b.target", NULL);
	assert_string_equal(unit_of(manager, "y.target"), "c.target");
	read_one(manager, "b.target", "z.target");
	assert_string_equal(unit_of(manager, "z.target"), "b.target");
	assert_string_equal(unit_of(manager, "b.target"), "b.target");
	manager_free(manager);
	loop_free(loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(steps_grow_as_the_units_do),
		cmocka_unit_test(aliases),
	};

	log_init("test", LOG_SINK_STDERR, LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
