/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "listen_options.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "early/log.h"
#include "early/macros.h"
#include "early/parse.h"

/*
 * Options of sockets
 *
 * early-load has checked the words and made them numbers. An option that is for another family than the socket's (IPTTL= of a path)
 * is passed over in silence, as one .socket unit may have addresses of several kinds. None is worth a socket: one that the
 * kernel does not take is logged, and the socket is bound without it.
 */

#define ANY 0

static const struct option {
	const char *name;
	int family; /* ANY: all */
	int level;
	int option;
	int forced; /* the same for root, beyond the machine's limits; 0: none */
} options[] = {
	{ "keep-alive", ANY, SOL_SOCKET, SO_KEEPALIVE, 0 },
	{ "keep-alive-time", AF_INET, IPPROTO_TCP, TCP_KEEPIDLE, 0 },
	{ "keep-alive-time", AF_INET6, IPPROTO_TCP, TCP_KEEPIDLE, 0 },
	{ "keep-alive-interval", AF_INET, IPPROTO_TCP, TCP_KEEPINTVL, 0 },
	{ "keep-alive-interval", AF_INET6, IPPROTO_TCP, TCP_KEEPINTVL, 0 },
	{ "keep-alive-probes", AF_INET, IPPROTO_TCP, TCP_KEEPCNT, 0 },
	{ "keep-alive-probes", AF_INET6, IPPROTO_TCP, TCP_KEEPCNT, 0 },
	{ "no-delay", AF_INET, IPPROTO_TCP, TCP_NODELAY, 0 },
	{ "no-delay", AF_INET6, IPPROTO_TCP, TCP_NODELAY, 0 },
	{ "defer-accept", AF_INET, IPPROTO_TCP, TCP_DEFER_ACCEPT, 0 },
	{ "defer-accept", AF_INET6, IPPROTO_TCP, TCP_DEFER_ACCEPT, 0 },
	{ "priority", ANY, SOL_SOCKET, SO_PRIORITY, 0 },
	{ "receive-buffer", ANY, SOL_SOCKET, SO_RCVBUF, SO_RCVBUFFORCE },
	{ "send-buffer", ANY, SOL_SOCKET, SO_SNDBUF, SO_SNDBUFFORCE },
	{ "iptos", AF_INET, IPPROTO_IP, IP_TOS, 0 },
	{ "iptos", AF_INET6, IPPROTO_IPV6, IPV6_TCLASS, 0 },
	{ "ipttl", AF_INET, IPPROTO_IP, IP_TTL, 0 },
	{ "ipttl", AF_INET6, IPPROTO_IPV6, IPV6_UNICAST_HOPS, 0 },
	{ "mark", ANY, SOL_SOCKET, SO_MARK, 0 },
	{ "reuse-port", ANY, SOL_SOCKET, SO_REUSEPORT, 0 },
	{ "free-bind", AF_INET, IPPROTO_IP, IP_FREEBIND, 0 },
	{ "free-bind", AF_INET6, IPPROTO_IPV6, IPV6_FREEBIND, 0 },
	{ "transparent", AF_INET, IPPROTO_IP, IP_TRANSPARENT, 0 },
	{ "transparent", AF_INET6, IPPROTO_IPV6, IPV6_TRANSPARENT, 0 },
	{ "broadcast", ANY, SOL_SOCKET, SO_BROADCAST, 0 },
	{ "pass-credentials", AF_UNIX, SOL_SOCKET, SO_PASSCRED, 0 },
	{ "pass-credentials", AF_NETLINK, SOL_SOCKET, SO_PASSCRED, 0 },
	{ "pass-security", AF_UNIX, SOL_SOCKET, SO_PASSSEC, 0 },
	{ "pass-packet-info", AF_INET, IPPROTO_IP, IP_PKTINFO, 0 },
	{ "pass-packet-info", AF_INET6, IPPROTO_IPV6, IPV6_RECVPKTINFO, 0 },
	{ "pass-packet-info", AF_NETLINK, SOL_NETLINK, NETLINK_PKTINFO, 0 },
	{ "bind-ipv6only", AF_INET6, IPPROTO_IPV6, IPV6_V6ONLY, 0 },
};

static int set_number(int fd, const struct option *option, int number)
{
	if (option->forced &&
	    setsockopt(fd, option->level, option->forced, &number, sizeof(number)) == 0)
		return 0;
	return setsockopt(fd, option->level, option->option, &number, sizeof(number)) < 0 ? -errno
											  : 0;
}

/* SO_TIMESTAMP for microseconds, SO_TIMESTAMPNS for nanoseconds. */
static int set_timestamps(int fd, int unit)
{
	int on = 1;

	if (unit == 0)
		return 0;
	return setsockopt(fd, SOL_SOCKET, unit == 1 ? SO_TIMESTAMP : SO_TIMESTAMPNS, &on,
			  sizeof(on)) < 0
		       ? -errno
		       : 0;
}

static int set_text(int fd, int family, const char *name, const char *text)
{
	socklen_t len = (socklen_t)strlen(text);

	if (strcmp(name, "bind-to-device") == 0)
		return setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, text, len) < 0 ? -errno : 0;
	if (strcmp(name, "tcpcongestion") == 0 && (family == AF_INET || family == AF_INET6))
		return setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, text, len) < 0 ? -errno : 0;
	return 0;
}

static int set_option(int fd, int family, const char *name, const char *text)
{
	uint32_t number;
	int r = 0;

	if (parse_u32(text, &number) < 0 || number > INT_MAX)
		return set_text(fd, family, name, text);
	if (strcmp(name, "timestamping") == 0)
		return set_timestamps(fd, (int)number);
	if (strcmp(name, "pipe-size") == 0)
		return family == AF_UNSPEC && fcntl(fd, F_SETPIPE_SZ, (int)number) < 0 ? -errno : 0;
	for (size_t i = 0; i < ARRAY_SIZE(options) && family != AF_UNSPEC; i++)
		if (strcmp(options[i].name, name) == 0 &&
		    (options[i].family == ANY || options[i].family == family))
			r = set_number(fd, &options[i], (int)number);
	return r;
}

static bool take_apart(const char *word, char name[32], const char **ret_text)
{
	size_t len = strcspn(word, "=");

	if (word[len] != '=' || len >= 32)
		return false;
	memcpy(name, word, len);
	name[len] = '\0';
	*ret_text = word + len + 1;
	return true;
}

void listen_set_options(int fd, int family, const struct table_socket *sock)
{
	const char *word = NULL;

	while ((word = wire_list_next(&sock->options, word))) {
		char name[32];
		const char *text;
		int r;

		if (!take_apart(word, name, &text))
			continue;
		r = set_option(fd, family, name, text);
		if (r < 0)
			log_warning_errno(r, "%s: cannot set %s", sock->address, word);
	}
}

int listen_backlog(const struct table_socket *sock)
{
	const char *word = NULL;

	while ((word = wire_list_next(&sock->options, word))) {
		char name[32];
		const char *text;
		uint32_t number;

		if (take_apart(word, name, &text) && strcmp(name, "backlog") == 0 &&
		    parse_u32(text, &number) == 0 && number <= INT_MAX)
			return (int)number;
	}
	return SOMAXCONN;
}
