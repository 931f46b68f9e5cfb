/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "table_read.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "early/fd.h"
#include "early/wire.h"

/*
 * Reading the table
 *
 * early-load may have died half-way, may be of another version, or may be wrong. The bytes are therefore walked twice: first
 * for the form (HEADER first, END last, nothing behind it, every message of a length that fits), then for the contents.
 * A unit whose own messages are wrong is left out and the rest is taken: one bad manifest must not cost the machine.
 */

/* Where the walk is. */
struct cursor {
	const char *data;
	size_t len;
};

static int next_message(struct cursor *cursor, uint16_t *ret_opcode, struct definition_part *ret)
{
	uint32_t size;
	int r;

	r = wire_peek(cursor->data, cursor->len, ret_opcode, &size);
	if (r < 0 || size > cursor->len || size < WIRE_HEADER_SIZE)
		return -EPROTO;
	*ret = (struct definition_part){ cursor->data, size };
	cursor->data += size;
	cursor->len -= size;
	return 0;
}

static int check_header(struct cursor *cursor)
{
	struct definition_part part;
	struct table_header header;
	uint16_t opcode;
	int r;

	r = next_message(cursor, &opcode, &part);
	if (r < 0)
		return r;
	if (opcode != TABLE_HEADER ||
	    wire_unpack(&table_protocol, part.data, part.len, opcode, &header, sizeof(header)) < 0)
		return -EPROTO;
	return header.version == TABLE_VERSION && header.services <= TABLE_READ_MAX_SERVICES
		       ? 0
		       : -EPROTO;
}

static int check_form(struct cursor cursor)
{
	struct definition_part part;
	bool in_service = false;
	uint16_t opcode;
	size_t n_services = 0;
	int r;

	r = check_header(&cursor);
	if (r < 0)
		return r;
	for (;;) {
		r = next_message(&cursor, &opcode, &part);
		if (r < 0)
			return r;
		switch (opcode) {
		case TABLE_END:
			return cursor.len == 0 ? 0 : -EPROTO;
		case TABLE_SERVICE:
			in_service = true;
			if (++n_services > TABLE_READ_MAX_SERVICES)
				return -EPROTO;
			break;
		case TABLE_EXEC:
		case TABLE_SOCKET:
		case TABLE_PATH:
		case TABLE_TIMER:
			if (!in_service)
				return -EPROTO;
			break;
		case TABLE_DIAGNOSTIC:
			break;
		default:
			return -EPROTO;
		}
	}
}

/* The messages of one unit, gathered: a DIAGNOSTIC may stand between them. */
struct gather {
	char *bytes;
	size_t len;
	size_t size;
	bool too_big;
};

static int gather_add(struct gather *gather, const struct definition_part *part)
{
	if (gather->too_big || gather->len + part->len > TABLE_MAX_UNIT_BYTES) {
		gather->too_big = true;
		return 0;
	}
	if (gather->len + part->len > gather->size) {
		size_t size = MAX(gather->size * 2, gather->len + part->len);
		char *bytes = realloc(gather->bytes, size);

		if (!bytes)
			return -ENOMEM;
		gather->bytes = bytes;
		gather->size = size;
	}
	memcpy(gather->bytes + gather->len, part->data, part->len);
	gather->len += part->len;
	return 0;
}

static void report_bad_unit(const struct gather *gather, const struct table_read_sink *sink)
{
	struct table_service service;
	struct table_diagnostic diagnostic = {
		.file = "",
		.level = 3,
		.directive = "",
		.text = "the table's description of a unit is broken; the unit is left out",
	};
	uint16_t opcode;
	uint32_t size;

	if (!sink->diagnostic)
		return;
	if (wire_peek(gather->bytes, gather->len, &opcode, &size) == 0 && size <= gather->len &&
	    wire_unpack(&table_protocol, gather->bytes, size, opcode, &service, sizeof(service)) ==
		    0)
		diagnostic.file = service.name;
	sink->diagnostic(&diagnostic, sink->data);
}

static int gather_flush(struct gather *gather, const struct table_read_sink *sink)
{
	struct definition *definition = NULL;
	int r;

	if (gather->len == 0)
		return 0;
	r = gather->too_big ? -EPROTO : definition_new(&definition, gather->bytes, gather->len);
	if (r == -EPROTO) {
		report_bad_unit(gather, sink);
		r = 0;
	} else if (r == 0) {
		r = sink->definition(definition, sink->data);
	}
	gather->len = 0;
	gather->too_big = false;
	return r;
}

static void tell_diagnostic(const struct definition_part *part, const struct table_read_sink *sink,
			    size_t *n_diagnostics)
{
	struct table_diagnostic diagnostic;

	if (!sink->diagnostic || ++*n_diagnostics > TABLE_READ_MAX_DIAGNOSTICS)
		return;
	if (wire_unpack(&table_protocol, part->data, part->len, TABLE_DIAGNOSTIC, &diagnostic,
			sizeof(diagnostic)) == 0)
		sink->diagnostic(&diagnostic, sink->data);
}

static int read_units(struct cursor cursor, const struct table_read_sink *sink,
		      struct gather *gather)
{
	struct definition_part part;
	size_t n_diagnostics = 0;
	uint16_t opcode;
	int r;

	for (;;) {
		r = next_message(&cursor, &opcode, &part);
		if (r < 0)
			return r;
		if (opcode == TABLE_SERVICE || opcode == TABLE_END) {
			r = gather_flush(gather, sink);
			if (r < 0 || opcode == TABLE_END)
				return r;
		}
		if (opcode == TABLE_DIAGNOSTIC)
			tell_diagnostic(&part, sink, &n_diagnostics);
		else if (opcode != TABLE_HEADER)
			r = gather_add(gather, &part);
		if (r < 0)
			return r;
	}
}

int table_read(const void *bytes, size_t len, const struct table_read_sink *sink)
{
	struct cursor cursor = { bytes, len };
	struct gather gather = { 0 };
	int r;

	r = check_form(cursor);
	if (r < 0)
		return r;
	r = read_units(cursor, sink, &gather);
	free(gather.bytes);
	return r;
}

static int read_exactly(int fd, char *buf, size_t len)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = pread(fd, buf + done, len - done, (off_t)done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return -EPROTO;
		done += (size_t)n;
	}
	return 0;
}

int table_read_fd(int fd, const struct table_read_sink *sink)
{
	char *bytes CLEANUP(free_charp)
	= NULL;
	struct stat st;
	int seals, r;

	/* Only a memfd has seals: this is also what keeps a file of a disk, which could block, out. */
	seals = fcntl(fd, F_GET_SEALS);
	if (seals < 0 || (seals & (F_SEAL_WRITE | F_SEAL_SHRINK)) != (F_SEAL_WRITE | F_SEAL_SHRINK))
		return -EPERM;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (st.st_size <= 0 || st.st_size > TABLE_READ_MAX_BYTES)
		return -EPROTO;
	bytes = malloc((size_t)st.st_size);
	if (!bytes)
		return -ENOMEM;
	r = read_exactly(fd, bytes, (size_t)st.st_size);
	if (r < 0)
		return r;
	return table_read(bytes, (size_t)st.st_size, sink);
}
