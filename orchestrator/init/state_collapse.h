/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>

/*
 * A state followed by its changes (state_proto.h) becomes the state that they lead to: of each unit and job the last word
 * counts, of the manager, the clients and the scopes only the last change. -EPROTO: that is no state. Free *ret.
 */
int state_collapse(const char *data, size_t len, char **ret, size_t *ret_len);
