/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>
#include <sys/types.h>

/*
 * Runs @run(@data) in a child, for at most @timeout_ms. Returns its result, -ETIMEDOUT if it did not come in time (the child
 * is killed, but may sleep on in the kernel; nobody waits for it), or another negative errno.
 */
int timed_run(int (*run)(void *data), void *data, uint32_t timeout_ms);

/* Waits for the end of @pid, at most until @deadline_us; 0 or -ETIMEDOUT. *ret_status may be NULL. */
int timed_wait(pid_t pid, uint64_t deadline_us, int *ret_status);
