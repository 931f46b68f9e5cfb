/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "words.h"

#include <errno.h>
#include <string.h>

#include "early/strbuf.h"
#include "early/strv.h"

#include "glob.h"

static size_t word_length(const char *text)
{
	bool quoted = false;
	size_t len = 0;

	for (; text[len] && (quoted || !strchr(" \t\n", text[len])); len++) {
		if (text[len] == '"')
			quoted = !quoted;
	}
	return len;
}

int words_read(struct words *words, const char *cmdline)
{
	char **all = NULL;
	int r = 0;

	while (r >= 0) {
		size_t len;

		cmdline += strspn(cmdline, " \t\n");
		len = word_length(cmdline);
		if (len == 0 || (len == 2 && memcmp(cmdline, "--", 2) == 0))
			break;
		r = strv_consume(&all, strndup(cmdline, len));
		cmdline += len;
	}
	if (r < 0)
		strv_free(all);
	else
		words->all = all;
	return r;
}

void words_done(struct words *words)
{
	strv_free(TAKE_PTR(words->all));
}

const char *words_value(const struct words *words, const char *key)
{
	size_t len = strlen(key);

	for (size_t i = strv_length(words->all); i > 0; i--) {
		const char *word = words->all[i - 1];

		if (strncmp(word, key, len) == 0 && word[len] == '=')
			return word + len + 1;
	}
	return NULL;
}

/* Is @module in the list @names, separated by commas? */
static bool names_have(const char *names, const char *module)
{
	while (*names) {
		size_t len = strcspn(names, ",");
		char name[64];

		if (len > 0 && len < sizeof(name)) {
			memcpy(name, names, len);
			name[len] = '\0';
			if (glob_same_name(name, module))
				return true;
		}
		names += len;
		names += *names == ',';
	}
	return false;
}

bool words_is_blacklisted(const struct words *words, const char *module)
{
	static const char *const keys[] = { "module_blacklist=", "modprobe.blacklist=" };

	for (size_t i = 0; i < strv_length(words->all); i++) {
		for (size_t j = 0; j < ARRAY_SIZE(keys); j++) {
			size_t len = strlen(keys[j]);

			if (strncmp(words->all[i], keys[j], len) == 0 &&
			    names_have(words->all[i] + len, module))
				return true;
		}
	}
	return false;
}

void words_add_parameters(const struct words *words, const char *module, struct strbuf *out)
{
	for (size_t i = 0; i < strv_length(words->all); i++) {
		const char *word = words->all[i];
		size_t len = strcspn(word, ".=");
		char name[64];

		if (word[len] != '.' || len == 0 || len >= sizeof(name) || !word[len + 1])
			continue;
		memcpy(name, word, len);
		name[len] = '\0';
		if (glob_same_name(name, module))
			strbuf_printf(out, "%s%s", out->len ? " " : "", word + len + 1);
	}
}
