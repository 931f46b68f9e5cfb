/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "control.h"

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

#include "early/cause.h"
#include "early/channel.h"
#include "early/clock.h"
#include "early/fd.h"
#include "early/log.h"
#include "early/proc.h"
#include "early/proto/control.h"
#include "early/strbuf.h"

#include "control_answer.h"
#include "control_words.h"
#include "manager_internal.h"
#include "state_proto.h"

/*
 * The control socket
 *
 * A client is a channel, the peer's uid, and at most one request under way: a job whose end it awaits, or a unit that early-load is
 * asked for. Clients are found again by their serial number, never kept by pointer across a turn of the loop: they may hang up
 * at any time. What does not speak the protocol is cut off by the channel.
 *
 * No user but root can take all places: each has a few.
 */

#define PAUSE_US (100 * USEC_PER_MSEC)

struct control {
	struct manager *manager;
	struct loop_source source;
	struct manager_listener listener;
	struct list clients; /* client::link */
	size_t n_clients;
	uint32_t last_serial;
	int fd;
	int reserve_fd; /* -1: none could be had */
	struct loop_timer pause; /* nobody is let in */
	bool told; /* that there are no descriptors */
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
};

struct client {
	struct list link; /* control::clients */
	struct control *control;
	struct channel channel;
	uint32_t serial;
	uid_t uid;
	uint32_t pid; /* 0: of another name space */
	bool busy; /* a request is under way */
	uint32_t job; /* whose end it awaits; 0: none */
	uint32_t verb;
	char name[256];
};

static void client_free(struct client *client)
{
	channel_close(&client->channel);
	list_remove(&client->link);
	client->control->n_clients--;
	manager_wake(client->control->manager);
	free(client);
}

static struct client *find_client(struct control *control, uint32_t serial)
{
	struct client *client;

	list_for_each (client, &control->clients, link)
		if (client->serial == serial)
			return client;
	return NULL;
}

static void reply(struct client *client, int error, const char *text)
{
	client->busy = false;
	manager_wake(client->control->manager);
	client->job = 0;
	control_answer_done(&client->channel, error, text);
}

/* --- verbs --- */

static void run_job(struct client *client, enum manager_verb verb)
{
	struct strbuf why CLEANUP_STRBUF = STRBUF_INIT;
	char name[256];
	uint32_t job = 0;
	int r;

	proc_name(client->pid, name, sizeof(name));
	cause_of_process(&why, control_verb_word(verb), name[0] ? name : "earlyctl", client->pid,
			 client->uid);
	r = strbuf_error(&why);
	if (r == 0)
		r = manager_order(client->control->manager, verb, client->name, why.data, &job);
	if (r == -EALREADY || (r == 0 && job == 0))
		reply(client, 0, "");
	else if (r < 0)
		reply(client, r, control_explain(r));
	else
		client->job = job;
}

static bool is_known(const struct client *client)
{
	struct manager *manager = client->control->manager;
	const struct service *service = manager_find(manager, client->name);

	if (!service)
		return manager_find_scope(manager, client->name) != NULL;
	return service->definition->service.load_state != TABLE_LOAD_NOT_FOUND ||
	       !service_state_is_inactive(service->state);
}

static void handle_loaded_to_stop(struct manager *manager, int error, void *data)
{
	struct client *client = manager->control
					? find_client(manager->control, (uint32_t)(uintptr_t)data)
					: NULL;

	if (!client || !client->busy)
		return;
	if (!error && !is_known(client))
		error = -ENOENT;
	if (error < 0)
		reply(client, error, control_explain(error));
	else
		run_job(client, MANAGER_VERB_STOP);
}

/* What nobody has asked for yet does not run; but is it a unit at all? */
static void run_stop(struct client *client)
{
	char *names[] = { client->name, NULL };
	int r;

	if (is_known(client) || !definition_name_is_valid(client->name)) {
		run_job(client, MANAGER_VERB_STOP);
		return;
	}
	r = manager_load(client->control->manager, names, handle_loaded_to_stop,
			 (void *)(uintptr_t)client->serial);
	if (r < 0)
		reply(client, r, control_explain(r));
}

static void run_order(struct client *client)
{
	struct manager *manager = client->control->manager;
	const char *why = control_out_of_reach(client->name);

	if (why && !manager_find_scope(manager, client->name))
		reply(client, -EOPNOTSUPP, why);
	else if (client->verb == CONTROL_VERB_STOP)
		run_stop(client);
	else
		run_job(client, client->verb == CONTROL_VERB_START     ? MANAGER_VERB_START
				: client->verb == CONTROL_VERB_RESTART ? MANAGER_VERB_RESTART
								       : MANAGER_VERB_RELOAD);
}

