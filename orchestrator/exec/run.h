/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "request.h"
#include "steps.h"

/*
 * Goes the way to the program. Does not return when it runs. 0: a condition was not met, *ret_skipped says which. Negative: @failure.
 * @report_fd is close-on-exec and above all sockets.
 */
int run_program(const struct request *request, int report_fd, const char **ret_skipped,
		struct failure *failure);
