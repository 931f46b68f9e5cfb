/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "overlay_client.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "client.h"
#include "early/channel.h"
#include "early/fd.h"

static int tell_done(const struct overlayctl_done *done)
{
	if (done->error == 0)
		return 0;
	fprintf(stderr, "earlyctl: %s%s%s%s%s\n", done->path, *done->path ? ": " : "",
		*done->why ? done->why : strerror(-done->error), *done->advice ? "; " : "",
		done->advice);
	return done->error < 0 ? done->error : -EIO;
}

static int receive(int fd, overlay_fn fn, void *data)
{
	static char buf[WIRE_MAX_MESSAGE];

	for (;;) {
		union {
			struct overlayctl_status status;
			struct overlayctl_progress progress;
			struct overlayctl_done done;
		} value;
		uint16_t opcode;
		int len = channel_receive_sync(fd, buf, sizeof(buf), &opcode);

		if (len <= 0)
			return len < 0 ? len : -ECONNRESET;
		if (opcode == OVERLAYCTL_REQUEST ||
		    wire_unpack(&overlayctl_protocol, buf, (size_t)len, opcode, &value,
				sizeof(value)) < 0)
			return -EPROTO;
		fn((enum overlayctl_opcode)opcode, &value, data);
		if (opcode == OVERLAYCTL_DONE)
			return tell_done(&value.done);
	}
}

int overlay_ask(const char *socket, enum overlayctl_verb verb, const char *into, overlay_fn fn,
		void *data)
{
	const struct overlayctl_request request = { .verb = verb, .into = into };
	int fd CLEANUP_FD
	= -1;
	int r = client_connect(socket, &fd);

	if (r == 0)
		r = channel_send_sync(fd, &overlayctl_protocol, OVERLAYCTL_REQUEST, &request);
	return r < 0 ? r : receive(fd, fn, data);
}
