/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "directive.h"
#include "service.h"
#include "unit_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Any bytes are a unit file: parsed, applied and finished without a complaint of the sanitizers, and each line within the file. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct specifiers specifiers = { .name = "fuzz@in-stance.service",
					       .host_name = "host" };
	struct unit_lines lines = { 0 };
	struct diags diags = { 0 };
	struct service *service = NULL;
	const char *error;
	uint32_t newlines = 1;

	for (size_t i = 0; i < size; i++)
		newlines += data[i] == '\n';
	if (unit_file_parse("fuzz", (const char *)data, size, &lines, &diags) < 0 ||
	    service_new(specifiers.name, &service) < 0)
		abort();
	for (size_t i = 0; i < lines.n_items; i++)
		if (lines.items[i].line == 0 || lines.items[i].line > newlines)
			abort();
	if (directives_apply(service, &lines, &specifiers, AT_FDCWD, &diags) < 0)
		abort();
	(void)service_finish(service, &error); /* any outcome is right for some file */
	service_free(service);
	unit_lines_done(&lines);
	diags_done(&diags);
	return 0;
}
