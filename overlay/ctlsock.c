/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The socket's directory may not be there yet: in the first stage of a boot /run is still the read-only disk's. So the socket
 * is looked after: a timer binds it anew when its name leads elsewhere.
 */
#include "ctlsock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "early/channel.h"
#include "early/clock.h"
#include "early/fd.h"
#include "early/fs.h"
#include "early/list.h"
#include "early/log.h"
#include "early/loop.h"
#include "early/strbuf.h"
#include "options.h"

#define LOOK_AFTER_US (3 * USEC_PER_SEC)
#define MAX_CLIENTS 32

struct ctlsock {
	struct loop *loop;
	struct loop_source source; /* of fd */
	struct loop_timer timer;
	struct list clients; /* client::link */
	size_t n_clients;
	const struct ctlsock_ops *ops;
	void *data;
	char *dir;
	char *path;
	dev_t dev; /* of the bound name */
	ino_t ino;
	int fd;
	bool pauses; /* nobody is heard: the timer ends it */
};

struct client {
	struct list link; /* ctlsock::clients */
	struct channel channel;
	struct ctlsock *sock;
	bool is_root;
	bool waits;
};

static void client_free(struct client *client)
{
	list_remove(&client->link);
	client->sock->n_clients--;
	channel_close(&client->channel);
	free(client);
}

static void handle_close(struct channel *channel, int error)
{
	client_free(container_of(channel, struct client, channel));
}

static void send_done(struct client *client, int error, const char *why, const char *advice)
{
	struct overlayctl_done done = { .error = error, .why = why, .advice = advice };

	(void)channel_send(&client->channel, OVERLAYCTL_DONE, &done); /* on_close tells */
}

static void answer_status(struct client *client)
{
	struct overlayctl_status status = { 0 };

	client->sock->ops->status(client->sock->data, &status);
	(void)channel_send(&client->channel, OVERLAYCTL_STATUS, &status); /* on_close tells */
	send_done(client, 0, "", "");
}

static void answer_layers(struct client *client)
{
	struct overlayctl_layer layer = { .is_upper = true };
	const int *lower = NULL;
	size_t n_lower = 0;
	int upper = -1;
	int r = -EPERM;

	if (client->is_root)
		r = client->sock->ops->layers(client->sock->data, &upper, &lower, &n_lower);
	if (r < 0) {
		send_done(client, r,
			  r == -EPERM      ? "only root may look into the layers"
			  : r == -EALREADY ? "merged, or about to be: there is no difference left"
			  : r == -EROFS    ? "a read-only union has no upper layer"
					   : strerror(-r),
			  r == -EPERM ? "ask as root" : "");
		return;
	}
	r = channel_send_fds(&client->channel, OVERLAYCTL_LAYER, &layer, &upper, 1);
	layer.is_upper = false;
	for (size_t i = 0; r >= 0 && i < n_lower; i++)
		r = channel_send_fds(&client->channel, OVERLAYCTL_LAYER, &layer, &lower[i], 1);
	if (r >= 0) /* else on_close tells */
		send_done(client, 0, "", "");
}

static void start_merge(struct client *client, const char *into)
{
	int r;

	if (!client->is_root) {
		send_done(client, -EPERM, "only root may merge", "ask as root");
		return;
	}
	r = client->sock->ops->merge(client->sock->data, into);
	if (r == 0 || r == -EBUSY)
		client->waits = true; /* for the one that runs */
	else if (r == -EALREADY)
		send_done(client, 0, "already merged", "");
	else
		send_done(client, r, strerror(-r), "try again");
}

static void handle_message(struct channel *channel, struct channel_message *message)
{
	struct client *client = container_of(channel, struct client, channel);
	struct overlayctl_request request;

	if (message->opcode != OVERLAYCTL_REQUEST ||
	    channel_unpack(channel, message, &request, sizeof(request)) < 0) {
		client_free(client);
		return;
	}
	if (request.verb == OVERLAYCTL_VERB_STATUS)
		answer_status(client);
	else if (request.verb == OVERLAYCTL_VERB_MERGE)
		start_merge(client, request.into);
	else if (request.verb == OVERLAYCTL_VERB_LAYERS)
		answer_layers(client);
	else
		send_done(client, -EOPNOTSUPP, "unknown verb", "use earlyctl of the same version");
}

