/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is handed over to a service: text as its standard input, and credentials. Data is base64 in its canonical form. */
#include "directive_settings.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "early/base64.h"
#include "early/strbuf.h"
#include "early/strv.h"
#include "settings.h"
#include "words.h"

#define INPUT_MAX (16 * 1024) /* of one line; a unit's message is bounded, too */

static int add_data(const struct apply *apply, const char *key, const char *prefix,
		    const void *data, size_t len)
{
	struct strbuf out CLEANUP_STRBUF = STRBUF_INIT;
	int r;

	if (len > INPUT_MAX)
		return apply_refuse(apply, "more than %d bytes", INPUT_MAX);
	strbuf_puts(&out, prefix);
	base64_put(&out, data, len);
	r = strbuf_error(&out);
	return r < 0 ? r : settings_add(apply->service, key, out.data ? out.data : "");
}

/* Each character of @value with its escapes resolved; blanks and quotes are text. */
static int unescape(const char *value, struct strbuf *out)
{
	struct strbuf quoted CLEANUP_STRBUF = STRBUF_INIT;
	char **words CLEANUP_STRV = NULL;
	int r;

	strbuf_putc(&quoted, '"');
	for (const char *c = value; *c; c++) {
		if (*c == '"')
			strbuf_putc(&quoted, '\\');
		strbuf_putc(&quoted, *c);
		if (*c == '\\' && c[1])
			strbuf_putc(&quoted, *++c);
	}
	strbuf_putc(&quoted, '"');
	r = strbuf_error(&quoted);
	if (r == 0)
		r = words_split(quoted.data, true, &words);
	if (r == 0)
		strbuf_puts(out, words && words[0] ? words[0] : "");
	return r < 0 ? r : strbuf_error(out);
}

int apply_setting_input_text(const struct apply *apply, const char *value)
{
	struct strbuf text CLEANUP_STRBUF = STRBUF_INIT;
	char *expanded CLEANUP(free_charp)
	= NULL;
	int r;

	if (!*value) {
		settings_drop(apply->service, "StandardInputData");
		return 0;
	}
	r = unescape(value, &text);
	if (r == 0)
		r = apply_expand(apply, text.data ? text.data : "", &expanded);
	if (r < 0)
		return r;
	strbuf_reset(&text);
	strbuf_printf(&text, "%s\n", expanded);
	r = strbuf_error(&text);
	return r < 0 ? r : add_data(apply, "StandardInputData", "", text.data, text.len);
}

int apply_setting_input_data(const struct apply *apply, const char *value)
{
	char *data CLEANUP(free_charp)
	= NULL;
	size_t len;
	int r;

	if (!*value) {
		settings_drop(apply->service, "StandardInputData");
		return 0;
	}
	r = base64_read(value, &data, &len);
	if (r == -EINVAL)
		return apply_refuse(apply, "the value is no base64 text");
	return r < 0 ? r : add_data(apply, "StandardInputData", "", data, len);
}

/* --- LoadCredential=ID[:PATH], SetCredential=ID:VALUE --- */

/* A name of a file, as systemd wants it. */
static bool is_credential_name(const char *text, size_t len)
{
	if (len == 0 || len > 255 || *text == '.')
		return false;
	for (size_t i = 0; i < len; i++)
		if (iscntrl((unsigned char)text[i]) || text[i] == '/')
			return false;
	return true;
}

int apply_setting_load_credential(const struct apply *apply, const char *value)
{
	struct strbuf out CLEANUP_STRBUF = STRBUF_INIT;
	char *text CLEANUP(free_charp)
	= NULL;
	size_t len;
	int r;

	if (!*value) {
		settings_drop(apply->service, apply->directive->key);
		return 0;
	}
	r = apply_expand(apply, value, &text);
	if (r < 0)
		return r;
	len = strcspn(text, ":");
	if (!is_credential_name(text, len))
		return apply_refuse(apply, "\"%.*s\" is no name of a credential", (int)len, text);
	strbuf_add(&out, text, len);
	strbuf_printf(&out, ":%s", text[len] ? text + len + 1 : text);
	r = strbuf_error(&out);
	return r < 0 ? r : settings_add(apply->service, apply->directive->key, out.data);
}

int apply_setting_set_credential(const struct apply *apply, const char *value)
{
	struct strbuf prefix CLEANUP_STRBUF = STRBUF_INIT;
	struct strbuf text CLEANUP_STRBUF = STRBUF_INIT;
	size_t len = strcspn(value, ":");
	int r;

	if (!*value) {
		settings_drop(apply->service, apply->directive->key);
		return 0;
	}
	if (!value[len] || !is_credential_name(value, len))
		return apply_refuse(apply, "\"%s\" is not ID:VALUE", value);
	r = unescape(value + len + 1, &text);
	if (r < 0)
		return r;
	strbuf_add(&prefix, value, len);
	strbuf_putc(&prefix, ':');
	r = strbuf_error(&prefix);
	return r < 0 ? r
		     : add_data(apply, apply->directive->key, prefix.data,
				text.data ? text.data : "", text.len);
}
