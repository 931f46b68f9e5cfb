/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Packing and unpacking by tables. Sizes are checked before every field, sums cannot overflow because a message is at most
 * WIRE_MAX_MESSAGE long, and no struct ever goes over the wire as it lies in memory.
 */
#include "early/wire.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "early/strbuf.h"
#include "early/strv.h"

struct writer {
	unsigned char *buf;
	size_t size;
	size_t len; /* may pass size: then only counts */
};

struct reader {
	const unsigned char *at;
	size_t left;
};

static void put(struct writer *writer, const void *data, size_t len)
{
	if (writer->len <= writer->size && len <= writer->size - writer->len && len > 0)
		memcpy(writer->buf + writer->len, data, len);
	writer->len += len;
}

static void put_number(struct writer *writer, uint64_t value, size_t len)
{
	unsigned char bytes[8];

	for (size_t i = 0; i < len; i++)
		bytes[i] = (unsigned char)(value >> (8 * i));
	put(writer, bytes, len);
}

static int get_number(struct reader *reader, size_t len, uint64_t *ret_value)
{
	uint64_t value = 0;

	if (reader->left < len)
		return -EPROTO;
	for (size_t i = 0; i < len; i++)
		value |= (uint64_t)reader->at[i] << (8 * i);
	reader->at += len;
	reader->left -= len;
	*ret_value = value;
	return 0;
}

/* Length and bytes; the last byte must be NUL unless there is none and @empty is allowed. */
static int get_bytes(struct reader *reader, bool empty, const char **ret_data, uint32_t *ret_len)
{
	uint64_t len;
	int r = get_number(reader, 4, &len);

	if (r < 0)
		return r;
	if (len > reader->left || (len == 0 && !empty))
		return -EPROTO;
	if (len > 0 && reader->at[len - 1] != '\0')
		return -EPROTO;
	*ret_data = (const char *)reader->at;
	*ret_len = (uint32_t)len;
	reader->at += len;
	reader->left -= len;
	return 0;
}

const struct wire_message *wire_find(const struct wire_protocol *protocol, uint16_t opcode)
{
	for (const struct wire_message *m = protocol->messages; m->name; m++) {
		if (m->opcode == opcode)
			return m;
	}
	return NULL;
}

static void pack_field(struct writer *writer, const struct wire_field *field, const void *value)
{
	const void *at = (const char *)value + field->offset;

	switch ((enum wire_type)field->type) {
	case WIRE_U32:
		put_number(writer, *(const uint32_t *)at, 4);
		break;
	case WIRE_I32:
		put_number(writer, (uint32_t) * (const int32_t *)at, 4);
		break;
	case WIRE_U64:
		put_number(writer, *(const uint64_t *)at, 8);
		break;
	case WIRE_TEXT: {
		const char *text = *(const char *const *)at ? *(const char *const *)at : "";

		put_number(writer, strlen(text) + 1, 4);
		put(writer, text, strlen(text) + 1);
		break;
	}
	case WIRE_LIST: {
		const struct wire_list *list = at;

		put_number(writer, list->len, 4);
		put(writer, list->data, list->len);
		break;
	}
	}
}

int wire_pack(const struct wire_protocol *protocol, uint16_t opcode, const void *value, void *buf,
	      size_t size)
{
	const struct wire_message *message = wire_find(protocol, opcode);
	struct writer writer = { .buf = buf, .size = size, .len = WIRE_HEADER_SIZE };
	size_t len;

	if (!message)
		return -EINVAL;
	for (size_t i = 0; i < message->n_fields; i++)
		pack_field(&writer, &message->fields[i], value);
	len = writer.len;
	if (len > WIRE_MAX_MESSAGE)
		return -EMSGSIZE;
	if (len > size)
		return (int)len;
	writer.len = 0;
	put_number(&writer, len, 4);
	put_number(&writer, WIRE_VERSION, 2);
	put_number(&writer, opcode, 2);
	return (int)len;
}

int wire_peek(const void *buf, size_t len, uint16_t *ret_opcode, uint32_t *ret_len)
{
	struct reader reader = { .at = buf, .left = len };
	uint64_t total, version, opcode;

	if (len < WIRE_HEADER_SIZE)
		return -EAGAIN;
	(void)get_number(&reader, 4, &total); /* the header is there */
	(void)get_number(&reader, 2, &version);
	(void)get_number(&reader, 2, &opcode);
	if (total < WIRE_HEADER_SIZE || total > WIRE_MAX_MESSAGE || version != WIRE_VERSION)
		return -EPROTO;
	*ret_opcode = (uint16_t)opcode;
	*ret_len = (uint32_t)total;
	return 0;
}

static int unpack_field(struct reader *reader, const struct wire_field *field, void *value)
{
	void *at = (char *)value + field->offset;
	uint64_t number = 0;
	uint32_t len;
	int r = -EPROTO;

	switch ((enum wire_type)field->type) {
	case WIRE_U32:
		r = get_number(reader, 4, &number);
		*(uint32_t *)at = (uint32_t)number;
		break;
	case WIRE_I32:
		r = get_number(reader, 4, &number);
		*(int32_t *)at = (int32_t)(uint32_t)number;
		break;
	case WIRE_U64:
		r = get_number(reader, 8, &number);
		*(uint64_t *)at = number;
		break;
	case WIRE_TEXT:
		r = get_bytes(reader, false, at, &len);
		/* A NUL inside would make the text shorter than its peer meant it. */
		if (r == 0 && strlen(*(const char *const *)at) + 1 != len)
			r = -EPROTO;
		break;
	case WIRE_LIST: {
		struct wire_list *list = at;

		r = get_bytes(reader, true, &list->data, &list->len);
		break;
	}
	}
	return r;
}

