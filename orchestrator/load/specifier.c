/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Names of units and the specifiers that are made of them. All is text to text; what the host contributes is handed in. Early is
 * the system's manager: %u, %U, %h and the like are those of root, %t is /run and so on.
 */
#include "specifier.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "early/macros.h"
#include "early/strbuf.h"

#define UNIT_NAME_MAX 255

static const char *const suffixes[] = { ".service",   ".socket", ".target", ".mount",
					".automount", ".swap",   ".path",   ".timer",
					".slice",     ".scope",  ".device" };

const char *unit_name_suffix(const char *name)
{
	const char *dot = strrchr(name, '.');

	for (size_t i = 0; dot && dot != name && i < ARRAY_SIZE(suffixes); i++)
		if (strcmp(dot, suffixes[i]) == 0)
			return suffixes[i];
	return "";
}

bool unit_name_is_valid(const char *name)
{
	if (!*unit_name_suffix(name) || name[0] == '@' || strlen(name) > UNIT_NAME_MAX)
		return false;
	for (const char *c = name; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr(":_.\\-@", *c))
			return false;
	return true;
}

bool unit_name_is_template(const char *name)
{
	const char *at = strchr(name, '@');

	return at && at[1] == '.' && strchr(at + 2, '.') == NULL;
}

int unit_name_instance(const char *name, char **ret_instance)
{
	const char *at = strchr(name, '@');
	const char *dot = strrchr(name, '.');
	char *instance;

	if (!at || !dot || dot < at)
		return -ENOENT;
	instance = strndup(at + 1, (size_t)(dot - at - 1));
	if (!instance)
		return -ENOMEM;
	*ret_instance = instance;
	return 0;
}

int unit_name_template(const char *name, char **ret_template)
{
	const char *at = strchr(name, '@');
	const char *dot = strrchr(name, '.');
	struct strbuf text = STRBUF_INIT;
	char *result;

	if (!at || !dot || dot <= at + 1)
		return -ENOENT;
	strbuf_add(&text, name, (size_t)(at - name) + 1);
	strbuf_puts(&text, dot);
	result = strbuf_take(&text);
	if (!result)
		return -ENOMEM;
	*ret_template = result;
	return 0;
}

int unit_name_instantiate(const char *template_name, const char *instance, char **ret_name)
{
	const char *at = strchr(template_name, '@');
	struct strbuf text = STRBUF_INIT;
	char *result;

	if (!at)
		return -EINVAL;
	strbuf_add(&text, template_name, (size_t)(at - template_name) + 1);
	strbuf_puts(&text, instance);
	strbuf_puts(&text, at + 1);
	result = strbuf_take(&text);
	if (!result)
		return -ENOMEM;
	*ret_name = result;
	return 0;
}

/* --- pieces of a name --- */

/* "-" is a slash in an escaped name, \xNN a byte. */
static void put_unescaped(struct strbuf *out, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		char digits[3] = "";

		if (text[i] == '\\' && i + 3 < len && text[i + 1] == 'x' &&
		    isxdigit((unsigned char)text[i + 2]) && isxdigit((unsigned char)text[i + 3])) {
			digits[0] = text[i + 2];
			digits[1] = text[i + 3];
			strbuf_putc(out, (char)strtoul(digits, NULL, 16));
			i += 3;
		} else {
			strbuf_putc(out, text[i] == '-' ? '/' : text[i]);
		}
	}
}

struct piece {
	const char *text;
	size_t len;
};

static struct piece piece_prefix(const char *name)
{
	size_t len = strcspn(name, "@");

	if (!name[len])
		len = (size_t)(strrchr(name, '.') ? strrchr(name, '.') - name : (long)strlen(name));
	return (struct piece){ name, len };
}

static struct piece piece_instance(const char *name)
{
	const char *at = strchr(name, '@');
	const char *dot = strrchr(name, '.');

	if (!at || !dot || dot < at)
		return (struct piece){ "", 0 };
	return (struct piece){ at + 1, (size_t)(dot - at - 1) };
}

/* What is behind the last dash of the prefix. */
static struct piece piece_last_part(const char *name)
{
	struct piece piece = piece_prefix(name);
	const char *dash = memrchr(piece.text, '-', piece.len);

	if (!dash)
		return piece;
	return (struct piece){ dash + 1, piece.len - (size_t)(dash + 1 - piece.text) };
}

static void put_piece(struct strbuf *out, struct piece piece)
{
	strbuf_add(out, piece.text, piece.len);
}

