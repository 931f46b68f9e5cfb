/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "early/fd.h"
#include "early/fs.h"
#include "early/log.h"
#include "early/parse.h"

#include "listen_options.h"

/*
 * Addresses
 *
 * "/run/x" and "@x" are AF_UNIX, "80" and "[::]:80" and "127.0.0.1:80" inet, "kobject-uevent 1" netlink. A path elsewhere than below
 * /run (a tmpfs) could lie on a disk or on a served file system, whose bind() blocks: that is early-sockets' work, not ours.
 *
 * They are in blocking mode, as services expect them that have no NonBlocking=; PID 1 itself never accepts nor reads.
 *
 * SocketUser= and SocketGroup= come as numbers: early-load knows the names. For anything else the socket stays root's, and one whose
 * mode gives nothing to others would then be of no use to its clients: it is said in the log.
 */

static const int socket_types[] = {
	[TABLE_SOCKET_STREAM] = SOCK_STREAM,
	[TABLE_SOCKET_DATAGRAM] = SOCK_DGRAM,
	[TABLE_SOCKET_SEQPACKET] = SOCK_SEQPACKET,
};

union address {
	struct sockaddr any;
	struct sockaddr_un un;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	struct sockaddr_nl nl;
};

static bool is_below(const char *path, const char *directory)
{
	size_t len = strlen(directory);

	return strncmp(path, directory, len) == 0 && path[len] == '/';
}

static bool path_is_allowed(const char *path, const char *run_dir)
{
	if (strstr(path, "/../"))
		return false;
	return is_below(path, "/run") || is_below(path, run_dir);
}

static int make_parent(const char *path, mode_t mode)
{
	char *parent CLEANUP(free_charp)
	= strdup(path);

	if (!parent)
		return -ENOMEM;
	*strrchr(parent, '/') = '\0';
	return parent[0] ? fs_mkdir_p_at(AT_FDCWD, parent, mode) : 0;
}

static int unix_address(const char *text, union address *ret, socklen_t *ret_len)
{
	size_t len = strlen(text);

	if (len >= sizeof(ret->un.sun_path))
		return -ENAMETOOLONG;
	ret->un.sun_family = AF_UNIX;
	memcpy(ret->un.sun_path, text, len + 1);
	*ret_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len + 1);
	if (text[0] == '@') {
		ret->un.sun_path[0] = '\0';
		*ret_len -= 1;
	}
	return 0;
}

static int parse_port(const char *text, in_port_t *ret_port)
{
	uint32_t port;

	if (parse_u32(text, &port) < 0 || port == 0 || port > 65535)
		return -EINVAL;
	*ret_port = htons((uint16_t)port);
	return 0;
}

static int inet_address(const char *text, union address *ret, socklen_t *ret_len)
{
	char host[INET6_ADDRSTRLEN + 2];
	const char *colon = strrchr(text, ':');
	size_t len;

	if (!colon) {
		ret->in6.sin6_family = AF_INET6;
		ret->in6.sin6_addr = in6addr_any;
		*ret_len = sizeof(ret->in6);
		return parse_port(text, &ret->in6.sin6_port);
	}
	len = (size_t)(colon - text);
	if (len >= sizeof(host))
		return -EINVAL;
	memcpy(host, text, len);
	host[len] = '\0';
	if (host[0] == '[' && len > 2 && host[len - 1] == ']') {
		host[len - 1] = '\0';
		ret->in6.sin6_family = AF_INET6;
		*ret_len = sizeof(ret->in6);
		if (inet_pton(AF_INET6, host + 1, &ret->in6.sin6_addr) != 1)
			return -EINVAL;
		return parse_port(colon + 1, &ret->in6.sin6_port);
	}
	ret->in.sin_family = AF_INET;
	*ret_len = sizeof(ret->in);
	if (inet_pton(AF_INET, host, &ret->in.sin_addr) != 1)
		return -EINVAL;
	return parse_port(colon + 1, &ret->in.sin_port);
}

