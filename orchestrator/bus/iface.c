/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "iface.h"

#include <string.h>

#include "mirror.h"
#include "object_path.h"
#include "text.h"
#include "utf8.h"

static bool append_foreign_text(DBusMessageIter *iter, const char *text)
{
	CLEANUP(free_charp)
	char *copy = NULL;

	if (text_copy(text, &copy) < 0)
		return false;
	utf8_make_valid(copy);
	return dbus_message_iter_append_basic(iter, DBUS_TYPE_STRING, &copy);
}

bool append_basic(DBusMessageIter *iter, int type, const void *value)
{
	if (type == DBUS_TYPE_STRING) {
		const char *text = *(const char *const *)value;

		if (!dbus_validate_utf8(text, NULL))
			return append_foreign_text(iter, text);
	}
	return dbus_message_iter_append_basic(iter, type, value);
}

bool append_text(const struct target *target, const struct property *property,
		 DBusMessageIter *iter)
{
	return append_basic(iter, DBUS_TYPE_STRING, &property->text);
}

bool append_bool(const struct target *target, const struct property *property,
		 DBusMessageIter *iter)
{
	dbus_bool_t value = property->number != 0;

	return append_basic(iter, DBUS_TYPE_BOOLEAN, &value);
}

bool append_u32(const struct target *target, const struct property *property, DBusMessageIter *iter)
{
	uint32_t value = (uint32_t)property->number;

	return append_basic(iter, DBUS_TYPE_UINT32, &value);
}

bool append_i32(const struct target *target, const struct property *property, DBusMessageIter *iter)
{
	int32_t value = (int32_t)property->number;

	return append_basic(iter, DBUS_TYPE_INT32, &value);
}

bool append_u64(const struct target *target, const struct property *property, DBusMessageIter *iter)
{
	uint64_t value = property->number;

	return append_basic(iter, DBUS_TYPE_UINT64, &value);
}

bool append_empty_array(const struct target *target, const struct property *property,
			DBusMessageIter *iter)
{
	DBusMessageIter array;

	return dbus_message_iter_open_container(iter, DBUS_TYPE_ARRAY, property->signature + 1,
						&array) &&
	       dbus_message_iter_close_container(iter, &array);
}

bool append_strv(DBusMessageIter *iter, char *const *strv)
{
	DBusMessageIter array;

	if (!dbus_message_iter_open_container(iter, DBUS_TYPE_ARRAY, "s", &array))
		return false;
	for (size_t i = 0; strv != NULL && strv[i] != NULL; i++) {
		if (!append_basic(&array, DBUS_TYPE_STRING, &strv[i]))
			return false;
	}
	return dbus_message_iter_close_container(iter, &array);
}

bool append_job_struct(DBusMessageIter *iter, const struct job *job)
{
	uint32_t id = job != NULL ? job->id : 0;
	CLEANUP(free_charp)
	char *made = NULL;
	const char *path = "/";
	DBusMessageIter fields;

	if (job != NULL) {
		if (job_path_new(id, &made) < 0)
			return false;
		path = made;
	}
	return dbus_message_iter_open_container(iter, DBUS_TYPE_STRUCT, NULL, &fields) &&
	       append_basic(&fields, DBUS_TYPE_UINT32, &id) &&
	       append_basic(&fields, DBUS_TYPE_OBJECT_PATH, &path) &&
	       dbus_message_iter_close_container(iter, &fields);
}

bool property_append_variant(const struct target *target, const struct property *property,
			     DBusMessageIter *iter)
{
	DBusMessageIter variant;

	return dbus_message_iter_open_container(iter, DBUS_TYPE_VARIANT, property->signature,
						&variant) &&
	       property->append(target, property, &variant) &&
	       dbus_message_iter_close_container(iter, &variant);
}

const struct property *property_find(const struct property *properties, const char *name)
{
	for (; properties->name != NULL; properties++) {
		if (strcmp(properties->name, name) == 0)
			return properties;
	}
	return NULL;
}

const struct method *method_find(const struct method *methods, const char *name)
{
	for (; methods->name != NULL; methods++) {
		if (strcmp(methods->name, name) == 0)
			return methods;
	}
	return NULL;
}
