/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "loader.h"

/* The stage of an Early manifest that names none. */
int stages_default(struct loader *loader, struct service *service, enum unit_family family);
