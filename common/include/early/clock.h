/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>

#define USEC_PER_SEC 1000000ULL
#define USEC_PER_MSEC 1000ULL

/* CLOCK_BOOTTIME in microseconds: what the timeline is written in. Zero is the kernel's start. */
uint64_t clock_boottime_us(void);

/* CLOCK_MONOTONIC in microseconds: what deadlines are made of. */
uint64_t clock_monotonic_us(void);
