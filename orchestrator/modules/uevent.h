/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>

/* The MODALIAS of a kernel's message that says that a device is new, within @message; NULL for any other message. */
const char *uevent_new_modalias(const char *message, size_t len);
