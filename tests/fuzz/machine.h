/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "early/loop.h"

/*
 * A machine for targets that drive a whole manager: instead of the kernel's its own kill(), waitid(), bind() and the like, and its own
 * spawn(), so that nothing a fuzzer can think of happens to the real one. Processes are numbers.
 */

/* No process is there. The bytes say one after the other what becomes of those that are started: see spawn() in machine.c. */
void machine_begin(const uint8_t *fates, size_t n_fates);

/* Aborts if a descriptor was left open since the first call after machine_begin(). */
void machine_check_fds(void);

/* Who is at the other end of all sockets, from now on. */
void machine_set_peer(pid_t pid, uid_t uid);

/* The oldest process that lives; 0: none. */
pid_t machine_process(void);

/* One process ends; no such process is fine. */
void machine_end(pid_t pid, int status);

/* Lets the loop turn until nothing happens any more, or for a while. */
void machine_turn(struct loop *loop);