/* Tells of one unit; false if it is not known. */
static bool tell_unit(struct client *client)
{
	struct manager *manager = client->control->manager;
	struct service *service = manager_find(manager, client->name);
	struct scope *scope = service ? NULL : manager_find_scope(manager, client->name);

	if (!service && !scope)
		return false;
	if (client->verb == CONTROL_VERB_WHY && service)
		control_answer_reasons(&client->channel, manager, service);
	else if (service)
		control_answer_service(&client->channel, manager, service, true);
	else
		control_answer_scope(&client->channel, manager, scope);
	reply(client, 0, "");
	return true;
}

/* Carries the client's number through the load. */
static void handle_loaded(struct manager *manager, int error, void *data)
{
	struct client *client = manager->control
					? find_client(manager->control, (uint32_t)(uintptr_t)data)
					: NULL;

	if (client && client->busy && !tell_unit(client))
		reply(client, error < 0 ? error : -ENOENT,
		      control_explain(error < 0 ? error : -ENOENT));
}

static void run_unit(struct client *client)
{
	char *names[] = { client->name, NULL };
	int r;

	if (tell_unit(client))
		return;
	if (!definition_name_is_valid(client->name)) {
		reply(client, -EINVAL, control_explain(-EINVAL));
		return;
	}
	/* It may lie on the disk and have been wanted by nobody yet. */
	r = client->uid == 0 ? manager_load(client->control->manager, names, handle_loaded,
					    (void *)(uintptr_t)client->serial)
			     : -ENOENT;
	if (r < 0)
		reply(client, r, control_explain(r));
}

static void run_status(struct client *client)
{
	if (client->name[0]) {
		run_unit(client);
		return;
	}
	control_answer_machine(&client->channel, client->control->manager);
	reply(client, 0, "");
}

static void run_list(struct client *client)
{
	control_answer_list(&client->channel, client->control->manager);
	reply(client, 0, "");
}

static void run_timeline(struct client *client)
{
	control_answer_timeline(&client->channel, client->control->manager);
	reply(client, 0, "");
}

static void handle_reloaded(struct manager *manager, int error, void *data)
{
	struct client *client = manager->control
					? find_client(manager->control, (uint32_t)(uintptr_t)data)
					: NULL;

	if (client && client->busy)
		reply(client, error, error < 0 ? "the manifests could not be read" : "");
}

static void run_daemon_reload(struct client *client)
{
	int r = manager_load(client->control->manager, NULL, handle_reloaded,
			     (void *)(uintptr_t)client->serial);

	if (r < 0)
		reply(client, r, control_explain(r));
}

static void run_verb(struct client *client)
{
	struct manager *manager = client->control->manager;
	int r = -EOPNOTSUPP;

	if (manager->options.verb)
		r = manager->options.verb(manager, client->verb, client->name,
					  manager->options.data);
	if (r != -EINPROGRESS)
		reply(client, r, r < 0 ? strerror(-r) : "");
}

void control_verb_done(struct control *control, uint32_t verb, int error, const char *text)
{
	struct client *client;

	list_for_each (client, &control->clients, link)
		if (client->busy && client->verb == verb)
			reply(client, error, text);
}

static const struct {
	bool for_all; /* others than root as well */
	bool needs_name;
	void (*run)(struct client *client);
} verbs[] = {
	[CONTROL_VERB_STATUS] = { true, false, run_status },
	[CONTROL_VERB_LIST] = { true, false, run_list },
	[CONTROL_VERB_START] = { false, true, run_order },
	[CONTROL_VERB_STOP] = { false, true, run_order },
	[CONTROL_VERB_RESTART] = { false, true, run_order },
	[CONTROL_VERB_RELOAD] = { false, true, run_order },
	[CONTROL_VERB_WHY] = { true, true, run_unit },
	[CONTROL_VERB_TIMELINE] = { true, false, run_timeline },
	[CONTROL_VERB_POWEROFF] = { false, false, run_verb },
	[CONTROL_VERB_REBOOT] = { false, false, run_verb },
	[CONTROL_VERB_HALT] = { false, false, run_verb },
	[CONTROL_VERB_DAEMON_REEXEC] = { false, false, run_verb },
	[CONTROL_VERB_DAEMON_RELOAD] = { false, false, run_daemon_reload },
	[CONTROL_VERB_RESCUE] = { false, false, run_verb },
	[CONTROL_VERB_MERGE] = { false, false, run_verb },
};

