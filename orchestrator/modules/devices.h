/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "phase.h"

/* The devices that the kernel has and gets, by their modaliases. */
typedef void (*devices_fn)(const char *modalias, void *data);

/* Calls @fn for each device below @root_fd/sys/bus that can matter to @phase. -ENOENT if sysfs is not there. */
int devices_scan(int root_fd, enum phase phase, devices_fn fn, void *data);

/* A non-blocking socket on which new devices are announced from now on. */
int devices_listen(int *ret_fd);

/* Calls @fn for each new device that waits on the socket. -ENOBUFS: some were lost, scan again. */
int devices_receive(int fd, devices_fn fn, void *data);
