/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

struct options;

/*
 * Runs the union until its connection ends. @ready_fd (-1: none) gets one byte when the union is mounted. The mount point in
 * @options is absolute. Exit code.
 */
int daemon_run(const struct options *options, int ready_fd);