/* %f: the instance, or else the prefix, as a path. */
static void put_path(struct strbuf *out, const char *name)
{
	struct piece piece = piece_instance(name);

	if (piece.len == 0)
		piece = piece_prefix(name);
	if (piece.len == 0 || piece.text[0] != '-')
		strbuf_putc(out, '/');
	put_unescaped(out, piece.text, piece.len);
}

/* True if the letter stands for a piece of the unit's name. */
static bool expand_name(const struct specifiers *specifiers, char letter, struct strbuf *out)
{
	const char *name = specifiers->name;
	struct piece piece;

	switch (letter) {
	case 'n':
		strbuf_puts(out, name);
		return true;
	case 'N':
		strbuf_add(out, name, strlen(name) - strlen(unit_name_suffix(name)));
		return true;
	case 'p':
		put_piece(out, piece_prefix(name));
		return true;
	case 'P':
		piece = piece_prefix(name);
		put_unescaped(out, piece.text, piece.len);
		return true;
	case 'i':
		put_piece(out, piece_instance(name));
		return true;
	case 'I':
		piece = piece_instance(name);
		put_unescaped(out, piece.text, piece.len);
		return true;
	case 'j':
		put_piece(out, piece_last_part(name));
		return true;
	case 'J':
		piece = piece_last_part(name);
		put_unescaped(out, piece.text, piece.len);
		return true;
	case 'f':
		put_path(out, name);
		return true;
	case 'd':
		strbuf_printf(out, "/run/credentials/%s", name);
		return true;
	case 'Y':
		if (!specifiers->path)
			return false;
		strbuf_add(out, specifiers->path,
			   (size_t)(strrchr(specifiers->path, '/') - specifiers->path));
		return true;
	}
	return false;
}

static const char *release_value(const struct specifiers *specifiers, char letter)
{
	switch (letter) {
	case 'a':
		return specifiers->architecture;
	case 'A':
		return specifiers->image_version;
	case 'B':
		return specifiers->build_id;
	case 'M':
		return specifiers->image_id;
	case 'o':
		return specifiers->os_id;
	case 'q':
		return specifiers->pretty_host;
	case 'w':
		return specifiers->version_id;
	case 'W':
		return specifiers->variant_id;
	}
	return NULL;
}

static const char *fixed_value(const struct specifiers *specifiers, char letter)
{
	switch (letter) {
	case 'u':
	case 'g':
		return "root";
	case 'U':
	case 'G':
		return "0";
	case 'h':
		return "/root";
	case 's':
		return "/bin/sh";
	case 't':
		return "/run";
	case 'S':
		return "/var/lib";
	case 'C':
		return "/var/cache";
	case 'L':
		return "/var/log";
	case 'E':
		return "/etc";
	case 'T':
		return "/tmp";
	case 'V':
		return "/var/tmp";
	case '%':
		return "%";
	case 'H':
	case 'l':
		return specifiers->host_name;
	case 'm':
		return specifiers->machine_id;
	case 'b':
		return specifiers->boot_id;
	case 'v':
		return specifiers->kernel;
	case 'y':
		return specifiers->path;
	}
	return release_value(specifiers, letter);
}

/* Letters that systemd gives a meaning; any other stays as it is written ("date +%F"), as in systemd. */
static const char known_letters[] = "aAbBCdEfgGhHiIjJlLmMnNopPqsStTuUvVwWyY";

int specifiers_expand(const struct specifiers *specifiers, const char *text, char **ret_text,
		      char *ret_bad)
{
	struct strbuf out CLEANUP_STRBUF = STRBUF_INIT;
	char *result;

	for (; *text; text++) {
		const char *fixed;

		if (*text != '%' || !text[1]) {
			strbuf_putc(&out, *text);
			continue;
		}
		text++;
		if (expand_name(specifiers, *text, &out))
			continue;
		fixed = fixed_value(specifiers, *text);
		if (!fixed && !strchr(known_letters, *text)) {
			strbuf_putc(&out, '%');
			strbuf_putc(&out, *text);
			continue;
		}
		if (!fixed) {
			if (ret_bad)
				*ret_bad = *text;
			return -EINVAL;
		}
		if (*text == 'l')
			strbuf_add(&out, fixed, strcspn(fixed, "."));
		else
			strbuf_puts(&out, fixed);
	}
	result = strbuf_take(&out);
	if (!result)
		return -ENOMEM;
	*ret_text = result;
	return 0;
}