int wire_unpack(const struct wire_protocol *protocol, const void *buf, size_t len, uint16_t opcode,
		void *ret_value, size_t value_size)
{
	const struct wire_message *message = wire_find(protocol, opcode);
	uint16_t found;
	uint32_t total;
	int r = wire_peek(buf, len, &found, &total);

	if (r < 0)
		return r == -EAGAIN ? -EPROTO : r;
	if (!message || found != opcode || value_size < message->size)
		return -EINVAL;
	if (total > len)
		return -EPROTO;

	struct reader reader = { .at = (const unsigned char *)buf + WIRE_HEADER_SIZE,
				 .left = total - WIRE_HEADER_SIZE };

	for (size_t i = 0; i < message->n_fields; i++) {
		r = unpack_field(&reader, &message->fields[i], ret_value);
		if (r < 0)
			return r;
	}
	return reader.left ? -EPROTO : 0;
}

/* --- in little room --- */

static bool is_empty(const struct wire_field *field, const void *value)
{
	const void *at = (const char *)value + field->offset;

	switch ((enum wire_type)field->type) {
	case WIRE_U32:
	case WIRE_I32:
		return *(const uint32_t *)at == 0;
	case WIRE_U64:
		return *(const uint64_t *)at == 0;
	case WIRE_TEXT:
		return !*(const char *const *)at || !**(const char *const *)at;
	case WIRE_LIST:
		return ((const struct wire_list *)at)->len == 0;
	}
	return true;
}

static void make_empty(const struct wire_field *field, void *value)
{
	void *at = (char *)value + field->offset;

	switch ((enum wire_type)field->type) {
	case WIRE_U32:
	case WIRE_I32:
		*(uint32_t *)at = 0;
		break;
	case WIRE_U64:
		*(uint64_t *)at = 0;
		break;
	case WIRE_TEXT:
		*(const char **)at = "";
		break;
	case WIRE_LIST:
		*(struct wire_list *)at = (struct wire_list){ "", 0 };
		break;
	}
}

size_t wire_squeeze(const struct wire_message *message, const void *value, void *buf, size_t size)
{
	struct writer writer = { .buf = buf, .size = size };

	for (size_t i = 0; i < message->n_fields; i += 8) {
		uint64_t bits = 0;

		for (size_t j = i; j < message->n_fields && j < i + 8; j++)
			if (!is_empty(&message->fields[j], value))
				bits |= 1U << (j - i);
		put_number(&writer, bits, 1);
	}
	for (size_t i = 0; i < message->n_fields; i++)
		if (!is_empty(&message->fields[i], value))
			pack_field(&writer, &message->fields[i], value);
	return writer.len;
}

int wire_expand(const struct wire_message *message, const void *buf, size_t len, void *ret_value)
{
	const unsigned char *bits = buf;
	size_t n_bits = (message->n_fields + 7) / 8;
	struct reader reader = { .at = bits + n_bits, .left = len - n_bits };
	int r;

	if (len < n_bits)
		return -EPROTO;
	for (size_t i = 0; i < message->n_fields; i++) {
		r = 0;
		if (bits[i / 8] & 1U << i % 8)
			r = unpack_field(&reader, &message->fields[i], ret_value);
		else
			make_empty(&message->fields[i], ret_value);
		if (r < 0)
			return r;
	}
	return reader.left ? -EPROTO : 0;
}

const char *wire_list_next(const struct wire_list *list, const char *prev)
{
	const char *next = prev ? prev + strlen(prev) + 1 : list->data;

	return list->len > 0 && next < list->data + list->len ? next : NULL;
}

uint32_t wire_list_count(const struct wire_list *list)
{
	uint32_t n = 0;

	for (const char *s = wire_list_next(list, NULL); s; s = wire_list_next(list, s))
		n++;
	return n;
}

int wire_list_to_strv(const struct wire_list *list, char ***ret_strv)
{
	CLEANUP_STRV char **strv = calloc(1, sizeof(char *));

	if (!strv)
		return -ENOMEM;
	for (const char *s = wire_list_next(list, NULL); s; s = wire_list_next(list, s)) {
		int r = strv_append(&strv, s);

		if (r < 0)
			return r;
	}
	*ret_strv = TAKE_PTR(strv);
	return 0;
}

int wire_list_from_strv(char *const *strv, struct wire_list *ret_list, char **ret_data)
{
	struct strbuf buf = STRBUF_INIT;
	size_t len;

	for (; strv && *strv; strv++)
		strbuf_add(&buf, *strv, strlen(*strv) + 1);
	len = buf.len;
	if (len > WIRE_MAX_MESSAGE) {
		strbuf_done(&buf);
		return -EMSGSIZE;
	}
	*ret_data = strbuf_take(&buf);
	if (!*ret_data)
		return -ENOMEM;
	ret_list->data = *ret_data;
	ret_list->len = (uint32_t)len;
	return 0;
}
