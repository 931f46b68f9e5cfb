/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "early/log.h"
#include "early/opts.h"
#include "early/parse.h"
#include "early/strbuf.h"
#include "early/strv.h"

#include "image.h"
#include "roots.h"

struct settings {
	const char *output;
	const char *version;
	const char *root;
	const char *sysfs;
	char **early_roots;
	char **files;
	char **modules;
	char **file_systems;
	enum picks_hardware hardware;
	enum pack_method method;
	bool list;
	bool dry_run;
	bool verbose;
	bool help;
};

static int set_output(void *target, const char *value)
{
	((struct settings *)target)->output = value;
	return 0;
}

static int set_kernel(void *target, const char *value)
{
	((struct settings *)target)->version = value;
	return strchr(value, '/') ? -EINVAL : 0;
}

static int set_root(void *target, const char *value)
{
	((struct settings *)target)->root = value;
	return 0;
}

static int add_early_root(void *target, const char *value)
{
	return strv_append(&((struct settings *)target)->early_roots, value);
}

static int set_sysfs(void *target, const char *value)
{
	((struct settings *)target)->sysfs = value;
	return 0;
}

static int add_file(void *target, const char *value)
{
	return value[0] == '/' ? strv_append(&((struct settings *)target)->files, value) : -EINVAL;
}

static int add_words(char ***words, const char *value)
{
	CLEANUP_STRV
	char **more = NULL;
	int r = strv_split(value, ", ", &more);

	for (size_t i = 0; r >= 0 && i < strv_length(more); i++)
		r = strv_append(words, more[i]);
	return r;
}

static int add_modules(void *target, const char *value)
{
	return add_words(&((struct settings *)target)->modules, value);
}

static int add_file_systems(void *target, const char *value)
{
	return add_words(&((struct settings *)target)->file_systems, value);
}

static int set_hardware(void *target, const char *value)
{
	return picks_parse(value, &((struct settings *)target)->hardware);
}

static int set_method(void *target, const char *value)
{
	return pack_parse(value, &((struct settings *)target)->method);
}

static int set_image(void *target, const char *value)
{
	if (strcmp(value, "none") == 0)
		return 0;
	fprintf(stderr,
		"early-mkinitramfs: early images (--image=%s) are not made by this version; use "
		"--image=none\n",
		value);
	return -EINVAL;
}

static int set_verity(void *target, const char *value)
{
	fprintf(stderr,
		"early-mkinitramfs: --verity protects an early image, which is not made by this "
		"version\n");
	return -EINVAL;
}

static int set_list(void *target, const char *value)
{
	((struct settings *)target)->list = true;
	return 0;
}

static int set_dry_run(void *target, const char *value)
{
	((struct settings *)target)->dry_run = true;
	return 0;
}

static int set_verbose(void *target, const char *value)
{
	((struct settings *)target)->verbose = true;
	return 0;
}

static int set_help(void *target, const char *value)
{
	((struct settings *)target)->help = true;
	return 0;
}

static const struct opt options[] = {
	{ 'o', "output", "FILE", "the image (ROOT/boot/early-VERSION.img)", set_output },
	{ 0, "kernel", "VERSION", "kernel (the running one; with --root the newest there)",
	  set_kernel },
	{ 0, "root", "DIR", "take everything from DIR instead of /", set_root },
	{ 0, "early-root", "DIR", "look into DIR before the root, for each path", add_early_root },
	{ 0, "add", "FILE", "add a file of the root, with its libraries", add_file },
	{ 0, "modules", "LIST", "add kernel modules (names, by commas)", add_modules },
	{ 0, "rootfs", "LIST", "file systems the root may have (ext4)", add_file_systems },
	{ 0, "hardware", "KIND", "this, virtual or any (any)", set_hardware },
	{ 0, "sysfs", "DIR", "for --hardware=this (/sys)", set_sysfs },
	{ 0, "compress", "METHOD", "none, lz4 or zstd (lz4)", set_method },
	{ 0, "image", "KIND", "early image beside it: only none for now", set_image },
	{ 0, "verity", NULL, "refused: there is no early image yet", set_verity },
	{ 0, "list", NULL, "print what would be in it, write nothing", set_list },
	{ 'n', "dry-run", NULL, "do all but write the file", set_dry_run },
	{ 'v', "verbose", NULL, "print sizes by item", set_verbose },
	{ 'h', "help", NULL, "print this", set_help },
};

static int compare_versions(const void *a, const void *b)
{
	return strverscmp(*(char *const *)a, *(char *const *)b);
}

/* The kernel that is meant when none is named. */
static int pick_version(const struct settings *settings, const struct roots *roots, char **ret)
{
	CLEANUP_STRV
	char **versions = NULL;
	struct utsname name;
	int r;

	if (settings->version || !settings->root) {
		if (uname(&name) < 0)
			return log_errno(-errno, "cannot ask the kernel for its version");
		*ret = strdup(settings->version ? settings->version : name.release);
		return *ret ? 0 : -ENOMEM;
	}
	r = roots_list(roots, "/lib/modules", &versions);
	if (r < 0)
		return log_errno(r, "cannot read /lib/modules of %s", settings->root);
	if (strv_length(versions) == 0) {
		log_error("%s has no kernel in /lib/modules; install one, or name its root with "
			  "--root",
			  settings->root);
		return -ENOENT;
	}
	qsort(versions, strv_length(versions), sizeof(*versions), compare_versions);
	*ret = strdup(versions[strv_length(versions) - 1]);
	return *ret ? 0 : -ENOMEM;
}

