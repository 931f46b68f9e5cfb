/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Makes what everybody expects in /run and /tmp before the display starts, as systemd-tmpfiles would: both are on memory,
 * so PID 1 can do it without a process and without a wait. All else that packages want is made after the greeter.
 */
void run_dirs_make(void);
