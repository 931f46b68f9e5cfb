/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Handlers for what starts a unit. An empty value takes all addresses, all paths or all times back, whatever key it is written with, as
 * systemd does.
 */
#include "directive.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "early/calendar.h"
#include "early/parse.h"
#include "early/strbuf.h"
#include "early/strv.h"
#include "words.h"

/* --- addresses --- */

static bool is_port(const char *text)
{
	uint32_t port;

	return parse_u32(text, &port) == 0 && port > 0 && port <= 65535;
}

/* "80", "127.0.0.1:80", "[::1]:80" and "[fe80::1%eth0]:80"; the numbers of the address are for who binds it. */
static bool is_inet(const char *text)
{
	const char *colon = strrchr(text, ':');

	return colon ? colon > text && is_port(colon + 1) : is_port(text);
}

static int check_address(const struct apply *apply, const char *address)
{
	switch ((enum table_socket_kind)apply->directive->arg) {
	case TABLE_SOCKET_NETLINK:
		return 0;
	case TABLE_SOCKET_FIFO:
		if (address[0] == '/')
			return 0;
		return apply_refuse(apply, "\"%s\" is no absolute path", address);
	case TABLE_SOCKET_STREAM:
	case TABLE_SOCKET_DATAGRAM:
	case TABLE_SOCKET_SEQPACKET:
		break;
	}
	if (strncmp(address, "vsock:", 6) == 0)
		return apply_refuse(apply, "addresses of virtual machines (vsock:) are not bound");
	if (address[0] != '/' && address[0] != '@' && !is_inet(address))
		return apply_refuse(apply, "\"%s\" is no path, no @name and no [ADDRESS:]PORT",
				    address);
	return 0;
}

int apply_listen(const struct apply *apply, const char *value)
{
	struct activation *activation = &apply->service->activation;
	char *address CLEANUP(free_charp)
	= NULL;
	int r;

	if (!*value) {
		activation_drop_sockets(activation);
		return 0;
	}
	r = apply_expand(apply, value, &address);
	if (r == 0)
		r = check_address(apply, address);
	if (r < 0)
		return r;
	return activation_add_socket(activation, apply->directive->arg, address,
				     &activation->socket);
}

int apply_accept(const struct apply *apply, const char *value)
{
	struct socket_options *options = &apply->service->activation.socket;
	bool on;
	int r = parse_bool(value, &on);

	if (r < 0)
		return r;
	options->flags &= ~(uint32_t)TABLE_SOCKET_ACCEPT;
	if (!on)
		return 0;
	options->flags |= TABLE_SOCKET_ACCEPT;
	return apply_refuse(apply, "a process for each connection is not supported yet");
}

/* KeepAliveTimeSec= is "keep-alive-time=". */
static void put_option_name(struct strbuf *out, const char *key)
{
	size_t len = strlen(key);

	if (len > 3 && strcmp(key + len - 3, "Sec") == 0)
		len -= 3;
	for (size_t i = 0; i < len; i++) {
		if (i > 0 && isupper((unsigned char)key[i]) && islower((unsigned char)key[i - 1]))
			strbuf_putc(out, '-');
		strbuf_putc(out, (char)tolower((unsigned char)key[i]));
	}
	strbuf_putc(out, '=');
}

/* Sets an option of the sockets; without @text it goes back to the kernel's default. */
static int put_option(const struct apply *apply, const char *text)
{
	char ***list = &apply->service->activation.socket.options;
	struct strbuf head CLEANUP_STRBUF = STRBUF_INIT;
	size_t kept = 0;

	put_option_name(&head, apply->directive->key);
	if (strbuf_error(&head) < 0)
		return -ENOMEM;
	for (size_t i = 0; *list && (*list)[i]; i++) {
		if (strncmp((*list)[i], head.data, head.len) == 0)
			free((*list)[i]);
		else
			(*list)[kept++] = (*list)[i];
	}
	if (*list)
		(*list)[kept] = NULL;
	return *text ? strv_appendf(list, "%s%s", head.data, text) : 0;
}

static int put_option_number(const struct apply *apply, uint64_t number)
{
	struct strbuf text CLEANUP_STRBUF = STRBUF_INIT;

	strbuf_printf(&text, "%" PRIu64, number);
	return strbuf_error(&text) < 0 ? -ENOMEM : put_option(apply, text.data);
}

static int parse_ip_tos(const char *value, uint64_t *ret_number)
{
	static const struct {
		const char *word;
		uint64_t number;
	} words[] = {
		{ "low-delay", 16 }, { "throughput", 8 }, { "reliability", 4 }, { "low-cost", 2 }
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (strcmp(words[i].word, value) == 0) {
			*ret_number = words[i].number;
			return 0;
		}
	}
	return parse_u64(value, ret_number);
}

