/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

/* How the layers say what the union needs to know: overlayfs's own format, and a few marks of Early's. Pure. */

#define MARKS_OPAQUE "trusted.overlay.opaque"
#define MARKS_STAMP "trusted.early.stamp" /* on what hides a lower object: which one */
#define MARKS_USER "trusted.early.user." /* a user.* attribute on an upper that takes none */

/* Where a merge puts files together, in the real directory; never shown. */
#define MARKS_STAGING ".early-merge"

bool marks_is_whiteout(const struct stat *st);

/* The value of the opaque attribute says "opaque". */
bool marks_is_opaque(const char *value, size_t len);

/* Extended attributes that belong to the union's own format and are neither shown nor set from outside. */
bool marks_is_private_xattr(const char *name);

bool marks_is_hidden_name(const char *name);

/*
 * Name of an attribute in the upper layer and back. An upper layer that takes no user.* (tmpfs before 6.6) keeps them under
 * MARKS_USER. Both return false if the result does not fit.
 */
bool marks_xattr_to_upper(const char *name, bool upper_takes_user, char *buf, size_t size);
bool marks_xattr_from_upper(const char *name, char *buf, size_t size);

/* Which lower object something hides. */
struct marks_stamp {
	uint64_t ino;
	uint64_t size;
	uint64_t mtime_ns;
};

struct marks_stamp marks_stamp_of(const struct stat *st);
bool marks_stamp_equal(const struct marks_stamp *a, const struct marks_stamp *b);

/*
 * st_ino of what was first seen in a layer. It never changes afterwards: AF_UNIX finds a listener by it. Lower files keep
 * their own; the others are moved out of the way.
 */
enum marks_layer { MARKS_LAYER_LOWER, MARKS_LAYER_UPPER, MARKS_LAYER_REAL, MARKS_LAYER_OTHER };
uint64_t marks_ino(enum marks_layer layer, uint64_t ino);

/* The name under which the other version of @name is kept, @n from 0. False if it does not fit. */
bool marks_conflict_name(const char *name, unsigned int n, char *buf, size_t size);