/* "ssh" is ssh.service. */
static int take_name(struct client *client, const char *name)
{
	const char *suffix = name[0] && !definition_name_is_valid(name) ? ".service" : "";

	if ((size_t)snprintf(client->name, sizeof(client->name), "%s%s", name, suffix) >=
	    sizeof(client->name))
		return -ENAMETOOLONG;
	return 0;
}

static void handle_request(struct client *client, const struct control_request *request)
{
	client->verb = request->verb;
	client->busy = true;
	manager_wake(client->control->manager);
	if (request->verb >= ARRAY_SIZE(verbs))
		reply(client, -EINVAL, "this early-init does not know that verb");
	else if (!verbs[request->verb].for_all && client->uid != 0)
		reply(client, -EACCES, "only root may do that");
	else if (verbs[request->verb].needs_name && !request->name[0])
		reply(client, -EINVAL, "which unit?");
	else if (take_name(client, request->name) < 0)
		reply(client, -EINVAL, control_explain(-EINVAL));
	else
		verbs[request->verb].run(client);
}

static void handle_message(struct channel *channel, struct channel_message *message)
{
	struct client *client = container_of(channel, struct client, channel);
	struct control_request request;

	/* Only one kind of message is a client's, and only one at a time. */
	if (message->opcode != CONTROL_REQUEST || client->busy ||
	    channel_unpack(channel, message, &request, sizeof(request)) < 0)
		client_free(client);
	else
		handle_request(client, &request);
}

static void handle_close(struct channel *channel, int error)
{
	client_free(container_of(channel, struct client, channel));
}

static void handle_job_done(struct manager_listener *listener, uint32_t job, const char *unit,
			    const char *result)
{
	struct control *control = container_of(listener, struct control, listener);
	bool good = strcmp(result, "done") == 0 || strcmp(result, "skipped") == 0;
	struct client *client, *next;
	int error;
	const char *why = manager_job_failure(control->manager, &error);
	char text[800];

	snprintf(text, sizeof(text), "%s: %s%s%s", unit, error < 0 ? why : result,
		 error < 0 || !why[0] ? "" : ": ", error < 0 ? "" : why);
	if (error == 0)
		error = -EIO;
	list_for_each_safe (client, next, &control->clients, link)
		if (client->job == job && client->busy)
			reply(client, good ? 0 : error, good ? "" : text);
}

/* --- an exec --- */

static struct client *add_client(struct control *control, int fd, const struct ucred *ucred);

void control_each_client(const struct control *control,
			 void (*fn)(const struct state_client *client, void *data), void *data)
{
	struct client *client;

	if (!control)
		return;
	list_for_each (client, &control->clients, link) {
		const struct state_client message = {
			.fd = state_fd(client->channel.fd),
			.flags = (client->busy ? STATE_CLIENT_BUSY : 0) |
				 (client->channel.queued_bytes > 0 ? STATE_CLIENT_BEHIND : 0),
			.verb = client->verb,
			.job = client->job,
			.name = client->name,
		};

		fn(&message, data);
	}
}

void control_adopt_client(struct control *control, const struct state_client *message, bool crashed)
{
	bool busy = message->flags & STATE_CLIENT_BUSY;
	struct ucred ucred;
	socklen_t len = sizeof(ucred);
	struct client *client;
	int fd = state_fd_take(message->fd);

	if (fd < 0)
		return;
	if ((message->flags & STATE_CLIENT_BEHIND) || (crashed && !busy) ||
	    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &ucred, &len) < 0) {
		fd_close(fd);
		return;
	}
	client = add_client(control, fd, &ucred);
	if (!client || !busy)
		return;
	client->busy = true;
	client->verb = message->verb;
	client->job = message->job;
	(void)snprintf(client->name, sizeof(client->name), "%s", message->name);
	if (client->job == 0 || !manager_has_job(control->manager, client->job))
		reply(client, -EAGAIN, "early-init was executed anew meanwhile; ask again");
}

/* --- clients come --- */

static bool has_room(const struct control *control, uid_t uid)
{
	const struct client *client;
	size_t n_own = 0;

	if (control->n_clients >= CONTROL_MAX_CLIENTS)
		return false;
	list_for_each (client, &control->clients, link)
		n_own += client->uid == uid;
	return uid == 0 || (n_own < CONTROL_MAX_CLIENTS_OF_A_USER &&
			    control->n_clients < CONTROL_MAX_CLIENTS / 2);
}

