/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* early-init --container: PID 1 of a PID name space. Returns the exit code. */
int container_main(int argc, char **argv);
