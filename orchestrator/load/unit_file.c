/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The syntax of unit files: "[Section]", "Key=Value", comments with # or ; and lines that go on after a backslash.
 *
 * An own parser, because order counts (a key may repeat, an empty value resets what came before) and because every remark
 * must name the line at which its assignment begins. What systemd does in odd cases is done here: a comment line within a
 * continued value is skipped and does not end it, the backslash becomes a space, a final backslash at the end of the file is
 * dropped, and a line that cannot be read is told and left out without spoiling the rest.
 */
#include "unit_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "early/strbuf.h"
#include "early/strv.h"

struct parser {
	struct unit_lines *lines;
	struct diags *diags;
	const char *file;
	char *section;
	struct strbuf pending; /* the logical line as far as it is read */
	uint32_t pending_line; /* 0: none */
};

static void unit_line_done(struct unit_line *line)
{
	free(line->section);
	free(line->key);
	free(line->value);
}

void unit_lines_done(struct unit_lines *lines)
{
	for (size_t i = 0; i < lines->n_items; i++)
		unit_line_done(&lines->items[i]);
	free(lines->items);
	strv_free(lines->files);
	*lines = (struct unit_lines){ 0 };
}

/* Takes the strings of @line over, also on failure. */
static int unit_lines_push(struct unit_lines *lines, struct unit_line line)
{
	struct unit_line *items = NULL;

	if (line.section && line.key && line.value)
		items = reallocarray(lines->items, lines->n_items + 1, sizeof(*items));
	if (!items) {
		unit_line_done(&line);
		return -ENOMEM;
	}
	lines->items = items;
	lines->items[lines->n_items++] = line;
	return 0;
}