/* Takes @fd over; NULL: no memory. */
static struct client *add_client(struct control *control, int fd, const struct ucred *ucred)
{
	struct client *client = calloc(1, sizeof(*client));

	if (!client) {
		fd_close(fd);
		return NULL;
	}
	client->control = control;
	client->uid = ucred->uid;
	client->pid = (uint32_t)ucred->pid;
	client->serial = ++control->last_serial;
	list_append(&control->clients, &client->link);
	control->n_clients++;
	client->channel.fd = -1;
	if (channel_init(&client->channel, control->manager->loop, fd, &control_protocol,
			 handle_message, handle_close, client) < 0) {
		client_free(client);
		return NULL;
	}
	manager_wake(control->manager);
	return client;
}

static void greet(struct control *control, int fd)
{
	struct ucred ucred;
	socklen_t len = sizeof(ucred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &ucred, &len) < 0 ||
	    !has_room(control, ucred.uid))
		fd_close(fd);
	else
		(void)add_client(control, fd, &ucred); /* no memory: hung up on */
}

static void handle_pause_end(struct loop_timer *timer)
{
	struct control *control = container_of(timer, struct control, pause);

	(void)loop_modify(&control->source, EPOLLIN); /* it is in the loop */
}

/* The reserve takes one that there is no descriptor for, so that it hears of it; without it all of them wait for a while. */
static void turn_away(struct control *control)
{
	int fd;

	control->reserve_fd = fd_close(control->reserve_fd);
	fd = accept4(control->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd >= 0) {
		if (!control->told)
			log_warning("no descriptor is left: clients of the control socket are "
				    "turned away");
		control->told = true;
		fd_close(fd);
	}
	control->reserve_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (fd < 0 && loop_timer_start(control->manager->loop, &control->pause,
				       clock_monotonic_us() + PAUSE_US, handle_pause_end) == 0)
		(void)loop_modify(&control->source, 0); /* it is in the loop */
}

static void handle_connection(struct loop_source *source, uint32_t events)
{
	struct control *control = container_of(source, struct control, source);
	int fd = accept4(control->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS))
		turn_away(control);
	/* Gone again: the next turn tries the next one. */
	if (fd >= 0)
		greet(control, fd);
}

static int bind_socket(const char *path, int *ret_fd)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd CLEANUP_FD
	= -1;

	if (strlen(path) >= sizeof(addr.sun_path))
		return -ENAMETOOLONG;
	strcpy(addr.sun_path, path);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	(void)unlink(path); /* what a killed predecessor left, or nothing */
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0)
		return -errno;
	if (chmod(path, 0666) < 0 || listen(fd, SOMAXCONN) < 0)
		return -errno;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

int control_new_from_fd(struct control **ret, struct manager *manager, int fd)
{
	struct control *control = calloc(1, sizeof(*control));
	int r;

	if (!control) {
		fd_close(fd);
		return -ENOMEM;
	}
	control->manager = manager;
	control->fd = fd;
	control->reserve_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	list_init(&control->clients);
	snprintf(control->path, sizeof(control->path), "%s/control", manager->run_dir);
	control->listener.job_done = handle_job_done;
	manager_listen(manager, &control->listener);
	r = fd_set_cloexec(fd, true);
	if (r == 0)
		r = loop_add(manager->loop, &control->source, fd, EPOLLIN, handle_connection);
	if (r < 0) {
		control_free(control);
		return r;
	}
	*ret = control;
	return 0;
}

int control_new(struct control **ret, struct manager *manager)
{
	char path[512];
	int fd = -1, r;

	if ((size_t)snprintf(path, sizeof(path), "%s/control", manager->run_dir) >= sizeof(path))
		return -ENAMETOOLONG;
	r = bind_socket(path, &fd);
	if (r < 0)
		return r;
	return control_new_from_fd(ret, manager, fd);
}

int control_fd(const struct control *control)
{
	return control ? control->fd : -1;
}

struct control *control_free(struct control *control)
{
	struct client *client, *next;

	if (!control)
		return NULL;
	list_for_each_safe (client, next, &control->clients, link)
		client_free(client);
	manager_unlisten(&control->listener);
	loop_remove(&control->source);
	loop_timer_stop(&control->pause);
	fd_close(control->reserve_fd);
	fd_close(control->fd);
	free(control);
	return NULL;
}
