/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>

/* The few macros that every file may use. */

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* The object of @type whose @member is at @ptr. */
#define container_of(ptr, type, member)                                                            \
	({                                                                                         \
		const typeof(((type *)0)->member) *mptr_ = (ptr);                                  \
		(type *)((char *)mptr_ - offsetof(type, member));                                  \
	})

/* Hands a pointer over: the variable holds NULL afterwards. */
#define TAKE_PTR(p)                                                                                \
	({                                                                                         \
		typeof(p) taken_ = (p);                                                            \
		(p) = NULL;                                                                        \
		taken_;                                                                            \
	})

#define MIN(a, b)                                                                                  \
	({                                                                                         \
		typeof(a) min_a_ = (a);                                                            \
		typeof(b) min_b_ = (b);                                                            \
		min_a_ < min_b_ ? min_a_ : min_b_;                                                 \
	})
#define MAX(a, b)                                                                                  \
	({                                                                                         \
		typeof(a) max_a_ = (a);                                                            \
		typeof(b) max_b_ = (b);                                                            \
		max_a_ > max_b_ ? max_a_ : max_b_;                                                 \
	})

#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))
#define CLEANUP(fn) __attribute__((cleanup(fn)))

/* Frees the char pointer that a CLEANUP(free_charp) variable holds. */
void free_charp(char **p);
