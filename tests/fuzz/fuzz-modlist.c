/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "modlist.h"
#include "plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whatever a list says, loading all of it must come to an end. */
static void run_plan(const struct modlist *list)
{
	CLEANUP_PLAN
	struct plan plan;
	size_t module;

	if (plan_init(&plan, list) < 0)
		return;
	for (size_t i = 0; i < list->n_modules; i++)
		(void)plan_want(&plan, i, 0);
	while ((module = plan_next(&plan)) != MODLIST_NONE)
		plan_finish(&plan, module, module % 7 == 3 ? -1 : 0);
	if (!plan_is_idle(&plan))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_MODLIST
	struct modlist list = { 0 };
	struct modlist_complaint complaint;
	char *text = malloc(size + 1);
	size_t next;

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	if (modlist_read(&list, text, &complaint) < 0)
		return 0;
	(void)modlist_match(&list, "pci:v00001AF4d00001050sv00001AF4sd00001100bc03sc00i00", 0,
			    &next);
	run_plan(&list);
	return 0;
}