static int unit_lines_add_file(struct unit_lines *lines, const char *file, const char **ret_file)
{
	size_t n = strv_length(lines->files);
	int r;

	if (n > 0 && strcmp(lines->files[n - 1], file) == 0) {
		*ret_file = lines->files[n - 1];
		return 0;
	}
	r = strv_append(&lines->files, file);
	if (r < 0)
		return r;
	*ret_file = lines->files[n];
	return 0;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void trim(const char **text, size_t *len)
{
	while (*len > 0 && is_blank((*text)[0])) {
		(*text)++;
		(*len)--;
	}
	while (*len > 0 && is_blank((*text)[*len - 1]))
		(*len)--;
}

static int parser_section(struct parser *parser, const char *text, size_t len)
{
	free(parser->section);
	parser->section = NULL;
	if (text[len - 1] != ']' || len < 3) {
		diags_add(parser->diags, parser->file, parser->pending_line, DIAG_ERROR, NULL,
			  "section head without its closing bracket; what follows is left out");
		return 0;
	}
	parser->section = strndup(text + 1, len - 2);
	if (!parser->section)
		return -ENOMEM;
	if (parser->lines->service_line == 0 && parser->file == parser->lines->files[0] &&
	    strcmp(parser->section, "Service") == 0)
		parser->lines->service_line = parser->pending_line;
	return 0;
}

static int parser_assignment(struct parser *parser, const char *text, size_t len)
{
	const char *equals = memchr(text, '=', len);
	const char *value;
	size_t key_len;
	size_t value_len;

	if (!equals || equals == text) {
		diags_add(parser->diags, parser->file, parser->pending_line, DIAG_ERROR, NULL,
			  "neither a section nor an assignment: Key=Value is needed");
		return 0;
	}
	if (!parser->section) {
		diags_add(parser->diags, parser->file, parser->pending_line, DIAG_ERROR, NULL,
			  "assignment outside of a section: put it below [Unit] or [Service]");
		return 0;
	}
	key_len = (size_t)(equals - text);
	value = equals + 1;
	value_len = len - key_len - 1;
	trim(&text, &key_len);
	trim(&value, &value_len);
	return unit_lines_push(parser->lines, (struct unit_line){
						      .file = parser->file,
						      .line = parser->pending_line,
						      .section = strdup(parser->section),
						      .key = strndup(text, key_len),
						      .value = strndup(value, value_len),
					      });
}

/* Ends the logical line. */
static int parser_finish_line(struct parser *parser)
{
	const char *text = parser->pending.data;
	size_t len = parser->pending.len;
	int r = 0;

	if (parser->pending_line == 0)
		return 0;
	r = strbuf_error(&parser->pending);
	if (r == 0 && len > 0) {
		trim(&text, &len);
		if (len > 0 && text[0] == '[')
			r = parser_section(parser, text, len);
		else if (len > 0)
			r = parser_assignment(parser, text, len);
	}
	strbuf_reset(&parser->pending);
	parser->pending_line = 0;
	return r;
}

/* A backslash at the end that is not escaped by another. */
static bool is_continued(const char *text, size_t len)
{
	size_t n = 0;

	while (n < len && text[len - 1 - n] == '\\')
		n++;
	return n % 2 == 1;
}

static int parser_physical_line(struct parser *parser, const char *text, size_t len,
				uint32_t number)
{
	const char *start = text;
	size_t left = len;

	trim(&start, &left);
	if (left > 0 && (start[0] == '#' || start[0] == ';'))
		return 0;
	if (left == 0 && parser->pending_line == 0)
		return 0;
	if (parser->pending_line == 0)
		parser->pending_line = number;
	if (left == 0)
		start = text + len; /* blanks only: an empty line, which ends a value */
	while (len > (size_t)(start - text) && text[len - 1] == '\r')
		len--;
	len -= (size_t)(start - text); /* what leads a line is no part of it */
	if (is_continued(start, len)) {
		strbuf_add(&parser->pending, start, len - 1);
		strbuf_putc(&parser->pending, ' ');
		return 0;
	}
	strbuf_add(&parser->pending, start, len);
	return parser_finish_line(parser);
}

int unit_file_parse(const char *file, const char *data, size_t len, struct unit_lines *lines,
		    struct diags *diags)
{
	struct parser parser = { .lines = lines, .diags = diags };
	uint32_t number = 0;
	int r;

	r = unit_lines_add_file(lines, file, &parser.file);
	if (r < 0)
		return r;
	lines->n_bytes += len;
	if (memchr(data, '\0', len)) {
		diags_add(diags, file, 0, DIAG_ERROR, NULL,
			  "the file holds a zero byte: it is no unit file");
		return 0;
	}
	if (len >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0) {
		data += 3;
		len -= 3;
	}
	while (len > 0 && r == 0) {
		const char *end = memchr(data, '\n', len);
		size_t line_len = end ? (size_t)(end - data) : len;

		r = parser_physical_line(&parser, data, line_len, ++number);
		data += line_len + (end ? 1 : 0);
		len -= line_len + (end ? 1 : 0);
	}
	if (r == 0)
		r = parser_finish_line(&parser);
	strbuf_done(&parser.pending);
	free(parser.section);
	return r;
}

bool unit_lines_have(const struct unit_lines *lines, const char *section, const char *key)
{
	return unit_lines_last(lines, section, key) != NULL;
}

const char *unit_lines_last(const struct unit_lines *lines, const char *section, const char *key)
{
	for (size_t i = lines->n_items; i > 0; i--) {
		const struct unit_line *line = &lines->items[i - 1];

		if (strcmp(line->section, section) == 0 && strcmp(line->key, key) == 0)
			return line->value;
	}
	return NULL;
}

int unit_lines_import(struct unit_lines *lines, const struct unit_lines *from,
		      const struct unit_lines *own)
{
	lines->changed_us = MAX(lines->changed_us, from->changed_us);
	for (size_t i = 0; i < from->n_items; i++) {
		const struct unit_line *line = &from->items[i];
		const char *file;
		int r;

		if (own && unit_lines_have(own, line->section, line->key))
			continue;
		r = unit_lines_add_file(lines, line->file, &file);
		if (r < 0)
			return r;
		r = unit_lines_push(lines, (struct unit_line){
						   .file = file,
						   .line = line->line,
						   .section = strdup(line->section),
						   .key = strdup(line->key),
						   .value = strdup(line->value),
					   });
		if (r < 0)
			return r;
	}
	return 0;
}

int unit_lines_append(struct unit_lines *lines, const struct unit_lines *from)
{
	return unit_lines_import(lines, from, NULL);
}

void unit_lines_keep(struct unit_lines *lines, const char *section)
{
	size_t kept = 0;

	for (size_t i = 0; i < lines->n_items; i++) {
		if (strcmp(lines->items[i].section, section) == 0)
			lines->items[kept++] = lines->items[i];
		else
			unit_line_done(&lines->items[i]);
	}
	lines->n_items = kept;
}
