/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "mirror.h"

/*
 * Targets that exist by their name only: logind asks whether they are loaded before it offers the action, and starts them. Pure.
 */
int special_add(struct mirror *mirror);
