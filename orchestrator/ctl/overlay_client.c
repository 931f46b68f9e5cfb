/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "overlay_client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
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
		if (opcode == OVERLAYCTL_REQUEST || opcode == OVERLAYCTL_LAYER ||
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

/* Takes @fd over. */
static int add_layer(struct overlay_layers *layers, const struct overlayctl_layer *layer, int fd)
{
	int *fds;

	if (fd < 0 || (layer->is_upper != 0) != (layers->n == 0)) {
		fd_close(fd);
		return -EPROTO;
	}
	fds = reallocarray(layers->fds, layers->n + 1, sizeof(int));
	if (!fds) {
		fd_close(fd);
		return -ENOMEM;
	}
	layers->fds = fds;
	fds[layers->n++] = fd;
	return 0;
}

static int receive_layers(int fd, struct overlay_layers *layers)
{
	static char buf[WIRE_MAX_MESSAGE];

	for (;;) {
		union {
			struct overlayctl_layer layer;
			struct overlayctl_done done;
		} value;
		int received = -1, r;
		uint16_t opcode;
		int len = channel_receive_fd_sync(fd, buf, sizeof(buf), &opcode, &received);

		if (len <= 0)
			return len < 0 ? len : -ECONNRESET;
		if ((opcode != OVERLAYCTL_LAYER && opcode != OVERLAYCTL_DONE) ||
		    wire_unpack(&overlayctl_protocol, buf, (size_t)len, opcode, &value,
				sizeof(value)) < 0) {
			fd_close(received);
			return -EPROTO;
		}
		if (opcode == OVERLAYCTL_DONE) {
			fd_close(received);
			return tell_done(&value.done);
		}
		r = add_layer(layers, &value.layer, received);
		if (r < 0)
			return r;
	}
}

int overlay_ask_layers(const char *socket, struct overlay_layers *ret_layers)
{
	const struct overlayctl_request request = { .verb = OVERLAYCTL_VERB_LAYERS, .into = "" };
	int fd CLEANUP_FD
	= -1;
	int r = client_connect(socket, &fd);

	*ret_layers = (struct overlay_layers){ 0 };
	if (r == 0)
		r = channel_send_sync(fd, &overlayctl_protocol, OVERLAYCTL_REQUEST, &request);
	if (r == 0)
		r = receive_layers(fd, ret_layers);
	return r == 0 && ret_layers->n == 0 ? -EPROTO : r;
}

void overlay_layers_done(struct overlay_layers *layers)
{
	for (size_t i = 0; i < layers->n; i++)
		fd_close(layers->fds[i]);
	free(layers->fds);
	*layers = (struct overlay_layers){ 0 };
}
