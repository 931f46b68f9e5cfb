/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* earlyctl: the command line of a system that Early booted. */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "early/macros.h"
#include "early/opts.h"
#include "early/parse.h"
#include "verbs.h"

static int set_control(void *target, const char *value)
{
	((struct settings *)target)->control = value;
	return 0;
}

static int set_output(void *target, const char *value)
{
	((struct settings *)target)->output = value;
	return 0;
}

static int set_input(void *target, const char *value)
{
	((struct settings *)target)->input = value;
	return 0;
}

static int set_json(void *target, const char *value)
{
	((struct settings *)target)->json = true;
	return 0;
}

static int set_svg(void *target, const char *value)
{
	((struct settings *)target)->svg = true;
	return 0;
}

static int set_png(void *target, const char *value)
{
	((struct settings *)target)->png = true;
	return 0;
}

static int set_follow(void *target, const char *value)
{
	((struct settings *)target)->follow = true;
	return 0;
}

static int set_boot(void *target, const char *value)
{
	((struct settings *)target)->boot = true;
	return 0;
}

static int set_since(void *target, const char *value)
{
	int r = parse_span_us(value, &((struct settings *)target)->since_us);

	if (r < 0)
		fprintf(stderr,
			"earlyctl: --since takes an age, as 90s, 10min, 2h or 3day, not \"%s\"\n",
			value);
	return r;
}

static int set_dry_run(void *target, const char *value)
{
	((struct settings *)target)->dry_run = true;
	return 0;
}

static int set_root(void *target, const char *value)
{
	((struct settings *)target)->root = value;
	return 0;
}

static int set_into(void *target, const char *value)
{
	((struct settings *)target)->into = value;
	return 0;
}

static int set_lines(void *target, const char *value)
{
	uint32_t n;
	int r = parse_u32(value, &n);

	if (r == 0)
		((struct settings *)target)->lines = (long)n;
	return r;
}

static int set_color(void *target, const char *value)
{
	static const char *const modes[] = {
		[COLOR_AUTO] = "auto",
		[COLOR_ALWAYS] = "always",
		[COLOR_NEVER] = "never",
	};

	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		if (strcmp(value, modes[i]) == 0) {
			((struct settings *)target)->color = (enum color_mode)i;
			return 0;
		}
	}
	return -EINVAL;
}

static int set_help(void *target, const char *value)
{
	((struct settings *)target)->help = true;
	return 0;
}

static const struct opt options[] = {
	{ 0, "control", "PATH", "ask the early-init whose socket this is", set_control },
	{ 0, "json", NULL, "print JSON", set_json },
	{ 0, "color", "WHEN", "auto (on a terminal), always or never", set_color },
	{ 0, "svg", NULL, "timeline: draw an SVG picture", set_svg },
	{ 0, "png", NULL, "timeline: draw a PNG picture", set_png },
	{ 'o', "output", "FILE", "timeline, import: write to FILE", set_output },
	{ 'i', "input", "FILE", "timeline: take it from FILE, which --json wrote", set_input },
	{ 0, "dry-run", NULL, "import: print the manifest", set_dry_run },
	{ 'f', "follow", NULL, "log: go on with what comes", set_follow },
	{ 'n', "lines", "N", "log: the last N lines only", set_lines },
	{ 'b', "boot", NULL, "log: what was said in this boot only", set_boot },
	{ 0, "since", "AGE", "log: nothing older than AGE, as 90s, 10min or 2h", set_since },
	{ 0, "root", "DIR", "enable, disable: in the system below DIR, which does not run",
	  set_root },
	{ 0, "into", "DIR", "overlay merge: bring it to DIR", set_into },
	{ 'h', "help", NULL, "this help", set_help },
};

