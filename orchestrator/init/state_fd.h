/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>

/*
 * A descriptor in the state: its number, and a trace of the file that it was open for. A number alone may be another file's by the time
 * that it is read: what PID 1 closed between its last save and its crash was given to something else, or is one that the
 * next program opened for itself.
 */
#define STATE_NO_FD UINT64_MAX

/* @fd -1: none. */
uint64_t state_fd(int fd);

/* The same for @fd, the other end of the pipe that @saved is one end of: nobody is asked. */
uint64_t state_fd_twin(uint64_t saved, int fd);

/* It is the caller's and close-on-exec again; -1: there was none, or it is not there any more. Each can be taken once. */
int state_fd_take(uint64_t saved);
