/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "words.h"

#include <errno.h>
#include <string.h>

#include "early/kernel_line.h"
#include "early/strbuf.h"
#include "early/strv.h"

#include "glob.h"

int words_read(struct words *words, const char *cmdline)
{
	CLEANUP_STRV char **all = NULL;
	const char *whole = cmdline, *word;
	size_t len;
	int r = 0;

	while (r >= 0 && (word = kernel_line_next(&cmdline, &len)) != NULL) {
		if (len == 2 && memcmp(word, "--", 2) == 0)
			break;
		r = strv_consume(&all, strndup(word, len));
	}
	if (r >= 0)
		r = kernel_line_split(whole, &words->plain);
	if (r < 0)
		return r;
	words->all = TAKE_PTR(all);
	return 0;
}

void words_done(struct words *words)
{
	strv_free(TAKE_PTR(words->all));
	strv_free(TAKE_PTR(words->plain));
}

const char *words_value(const struct words *words, const char *key)
{
	size_t len = strlen(key);

	for (size_t i = strv_length(words->plain); i > 0; i--) {
		const char *word = words->plain[i - 1];

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

	for (size_t i = 0; i < strv_length(words->plain); i++) {
		for (size_t j = 0; j < ARRAY_SIZE(keys); j++) {
			size_t len = strlen(keys[j]);

			if (strncmp(words->plain[i], keys[j], len) == 0 &&
			    names_have(words->plain[i] + len, module))
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
