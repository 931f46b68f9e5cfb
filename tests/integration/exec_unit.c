/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "exec_unit.h"

#include <err.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "early/fd.h"
#include "early/fs.h"
#include "early/macros.h"
#include "loader.h"
#include "writer.h"

#define MAX_PROGRAM_BYTES (256 * 1024 * 1024)

const char *exec_unit_program;
const char *exec_unit_probe;
const char *exec_unit_work = "/tmp";

/*
 * The programs are executed where /home, /root and /tmp are hidden or another user's, and the tree may lie beneath one of them: so they
 * are copied to where nothing is hidden, in a mount name space of the test's own.
 */
#define PROGRAMS "/mnt"

static char *copy_program(const char *path)
{
	CLEANUP(free_charp)
	char *content = NULL;
	char *copy = NULL;
	size_t len;
	int fd CLEANUP_FD
	= -1;

	if (asprintf(&copy, PROGRAMS "/%s", basename(path)) < 0)
		return NULL;
	fd = open(copy, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
	if (fd >= 0 && fs_read_file_at(AT_FDCWD, path, MAX_PROGRAM_BYTES, &content, &len) == 0 &&
	    fd_write_all(fd, content, len) == 0)
		return copy;
	free(copy);
	return NULL;
}

bool exec_unit_begin(int argc, char **argv)
{
	if (argc != 3) {
		fprintf(stderr, "%s EARLY-EXEC EXEC-PROBE\n", argv[0]);
		return false;
	}
	if (unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	    mount("tmpfs", PROGRAMS, "tmpfs", 0, "mode=0755") == 0) {
		exec_unit_program = copy_program(argv[1]);
		exec_unit_probe = copy_program(argv[2]);
	}
	if (!exec_unit_program || !exec_unit_probe)
		perror(argv[0]);
	return exec_unit_program && exec_unit_probe;
}

const struct table_service plain = {
	.name = "test.service",
	.umask = 0022,
	.runtime_directory_mode = 0755,
	.state_directory_mode = 0755,
};

struct wire_list words(const char *text, size_t len)
{
	return (struct wire_list){ text, (uint32_t)len };
}

/* --- the order --- */

static int make_order(const struct execs_context *context, const struct table_service *service,
		      const struct table_exec *exec)
{
	static char buf[WIRE_MAX_MESSAGE];
	int fd;
	int len = wire_pack(&execs_protocol, EXECS_CONTEXT, context, buf, sizeof(buf));

	len += wire_pack(&table_protocol, TABLE_SERVICE, service, buf + len,
			 sizeof(buf) - (size_t)len);
	len += wire_pack(&table_protocol, TABLE_EXEC, exec, buf + len, sizeof(buf) - (size_t)len);
	assert_int_equal(fd_new_memfd("order", &fd), 0);
	assert_int_equal(fd_write_all(fd, buf, (size_t)len), 0);
	assert_int_equal(fd_seal(fd), 0);
	return fd;
}

static void become_early_exec(int order_fd, int report_fd, int output_fd, int socket_fd)
{
	int fds[] = { order_fd, report_fd, socket_fd };

	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		fds[i] = fcntl(fds[i], F_DUPFD, 100);
	dup2(output_fd, STDOUT_FILENO);
	dup2(output_fd, STDERR_FILENO);
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		dup2(fds[i], (int)(3 + i));
	closefrom(6);
	execl(exec_unit_program, "early-exec", "test.service", (char *)NULL);
	_exit(99);
}

static size_t read_up(int fd, char *buf, size_t size)
{
	size_t len = 0;
	ssize_t n;

	while (len < size && (n = read(fd, buf + len, size - len)) > 0)
		len += (size_t)n;
	close(fd);
	return len;
}

static void take_report(struct outcome *outcome, size_t len)
{
	uint32_t size;
	void *value = &outcome->failed;
	size_t value_size = sizeof(outcome->failed);

	outcome->answer = 0;
	if (len == 0)
		return;
	assert_int_equal(wire_peek(outcome->report, len, &outcome->answer, &size), 0);
	if (outcome->answer == EXECS_SKIPPED) {
		value = &outcome->skipped;
		value_size = sizeof(outcome->skipped);
	}
	assert_int_equal(wire_unpack(&execs_protocol, outcome->report, len, outcome->answer, value,
				     value_size),
			 0);
}

void run_order(const struct table_service *service, const struct execs_context *context,
	       const struct table_exec *exec, struct outcome *outcome)
{
	int order_fd = make_order(context, service, exec);
	int socket_fd = socket(AF_UNIX, SOCK_STREAM, 0);
	int report[2], output[2], status;
	size_t len;
	pid_t pid;

	assert_true(socket_fd >= 0);
	assert_int_equal(pipe2(report, O_CLOEXEC), 0);
	assert_int_equal(pipe2(output, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		become_early_exec(order_fd, report[1], output[1], socket_fd);
	close(report[1]);
	close(output[1]);
	close(order_fd);
	close(socket_fd);
	len = read_up(report[0], outcome->report,
		      sizeof(outcome->report)); /* ends when the program runs */
	take_report(outcome, len);
	len = read_up(output[0], outcome->output, sizeof(outcome->output) - 1);
	outcome->output[len] = '\0';
	assert_int_equal(waitpid(pid, &status, 0), pid);
	outcome->code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

void run_script(const struct table_service *service, const char *script, struct outcome *outcome)
{
	char argv[4096];
	int len = snprintf(argv, sizeof(argv), "sh%c-c%c%s", 0, 0, script) + 1;
	struct execs_context context = { .cgroup = "" };
	struct table_exec exec = { TABLE_PHASE_START, 0, "/bin/sh", { argv, (uint32_t)len } };

	run_order(service, &context, &exec, outcome);
}

/* --- units --- */

static char *no_dirs[] = { NULL };
static char *unit_dirs[] = { (char *)"/units", NULL };

/* The table that early-load makes of @lines. Free the result's data. */
static struct strbuf load_unit(const char *lines)
{
	struct strbuf table = STRBUF_INIT;
	struct strbuf text = STRBUF_INIT;
	char root[64];
	struct loader loader;
	int root_fd;

	(void)snprintf(root, sizeof(root), "%s/exec-unit-XXXXXX", exec_unit_work);
	assert_non_null(mkdtemp(root));
	root_fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(root_fd >= 0);
	strbuf_printf(&text, "[Service]\nExecStart=/bin/true\n%s\nEnvironment=PROBE=%s\n", lines,
		      exec_unit_probe);
	assert_int_equal(mkdirat(root_fd, "units", 0755), 0);
	assert_int_equal(fs_replace_at(root_fd, "units/test.service", text.data, text.len, 0644),
			 0);
	assert_int_equal(loader_init(&loader, root_fd, no_dirs, unit_dirs), 0);
	assert_int_equal(loader_load(&loader, "test.service"), 0);
	for (size_t i = 0; i < loader.diags.n_items; i++)
		if (loader.diags.items[i].level <= DIAG_NOTE)
			fail_msg("line %u, %s: %s", loader.diags.items[i].line,
				 loader.diags.items[i].directive, loader.diags.items[i].text);
	assert_int_equal(writer_pack(&loader, false, &table), 0);
	loader_done(&loader);
	strbuf_done(&text);
	assert_int_equal(unlinkat(root_fd, "units/test.service", 0), 0);
	assert_int_equal(unlinkat(root_fd, "units", AT_REMOVEDIR), 0);
	close(root_fd);
	assert_int_equal(rmdir(root), 0);
	return table;
}

static void find_service(const struct strbuf *table, struct table_service *ret_service)
{
	size_t at = 0;
	uint16_t opcode;
	uint32_t len;

	while (wire_peek(table->data + at, table->len - at, &opcode, &len) == 0) {
		if (opcode == TABLE_SERVICE) {
			assert_int_equal(wire_unpack(&table_protocol, table->data + at, len, opcode,
						     ret_service, sizeof(*ret_service)),
					 0);
			return;
		}
		at += len;
	}
	fail_msg("there is no unit in the table");
}

static void run_loaded(const char *lines, const char *script, uint32_t flags,
		       const struct execs_context *context, struct outcome *outcome)
{
	struct strbuf table CLEANUP_STRBUF = load_unit(lines);
	struct table_service service;
	char argv[4096];
	int len = snprintf(argv, sizeof(argv), "sh%c-c%c%s", 0, 0, script) + 1;
	struct table_exec exec = { TABLE_PHASE_START, flags, "/bin/sh", { argv, (uint32_t)len } };

	find_service(&table, &service);
	run_order(&service, context, &exec, outcome);
}

static const struct execs_context no_context = { .cgroup = "" };

void run_unit(const char *lines, const char *script, const struct execs_context *context,
	      struct outcome *outcome)
{
	run_loaded(lines, script, 0, context ? context : &no_context, outcome);
}

void run_unit_with_flags(const char *lines, const char *script, uint32_t flags,
			 struct outcome *outcome)
{
	run_loaded(lines, script, flags, &no_context, outcome);
}

void clean_unit(const char *lines, struct outcome *outcome)
{
	struct strbuf table CLEANUP_STRBUF = load_unit(lines);
	struct table_service service;
	struct table_exec exec = { .phase = TABLE_PHASE_CLEAN };

	find_service(&table, &service);
	run_order(&service, &no_context, &exec, outcome);
}

/* --- apart --- */

void enter_empty_machine(void)
{
	static const char *const empty[] = { "/tmp",       "/run",  "/var/lib", "/var/tmp",
					     "/var/cache", "/home", "/root",    "/dev/shm" };

	assert_int_equal(unshare(CLONE_NEWNS), 0);
	assert_int_equal(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(empty); i++)
		assert_int_equal(mount("tmpfs", empty[i], "tmpfs", 0,
				       strstr(empty[i], "tmp") || strstr(empty[i], "shm")
					       ? "mode=1777"
					       : "mode=0755"),
				 0);
	assert_int_equal(mount(NULL, "/", NULL, MS_REC | MS_SHARED, NULL), 0);
}

void exec_unit_hide_the_others(void)
{
	static const char *const shared[] = { "/tmp", "/var/tmp", "/run" };

	for (size_t i = 0; i < ARRAY_SIZE(shared); i++)
		if (mount("tmpfs", shared[i], "tmpfs", 0,
			  strstr(shared[i], "tmp") ? "mode=1777" : "mode=0755") < 0)
			err(2, "%s", shared[i]);
}

void run_unit_apart(const char *lines, const char *script, const struct execs_context *context,
		    struct outcome *outcome)
{
	struct outcome *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
				      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status;
	pid_t pid;

	assert_true(shared != MAP_FAILED);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		enter_empty_machine();
		run_unit(lines, script, context, shared);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	*outcome = *shared;
	munmap(shared, sizeof(*shared));
	/* its texts are in its own report, whose address is another now */
	memset(&outcome->failed, 0, sizeof(outcome->failed));
	memset(&outcome->skipped, 0, sizeof(outcome->skipped));
}
