/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* PID 1 of a machine: returns an exit code only if it can't be that. */
int boot_main(int argc, char **argv);
