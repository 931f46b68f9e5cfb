/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "diags.h"
#include "service.h"
#include "specifier.h"
#include "unit_file.h"

/* What may stand in a unit file. Every key that systemd 252 documents is here with what becomes of it. */

struct directive;

/* All that the handling of one line needs. */
struct apply {
	struct service *service;
	const struct specifiers *specifiers;
	struct diags *diags;
	const struct unit_line *line;
	const struct directive *directive;
	int root_fd; /* for programs without a path: where PATH is searched */
};

/* Takes @value over into the service; -EINVAL if it is no such value, -EALREADY if the remark was made already. */
typedef int (*directive_fn)(const struct apply *apply, const char *value);

enum directive_class {
	DIRECTIVE_HONOURED,
	DIRECTIVE_HARMLESS, /* its absence changes nothing that the service relies on; reason says why */
	DIRECTIVE_REFUSED, /* known, but not done: reason. With a handler it is checked and told to PID 1 nevertheless */
};

/* Forms of the options of sockets. */
enum socket_option {
	SOCKET_OPTION_BOOL,
	SOCKET_OPTION_NUMBER,
	SOCKET_OPTION_SIZE,
	SOCKET_OPTION_SECONDS,
	SOCKET_OPTION_TEXT,
	SOCKET_OPTION_TOS,
	SOCKET_OPTION_IPV6_ONLY,
	SOCKET_OPTION_TIMESTAMPS,
};

struct directive {
	const char *section;
	const char *key;
	directive_fn fn; /* NULL: not honoured */
	size_t offset; /* within struct service */
	uint32_t arg; /* the handler's own */
	enum directive_class class;
	const char *reason;
};

/* Sections whose keys [Activate] takes: Socket, Path, Timer. */
bool directive_is_activation(const char *section);

const struct directive *directive_find(const char *section, const char *key);

/* Applies all lines of one unit. 0 or -ENOMEM: whatever is wrong with a line goes to the diags. */
int directives_apply(struct service *service, const struct unit_lines *lines,
		     const struct specifiers *specifiers, int root_fd, struct diags *diags);

/* --- handlers --- */
int apply_string(const struct apply *apply, const char *value);
int apply_path(const struct apply *apply, const char *value);
int apply_search_path(const struct apply *apply, const char *value);
int apply_words(const struct apply *apply, const char *value);
int apply_units(const struct apply *apply, const char *value);
int apply_slice(const struct apply *apply, const char *value);
int apply_flag(const struct apply *apply, const char *value); /* arg: enum table_flag */
int apply_flag_inverse(const struct apply *apply, const char *value);
int apply_span(const struct apply *apply, const char *value);
int apply_timeout_both(const struct apply *apply, const char *value);
int apply_u32(const struct apply *apply, const char *value);
int apply_mode(const struct apply *apply, const char *value);
int apply_umask(const struct apply *apply, const char *value);
int apply_nice(const struct apply *apply, const char *value);
int apply_oom_score(const struct apply *apply, const char *value);
int apply_signal(const struct apply *apply, const char *value);
int apply_type(const struct apply *apply, const char *value);
int apply_restart(const struct apply *apply, const char *value);
int apply_kill_mode(const struct apply *apply, const char *value);
int apply_no_action(const struct apply *apply, const char *value);
int apply_action(const struct apply *apply, const char *value);
int apply_exit_type(const struct apply *apply, const char *value);
int apply_restart_sec(const struct apply *apply, const char *value);
int apply_ready_fd(const struct apply *apply, const char *value);
int apply_restart_mode(const struct apply *apply, const char *value);
int apply_failure_mode(const struct apply *apply, const char *value);
int apply_stage(const struct apply *apply, const char *value);
int apply_give_up(const struct apply *apply, const char *value);
int apply_notify_access(const struct apply *apply, const char *value);
int apply_delegate(const struct apply *apply, const char *value);
int apply_resource(const struct apply *apply, const char *value); /* arg: enum resource */
int apply_quota(const struct apply *apply, const char *value);
int apply_device_allow(const struct apply *apply, const char *value);
int apply_device_policy(const struct apply *apply, const char *value);
int apply_addresses(const struct apply *apply, const char *value); /* arg: 1 allows */
int apply_oom_policy(const struct apply *apply, const char *value);
int apply_preserve(const struct apply *apply, const char *value);
int apply_condition(const struct apply *apply, const char *value);
int apply_environment(const struct apply *apply, const char *value);
int apply_environment_file(const struct apply *apply, const char *value);
int apply_limit(const struct apply *apply, const char *value);
int apply_capabilities(const struct apply *apply, const char *value);
int apply_stream(const struct apply *apply, const char *value);
int apply_exec(const struct apply *apply, const char *value); /* arg: enum table_phase */
int apply_listen(const struct apply *apply, const char *value); /* arg: enum table_socket_kind */
int apply_accept(const struct apply *apply, const char *value);
int apply_socket_option(const struct apply *apply, const char *value); /* arg: enum socket_option */
int apply_only_no(const struct apply *apply, const char *value);
int apply_bool(const struct apply *apply, const char *value);
int apply_watched_path(const struct apply *apply,
		       const char *value); /* arg: enum table_path_kind */
int apply_timer(const struct apply *apply, const char *value); /* arg: enum table_timer_kind */
int apply_timer_change(const struct apply *apply, const char *value); /* the same */
int apply_timer_flag(const struct apply *apply, const char *value); /* arg: enum table_timer_flag */
int apply_socket_units(const struct apply *apply, const char *value);
int apply_checked_elsewhere(const struct apply *apply, const char *value); /* read by the loader */

/* Adds a remark about the line at hand; returns -EALREADY. */
int apply_refuse(const struct apply *apply, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Expands the specifiers of @text; the remark is made. */
int apply_expand(const struct apply *apply, const char *text, char **ret_text);
