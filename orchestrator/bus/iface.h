/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <dbus/dbus.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "call.h"

/* Interfaces as tables: methods with signatures, properties, signals. Each table ends with a NULL name. */

struct bus;
struct job;
struct unit;

/* What a property belongs to. */
struct target {
	struct bus *bus;
	struct unit *unit; /* of a unit's object */
	struct job *job; /* of a job's object */
};

struct property;
/* Appends the value without a variant around it; false: no memory. */
typedef bool (*property_fn)(const struct target *target, const struct property *property,
			    DBusMessageIter *iter);

struct property {
	const char *name;
	const char *signature;
	property_fn append;
	const char *text; /* for append_text, append_mirrored */
	uint64_t
		number; /* for append_bool, append_u32, append_u64; an offset for append_mirrored */
};

enum method_flag {
	METHOD_CHANGES = 1, /* for root only */
	METHOD_MIRROR = 2, /* needs all units */
	METHOD_LOADS = 4, /* the first argument is a unit, loaded when it is not mirrored */
	METHOD_LOADED = 8, /* the first argument is a unit, which must be mirrored */
};

struct method {
	const char *name;
	const char *in;
	const char *out;
	unsigned int flags;
	/* @unit: of the object or the first argument (METHOD_LOADS, METHOD_LOADED), otherwise NULL. */
	enum call_result (*fn)(struct call *call, struct unit *unit);
	int number; /* for handlers that serve several */
};

struct signal {
	const char *name;
	const char *signature;
};

struct iface {
	const char *name;
	const struct method *methods;
	const struct property *properties;
	const struct signal *signals;
	const char *suffix; /* of the units that have it; NULL: all */
};

/* Values. */
bool append_basic(DBusMessageIter *iter, int type, const void *value);
bool append_text(const struct target *target, const struct property *property,
		 DBusMessageIter *iter);
bool append_bool(const struct target *target, const struct property *property,
		 DBusMessageIter *iter);
bool append_u32(const struct target *target, const struct property *property,
		DBusMessageIter *iter);
bool append_i32(const struct target *target, const struct property *property,
		DBusMessageIter *iter);
bool append_u64(const struct target *target, const struct property *property,
		DBusMessageIter *iter);
/* No elements of whatever array the signature says. */
bool append_empty_array(const struct target *target, const struct property *property,
			DBusMessageIter *iter);
bool append_strv(DBusMessageIter *iter, char *const *strv);
/* "(uo)" of a job, zeroes for NULL. */
bool append_job_struct(DBusMessageIter *iter, const struct job *job);

/* The value in a variant of its signature. */
bool property_append_variant(const struct target *target, const struct property *property,
			     DBusMessageIter *iter);

const struct property *property_find(const struct property *properties, const char *name);
const struct method *method_find(const struct method *methods, const char *name);

/* manager.c, unit.c, job.c: the tables. */
extern const struct iface manager_iface;
extern const struct iface *const unit_ifaces[]; /* ends with NULL */
extern const struct iface job_iface;
