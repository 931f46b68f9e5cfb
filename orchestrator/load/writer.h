/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>

#include "early/strbuf.h"
#include "loader.h"

/* Packs all units and remarks as a table. With @notes also the remarks about what has no effect, and what is honoured. */
int writer_pack(const struct loader *loader, bool notes, struct strbuf *table);
