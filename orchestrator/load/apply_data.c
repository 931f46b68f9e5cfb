/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is handed over to a service: text as its standard input, and credentials. Data is base64 in its canonical form. */
#include "directive_settings.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "early/base64.h"
#include "early/macros.h"
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

/* Among the words between commas: one of three modes at most, and graceful. */
static int read_open_options(const char *options, const char **ret_mode, bool *ret_graceful)
{
	static const char *const modes[] = { "read-only", "append", "truncate" };
	char **words CLEANUP_STRV = NULL;
	int r = strv_split(options, ",", &words);

	*ret_mode = "read-write";
	*ret_graceful = false;
	for (size_t i = 0; r == 0 && words && words[i]; i++) {
		bool known = strcmp(words[i], "graceful") == 0;

		*ret_graceful |= known;
		for (size_t k = 0; k < ARRAY_SIZE(modes); k++) {
			if (strcmp(words[i], modes[k]) != 0)
				continue;
			known = strcmp(*ret_mode, "read-write") == 0;
			*ret_mode = modes[k];
		}
		if (!known)
			return -EINVAL;
	}
	return r;
}

/* LISTEN_FDNAMES separates by colons, and the entry by blanks. */
static bool is_fd_name(const char *name)
{
	for (const char *c = name; *c; c++)
		if ((unsigned char)*c <= ' ' || *c == 0x7f || *c == ':')
			return false;
	return *name && strlen(name) < 256;
}

/* OpenFile=PATH[:NAME[:OPTIONS]] */
int apply_setting_open_file(const struct apply *apply, const char *value)
{
	struct strbuf out CLEANUP_STRBUF = STRBUF_INIT;
	char *path CLEANUP(free_charp)
	= NULL;
	char *name, *options;
	const char *mode;
	bool graceful;
	int r;

	if (!*value) {
		settings_drop(apply->service, apply->directive->key);
		return 0;
	}
	r = apply_expand(apply, value, &path);
	if (r < 0)
		return r;
	name = strchr(path, ':');
	if (name)
		*name++ = '\0';
	options = name ? strchr(name, ':') : NULL;
	if (options)
		*options++ = '\0';
	if (path[0] != '/')
		return apply_refuse(apply, "\"%s\" is no absolute path", path);
	if (!name || !*name)
		name = strrchr(path, '/') + 1;
	r = read_open_options(options ? options : "", &mode, &graceful);
	if (r == 0 && !is_fd_name(name))
		return apply_refuse(apply, "\"%s\" is no name of a descriptor", name);
	if (r < 0)
		return r;
	strbuf_printf(&out, "%s %s %s %s", mode, graceful ? "graceful" : "needed", name, path);
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
