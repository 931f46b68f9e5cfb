/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A table of early-load, as PID 1 reads it; what is taken is then planned and judged. */
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "depend.h"
#include "table_read.h"
#include "verdict.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MAX_UNITS 64

struct units {
	struct definition *definitions[MAX_UNITS];
	size_t n;
};

static int take(struct definition *definition, void *data)
{
	struct units *units = data;

	/* Whatever was let through must hold what the rest of PID 1 relies on. */
	if (!definition_name_is_valid(definition->service.name) ||
	    strchr(definition->service.name, '/'))
		abort();
	for (size_t i = 0; i < definition->n_execs; i++)
		if (definition->execs[i].exec.program[0] != '/' ||
		    wire_list_count(&definition->execs[i].exec.argv) == 0)
			abort();
	if (units->n < MAX_UNITS)
		units->definitions[units->n++] = definition;
	else
		definition_unref(definition);
	return 0;
}

static void take_diagnostic(const struct table_diagnostic *diagnostic, void *data)
{
	if (!diagnostic->text || !diagnostic->file)
		abort();
}

static const struct definition_words *find(const char *name, void *data)
{
	const struct units *units = data;

	for (size_t i = 0; i < units->n; i++)
		if (strcmp(units->definitions[i]->service.name, name) == 0)
			return &units->definitions[i]->service;
	return NULL;
}

static void use(struct units *units, struct definition *definition)
{
	const struct depend_source source = { find, units };
	struct depend_plan plan;

	if (depend_plan(&plan, &source, definition->service.name) == 0) {
		for (size_t i = 0; i < plan.n_items; i++)
			for (size_t k = 0; k < plan.items[i].n_waits; k++)
				if (plan.items[i].waits[k].index >= i)
					abort();
		depend_plan_done(&plan);
	}
	(void)verdict_process(&definition->service, CLD_EXITED, 1);
	(void)verdict_restarts(&definition->service, VERDICT_SIGNAL, CLD_KILLED, SIGKILL);
	for (int phase = 0; phase <= TABLE_PHASE_CLEAN; phase++)
		(void)definition_exec(definition, (enum table_phase)phase, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct units units = { .n = 0 };
	const struct table_read_sink sink = { take, take_diagnostic, &units };
	int r = table_read(data, size, &sink);

	if (r < 0 && units.n > 0 && r != -ENOMEM)
		abort(); /* a refused table was seen */
	for (size_t i = 0; i < units.n; i++)
		use(&units, units.definitions[i]);
	for (size_t i = 0; i < units.n; i++)
		definition_unref(units.definitions[i]);
	return 0;
}
