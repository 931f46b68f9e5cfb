/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "early/clock.h"
#include "early/fd.h"
#include "early/log.h"
#include "early/strv.h"

#include "early/nametable.h"
#include "manager_internal.h"
#include "spawn.h"
#include "table_read.h"

/*
 * early-load as a child. One runs at a time; what is asked for meanwhile is gathered for the next run, so that a burst of requests
 * costs two runs. Whatever it leaves in the memfd is read, also if it failed: table_read takes a whole table only.
 *
 * Each run reads again what its units require, and finds the same faults in it. A remark is told once, and once more after a
 * reload, which is every LOAD_ALL but the first: that one only completes what a boot has begun with Early's own manifests.
 */

void loader_init(struct loader *loader, struct manager *manager)
{
	list_init(&loader->waiting);
	list_init(&loader->running);
	loader->manager = manager;
	loader->fd = -1;
}

static void request_free(struct loader *loader, struct load_request *request)
{
	list_remove(&request->link);
	loader->n_requests--;
	strv_free(request->names);
	free(request);
}

static void drop_requests(struct loader *loader, struct list *list)
{
	struct load_request *request, *next;

	list_for_each_safe (request, next, list, link)
		request_free(loader, request);
}

void loader_done(struct loader *loader)
{
	loop_child_unwatch(&loader->child);
	loop_timer_stop(&loader->deadline);
	if (loader->pid > 0)
		(void)kill(loader->pid, SIGKILL); /* gone already is just as well */
	loader->pid = 0;
	loader->fd = fd_close(loader->fd);
	drop_requests(loader, &loader->waiting);
	drop_requests(loader, &loader->running);
	free(loader->told);
	loader->told = NULL;
}

/* --- reading --- */

static int take_definition(struct definition *definition, void *data)
{
	int r = manager_add_definition(data, definition);

	if (r < 0)
		log_warning_errno(r, "a unit of the table was not taken");
	return 0;
}

/* FNV-1a, with the end of each text. */
static uint64_t hash_text(uint64_t hash, const char *text)
{
	do {
		hash = (hash ^ (unsigned char)*text) * 0x100000001b3ULL;
	} while (*text++);
	return hash;
}

/* Remembers it; true if it was told before. Should two have one hash, one of them is not told: nothing hangs on it. */
static bool was_told(struct loader *loader, const struct table_diagnostic *diagnostic)
{
	uint64_t hash = 0xcbf29ce484222325ULL + diagnostic->line;

	hash = hash_text(hash, diagnostic->unit);
	hash = hash_text(hash, diagnostic->file);
	hash = hash_text(hash, diagnostic->directive);
	hash = hash_text(hash, diagnostic->text);
	if (!loader->told)
		loader->told = calloc(LOADER_MAX_TOLD, sizeof(*loader->told));
	if (!loader->told)
		return false; /* told once more is better than never */
	for (size_t i = 0; i < MIN(loader->n_told, (size_t)LOADER_MAX_TOLD); i++)
		if (loader->told[i] == hash)
			return true;
	loader->told[loader->n_told++ % LOADER_MAX_TOLD] = hash;
	return false;
}

static void take_diagnostic(const struct table_diagnostic *diagnostic, void *data)
{
	struct manager *manager = data;
	char line[16] = "";
	char text[1024];

	if (diagnostic->level > LOG_LEVEL_WARNING || was_told(&manager->loader, diagnostic))
		return;
	if (diagnostic->line > 0)
		(void)snprintf(line, sizeof(line), ":%u", diagnostic->line);
	(void)snprintf(text, sizeof(text), "%s%s: %s%s%s", diagnostic->file, line,
		       diagnostic->directive, diagnostic->directive[0] ? ": " : "",
		       diagnostic->text);
	log_warning("%s%s%s", diagnostic->unit, diagnostic->unit[0] ? ": " : "", text);
	if (definition_name_is_valid(diagnostic->unit))
		MANAGER_TELL(manager, remark, diagnostic->unit, text);
}

/* Before the table of a run is read. */
static void forget_told(struct loader *loader)
{
	struct load_request *request;
	bool all = false;

	list_for_each (request, &loader->running, link)
		all |= request->what == LOAD_ALL;
	if (all && loader->told_all)
		loader->n_told = 0;
	loader->told_all |= all;
}

int manager_read_table(struct manager *manager, int fd)
{
	const struct table_read_sink sink = { take_definition, take_diagnostic, manager };

	return table_read_fd(fd, &sink);
}

/* --- the end of a run --- */

static int start_run(struct loader *loader);

