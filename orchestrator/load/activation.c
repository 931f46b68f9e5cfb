/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lists of what starts a unit. Each owns its text; the options that a line points to are the owner's business. */
#include "activation.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "early/clock.h"
#include "early/strv.h"

#define DEFAULT_ACCURACY_US (60 * USEC_PER_SEC)
#define DEFAULT_TRIGGER_INTERVAL_US (2 * USEC_PER_SEC)
#define DEFAULT_TRIGGER_BURST 200

void activation_init(struct activation *activation)
{
	*activation = (struct activation){
		.socket = { .mode = 0666, .directory_mode = 0755 },
		.path = { .directory_mode = 0755,
			  .trigger_limit_interval_us = DEFAULT_TRIGGER_INTERVAL_US,
			  .trigger_limit_burst = DEFAULT_TRIGGER_BURST },
		.timer = { .accuracy_us = DEFAULT_ACCURACY_US },
	};
}

void activation_drop_sockets(struct activation *activation)
{
	for (size_t i = 0; i < activation->n_sockets; i++)
		free(activation->sockets[i].address);
	activation->n_sockets = 0;
}

void activation_drop_paths(struct activation *activation)
{
	for (size_t i = 0; i < activation->n_paths; i++)
		free(activation->paths[i].path);
	activation->n_paths = 0;
}

void activation_drop_timers(struct activation *activation)
{
	for (size_t i = 0; i < activation->n_timers; i++)
		free(activation->timers[i].calendar);
	activation->n_timers = 0;
}

void activation_done(struct activation *activation)
{
	activation_drop_sockets(activation);
	activation_drop_paths(activation);
	activation_drop_timers(activation);
	free(activation->sockets);
	free(activation->paths);
	free(activation->timers);
	free(activation->socket.user);
	free(activation->socket.group);
	free(activation->socket.fd_name);
	strv_free(activation->socket.options);
	strv_free(activation->socket.symlinks);
	free(activation->unit);
}

int activation_add_socket(struct activation *activation, uint32_t kind, const char *address,
			  struct socket_options *options)
{
	struct socket_line *lines = reallocarray(activation->sockets, activation->n_sockets + 1,
						 sizeof(*lines));

	if (!lines)
		return -ENOMEM;
	activation->sockets = lines;
	lines[activation->n_sockets] = (struct socket_line){ kind, strdup(address), options };
	if (!lines[activation->n_sockets].address)
		return -ENOMEM;
	activation->n_sockets++;
	return 0;
}

int activation_add_path(struct activation *activation, uint32_t kind, const char *path,
			const struct path_options *options)
{
	struct path_line *lines = reallocarray(activation->paths, activation->n_paths + 1,
					       sizeof(*lines));

	if (!lines)
		return -ENOMEM;
	activation->paths = lines;
	lines[activation->n_paths] = (struct path_line){ kind, strdup(path), options };
	if (!lines[activation->n_paths].path)
		return -ENOMEM;
	activation->n_paths++;
	return 0;
}

int activation_add_timer(struct activation *activation, uint32_t kind, uint64_t span_us,
			 const char *calendar, const struct timer_options *options)
{
	struct timer_line *lines = reallocarray(activation->timers, activation->n_timers + 1,
						sizeof(*lines));
	struct timer_line line = { kind, span_us, calendar ? strdup(calendar) : NULL, options };

	if (lines)
		activation->timers = lines;
	if (!lines || (calendar && !line.calendar)) {
		free(line.calendar);
		return -ENOMEM;
	}
	lines[activation->n_timers++] = line;
	return 0;
}

int activation_take(struct activation *activation, const struct activation *from)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < from->n_sockets; i++)
		r = activation_add_socket(activation, from->sockets[i].kind,
					  from->sockets[i].address, from->sockets[i].options);
	for (size_t i = 0; r == 0 && i < from->n_paths; i++)
		r = activation_add_path(activation, from->paths[i].kind, from->paths[i].path,
					from->paths[i].options);
	for (size_t i = 0; r == 0 && i < from->n_timers; i++)
		r = activation_add_timer(activation, from->timers[i].kind, from->timers[i].span_us,
					 from->timers[i].calendar, from->timers[i].options);
	return r;
}

bool activation_is_there(const struct activation *activation)
{
	return activation->n_sockets > 0 || activation->n_paths > 0 || activation->n_timers > 0;
}