static int open_roots(const struct settings *settings, struct roots *roots)
{
	int r = 0;

	for (size_t i = 0; i <= strv_length(settings->early_roots); i++) {
		bool last = i == strv_length(settings->early_roots);
		const char *dir = last ? settings->root : settings->early_roots[i];
		char *path;

		if (!dir)
			dir = "/";
		path = realpath(dir, NULL);
		if (!path)
			return log_errno(-errno, "cannot use %s as a root", dir);
		r = strv_consume(&roots->dirs, path);
		if (r < 0)
			return log_errno(r, "cannot use %s as a root", dir);
	}
	return r;
}

static uint32_t source_date(void)
{
	const char *text = getenv("SOURCE_DATE_EPOCH");
	uint32_t seconds = 0;

	if (text && parse_u32(text, &seconds) < 0)
		log_warning("SOURCE_DATE_EPOCH=%s is no number of seconds; 0 is used", text);
	return seconds;
}

static void print_tree(const struct tree *tree, bool sizes)
{
	uint64_t sums[TREE_N_GROUPS] = { 0 };

	for (size_t i = 0; i < tree->n_entries; i++) {
		const struct tree_entry *entry = &tree->entries[i];

		sums[entry->group] += entry->len;
		if (sizes)
			printf("%10zu  %-9s  /%s\n", entry->len, tree_group_name(entry->group),
			       entry->path);
		else
			printf("/%s\n", entry->path);
	}
	for (size_t i = 0; sizes && i < TREE_N_GROUPS; i++)
		printf("%10ju  %-9s  in all\n", (uintmax_t)sums[i], tree_group_name(i));
}

static int make(const struct settings *settings, const struct roots *roots)
{
	CLEANUP_TREE
	struct tree tree = { 0 };
	CLEANUP_STRBUF
	struct strbuf output = STRBUF_INIT;
	CLEANUP(free_charp)
	char *version = NULL;
	struct image_request request = {
		.roots = roots,
		.hardware = settings->hardware,
		.file_systems = settings->file_systems,
		.modules = settings->modules,
		.files = settings->files,
		.sysfs = settings->sysfs,
	};
	uint64_t unpacked, packed;
	int r;

	r = pick_version(settings, roots, &version);
	if (r < 0)
		return r;
	request.version = version;
	r = image_collect(&request, &tree);
	if (r < 0)
		return r;
	if (settings->verbose || settings->list)
		print_tree(&tree, settings->verbose);
	if (settings->list)
		return 0;
	if (settings->output)
		strbuf_puts(&output, settings->output);
	else
		strbuf_printf(&output, "%s/boot/early-%s.img", settings->root ? settings->root : "",
			      version);
	r = strbuf_error(&output);
	if (r >= 0)
		r = image_write(&tree, settings->method, source_date(),
				settings->dry_run ? NULL : output.data, &unpacked, &packed);
	if (r < 0)
		return r;
	printf("%s%s: kernel %s, %zu entries, %ju bytes (%ju unpacked)\n", output.data,
	       settings->dry_run ? " (not written)" : "", version, tree.n_entries,
	       (uintmax_t)packed, (uintmax_t)unpacked);
	return 0;
}

int main(int argc, char **argv)
{
	struct settings settings = {
		.sysfs = "/sys",
		.hardware = PICKS_ANY,
		.method = PACK_LZ4,
	};
	struct roots roots = { 0 };
	int r;

	log_init("early-mkinitramfs", LOG_SINK_STDERR, LOG_LEVEL_INFO);
	r = opts_parse(options, ARRAY_SIZE(options), &settings, argc, argv);
	if (r > 0)
		fprintf(stderr, "%s: \"%s\" is no option; see %s --help\n", argv[0], argv[1],
			argv[0]);
	if (r != 0)
		return 2;
	if (settings.help) {
		printf("Usage: early-mkinitramfs [OPTION]…\nMakes the small initramfs that Early "
		       "boots "
		       "from.\n\n");
		opts_print_help(stdout, options, ARRAY_SIZE(options));
		return 0;
	}
	if (settings.verbose)
		log_set_max_level(LOG_LEVEL_DEBUG);
	r = settings.file_systems ? 0 : strv_append(&settings.file_systems, "ext4");
	if (r >= 0)
		r = open_roots(&settings, &roots);
	if (r >= 0)
		r = make(&settings, &roots);
	strv_free(roots.dirs);
	strv_free(settings.early_roots);
	strv_free(settings.files);
	strv_free(settings.modules);
	strv_free(settings.file_systems);
	return r < 0 ? 1 : 0;
}