static const struct opt_command commands[] = {
	{ "status", "[NAME]", "the machine, or one service", 0, 1, verb_status },
	{ "list", NULL, "all services", 0, 0, verb_list },
	{ "tree", "[NAME]", "what needs what, and what started what", 0, 1, verb_tree },
	{ "start", "NAME...", "start services", 1, -1, verb_start },
	{ "stop", "NAME...", "stop services", 1, -1, verb_stop },
	{ "restart", "NAME...", "stop and start services", 1, -1, verb_restart },
	{ "reload", "NAME...", "let services read their settings anew", 1, -1, verb_reload },
	{ "enable", "NAME...", "let services start at each boot", 1, -1, verb_enable },
	{ "disable", "NAME...", "let them no longer", 1, -1, verb_disable },
	{ "why", "NAME", "why a service runs, or failed", 1, 1, verb_why },
	{ "log", "[NAME...]", "what services said, or all", 0, -1, verb_log },
	{ "timeline", NULL, "what each moment of the boot went to", 0, 0, verb_timeline },
	{ "compare", "FILE [FILE]", "two boots side by side (default: the second is this one)", 1,
	  2, verb_compare },
	{ "overlay", "list|status|diff|merge [MOUNTPOINT]", "the overlays, mounted by whom ever", 1,
	  2, verb_overlay },
	{ "verify", "[FILE|NAME...]", "check manifests and units (default: all of this system)", 0,
	  -1, verb_verify },
	{ "import", "UNIT...", "make a manifest of units of the distribution", 1, -1, verb_import },
	{ "daemon-reload", NULL, "read all manifests anew", 0, 0, verb_daemon_reload },
	{ "daemon-reexec", NULL, "execute early-init anew, keeping everything", 0, 0,
	  verb_daemon_reexec },
	{ "rescue", NULL, "the rescue console", 0, 0, verb_rescue },
	{ "merge", NULL, "bring the overlays to the disks now, or again", 0, 0, verb_merge },
	{ "poweroff", NULL, "stop everything and switch off", 0, 0, verb_poweroff },
	{ "reboot", NULL, "stop everything and start again", 0, 0, verb_reboot },
	{ "halt", NULL, "stop everything and stay", 0, 0, verb_halt },
};

static bool has_word(const char *words, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = words; at; at = strchr(at, ' ')) {
		at += *at == ' ';
		if (strncmp(at, word, len) == 0 && (at[len] == '\0' || at[len] == ' '))
			return true;
	}
	return false;
}

/* An option that has no meaning for a command was meant to have one: it is never passed over. */
static int check_options(const struct settings *settings, const char *command)
{
	const struct {
		bool given;
		const char *option;
		const char *commands;
	} owned[] = {
		{ settings->svg, "--svg", "timeline" },
		{ settings->png, "--png", "timeline" },
		{ settings->output, "--output", "timeline import" },
		{ settings->input, "--input", "timeline" },
		{ settings->dry_run, "--dry-run", "import" },
		{ settings->follow, "--follow", "log" },
		{ settings->lines >= 0, "--lines", "log" },
		{ settings->boot, "--boot", "log" },
		{ settings->since_us != UINT64_MAX, "--since", "log" },
		{ settings->root, "--root", "enable disable" },
		{ *settings->into != '\0', "--into", "overlay" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(owned); i++) {
		if (!owned[i].given || has_word(owned[i].commands, command))
			continue;
		fprintf(stderr, "earlyctl: %s does not take %s, which belongs to: %s\n", command,
			owned[i].option, owned[i].commands);
		return -EINVAL;
	}
	return 0;
}

static int check_operands(int n, char **operands)
{
	for (int i = 0; i < n; i++) {
		if (*operands[i])
			continue;
		fputs("earlyctl: an operand is empty: a name or a file is meant\n", stderr);
		return -EINVAL;
	}
	return 0;
}

static void print_help(FILE *file)
{
	fputs("earlyctl [OPTION]... COMMAND\n\n", file);
	opts_print_commands(file, commands, ARRAY_SIZE(commands));
	fputc('\n', file);
	opts_print_help(file, options, ARRAY_SIZE(options));
}

int main(int argc, char **argv)
{
	struct settings settings = {
		.control = CONTROL_PATH,
		.into = "",
		.lines = -1,
		.since_us = UINT64_MAX,
		.loader = EARLY_LIBEXECDIR "/early-load",
	};
	const char *loader = getenv("EARLY_LOAD"); /* tests run from the build directory */
	const struct opt_command *command;
	int n = opts_parse(options, ARRAY_SIZE(options), &settings, argc, argv);

	if (n < 0)
		return EXIT_USAGE;
	if (loader)
		settings.loader = loader;
	if (settings.help || n == 0) {
		print_help(settings.help ? stdout : stderr);
		return settings.help ? EXIT_DONE : EXIT_USAGE;
	}
	command = opts_find_command(commands, ARRAY_SIZE(commands), n + 1, argv);
	if (!command || check_options(&settings, command->name) < 0 ||
	    check_operands(n - 1, argv + 2) < 0)
		return EXIT_USAGE;
	return command->run(&settings, n - 1, argv + 2);
}
