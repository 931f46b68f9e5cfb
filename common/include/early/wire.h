/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

/*
 * Messages between Early's processes. A message is a C struct described by a table of its fields; packing and unpacking
 * are one piece of code that both ends link. On the wire, little-endian: u32 length of the whole, u16 version, u16 opcode,
 * then each field in the table's order. Text is u32 length (with its NUL) and the bytes.
 *
 * Unpacked text and lists point into the received buffer and live as long as it does. A text field is never NULL after
 * wire_unpack (the sender's NULL arrives as "").
 */
#define WIRE_VERSION 1
#define WIRE_HEADER_SIZE 8
#define WIRE_MAX_MESSAGE (64 * 1024)

/* Several strings in one field: @len bytes, each string with its NUL. */
struct wire_list {
	const char *data;
	uint32_t len;
};

enum wire_type {
	WIRE_U32, /* uint32_t */
	WIRE_I32, /* int32_t */
	WIRE_U64, /* uint64_t */
	WIRE_TEXT, /* const char * */
	WIRE_LIST, /* struct wire_list */
};

/* There are hundreds in each program: no pointers, which would have to be relocated. */
struct wire_field {
	uint8_t type; /* enum wire_type */
	uint16_t offset;
};

/* One kind of message of a protocol. */
struct wire_message {
	uint16_t opcode;
	const char *name;
	size_t size; /* of the C struct; 0 for a message without fields */
	size_t n_fields;
	const struct wire_field *fields;
};

/* A protocol: all that may come over one link. Ends with the first message whose name is NULL. */
struct wire_protocol {
	const char *name;
	const struct wire_message *messages;
};

#define WIRE_FIELD(type, field, kind)                                                              \
	{                                                                                          \
		kind, offsetof(type, field)                                                        \
	}
#define WIRE_MESSAGE(opcode, type, table)                                                          \
	{                                                                                          \
		opcode, #opcode, sizeof(type), sizeof(table) / sizeof((table)[0]), table           \
	}
#define WIRE_EMPTY(opcode)                                                                         \
	{                                                                                          \
		opcode, #opcode, 0, 0, NULL                                                        \
	}

/* The description of @opcode, or NULL. */
const struct wire_message *wire_find(const struct wire_protocol *protocol, uint16_t opcode);

/*
 * Packs @value (the message's struct) into @buf. Returns the bytes needed; more than @size means that nothing was written.
 * -EINVAL for an opcode that is not the protocol's, -EMSGSIZE beyond WIRE_MAX_MESSAGE.
 */
int wire_pack(const struct wire_protocol *protocol, uint16_t opcode, const void *value, void *buf,
	      size_t size);

/* Length and opcode of the message at @buf: -EAGAIN if its header is not all there, -EPROTO if it can't be right. */
int wire_peek(const void *buf, size_t len, uint16_t *ret_opcode, uint32_t *ret_len);

/*
 * Unpacks one whole message of @opcode (of wire_peek) into @ret_value, which must have room for the message's struct.
 * -EPROTO: truncated, overlong, unterminated text, wrong version. -EINVAL: opcode that is not the protocol's.
 */
int wire_unpack(const struct wire_protocol *protocol, const void *buf, size_t len, uint16_t opcode,
		void *ret_value, size_t value_size);

/*
 * The same value for who keeps many: only what is neither 0 nor empty is there, behind a bit for each field. It never leaves its
 * program. Returns the bytes needed; more than @size means that nothing of use was written.
 */
size_t wire_squeeze(const struct wire_message *message, const void *value, void *buf, size_t size);

/* The opposite, of wire_squeeze()'s own bytes. Text and lists point into @buf. */
int wire_expand(const struct wire_message *message, const void *buf, size_t len, void *ret_value);

/* The next string of a list after @prev (NULL: the first), or NULL at the end. */
const char *wire_list_next(const struct wire_list *list, const char *prev);
uint32_t wire_list_count(const struct wire_list *list);

/* A list's strings as a NULL-terminated array of copies. Free with strv_free. */
int wire_list_to_strv(const struct wire_list *list, char ***ret_strv);

/* The opposite: *ret_data (free) holds the bytes that ret_list points to. */
int wire_list_from_strv(char *const *strv, struct wire_list *ret_list, char **ret_data);
