/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "host.h"
#include "owner.h"
#include "sysv.h"
#include "unit_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Any text is a script whose unit can be read without a remark; any text can be asked for a key and a user. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size);
	struct strbuf unit = STRBUF_INIT;
	struct unit_lines lines = { 0 };
	struct diags diags = { 0 };
	char *value = NULL;
	uint32_t id;

	if (!text || sysv_unit("/etc/init.d/fuzz", text, &unit) < 0 ||
	    unit_file_parse("fuzz", unit.data, unit.len, &lines, &diags) < 0 || diags.n_items > 0)
		abort();
	if (host_find_value(text, "ID", &value) < 0)
		abort();
	(void)owner_find(text, "root", &id); /* found or not: only that it ends */
	free(value);
	free(text);
	strbuf_done(&unit);
	unit_lines_done(&lines);
	diags_done(&diags);
	return 0;
}