static void answer(struct loader *loader, int error)
{
	struct load_request *request, *next;
	struct list answered = LIST_INIT(answered);

	/* A callback may start the next run, which is then `running`. */
	list_for_each_safe (request, next, &loader->running, link) {
		list_remove(&request->link);
		list_append(&answered, &request->link);
	}
	while ((request = list_first(&answered, struct load_request, link))) {
		manager_loaded_fn fn = request->fn;
		void *data = request->data;

		request_free(loader, request);
		if (fn)
			fn(loader->manager, error, data);
	}
}

/* What early-load was asked for and did not even name is nowhere. */
static void note_unanswered(struct loader *loader)
{
	struct load_request *request;

	list_for_each (request, &loader->running, link)
		for (char **name = request->names; name && *name; name++)
			if (!manager_find(loader->manager, *name) &&
			    !strv_contains(loader->manager->not_found, *name) &&
			    strv_length(loader->manager->not_found) < MANAGER_MAX_NOT_FOUND)
				(void)strv_append(&loader->manager->not_found,
						  *name); /* then it is asked for again */
}

static void start_next(struct loader *loader)
{
	while (loader->pid == 0 && !loader->held && !list_empty(&loader->waiting)) {
		int r = start_run(loader);

		if (r < 0) {
			log_warning_errno(r, "cannot run early-load");
			answer(loader, r);
		}
	}
}

static void end_run(struct loader *loader, int error)
{
	int r;

	loader->pid = 0;
	loop_timer_stop(&loader->deadline);
	(void)fd_seal(loader->fd); /* it did so itself, if it came to an end */
	forget_told(loader);
	r = manager_read_table(loader->manager, loader->fd);
	loader->fd = fd_close(loader->fd);
	if (r < 0)
		log_warning_errno(r, "early-load left no good table");
	if (error == 0)
		error = r;
	if (error == 0)
		note_unanswered(loader);
	answer(loader, error);
	start_next(loader);
}

static void handle_exit(struct loop_child *child, const siginfo_t *info)
{
	struct loader *loader = container_of(child, struct loader, child);
	bool good = info->si_code == CLD_EXITED && info->si_status == 0;

	if (!good && !loader->timed_out)
		log_warning("early-load ended by %s %d",
			    info->si_code == CLD_EXITED ? "exit status" : "signal",
			    info->si_status);
	end_run(loader, loader->timed_out ? -ETIME : 0);
}

static void handle_deadline(struct loop_timer *timer)
{
	struct loader *loader = container_of(timer, struct loader, deadline);

	/* It may hang in a disk's file system where even SIGKILL waits: do not wait for it. */
	log_warning("early-load took too long");
	loader->timed_out = true;
	loop_child_unwatch(&loader->child);
	(void)kill(loader->pid, SIGKILL); /* gone already is just as well */
	end_run(loader, -ETIME);
}

/* --- a run --- */

/* What early-load is to be executed with: options, and names, each once. All texts are somebody else's. */
struct command_line {
	char **argv;
	size_t n;
	struct nametable seen;
};

static void command_line_done(struct command_line *line)
{
	nametable_clear(&line->seen);
	free(line->argv);
}

static int add_name(struct command_line *line, char *name)
{
	int r;

	if (nametable_find(&line->seen, name))
		return 0;
	r = nametable_add(&line->seen, name, name);
	if (r == 0)
		line->argv[line->n++] = name;
	return r;
}

static int add_asked(const struct loader *loader, struct command_line *line)
{
	struct load_request *request;
	int r = 0;

	list_for_each (request, &loader->running, link)
		for (char **name = request->names; name && *name && r == 0; name++)
			r = add_name(line, *name);
	return r;
}

/* Of a manifest that was taken away nobody else speaks: a reload asks for all that is known, by name. */
static int add_known(const struct loader *loader, struct command_line *line)
{
	struct service *service;
	int r = 0;

	list_for_each (service, &loader->manager->services, link)
		if (r == 0)
			r = add_name(line, (char *)service->name);
	return r;
}

/* What the running requests ask for beside names; true if all. */
static bool asks_for_all(const struct loader *loader, bool *ret_flag)
{
	bool all = false, manifests = false, named = false;
	struct load_request *request;

	list_for_each (request, &loader->running, link) {
		all |= request->what == LOAD_ALL;
		manifests |= request->what == LOAD_MANIFESTS;
		named |= request->what == LOAD_NAMES;
	}
	/* Early's own manifests are what early-load reads without a word; with names as well only --all covers both. */
	*ret_flag = all || (manifests && named);
	return all;
}

