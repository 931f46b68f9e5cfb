/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "early/proto/table.h"

/* UtmpIdentifier= and UtmpMode=: who(1)'s record of a service at a terminal. */
void login_record_begin(const struct table_service *service, const char *user);
void login_record_end(const struct table_service *service);