static int option_number(enum socket_option form, const char *value, uint64_t *ret_number)
{
	uint64_t span_us = 0;
	bool on = false;
	int r = -EINVAL;

	switch (form) {
	case SOCKET_OPTION_BOOL:
		r = parse_bool(value, &on);
		*ret_number = on;
		return r;
	case SOCKET_OPTION_NUMBER:
		return parse_u64(value, ret_number);
	case SOCKET_OPTION_SIZE:
		return parse_size(value, ret_number);
	case SOCKET_OPTION_SECONDS:
		r = parse_span_us(value, &span_us);
		*ret_number = span_us / 1000000 + (span_us % 1000000 > 0);
		return r;
	case SOCKET_OPTION_TOS:
		return parse_ip_tos(value, ret_number);
	case SOCKET_OPTION_IPV6_ONLY:
		*ret_number = strcmp(value, "ipv6-only") == 0;
		return *ret_number || strcmp(value, "both") == 0 ? 0 : -EINVAL;
	case SOCKET_OPTION_TIMESTAMPS:
		if (parse_bool(value, &on) == 0 && !on)
			*ret_number = 0;
		else if (strcmp(value, "us") == 0 || strcmp(value, "usec") == 0 ||
			 strcmp(value, "\xc2\xb5s") == 0)
			*ret_number = 1;
		else if (strcmp(value, "ns") == 0 || strcmp(value, "nsec") == 0)
			*ret_number = 2;
		else
			return -EINVAL;
		return 0;
	case SOCKET_OPTION_TEXT:
		break;
	}
	return r;
}

int apply_socket_option(const struct apply *apply, const char *value)
{
	char *expanded CLEANUP(free_charp)
	= NULL;
	uint64_t number = 0;
	int r = apply_expand(apply, value, &expanded);

	if (r < 0)
		return r;
	if (!*value ||
	    (apply->directive->arg == SOCKET_OPTION_IPV6_ONLY && strcmp(value, "default") == 0))
		return put_option(apply, "");
	if (apply->directive->arg == SOCKET_OPTION_TEXT)
		return put_option(apply, expanded);
	r = option_number(apply->directive->arg, expanded, &number);
	if (r == 0 && number > INT32_MAX)
		r = -ERANGE;
	return r < 0 ? r : put_option_number(apply, number);
}

/* Keys of which only "no" is done. */
int apply_only_no(const struct apply *apply, const char *value)
{
	bool on = false;
	int r = *value ? parse_bool(value, &on) : 0;

	if (r < 0)
		return r;
	return on ? apply_refuse(apply, "\"yes\" is not done") : 0;
}

/* --- paths --- */

int apply_watched_path(const struct apply *apply, const char *value)
{
	struct activation *activation = &apply->service->activation;
	char *path CLEANUP(free_charp)
	= NULL;
	int r;

	if (!*value) {
		activation_drop_paths(activation);
		return 0;
	}
	r = apply_expand(apply, value, &path);
	if (r < 0)
		return r;
	if (path[0] != '/')
		return apply_refuse(apply, "\"%s\" is no absolute path", path);
	return activation_add_path(activation, apply->directive->arg, path, &activation->path);
}

/* --- times --- */

static int add_calendar(const struct apply *apply, const char *value)
{
	struct activation *activation = &apply->service->activation;
	struct calendar calendar;
	char text[CALENDAR_MAX_TEXT];
	int r = calendar_parse(value, &calendar);

	if (r == 0)
		r = calendar_format(&calendar, text, sizeof(text));
	if (r < 0)
		return r;
	return activation_add_timer(activation, TABLE_TIMER_CALENDAR, 0, text, &activation->timer);
}

int apply_timer(const struct apply *apply, const char *value)
{
	struct activation *activation = &apply->service->activation;
	char *text CLEANUP(free_charp)
	= NULL;
	uint64_t span_us;
	int r;

	if (!*value) {
		activation_drop_timers(activation);
		return 0;
	}
	r = apply_expand(apply, value, &text);
	if (r < 0)
		return r;
	if (apply->directive->arg == TABLE_TIMER_CALENDAR)
		return add_calendar(apply, text);
	r = parse_span_us(text, &span_us);
	if (r < 0)
		return r;
	/* It would start again at once, for ever. */
	if (span_us == 0 && (apply->directive->arg == TABLE_TIMER_UNIT_ACTIVE ||
			     apply->directive->arg == TABLE_TIMER_UNIT_INACTIVE))
		return -ERANGE;
	return activation_add_timer(activation, apply->directive->arg, span_us, NULL,
				    &activation->timer);
}

/* OnClockChange=, OnTimezoneChange= */
int apply_timer_change(const struct apply *apply, const char *value)
{
	struct activation *activation = &apply->service->activation;
	bool on;
	int r = parse_bool(value, &on);

	if (r < 0 || !on)
		return r;
	return activation_add_timer(activation, apply->directive->arg, 0, NULL, &activation->timer);
}

int apply_timer_flag(const struct apply *apply, const char *value)
{
	uint32_t *flags = &apply->service->activation.timer.flags;
	bool on;
	int r = parse_bool(value, &on);

	if (r < 0)
		return r;
	if (apply->directive->arg == TABLE_TIMER_FORGET) /* RemainAfterElapse=no */
		on = !on;
	*flags = on ? *flags | apply->directive->arg : *flags & ~apply->directive->arg;
	return 0;
}