static size_t most_words(const struct loader *loader, char *const *options)
{
	size_t n = strv_length(options) + loader->manager->n_services + 4;
	struct load_request *request;

	list_for_each (request, &loader->running, link)
		n += strv_length(request->names);
	return n;
}

static int make_line(const struct loader *loader, char *const *options, struct command_line *line)
{
	bool flag, all = asks_for_all(loader, &flag);
	int r;

	line->argv = calloc(most_words(loader, options), sizeof(char *));
	if (!line->argv)
		return -ENOMEM;
	line->argv[line->n++] = (char *)"early-load";
	for (; options && *options; options++)
		line->argv[line->n++] = *options;
	if (flag)
		line->argv[line->n++] = (char *)"--all";
	line->argv[line->n++] = (char *)"--"; /* a unit may be called "-.slice" */
	r = add_asked(loader, line);
	return r == 0 && all ? add_known(loader, line) : r;
}

static int make_options(const struct loader *loader, char ***ret)
{
	int r = 0;

	for (char **dir = loader->manager->service_dirs; dir && *dir && r == 0; dir++)
		r = strv_appendf(ret, "--services=%s", *dir);
	if (r == 0 && loader->manager->options.cmdline)
		r = strv_appendf(ret, "--cmdline=%s", loader->manager->options.cmdline);
	return r;
}

static int spawn_load(struct loader *loader)
{
	char *envp[] = { (char *)"PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL };
	char **options CLEANUP_STRV = NULL;
	struct command_line line CLEANUP(command_line_done) = { 0 };
	struct spawn what = {
		.program = loader->manager->load_path,
		.envp = envp,
		.output_fd = -1,
		.status_fd = -1,
		.place_fd = -1,
		.n_fds = 1,
		.fds = &loader->fd,
	};
	int r;

	r = make_options(loader, &options);
	if (r == 0)
		r = make_line(loader, options, &line);
	if (r < 0)
		return r;
	what.argv = line.argv;
	return spawn(&what, &loader->pid);
}

static int start_run(struct loader *loader)
{
	struct load_request *request, *next;
	int r;

	list_for_each_safe (request, next, &loader->waiting, link) {
		list_remove(&request->link);
		list_append(&loader->running, &request->link);
	}
	loader->timed_out = false;
	r = fd_new_memfd("early-table", &loader->fd);
	if (r == 0)
		r = spawn_load(loader);
	if (r == 0)
		r = loop_child_watch(loader->manager->loop, &loader->child, loader->pid,
				     handle_exit);
	if (r < 0) {
		loader->fd = fd_close(loader->fd);
		loader->pid = 0;
		return r;
	}
	(void)loop_timer_start(loader->manager->loop, &loader->deadline,
			       clock_monotonic_us() + MANAGER_LOAD_DEADLINE_US,
			       handle_deadline); /* without it a hang is not noticed */
	return 0;
}

static int copy_names(char *const *names, char ***ret)
{
	int r = 0;

	*ret = NULL;
	for (; names && *names && r == 0; names++)
		r = strv_append(ret, *names);
	return r;
}

static int load(struct manager *manager, enum load_what what, char *const *names,
		manager_loaded_fn fn, void *data)
{
	struct loader *loader = &manager->loader;
	struct load_request *request;
	int r;

	if (loader->n_requests >= MANAGER_MAX_LOAD_REQUESTS)
		return -EAGAIN;
	request = calloc(1, sizeof(*request));
	if (!request)
		return -ENOMEM;
	request->what = what;
	request->fn = fn;
	request->data = data;
	list_append(&loader->waiting, &request->link);
	loader->n_requests++;
	r = copy_names(names, &request->names);
	if (r < 0) {
		request_free(loader, request);
		return r;
	}
	if (what == LOAD_ALL) {
		/* A reload: what was not there may be there now. */
		strv_free(manager->not_found);
		manager->not_found = NULL;
	}
	if (loader->pid > 0 || loader->held)
		return 0;
	r = start_run(loader);
	if (r < 0) {
		request_free(loader, request);
		answer(loader, r); /* those that waited, too: nobody else would tell them */
	}
	return r;
}

int manager_load(struct manager *manager, char *const *names, manager_loaded_fn fn, void *data)
{
	return load(manager, names ? LOAD_NAMES : LOAD_ALL, names, fn, data);
}

int manager_load_manifests(struct manager *manager, manager_loaded_fn fn, void *data)
{
	return load(manager, LOAD_MANIFESTS, NULL, fn, data);
}

void manager_hold_loads(struct manager *manager, bool held)
{
	manager->loader.held = held;
	start_next(&manager->loader);
}
