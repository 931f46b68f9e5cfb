/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* early-load: reads manifests and units, writes the table for PID 1 to descriptor 3. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "dump.h"
#include "early/channel.h"
#include "early/fd.h"
#include "early/fs.h"
#include "early/log.h"
#include "early/opts.h"
#include "early/strv.h"
#include "host.h"
#include "loader.h"
#include "locale.h"
#include "manifest.h"
#include "masks.h"
#include "seats.h"
#include "writer.h"

#define CMDLINE_MAX_BYTES 65536

struct settings {
	char **services;
	const char *root;
	const char *cmdline;
	bool all;
	bool dump;
	bool notes;
	bool manifest;
	bool help;
};

static char *default_early_dirs[] = { (char *)"/etc/early/services.d",
				      (char *)"/run/early/services.d", (char *)EARLY_MANIFESTDIR,
				      NULL };
static char *default_stock_dirs[] = { (char *)"/etc/systemd/system", (char *)"/run/systemd/system",
				      (char *)"/lib/systemd/system", NULL };

static int set_services(void *target, const char *value)
{
	struct settings *settings = target;
	char *path = realpath(value, NULL);

	if (!path)
		return log_errno(-errno, "cannot use --services %s", value);
	return strv_consume(&settings->services, path);
}

static int set_root(void *target, const char *value)
{
	((struct settings *)target)->root = value;
	return 0;
}

static int set_cmdline(void *target, const char *value)
{
	((struct settings *)target)->cmdline = value;
	return 0;
}

static int set_all(void *target, const char *value)
{
	((struct settings *)target)->all = true;
	return 0;
}

static int set_dump(void *target, const char *value)
{
	((struct settings *)target)->dump = true;
	((struct settings *)target)->notes = true;
	return 0;
}

static int set_notes(void *target, const char *value)
{
	((struct settings *)target)->notes = true;
	return 0;
}

static int set_manifest(void *target, const char *value)
{
	((struct settings *)target)->manifest = true;
	return 0;
}

static int set_help(void *target, const char *value)
{
	((struct settings *)target)->help = true;
	return 0;
}

static const struct opt options[] = {
	{ 0, "services", "DIR", "read manifests from DIR only; may be repeated", set_services },
	{ 0, "root", "DIR", "read the units of the system below DIR", set_root },
	{ 0, "cmdline", "FILE", "mask what this kernel command line masks", set_cmdline },
	{ 0, "all", NULL, "also all of the distribution's units", set_all },
	{ 0, "dump", NULL, "print the table as text, with all remarks", set_dump },
	{ 0, "notes", NULL, "put remarks about every directive into the table", set_notes },
	{ 0, "manifest", NULL, "print one manifest that holds what the units NAME say",
	  set_manifest },
	{ 'h', "help", NULL, "this help", set_help },
};

/* An operand with a slash is a file. */
static int load_operand(struct loader *loader, const char *operand)
{
	char *path CLEANUP(free_charp)
	= NULL;
	struct stat st;
	int r;

	if (!strchr(operand, '/')) {
		r = loader_load(loader, operand);
		return r < 0 ? log_errno(r, "cannot load %s", operand) : 0;
	}
	path = realpath(operand, NULL);
	if (!path || stat(path, &st) < 0)
		return log_errno(-errno, "cannot read %s", operand);
	if (S_ISDIR(st.st_mode)) {
		log_error("%s is a directory: name the files in it", operand);
		return -EISDIR;
	}
	r = loader_load_file(loader, path, strcmp(path, "/dev/null") == 0 ? operand : path);
	return r < 0 ? log_errno(r, "cannot load %s", operand) : 0;
}

static int load_units(struct loader *loader, const struct settings *settings, int n,
		      char **operands)
{
	int r = 0;

	for (int i = 0; i < n; i++) {
		r = load_operand(loader, operands[i]);
		if (r < 0)
			return r;
	}
	if ((n == 0 || settings->all))
		r = loader_load_family(loader, settings->all ? UNIT_FAMILY_ANY : UNIT_FAMILY_EARLY);
	if (r == 0 && (n == 0 || settings->all))
		r = seats_settle(loader);
	if (r == 0 && settings->all)
		r = loader_mark_enabled(loader);
	if (r == 0 && !(settings->notes && n > 0))
		r = loader_close(loader);
	return r < 0 ? log_errno(r, "cannot load the units") : 0;
}

static int read_masks(const char *path, char ***ret_names)
{
	char *text CLEANUP(free_charp)
	= NULL;
	int r = fs_read_file_at(AT_FDCWD, path, CMDLINE_MAX_BYTES, &text, NULL);

	return r < 0 ? r : masks_parse(text, ret_names);
}

