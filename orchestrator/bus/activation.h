/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <dbus/dbus.h>
#include <stdint.h>

/* Units that the bus wants started because somebody called their name. */

#define ACTIVATION_TIMEOUT_US (25 * 1000000ULL)

struct bus;

/* The bus's signal ActivationRequest. */
void activation_request(struct bus *bus, DBusMessage *signal);
void activation_job_done(struct bus *bus, uint32_t job, const char *result);
void activation_done(struct bus *bus);
