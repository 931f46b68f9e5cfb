/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The state that goes over an exec: a memfd with BOOT, a UNION for each overlay, END, and then the manager's own. The
 * descriptors it names are open in the new program. A part of another version, or one that is cut, is -EPROTO: the new
 * program then starts plainly.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "boot.h"
#include "early/fd.h"
#include "early/log.h"

#define STATE_VERSION 1

enum state_opcode {
	STATE_BOOT = 1,
	STATE_UNION = 2,
	STATE_END = 3,
};

struct state_boot {
	uint32_t version;
	int32_t drm_fd; /* -1: none */
	uint32_t framed;
	uint32_t percent;
	const char *caption;
};

struct state_union {
	const char *path;
	uint32_t state; /* enum union_state */
	int32_t pid; /* 0: its daemon has ended */
	int32_t link_fd; /* -1: none */
};

static const struct wire_field boot_fields[] = {
	WIRE_FIELD(struct state_boot, version, WIRE_U32),
	WIRE_FIELD(struct state_boot, drm_fd, WIRE_I32),
	WIRE_FIELD(struct state_boot, framed, WIRE_U32),
	WIRE_FIELD(struct state_boot, percent, WIRE_U32),
	WIRE_FIELD(struct state_boot, caption, WIRE_TEXT),
};

static const struct wire_field union_fields[] = {
	WIRE_FIELD(struct state_union, path, WIRE_TEXT),
	WIRE_FIELD(struct state_union, state, WIRE_U32),
	WIRE_FIELD(struct state_union, pid, WIRE_I32),
	WIRE_FIELD(struct state_union, link_fd, WIRE_I32),
};

static const struct wire_message messages[] = {
	WIRE_MESSAGE(STATE_BOOT, struct state_boot, boot_fields),
	WIRE_MESSAGE(STATE_UNION, struct state_union, union_fields),
	WIRE_EMPTY(STATE_END),
	{ 0, NULL, 0, 0, NULL },
};

static const struct wire_protocol state_protocol = { "state", messages };

static int write_message(int fd, uint16_t opcode, const void *value)
{
	char buf[1024];
	int len = wire_pack(&state_protocol, opcode, value, buf, sizeof(buf));

	if (len < 0)
		return len;
	return len > (int)sizeof(buf) ? -EMSGSIZE : fd_write_all(fd, buf, (size_t)len);
}

static int read_exactly(int fd, char *buf, size_t len)
{
	for (size_t done = 0; done < len;) {
		ssize_t n = read(fd, buf + done, len - done);

		if (n <= 0)
			return n < 0 ? -errno : -EPROTO;
		done += (size_t)n;
	}
	return 0;
}

/* One message into @buf, no byte more: the manager's state follows in the same file. */
static int read_message(int fd, char *buf, size_t size, uint16_t *ret_opcode, size_t *ret_len)
{
	uint32_t len;
	int r = read_exactly(fd, buf, WIRE_HEADER_SIZE);

	if (r < 0)
		return r;
	r = wire_peek(buf, WIRE_HEADER_SIZE, ret_opcode, &len);
	if (r < 0)
		return r;
	if (len > size)
		return -EPROTO;
	r = read_exactly(fd, buf + WIRE_HEADER_SIZE, len - WIRE_HEADER_SIZE);
	*ret_len = len;
	return r;
}

static int write_union(int fd, struct union_mount *mount)
{
	struct state_union message = { .path = mount->path, .state = mount->state, .link_fd = -1 };

	if (helper_is_running(&mount->helper)) {
		message.pid = mount->helper.child.pid;
		if (channel_is_open(&mount->helper.channel)) {
			message.link_fd = mount->helper.channel.fd;
			(void)fd_set_cloexec(message.link_fd, false);
		}
	}
	return write_message(fd, STATE_UNION, &message);
}

int boot_state_write(struct boot *boot, int *ret_fd)
{
	const struct state_boot message = {
		.version = STATE_VERSION,
		.drm_fd = boot->display.drm_fd,
		.framed = boot->display.framed,
		.percent = boot->display.percent,
		.caption = boot->display.caption,
	};
	CLEANUP_FD
	int fd = -1;
	int r = fd_new_memfd("early-state", &fd);

	if (r < 0)
		return r;
	if (message.drm_fd >= 0)
		(void)fd_set_cloexec(message.drm_fd, false);
	r = write_message(fd, STATE_BOOT, &message);
	for (uint32_t i = 0; i < boot->unions.n_mounts && r >= 0; i++)
		r = write_union(fd, &boot->unions.mounts[i]);
	if (r >= 0)
		r = write_message(fd, STATE_END, NULL);
	if (r >= 0)
		r = manager_serialize(boot->manager, fd);
	if (r < 0)
		return r;
	if (lseek(fd, 0, SEEK_SET) < 0)
		return -errno;
	(void)fd_set_cloexec(fd, false);
	/* The old splash goes; its frame stays on the screen by the DRM file, which the next one adopts. */
	(void)helper_send(&boot->display.splash, SPLASH_QUIT, NULL);
	*ret_fd = TAKE_FD(fd);
	return 0;
}

static int take_union(struct boot *boot, const struct state_union *message)
{
	if (message->state > UNION_LEFT_OUT)
		return -EPROTO;
	return unions_adopt(&boot->unions, boot->loop, message->path, message->state, message->pid,
			    message->link_fd);
}

static int take_boot(struct boot *boot, const struct state_boot *message)
{
	if (message->version != STATE_VERSION)
		return -EPROTO;
	boot->display.drm_fd = message->drm_fd;
	if (message->drm_fd >= 0)
		(void)fd_set_cloexec(message->drm_fd, true);
	boot->display.framed = message->framed != 0;
	display_progress(&boot->display, message->percent, message->caption);
	return 0;
}

int boot_state_read(struct boot *boot, int fd)
{
	CLEANUP_FD
	int state = fd;
	char buf[1024];
	uint16_t opcode = 0;
	size_t len;

	while (opcode != STATE_END) {
		struct state_boot boot_message;
		struct state_union union_message;
		int r = read_message(state, buf, sizeof(buf), &opcode, &len);

		if (r < 0)
			return r;
		if (opcode == STATE_BOOT) {
			r = wire_unpack(&state_protocol, buf, len, opcode, &boot_message,
					sizeof(boot_message));
			r = r < 0 ? r : take_boot(boot, &boot_message);
		} else if (opcode == STATE_UNION) {
			r = wire_unpack(&state_protocol, buf, len, opcode, &union_message,
					sizeof(union_message));
			r = r < 0 ? r : take_union(boot, &union_message);
		} else if (opcode != STATE_END) {
			r = -EPROTO;
		}
		if (r < 0)
			return r;
	}
	return manager_deserialize(boot->manager, state);
}
