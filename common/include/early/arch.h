/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The architecture in systemd's words: "x86-64" for uname's "x86_64". A name that is not known is its own. */
const char *arch_name(const char *machine);
