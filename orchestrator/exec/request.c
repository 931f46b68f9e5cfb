/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "request.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "early/fd.h"

#define REQUEST_MAX (4 * WIRE_MAX_MESSAGE)

static int take(const struct wire_protocol *protocol, uint16_t wanted, const char **at, size_t *len,
		void *ret_value, size_t size)
{
	uint16_t opcode;
	uint32_t message_len;
	int r = wire_peek(*at, *len, &opcode, &message_len);

	if (r < 0 || opcode != wanted || message_len > *len)
		return -EPROTO;
	r = wire_unpack(protocol, *at, message_len, opcode, ret_value, size);
	if (r < 0)
		return r;
	*at += message_len;
	*len -= message_len;
	return 0;
}

int request_unpack(const void *data, size_t len, struct request *request)
{
	const char *at = data;
	int r = take(&execs_protocol, EXECS_CONTEXT, &at, &len, &request->context,
		     sizeof(request->context));

	if (r == 0)
		r = take(&table_protocol, TABLE_SERVICE, &at, &len, &request->service,
			 sizeof(request->service));
	if (r == 0)
		r = take(&table_protocol, TABLE_EXEC, &at, &len, &request->exec,
			 sizeof(request->exec));
	return r;
}

int request_read(int fd, struct request *ret_request)
{
	struct request request = { 0 };
	size_t len;
	int r;

	if (lseek(fd, 0, SEEK_SET) < 0)
		return -errno;
	r = fd_read_all(fd, REQUEST_MAX, &request.data, &len);
	if (r < 0)
		return r;
	r = request_unpack(request.data, len, &request);
	if (r < 0) {
		free(request.data);
		return r;
	}
	*ret_request = request;
	return 0;
}

void request_done(struct request *request)
{
	free(request->data);
	*request = (struct request){ 0 };
}

static void report(int fd, uint16_t opcode, const void *value)
{
	char buf[4096];
	int len = wire_pack(&execs_protocol, opcode, value, buf, sizeof(buf));

	if (len > 0 && (size_t)len <= sizeof(buf))
		(void)fd_write_all(fd, buf, (size_t)len);
}

void report_failure(int fd, const struct failure *failure)
{
	struct execs_failed message = {
		.exit_code = failure->step,
		.error = failure->error,
		.step = step_name(failure->step),
		.detail = failure->detail,
	};

	report(fd, EXECS_FAILED, &message);
}

void report_skipped(int fd, const char *condition)
{
	struct execs_skipped message = { condition };

	report(fd, EXECS_SKIPPED, &message);
}
