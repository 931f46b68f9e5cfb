/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>

#include "early/proto/execs.h"
#include "early/proto/table.h"
#include "steps.h"

#define REQUEST_FD 3 /* memfd: CONTEXT, SERVICE, EXEC */
#define REPORT_FD 4 /* pipe: FAILED or SKIPPED */
#define REQUEST_FIRST_LISTEN_FD 5 /* sockets of the service, if any */

/* What is to be executed. Text and lists point into @data. */
struct request {
	struct execs_context context;
	struct table_service service;
	struct table_exec exec;
	char *data;
};

/* -EPROTO if the three messages are not there. */
int request_read(int fd, struct request *ret_request);
int request_unpack(const void *data, size_t len, struct request *request);
void request_done(struct request *request);

/* Tells PID 1; an error is ignored, because the exit code says the same. */
void report_failure(int fd, const struct failure *failure);
void report_skipped(int fd, const char *condition);