static const struct {
	const char *name;
	int protocol;
} netlink_families[] = {
	{ "route", NETLINK_ROUTE },
	{ "audit", NETLINK_AUDIT },
	{ "kobject-uevent", NETLINK_KOBJECT_UEVENT },
};

static int open_netlink(const struct table_socket *sock, int *ret_fd)
{
	const char *text = sock->address;
	struct sockaddr_nl addr = { .nl_family = AF_NETLINK };
	size_t len = strcspn(text, " ");
	uint32_t group = 0;
	int protocol = -1, fd;

	for (size_t i = 0; i < ARRAY_SIZE(netlink_families); i++)
		if (strlen(netlink_families[i].name) == len &&
		    strncmp(netlink_families[i].name, text, len) == 0)
			protocol = netlink_families[i].protocol;
	if (protocol < 0 || (text[len] && (parse_u32(text + len + 1, &group) < 0)))
		return -EINVAL;
	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
	if (fd < 0)
		return -errno;
	addr.nl_groups = group;
	listen_set_options(fd, AF_NETLINK, sock);
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0) {
		int r = -errno;

		fd_close(fd);
		return r;
	}
	*ret_fd = fd;
	return 0;
}

static int open_fifo(const struct table_socket *sock, int *ret_fd)
{
	int fd;

	if (mkfifo(sock->address, sock->mode) < 0 && errno != EEXIST)
		return -errno;
	/* For reading and writing: opens at once, and never sees an end of file. */
	fd = open(sock->address, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -errno;
	if (fd_set_nonblock(fd, false) < 0 || fchmod(fd, sock->mode) < 0) {
		int r = -errno;

		fd_close(fd);
		return r;
	}
	listen_set_options(fd, AF_UNSPEC, sock);
	*ret_fd = fd;
	return 0;
}

static int bind_and_listen(int fd, const struct table_socket *sock, const union address *addr,
			   socklen_t addr_len)
{
	bool is_path = addr->any.sa_family == AF_UNIX && sock->address[0] == '/';
	int one = 1;

	if (addr->any.sa_family == AF_INET || addr->any.sa_family == AF_INET6)
		(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)); /* best effort */
	if (is_path)
		(void)unlink(sock->address); /* what a killed predecessor left, or nothing */
	if (bind(fd, &addr->any, addr_len) < 0)
		return -errno;
	if (is_path && chmod(sock->address, sock->mode) < 0)
		return -errno;
	if (sock->kind != TABLE_SOCKET_DATAGRAM && listen(fd, listen_backlog(sock)) < 0)
		return -errno;
	return 0;
}