static int init_loader(struct loader *loader, const struct settings *settings, int root_fd)
{
	int r = loader_init(loader, root_fd,
			    settings->services ? settings->services : default_early_dirs,
			    settings->services ? NULL : default_stock_dirs);

	if (r < 0 || !settings->cmdline)
		return r;
	r = read_masks(settings->cmdline, &loader->index.masked);
	/* A machine whose words cannot be read boots all the same. */
	if (r < 0)
		log_warning_errno(r, "%s cannot be read: nothing is masked by it",
				  settings->cmdline);
	return 0;
}

static int check_units_order(struct loader *loader, const struct settings *settings, int n,
			     char **operands)
{
	struct loader probe = { .index.root_fd = -1 };
	int r;

	if (n == 0)
		return check_order(loader);
	r = init_loader(&probe, settings, loader->index.root_fd);
	probe.host = loader->host;
	for (int i = 0; i < n && r == 0; i++)
		r = load_operand(&probe, operands[i]);
	if (r == 0)
		r = check_order_around(loader, &probe);
	loader_done(&probe);
	return r;
}

static int write_table(const struct loader *loader, const struct settings *settings)
{
	struct strbuf table CLEANUP_STRBUF = STRBUF_INIT;
	int r = writer_pack(loader, settings->notes, &table);

	if (r < 0)
		return log_errno(r, "cannot make the table");
	if (settings->dump) {
		r = dump_table(stdout, table.data, table.len);
		return r < 0 ? log_errno(r, "cannot print the table") : 0;
	}
	r = fd_write_all(CHANNEL_HELPER_FD, table.data, table.len);
	if (r == 0)
		r = fd_seal(CHANNEL_HELPER_FD);
	if (r < 0)
		return log_errno(r,
				 "cannot write the table to descriptor %d: it must be a memfd that "
				 "can be sealed (or use --dump)",
				 CHANNEL_HELPER_FD);
	return 0;
}

/* Units without commands have no use for it. */
static int add_locale(struct loader *loader)
{
	char **variables CLEANUP_STRV = NULL;
	int r = locale_read(loader->index.root_fd, &variables);

	for (size_t i = 0; r == 0 && i < loader->n_services; i++)
		if (loader->services[i]->n_execs > 0)
			r = locale_add(variables, &loader->services[i]->environment);
	return r < 0 ? log_errno(r, "cannot take the machine's locale over") : 0;
}

static int load_and_write(struct loader *loader, const struct settings *settings, int n,
			  char **operands)
{
	int r = load_units(loader, settings, n, operands);

	if (r == 0 && loader->checks) {
		r = check_units_order(loader, settings, n, operands);
		if (r < 0)
			return log_errno(r, "cannot check the order of the units");
	}
	if (r == 0)
		r = add_locale(loader);
	return r < 0 ? r : write_table(loader, settings);
}

/* The first line is the manifest's name: a comment that the reader may take away. */
static int print_manifest(struct loader *loader, int n, char **units)
{
	struct strbuf text CLEANUP_STRBUF = STRBUF_INIT;
	char *name CLEANUP(free_charp)
	= NULL;
	int r = manifest_write(loader, units, (size_t)n, &text, &name);

	if (r == 0 && (printf("# %s\n%s", name, text.data) < 0 || fflush(stdout) != 0))
		r = log_errno(-EIO, "cannot print the manifest");
	return r;
}

static int run(const struct settings *settings, int n, char **operands)
{
	int root_fd CLEANUP_FD
	= -1;
	struct loader loader = { .index.root_fd = -1 };
	struct host host = { 0 };
	int r;

	root_fd = open(settings->root ? settings->root : "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root_fd < 0)
		return log_errno(-errno, "cannot open the root %s",
				 settings->root ? settings->root : "/");
	r = init_loader(&loader, settings, root_fd);
	if (r < 0)
		return log_errno(r, "cannot list the directories of units");
	loader.checks = settings->notes && !settings->dump;
	r = host_read(&host, root_fd);
	loader.host = host_specifiers(&host);
	if (r < 0)
		(void)log_errno(r, "cannot read what the host is");
	else if (settings->manifest)
		r = print_manifest(&loader, n, operands);
	else
		r = load_and_write(&loader, settings, n, operands);
	loader_done(&loader);
	host_done(&host);
	return r;
}

int main(int argc, char **argv)
{
	struct settings settings = { 0 };
	int n;
	int r;

	log_init("early-load", LOG_SINK_STDERR, LOG_LEVEL_INFO);
	n = opts_parse(options, ARRAY_SIZE(options), &settings, argc, argv);
	if (n < 0)
		return 2;
	if (settings.help) {
		puts("early-load [OPTION]... [NAME|FILE...]\nReads service manifests and writes "
		     "their table to descriptor 3.\n");
		opts_print_help(stdout, options, ARRAY_SIZE(options));
		return 0;
	}
	r = run(&settings, n, argv + 1);
	strv_free(settings.services);
	return r == -ENOENT && settings.manifest ? 4 : r < 0 ? 1 : 0;
}
