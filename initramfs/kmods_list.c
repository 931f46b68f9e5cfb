/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Writes modules.list, the one file that early-modules reads at boot in place of libkmod's indexes. A line is a letter, a
 * space, and words; the lines after an "m" line belong to its module:
 *
 *	early-modules 1 VERSION
 *	m NAME BYTES PATH
 *	d NAME…		needs, in load order
 *	p NAME…		tried before
 *	q NAME…		tried after
 *	o PARAMETERS
 *	a PATTERN	one for each alias
 */
#include "kmods.h"

#include "early/strbuf.h"
#include "early/strv.h"

static void add_words(struct strbuf *text, char letter, char *const *words)
{
	if (strv_length(words) == 0)
		return;
	strbuf_putc(text, letter);
	for (size_t i = 0; words[i]; i++)
		strbuf_printf(text, " %s", words[i]);
	strbuf_putc(text, '\n');
}

int kmods_write_list(const struct kmods *kmods, const char *version, char **ret_text)
{
	CLEANUP_STRBUF
	struct strbuf text = STRBUF_INIT;
	int r;

	strbuf_printf(&text, "early-modules 1 %s\n", version);
	for (size_t i = 0; i < kmods->n_modules; i++) {
		const struct kmods_module *module = &kmods->modules[i];

		strbuf_printf(&text, "m %s %zu %s\n", module->name, module->len, module->path);
		add_words(&text, 'd', module->needs);
		add_words(&text, 'p', module->before);
		add_words(&text, 'q', module->after);
		if (module->options)
			strbuf_printf(&text, "o %s\n", module->options);
		for (size_t j = 0; j < strv_length(module->aliases); j++)
			strbuf_printf(&text, "a %s\n", module->aliases[j]);
	}
	r = strbuf_error(&text);
	if (r < 0)
		return r;
	*ret_text = strbuf_take(&text);
	return 0;
}
