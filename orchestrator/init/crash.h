/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What PID 1 does about SIGSEGV, SIGBUS, SIGILL, SIGFPE and SIGABRT in itself: says so, and executes itself anew with the
 * state that the image holds. A second crash within CRASH_AGAIN_US, or one without an image, ends in a rescue shell on
 * the console; in a container in exit status 128 + the signal. If it was by a message, that is dropped, and only the third ends so.
 */
#define CRASH_AGAIN_US (10 * 1000000ULL)
#define CRASH_EXIT_NO_STATE 70 /* of a container whose state can't be read after a crash */

/*
 * Of each function in the handler that calls one which does not return: before that AddressSanitizer has a call of its own, which allocates,
 * and waits for ever where the crash was in the heap.
 */
#define CRASH_HANDLER_FN __attribute__((no_sanitize_address))

/* First of all in main. */
void crash_init(bool container);

/*
 * A child of which the image does not know yet: the kernel writes its pid there (CLONE_PARENT_SETTID), and a crash kills it, for the next
 * program starts it again. Until crash_children_are_known().
 */
int *crash_expect_child(void);
void crash_children_are_known(void);

/*
 * The message under dispatch is the @nth that is still in the socket (early/unread.h). It is handled again after a crash; if that crashes
 * as well, it and those before it are dropped instead. -1: none is.
 */
void crash_note_message(int fd, uint32_t nth);

/* Another window than CRASH_AGAIN_US. */
void crash_set_again_us(uint64_t again_us);

struct image;
/* @argv (not copied, NULL-terminated, argv[0] the program) is executed; the option that names the state is added. */
void crash_arm(const struct image *image, char *const *argv);

/* Executes the same on purpose; returns only if that fails, and all is as before. */
int crash_exec_anew(void);

/* What crash_arm's program was given: "A,B", "A,B,T" (T: CLOCK_MONOTONIC of the crash), or "A,B,T,1" if a message was dropped. */
struct crash_state {
	int fds[2];
	uint64_t crashed_us; /* 0: it was no crash */
};
int crash_parse(const char *text, struct crash_state *ret);

/* Closes what came over the exec and nobody has adopted: an adopted one is close-on-exec again. */
void crash_close_strays(void);

/* Safe in a signal handler. Every open descriptor above 2, but the one that lists them. */
void crash_each_open(void (*fn)(int fd));

/* crash_rescue.c: the consoles become rescue shells', for good. Safe in a signal handler. */
_Noreturn void crash_rescue(void);
