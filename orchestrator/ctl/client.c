/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "client.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "early/channel.h"
#include "early/fd.h"

int client_exit_code(int error)
{
	switch (error) {
	case 0:
		return EXIT_DONE;
	case -EPERM:
	case -EACCES:
		return EXIT_NOT_PERMITTED;
	case -ENOENT:
		return EXIT_NO_SERVICE;
	default:
		return EXIT_FAILED;
	}
}

int client_connect(const char *path, int *ret_fd)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd CLEANUP_FD
	= socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path, strlen(path) + 1);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

static int tell_no_answer(const char *path, int error)
{
	if (error == -ENOENT || error == -ECONNREFUSED)
		fprintf(stderr,
			"earlyctl: no early-init answers at %s: this system was not booted by "
			"Early, or another socket must be named by --control\n",
			path);
	else
		fprintf(stderr, "earlyctl: cannot reach early-init at %s: %s\n", path,
			strerror(-error));
	return error == -EACCES || error == -EPERM ? EXIT_NOT_PERMITTED : EXIT_FAILED;
}

/* What early-init can only call unsupported. */
static const char *explain(enum control_verb verb, const struct control_done *done)
{
	if (done->error != -EOPNOTSUPP || strcmp(done->text, strerror(EOPNOTSUPP)) != 0)
		return *done->text ? done->text : strerror(-done->error);
	switch (verb) {
	case CONTROL_VERB_RESCUE:
		return "rescue: a container has no console";
	case CONTROL_VERB_MERGE:
		return "merge: a container has no overlays of early-init";
	default:
		return "this early-init does not do that";
	}
}

static int tell_done(const struct control_request *request, const struct control_done *done)
{
	bool named = !*request->name || strstr(done->text, request->name);

	if (done->error != 0)
		fprintf(stderr, "earlyctl: %s%s%s\n", named ? "" : request->name, named ? "" : ": ",
			done->text);
	return client_exit_code(done->error);
}

static int receive(int fd, const struct control_request *request, client_fn fn, void *data,
		   bool quiet)
{
	static char buf[WIRE_MAX_MESSAGE];

	for (;;) {
		union {
			struct control_service service;
			struct control_event event;
			struct control_reason reason;
			struct control_text text;
			struct control_done done;
		} value;
		uint16_t opcode;
		int len = channel_receive_sync(fd, buf, sizeof(buf), &opcode);

		if (len <= 0) {
			fprintf(stderr,
				"earlyctl: early-init ended the connection without an answer%s%s\n",
				len < 0 ? ": " : "", len < 0 ? strerror(-len) : "");
			return EXIT_FAILED;
		}
		len = wire_unpack(&control_protocol, buf, (size_t)len, opcode, &value,
				  sizeof(value));
		if (len < 0 || opcode == CONTROL_REQUEST) {
			fputs("earlyctl: early-init's answer is not understood: is it of another "
			      "version?\n",
			      stderr);
			return EXIT_FAILED;
		}
		if (opcode == CONTROL_DONE && value.done.error != 0)
			value.done.text = explain(request->verb, &value.done);
		if (fn)
			fn((enum control_opcode)opcode, &value, data);
		if (opcode == CONTROL_DONE)
			return quiet ? client_exit_code(value.done.error)
				     : tell_done(request, &value.done);
	}
}

static int ask(const char *path, enum control_verb verb, const char *name, client_fn fn, void *data,
	       bool quiet)
{
	const struct control_request request = { .verb = verb, .name = name };
	int fd CLEANUP_FD
	= -1;
	int r = client_connect(path, &fd);

	if (r == 0)
		r = channel_send_sync(fd, &control_protocol, CONTROL_REQUEST, &request);
	if (r < 0)
		return quiet ? EXIT_FAILED : tell_no_answer(path, r);
	return receive(fd, &request, fn, data, quiet);
}

int client_ask(const char *path, enum control_verb verb, const char *name, client_fn fn, void *data)
{
	return ask(path, verb, name, fn, data, false);
}

int client_try(const char *path, enum control_verb verb, const char *name, client_fn fn, void *data)
{
	return ask(path, verb, name, fn, data, true);
}
