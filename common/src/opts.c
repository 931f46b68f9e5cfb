/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "early/opts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LEFT_COLUMN 30

/* Programs are installed by their own names; as a link they still say who they are to those who called the link. */
static int print_version(void *target, const char *value)
{
	printf("%s %s\n", program_invocation_short_name, EARLY_VERSION);
	exit(fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE);
}

/* Every program has it, so no table does. */
static const struct opt version_option = { 0, "version", NULL, "print the name and the version",
					   print_version };

static const struct opt *find_long(const struct opt *opts, size_t n_opts, const char *name,
				   size_t len)
{
	for (size_t i = 0; i < n_opts; i++) {
		if (opts[i].name && strlen(opts[i].name) == len &&
		    memcmp(opts[i].name, name, len) == 0)
			return &opts[i];
	}
	if (strlen(version_option.name) == len && memcmp(version_option.name, name, len) == 0)
		return &version_option;
	return NULL;
}

static const struct opt *find_letter(const struct opt *opts, size_t n_opts, char letter)
{
	for (size_t i = 0; i < n_opts; i++) {
		if (opts[i].letter && opts[i].letter == letter)
			return &opts[i];
	}
	return NULL;
}

static int refuse(const char *program, const char *what, const char *name)
{
	fprintf(stderr, "%s: %s: %s; see %s --help\n", program, name, what, program);
	return -EINVAL;
}

/* What an option's argument is: behind "=", behind the letter, or the next word (then *index moves). */
static int apply(const struct opt *opt, void *target, const char *attached, int argc, char **argv,
		 int *index)
{
	const char *name = argv[*index], *value = attached;
	int r;

	if (!opt->argument && attached)
		return refuse(argv[0], "takes no argument", name);
	if (opt->argument && !attached) {
		if (*index + 1 >= argc)
			return refuse(argv[0], "its argument is missing", name);
		value = argv[++*index];
	}
	r = opt->apply(target, value);
	return r < 0 ? refuse(argv[0], "not a valid value", name) : 0;
}

static int parse_word(const struct opt *opts, size_t n_opts, void *target, int argc, char **argv,
		      int *index)
{
	const char *word = argv[*index];
	const struct opt *opt;

	if (word[1] == '-') {
		size_t len = strcspn(word + 2, "=");

		opt = find_long(opts, n_opts, word + 2, len);
		if (!opt)
			return refuse(argv[0], "no such option", word);
		return apply(opt, target, word[2 + len] == '=' ? word + 3 + len : NULL, argc, argv,
			     index);
	}
	for (const char *letter = word + 1; *letter; letter++) {
		opt = find_letter(opts, n_opts, *letter);
		if (!opt)
			return refuse(argv[0], "no such option", word);
		if (opt->argument)
			return apply(opt, target, letter[1] ? letter + 1 : NULL, argc, argv, index);
		if (opt->apply(target, NULL) < 0)
			return refuse(argv[0], "cannot be used here", word);
	}
	return 0;
}

int opts_parse(const struct opt *opts, size_t n_opts, void *target, int argc, char **argv)
{
	bool ended = false;
	int n = 0;

	for (int i = 1; i < argc; i++) {
		if (!ended && strcmp(argv[i], "--") == 0) {
			ended = true;
		} else if (!ended && argv[i][0] == '-' && argv[i][1]) {
			int r = parse_word(opts, n_opts, target, argc, argv, &i);

			if (r < 0)
				return r;
		} else {
			argv[1 + n++] = argv[i];
		}
	}
	return n;
}

/* What is too long for its column has the line to itself. */
static void print_line(FILE *file, const char *left, const char *help)
{
	if (strlen(left) > LEFT_COLUMN)
		fprintf(file, "  %s\n  %-*s %s\n", left, LEFT_COLUMN, "", help);
	else
		fprintf(file, "  %-*s %s\n", LEFT_COLUMN, left, help);
}

static void print_option(FILE *file, const struct opt *opt)
{
	char left[64];

	(void)snprintf(left, sizeof(left), "%c%c%s %s%s%s%s", opt->letter ? '-' : ' ',
		       opt->letter ? opt->letter : ' ', opt->letter && opt->name ? "," : " ",
		       opt->name ? "--" : "", opt->name ? opt->name : "", opt->argument ? "=" : "",
		       opt->argument ? opt->argument : "");
	print_line(file, left, opt->help);
}

void opts_print_help(FILE *file, const struct opt *opts, size_t n_opts)
{
	for (size_t i = 0; i < n_opts; i++)
		print_option(file, &opts[i]);
	print_option(file, &version_option);
}

void opts_print_commands(FILE *file, const struct opt_command *commands, size_t n_commands)
{
	for (size_t i = 0; i < n_commands; i++) {
		char left[64];

		(void)snprintf(left, sizeof(left), "%s%s%s", commands[i].name,
			       commands[i].operands ? " " : "",
			       commands[i].operands ? commands[i].operands : "");
		print_line(file, left, commands[i].help);
	}
}

const struct opt_command *opts_find_command(const struct opt_command *commands, size_t n_commands,
					    int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < n_commands; i++) {
		const struct opt_command *command = &commands[i];
		int operands = argc - 2;

		if (strcmp(command->name, argv[1]) != 0)
			continue;
		if (operands >= command->min_operands &&
		    (command->max_operands < 0 || operands <= command->max_operands))
			return command;
		fprintf(stderr, "%s: usage: %s %s%s%s\n", argv[0], argv[0], command->name,
			command->operands ? " " : "", command->operands ? command->operands : "");
		return NULL;
	}
	if (argc > 1)
		(void)refuse(argv[0], "no such command", argv[1]);
	else
		fprintf(stderr, "%s: a command is missing; see %s --help\n", argv[0], argv[0]);
	return NULL;
}