static int open_socket(const struct table_socket *sock, int *ret_fd)
{
	union address addr = { 0 };
	int fd CLEANUP_FD
	= -1;
	socklen_t len;
	int r;

	if (sock->address[0] == '/' || sock->address[0] == '@')
		r = unix_address(sock->address, &addr, &len);
	else
		r = inet_address(sock->address, &addr, &len);
	if (r < 0)
		return r;
	fd = socket(addr.any.sa_family, socket_types[sock->kind] | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	listen_set_options(fd, addr.any.sa_family, sock);
	r = bind_and_listen(fd, sock, &addr, len);
	if (r < 0)
		return r;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

/* "" and "root" are 0; (uid_t)-1 for what only NSS knows. */
static uid_t numeric_id(const char *text)
{
	uint32_t id;

	if (text[0] == '\0' || strcmp(text, "root") == 0)
		return 0;
	return parse_u32(text, &id) == 0 ? id : (uid_t)-1;
}

static void give_to_owner(const struct table_socket *sock)
{
	uid_t uid = numeric_id(sock->user);
	gid_t gid = numeric_id(sock->group);

	if (sock->address[0] != '/' || (uid == 0 && gid == 0))
		return;
	if (uid == (uid_t)-1 || gid == (gid_t)-1)
		log_warning("%s: owner %s:%s is no number: what is not a number stays root",
			    sock->address, sock->user, sock->group);
	if (lchown(sock->address, uid == (uid_t)-1 ? 0 : uid, gid == (gid_t)-1 ? 0 : gid) < 0)
		log_warning_errno(-errno, "cannot change the owner of %s", sock->address);
}

/* Symlinks=: other paths by which clients find it. */
static void make_symlinks(const struct table_socket *sock, const char *run_dir)
{
	const char *link = NULL;

	while (sock->address[0] == '/' && (link = wire_list_next(&sock->symlinks, link))) {
		const char *path = is_below(link, "/var/run") ? link + strlen("/var") : link;
		int r = path_is_allowed(path, run_dir) ? make_parent(path, 0755) : -EXDEV;

		if (r == 0 && symlink(sock->address, path) < 0 && errno != EEXIST)
			r = -errno;
		if (r < 0)
			log_warning_errno(r, "%s: cannot link %s to it", sock->address, path);
	}
}

static int open_one(const struct table_socket *sock, const char *run_dir, int *ret_fd)
{
	int r;

	if (sock->kind == TABLE_SOCKET_NETLINK)
		return open_netlink(sock, ret_fd);
	if (sock->address[0] == '/') {
		if (!path_is_allowed(sock->address, run_dir))
			return -EXDEV;
		r = make_parent(sock->address, sock->directory_mode);
		if (r < 0)
			return r;
	}
	r = sock->kind == TABLE_SOCKET_FIFO ? open_fifo(sock, ret_fd) : open_socket(sock, ret_fd);
	if (r < 0)
		return r;
	give_to_owner(sock);
	make_symlinks(sock, run_dir);
	return 0;
}

static bool is_open(const struct listen *listen, const char *address)
{
	for (size_t i = 0; i < listen->n_sockets; i++)
		if (strcmp(listen->sockets[i].address, address) == 0)
			return true;
	return false;
}

int listen_adopt(struct listen *listen, const char *address, const char *name, int fd)
{
	struct listen_socket *sockets, *sock;

	sockets = listen->n_sockets < TABLE_MAX_SOCKETS
			  ? realloc(listen->sockets, (listen->n_sockets + 1) * sizeof(*sockets))
			  : NULL;
	if (!sockets) {
		fd_close(fd);
		return -ENOMEM;
	}
	listen->sockets = sockets;
	sock = &sockets[listen->n_sockets];
	*sock = (struct listen_socket){ strdup(address), strdup(name), fd };
	if (!sock->address || !sock->name || fd_set_cloexec(fd, true) < 0) {
		free(sock->address);
		free(sock->name);
		fd_close(fd);
		return -ENOMEM;
	}
	listen->n_sockets++;
	return 0;
}

int listen_open(struct listen *listen, const struct definition *definition, const char *run_dir)
{
	int result = 0;

	for (size_t i = 0; i < definition->n_sockets; i++) {
		struct table_socket wanted = definition->sockets[i];
		const struct table_socket *sock = &wanted;
		int fd = -1, r;

		/* Not by the link in /var, which an overlay serves. */
		if (is_below(wanted.address, "/var/run"))
			wanted.address += strlen("/var");
		if (is_open(listen, sock->address))
			continue;
		r = open_one(sock, run_dir, &fd);
		if (r == 0)
			r = listen_adopt(listen, sock->address,
					 sock->fd_name[0] ? sock->fd_name : "unknown", fd);
		if (r == -EXDEV)
			log_warning("%s: PID 1 binds paths below /run only; %s is left out",
				    definition->service.name, sock->address);
		else if (r < 0)
			log_warning_errno(r, "%s: cannot listen on %s", definition->service.name,
					  sock->address);
		if (r < 0 && result == 0)
			result = r;
	}
	return result;
}

void listen_close(struct listen *listen)
{
	for (size_t i = 0; i < listen->n_sockets; i++) {
		struct listen_socket *sock = &listen->sockets[i];

		fd_close(sock->fd);
		if (sock->address[0] == '/')
			(void)unlink(sock->address); /* gone is just as well */
		free(sock->address);
		free(sock->name);
	}
	free(listen->sockets);
	*listen = (struct listen){ 0 };
}
