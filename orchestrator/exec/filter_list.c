/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A list that allows answers ENOSYS to calls that it does not know: a program then falls back, as it does on an older kernel, instead of
 * being killed for being new.
 *
 * On 32-bit x86 and s390 sockets and System V's IPC are calls of their own, and socketcall(2) and ipc(2) by their first argument. What a list
 * does not allow of these is forbidden both ways by a filter that libseccomp makes.
 */
#include "filter_list.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "early/syscall_groups.h"
#include "filter_program.h"
#include "filters.h"

void filter_list_done(struct filter_list *list)
{
	syscall_list_done(&list->syscalls);
}

int filter_list_read(const struct wire_list *settings, const char *key, uint32_t action,
		     struct filter_list *ret_list)
{
	bool logs = strcmp(key, "SystemCallLog") == 0;
	int r = syscall_list_read(settings, key, &ret_list->syscalls);

	if (r < 0)
		return r;
	if (logs != ret_list->syscalls.allows) { /* "~" of what is logged, or what is allowed */
		ret_list->member_action = SECCOMP_RET_ALLOW;
		ret_list->known_action = action;
		ret_list->unknown_action = logs ? action : SECCOMP_RET_ERRNO | ENOSYS;
	} else {
		ret_list->member_action = action;
		ret_list->known_action = SECCOMP_RET_ALLOW;
		ret_list->unknown_action = SECCOMP_RET_ALLOW;
	}
	return 0;
}

/* --- numbers --- */

/* The calls that hide behind others, with their own numbers on x86 and s390. */
static const struct {
	const char *name;
	int number;
} hidden_calls[] = {
	{ "socket", 359 },      { "socketpair", 360 }, { "bind", 361 },
	{ "connect", 362 },     { "listen", 363 },     { "accept4", 364 },
	{ "getsockopt", 365 },  { "setsockopt", 366 }, { "getsockname", 367 },
	{ "getpeername", 368 }, { "sendto", 369 },     { "sendmsg", 370 },
	{ "recvfrom", 371 },    { "recvmsg", 372 },    { "shutdown", 373 },
	{ "accept", -1 },       { "send", -1 },        { "recv", -1 },
	{ "semget", 393 },      { "semctl", 394 },     { "shmget", 395 },
	{ "shmctl", 396 },      { "shmat", 397 },      { "shmdt", 398 },
	{ "msgget", 399 },      { "msgsnd", 400 },     { "msgrcv", 401 },
	{ "msgctl", 402 },      { "semop", -1 },
};

static bool hides_calls(uint32_t arch)
{
	return arch == SCMP_ARCH_X86 || arch == SCMP_ARCH_S390 || arch == SCMP_ARCH_S390X;
}

/* Negative for a call that the architecture does not have. */
static int number_of(uint32_t arch, const char *name)
{
	int number = seccomp_syscall_resolve_name_arch(arch, name);

	for (size_t i = 0; number < 0 && hides_calls(arch) && i < ARRAY_SIZE(hidden_calls); i++)
		if (strcmp(hidden_calls[i].name, name) == 0)
			return hidden_calls[i].number;
	return number;
}

static uint32_t action_of(const struct filter_list *list, const struct syscall_entry *entry)
{
	if (!entry)
		return list->known_action;
	if (entry->error == SYSCALL_DEFAULT)
		return list->member_action;
	return entry->error == SYSCALL_KILL ? SECCOMP_RET_KILL_PROCESS
					    : SECCOMP_RET_ERRNO | (uint32_t)entry->error;
}

/* --- the program --- */

struct calls {
	struct filter_call *items;
	size_t n_items;
};

static void add_call(struct calls *calls, uint32_t arch, const char *name, size_t len,
		     uint32_t action)
{
	char text[64];
	int number;

	if (len >= sizeof(text))
		return;
	memcpy(text, name, len);
	text[len] = '\0';
	number = number_of(arch, text);
	if (number >= 0)
		calls->items[calls->n_items++] = (struct filter_call){ (uint32_t)number, action };
}

static size_t count_words(const char *words)
{
	size_t len;
	size_t n = 0;

	while (syscall_group_next(&words, &len))
		n++;
	return n;
}

static void add_calls(struct calls *calls, const struct filter_list *list, uint32_t arch)
{
	const char *known = syscall_group_members("@known");
	const char *name;
	size_t len;

	for (size_t i = 0; i < list->syscalls.n_entries; i++) {
		const struct syscall_entry *entry = &list->syscalls.entries[i];

		add_call(calls, arch, entry->name, entry->len, action_of(list, entry));
	}
	while (list->known_action != list->unknown_action &&
	       (name = syscall_group_next(&known, &len)))
		if (!syscall_list_find(&list->syscalls, name, len))
			add_call(calls, arch, name, len, list->known_action);
}

/* x32 is x86-64's architecture with numbers of its own: the two are one part of the program. */
static int add_architecture(struct filter_program *program, const struct filter_list *list,
			    uint32_t arch, const uint32_t *architectures, size_t n_architectures)
{
	size_t max = list->syscalls.n_entries + count_words(syscall_group_members("@known"));
	struct calls calls = { calloc(2 * max, sizeof(struct filter_call)), 0 };

	if (!calls.items)
		return -ENOMEM;
	add_calls(&calls, list, arch);
	for (size_t i = 0; arch == SCMP_ARCH_X86_64 && i < n_architectures; i++)
		if (architectures[i] == SCMP_ARCH_X32)
			add_calls(&calls, list, SCMP_ARCH_X32);
	filter_program_add(program, arch, calls.items, calls.n_items, list->unknown_action);
	free(calls.items);
	return program->error;
}

static int load_program(const struct filter_program *program)
{
	struct sock_fprog order = { (unsigned short)program->len, program->code };

	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &order) < 0 ? -errno : 0;
}

/* --- what hides --- */

static int load_hidden(const struct filter_list *list, uint32_t arch)
{
	filters_context context = NULL;
	bool any = false;
	int r = filters_begin(arch, &context);

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(hidden_calls); i++) {
		const char *name = hidden_calls[i].name;
		uint32_t action = action_of(list,
					    syscall_list_find(&list->syscalls, name, strlen(name)));

		if (action == SECCOMP_RET_ALLOW)
			continue;
		r = seccomp_rule_add(context, action, seccomp_syscall_resolve_name(name), 0);
		r = r == -EDOM || r == -EEXIST ? 0 : r;
		any = true;
	}
	if (r == 0 && any)
		r = seccomp_load(context);
	if (context)
		seccomp_release(context);
	return r;
}

int filter_list_load(const struct filter_list *list, const uint32_t *architectures,
		     size_t n_architectures)
{
	struct filter_program program CLEANUP_FILTER_PROGRAM = { 0 };
	int r = 0;

	for (size_t i = 0; r == 0 && i < n_architectures; i++) {
		if (hides_calls(architectures[i]))
			r = load_hidden(list, architectures[i]);
		if (r == 0 && architectures[i] != SCMP_ARCH_X32)
			r = add_architecture(&program, list, architectures[i], architectures,
					     n_architectures);
	}
	if (r == 0)
		r = filter_program_finish(&program);
	return r < 0 ? r : load_program(&program);
}
