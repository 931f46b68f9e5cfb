/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the kernel leaves to PID 1: lo, and settings in /proc/sys. What fails is logged. */
void kernel_settings_apply(void);
