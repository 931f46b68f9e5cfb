/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/*
 * Options as a table that also writes the help. Options may come before or after the operands; "--" ends them.
 * `--name=value`, `--name value`, `-nvalue` and `-n value` are taken. `--version` is everybody's and in no table: opts_parse prints
 * it and ends the program.
 */
struct opt {
	char letter; /* 0: none */
	const char *name; /* without the dashes; NULL: none */
	const char *argument; /* its name in the help; NULL: takes none */
	const char *help;
	int (*apply)(void *target, const char *value); /* value NULL for one without argument */
};

/* One of a program's commands ("status", "list" …). */
struct opt_command {
	const char *name;
	const char *operands; /* in the help: "NAME…"; NULL: none */
	const char *help;
	int min_operands;
	int max_operands; /* -1: any number */
	int (*run)(void *target, int argc, char **argv); /* operands only */
};

/*
 * Applies the options in @argv (from argv[1]) to @target and moves the operands to the front of @argv.
 * Returns their number, or -EINVAL after a message on stderr that names the option and points to --help.
 */
int opts_parse(const struct opt *opts, size_t n_opts, void *target, int argc, char **argv);

void opts_print_help(FILE *file, const struct opt *opts, size_t n_opts);
void opts_print_commands(FILE *file, const struct opt_command *commands, size_t n_commands);

/* The command of that name whose count of operands fits, or NULL after a message on stderr. */
const struct opt_command *opts_find_command(const struct opt_command *commands, size_t n_commands,
					    int argc, char **argv);
