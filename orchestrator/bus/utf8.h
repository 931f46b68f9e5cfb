/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* libdbus aborts on text that is no UTF-8: every byte beyond ASCII becomes "?" in such a one. */
void utf8_make_valid(char *text);