static void handle_listen(struct loop_source *source, uint32_t events)
{
	struct ctlsock *sock = container_of(source, struct ctlsock, source);
	struct ucred cred = { .uid = (uid_t)-1 };
	socklen_t len = sizeof(cred);
	struct client *client;
	int fd = accept4(source->fd, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0) {
		if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
			sock->pauses = loop_modify(source, 0) == 0;
		return;
	}
	/* Anybody may ask, but a descriptor that a client holds is one less for the union's files. */
	if (sock->n_clients >= MAX_CLIENTS) {
		fd_close(fd);
		return;
	}
	client = calloc(1, sizeof(*client));
	if (!client) {
		fd_close(fd);
		return;
	}
	client->sock = sock;
	client->is_root = getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) == 0 &&
			  cred.uid == 0;
	list_append(&sock->clients, &client->link);
	sock->n_clients++;
	if (channel_init(&client->channel, sock->loop, fd, &overlayctl_protocol, handle_message,
			 handle_close, client) < 0)
		client_free(client);
}

static bool is_ours(const struct ctlsock *sock)
{
	struct stat st;

	return sock->fd >= 0 && stat(sock->path, &st) == 0 && st.st_dev == sock->dev &&
	       st.st_ino == sock->ino;
}

static int bind_at(struct ctlsock *sock)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	CLEANUP_FD
	int fd = -1;
	struct stat st;
	int r;

	if ((size_t)snprintf(address.sun_path, sizeof(address.sun_path), "%s", sock->path) >=
	    sizeof(address.sun_path))
		return -ENAMETOOLONG;
	r = fs_mkdir_p_at(AT_FDCWD, sock->dir, 0755);
	if (r < 0)
		return r;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	(void)unlink(sock->path); /* a dead daemon's */
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    chmod(sock->path, 0666) < 0 || listen(fd, 16) < 0 || stat(sock->path, &st) < 0)
		return -errno;
	loop_remove(&sock->source);
	sock->pauses = false;
	sock->fd = fd_close(sock->fd);
	r = loop_add(sock->loop, &sock->source, fd, EPOLLIN, handle_listen);
	if (r < 0)
		return r;
	sock->dev = st.st_dev;
	sock->ino = st.st_ino;
	sock->fd = TAKE_FD(fd);
	return 0;
}

static void handle_timer(struct loop_timer *timer)
{
	struct ctlsock *sock = container_of(timer, struct ctlsock, timer);

	if (sock->pauses)
		sock->pauses = loop_modify(&sock->source, EPOLLIN) < 0;
	if (!is_ours(sock)) {
		int r = bind_at(sock);

		if (r < 0)
			log_debug("no control socket at %s yet", sock->path);
	}
	(void)loop_timer_start(sock->loop, timer, clock_monotonic_us() + LOOK_AFTER_US,
			       handle_timer);
}

int ctlsock_new(struct loop *loop, const char *run_dir, const char *mountpoint,
		const struct ctlsock_ops *ops, void *data, struct ctlsock **ret_sock)
{
	struct strbuf dir = STRBUF_INIT;
	struct strbuf path = STRBUF_INIT;
	CLEANUP(free_charp)
	char *name = NULL;
	struct ctlsock *sock;
	int r = options_socket_name(mountpoint, &name);

	if (r < 0)
		return r;
	sock = calloc(1, sizeof(*sock));
	if (!sock)
		return -ENOMEM;
	list_init(&sock->clients);
	strbuf_printf(&dir, "%s/overlay", run_dir);
	strbuf_printf(&path, "%s/overlay/%s.sock", run_dir, name);
	sock->dir = strbuf_take(&dir);
	sock->path = strbuf_take(&path);
	sock->loop = loop;
	sock->ops = ops;
	sock->data = data;
	sock->fd = -1;
	if (!sock->dir || !sock->path) {
		ctlsock_free(sock);
		return -ENOMEM;
	}
	handle_timer(&sock->timer);
	*ret_sock = sock;
	return 0;
}

struct ctlsock *ctlsock_free(struct ctlsock *sock)
{
	if (!sock)
		return NULL;
	loop_timer_stop(&sock->timer);
	while (!list_empty(&sock->clients))
		client_free(list_first(&sock->clients, struct client, link));
	loop_remove(&sock->source);
	if (is_ours(sock))
		(void)unlink(sock->path);
	fd_close(sock->fd);
	free(sock->dir);
	free(sock->path);
	free(sock);
	return NULL;
}

void ctlsock_progress(struct ctlsock *sock, const struct overlayctl_progress *progress)
{
	struct client *client;

	list_for_each (client, &sock->clients, link) {
		if (client->waits)
			(void)channel_send(&client->channel, OVERLAYCTL_PROGRESS, progress);
	}
}

void ctlsock_done(struct ctlsock *sock, const struct overlayctl_done *done)
{
	struct client *client;

	list_for_each (client, &sock->clients, link) {
		if (client->waits)
			(void)channel_send(&client->channel, OVERLAYCTL_DONE, done);
		client->waits = false;
	}
}
