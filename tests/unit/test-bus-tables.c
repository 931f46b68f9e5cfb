/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "early_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bus.h"
#include "iface.h"
#include "introspect.h"
#include "objects.h"

struct object {
	enum object_kind kind;
	const char *unit;
};

static const struct object objects[] = {
	{ OBJECT_PARENT, NULL },      { OBJECT_MANAGER, NULL },   { OBJECT_JOB, NULL },
	{ OBJECT_UNIT, "a.service" }, { OBJECT_UNIT, "a.scope" }, { OBJECT_UNIT, "a.target" },
	{ OBJECT_UNIT, "a.slice" },   { OBJECT_UNIT, "a.mount" },
};
#define N_OBJECTS (sizeof(objects) / sizeof(objects[0]))

static void check_methods(const struct iface *iface)
{
	for (const struct method *m = iface->methods; m->name != NULL; m++) {
		if (!dbus_signature_validate(m->in, NULL) || !dbus_signature_validate(m->out, NULL))
			fail_msg("%s.%s: bad signature", iface->name, m->name);
		if (m->fn == NULL)
			fail_msg("%s.%s: no handler", iface->name, m->name);
		/* find_argument_unit() relies on it. */
		if (m->flags & (METHOD_LOADS | METHOD_LOADED) && m->in[0] != 's')
			fail_msg("%s.%s: no unit in front", iface->name, m->name);
		if (method_find(iface->methods, m->name) != m)
			fail_msg("%s.%s: twice", iface->name, m->name);
	}
}

TEST(tables_are_sound)
{
	for (size_t i = 0; i < N_OBJECTS; i++) {
		const struct iface *iface;

		for (size_t j = 0;
		     (iface = object_iface(objects[i].kind, objects[i].unit, j)) != NULL; j++) {
			check_methods(iface);
			for (const struct property *p = iface->properties; p->name != NULL; p++) {
				if (!dbus_signature_validate_single(p->signature, NULL))
					fail_msg("%s.%s: bad signature", iface->name, p->name);
				if (property_find(iface->properties, p->name) != p)
					fail_msg("%s.%s: twice", iface->name, p->name);
			}
			for (const struct signal *s = iface->signals; s->name != NULL; s++)
				assert_true(dbus_signature_validate(s->signature, NULL));
		}
	}
}

/* Everything that must not be open to all. */
TEST(what_changes_is_for_root)
{
	static const char *const open_methods[] = {
		"Get",
		"GetAll",
		"Introspect",
		"Ping",
		"GetMachineId",
		"Subscribe",
		"Unsubscribe",
		"GetUnit",
		"LoadUnit",
		"GetUnitByPID",
		"GetUnitProcesses",
		"ListUnits",
		"ListUnitsFiltered",
		"ListUnitsByPatterns",
		"ListUnitsByNames",
		"GetJob",
		"ListJobs",
		"ListUnitFiles",
		"ListUnitFilesByPatterns",
		"GetUnitFileState",
		"GetDefaultTarget",
		"GetProcesses",
	};

	for (size_t i = 0; i < N_OBJECTS; i++) {
		const struct iface *iface;

		for (size_t j = 0;
		     (iface = object_iface(objects[i].kind, objects[i].unit, j)) != NULL; j++) {
			for (const struct method *m = iface->methods; m->name != NULL; m++) {
				bool is_open = false;

				for (size_t k = 0; k < ARRAY_SIZE(open_methods); k++)
					is_open |= strcmp(open_methods[k], m->name) == 0;
				if (is_open == !!(m->flags & METHOD_CHANGES))
					fail_msg("%s.%s is %s", iface->name, m->name,
						 is_open ? "closed" : "open");
			}
		}
	}
}

/* Each value has the type that its table says: libdbus checks it when it is appended to the variant. */
static void check_values(const struct target *target, const struct iface *iface)
{
	for (const struct property *p = iface->properties; p->name != NULL; p++) {
		DBusMessage *message = dbus_message_new(DBUS_MESSAGE_TYPE_METHOD_RETURN);
		DBusMessageIter iter, variant;
		char *signature;

		dbus_message_iter_init_append(message, &iter);
		if (!property_append_variant(target, p, &iter))
			fail_msg("%s.%s cannot be appended", iface->name, p->name);
		assert_true(dbus_message_iter_init(message, &iter));
		dbus_message_iter_recurse(&iter, &variant);
		signature = dbus_message_iter_get_signature(&variant);
		assert_string_equal(signature, p->signature);
		dbus_free(signature);
		dbus_message_unref(message);
	}
}

TEST(values_have_their_types)
{
	const struct bus_unit message = {
		.unit = "a.service",
		.description = "caf\xe9",
		.load_state = "not-found",
		.active_state = "failed",
		.sub_state = "failed",
		.path = "",
		.cgroup = "/system.slice/a.service",
	};
	struct bus bus = { .mirrored = true };
	struct unit *unit;
	struct job *job;

	mirror_init(&bus.mirror);
	assert_true(mirror_update(&bus.mirror, &message, (uint64_t[2]){ 1, 1 }, &unit) > 0);
	assert_int_equal(mirror_add_job(&bus.mirror, 3, "a.service", "start", &job), 1);
	for (size_t i = 0; i < N_OBJECTS; i++) {
		const struct target target = { .bus = &bus, .unit = unit, .job = job };
		const struct iface *iface;

		for (size_t j = 0;
		     (iface = object_iface(objects[i].kind, objects[i].unit, j)) != NULL; j++)
			check_values(&target, iface);
	}
	mirror_done(&bus.mirror);
	free(bus.virtualization);
}

TEST(kinds_have_their_interfaces)
{
	const struct iface *iface;

	assert_non_null(object_find_method(OBJECT_UNIT, "a.scope", NULL, "Abandon", &iface));
	assert_string_equal(iface->name, "org.freedesktop.systemd1.Scope");
	assert_null(object_find_method(OBJECT_UNIT, "a.service", NULL, "Abandon", &iface));
	assert_null(object_find_method(OBJECT_PARENT, NULL, NULL, "StartUnit", &iface));
	assert_non_null(object_find_method(OBJECT_PARENT, NULL, NULL, "Introspect", &iface));
	assert_null(object_find_method(OBJECT_MANAGER, NULL, "org.freedesktop.DBus.Peer",
				       "StartUnit", &iface));
}

TEST(introspection_names_all)
{
	struct bus bus = { .mirrored = true };
	char *xml;

	mirror_init(&bus.mirror);
	assert_int_equal(introspect(&bus, OBJECT_MANAGER, NULL, "/org/freedesktop/systemd1", &xml),
			 0);
	assert_non_null(strstr(xml, "<arg type=\"a(sa(sv))\" direction=\"in\"/>"));
	assert_non_null(
		strstr(xml, "<property name=\"Virtualization\" type=\"s\" access=\"read\"/>"));
	free(xml);
	mirror_done(&bus.mirror);
}

TEST_MAIN(cmocka_unit_test(tables_are_sound), cmocka_unit_test(what_changes_is_for_root),
	  cmocka_unit_test(values_have_their_types), cmocka_unit_test(kinds_have_their_interfaces),
	  cmocka_unit_test(introspection_names_all))
