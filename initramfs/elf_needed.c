/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A bounded reader of the few ELF fields that decide what else a program needs: the loader in PT_INTERP, and DT_NEEDED and
 * the search path in PT_DYNAMIC. Section headers are never looked at; a stripped file may have none.
 *
 * Every offset comes from the file, so every one goes through view_at(), the only place that turns an offset into a
 * pointer, and structures are copied out of the bytes, so that alignment is of no interest. Loops are bounded: by the
 * 16 bit number of program headers, and by the size of the dynamic segment.
 */
#include "elf_needed.h"

#include <elf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "early/strv.h"

#define ELF_MAX_STRING 4096

struct view {
	const unsigned char *data;
	size_t len;
	Elf64_Ehdr header;
	const char *why;
};

static int view_bad(struct view *view, const char *why)
{
	view->why = why;
	return -EBADMSG;
}

static const void *view_at(const struct view *view, uint64_t offset, uint64_t len)
{
	if (offset > view->len || len > view->len - offset)
		return NULL;
	return view->data + offset;
}

static int view_segment(struct view *view, uint16_t index, Elf64_Phdr *ret)
{
	uint64_t offset = (uint64_t)index * sizeof(*ret);
	const void *at;

	if (offset > UINT64_MAX - view->header.e_phoff)
		return view_bad(view, "program headers lie outside of the file");
	at = view_at(view, view->header.e_phoff + offset, sizeof(*ret));
	if (!at)
		return view_bad(view, "program headers lie outside of the file");
	memcpy(ret, at, sizeof(*ret));
	return 0;
}

/* The file offset of a virtual address, by the PT_LOAD segment that holds it. */
static int view_address(struct view *view, uint64_t address, uint64_t *ret_offset)
{
	for (uint16_t i = 0; i < view->header.e_phnum; i++) {
		Elf64_Phdr segment;
		int r = view_segment(view, i, &segment);

		if (r < 0)
			return r;
		if (segment.p_type != PT_LOAD || address < segment.p_vaddr ||
		    address - segment.p_vaddr >= segment.p_filesz)
			continue;
		if (segment.p_offset > view->len)
			break;
		*ret_offset = segment.p_offset + (address - segment.p_vaddr);
		return 0;
	}
	return view_bad(view, "an address is in no segment of the file");
}

/* A copy of the string at @offset, which must end before @limit bytes have passed. */
static int view_string(struct view *view, uint64_t offset, uint64_t limit, char **ret)
{
	uint64_t room = offset > view->len ? 0 : MIN(view->len - offset, limit);
	const char *at = view_at(view, offset, room);
	size_t len;

	if (!at || room == 0)
		return view_bad(view, "a string lies outside of the file");
	len = strnlen(at, MIN(room, (uint64_t)ELF_MAX_STRING));
	if (len == room || len == ELF_MAX_STRING)
		return view_bad(view, "a string does not end");
	*ret = strndup(at, len);
	return *ret ? 0 : -ENOMEM;
}

struct dynamic {
	const unsigned char *entries;
	size_t n;
	uint64_t strings_offset;
	uint64_t strings_len;
};

static Elf64_Dyn dynamic_entry(const struct dynamic *dynamic, size_t index)
{
	Elf64_Dyn entry;

	memcpy(&entry, dynamic->entries + index * sizeof(entry), sizeof(entry));
	return entry;
}

static int dynamic_open(struct view *view, const Elf64_Phdr *segment, struct dynamic *ret)
{
	struct dynamic dynamic = { 0 };
	uint64_t address = 0;
	bool strings = false;
	size_t n = 0;

	dynamic.entries = view_at(view, segment->p_offset, segment->p_filesz);
	if (!dynamic.entries)
		return view_bad(view, "the dynamic segment lies outside of the file");
	for (; n < segment->p_filesz / sizeof(Elf64_Dyn); n++) {
		Elf64_Dyn entry = dynamic_entry(&dynamic, n);

		if (entry.d_tag == DT_NULL)
			break;
		if (entry.d_tag == DT_STRTAB) {
			address = entry.d_un.d_ptr;
			strings = true;
		} else if (entry.d_tag == DT_STRSZ) {
			dynamic.strings_len = entry.d_un.d_val;
		}
	}
	dynamic.n = n;
	if (strings) {
		int r = view_address(view, address, &dynamic.strings_offset);

		if (r < 0)
			return r;
	}
	*ret = dynamic;
	return 0;
}

static int dynamic_string(struct view *view, const struct dynamic *dynamic, uint64_t at, char **ret)
{
	if (at >= dynamic->strings_len)
		return view_bad(view, "a name lies outside of the string table");
	return view_string(view, dynamic->strings_offset + at, dynamic->strings_len - at, ret);
}

static int read_dynamic(struct view *view, const Elf64_Phdr *segment, struct elf_needed *elf)
{
	CLEANUP(free_charp)
	char *old_path = NULL;
	struct dynamic dynamic;
	int r;

	r = dynamic_open(view, segment, &dynamic);
	for (size_t i = 0; r >= 0 && i < dynamic.n; i++) {
		Elf64_Dyn entry = dynamic_entry(&dynamic, i);
		char **path = entry.d_tag == DT_RUNPATH ? &elf->search_path : &old_path;
		char *name = NULL;

		if (entry.d_tag == DT_NEEDED) {
			r = dynamic_string(view, &dynamic, entry.d_un.d_val, &name);
			if (r >= 0)
				r = strv_consume(&elf->libraries, name);
		} else if ((entry.d_tag == DT_RUNPATH || entry.d_tag == DT_RPATH) && !*path) {
			r = dynamic_string(view, &dynamic, entry.d_un.d_val, path);
		}
	}
	if (r >= 0 && !elf->search_path)
		elf->search_path = TAKE_PTR(old_path);
	return r;
}

static int read_segments(struct view *view, struct elf_needed *elf)
{
	bool dynamic_seen = false;

	for (uint16_t i = 0; i < view->header.e_phnum; i++) {
		Elf64_Phdr segment;
		int r = view_segment(view, i, &segment);

		if (r >= 0 && segment.p_type == PT_INTERP && !elf->interpreter)
			r = view_string(view, segment.p_offset, segment.p_filesz,
					&elf->interpreter);
		if (r >= 0 && segment.p_type == PT_DYNAMIC && !dynamic_seen) {
			dynamic_seen = true;
			r = read_dynamic(view, &segment, elf);
		}
		if (r < 0)
			return r;
	}
	return 0;
}

static int read_header(struct view *view)
{
	const unsigned char *ident = view_at(view, 0, EI_NIDENT);

	if (view->len < SELFMAG || memcmp(view->data, ELFMAG, SELFMAG) != 0)
		return ELF_NONE;
	if (!ident)
		return view_bad(view, "it ends within the header");
	if (ident[EI_CLASS] != ELFCLASS64 || ident[EI_DATA] != ELFDATA2LSB)
		return ELF_FOREIGN;
	if (view->len < sizeof(view->header))
		return view_bad(view, "it ends within the header");
	memcpy(&view->header, view->data, sizeof(view->header));
	if (view->header.e_phnum == PN_XNUM)
		return view_bad(view, "it has more program headers than a program can have");
	if (view->header.e_phnum > 0 && view->header.e_phentsize != sizeof(Elf64_Phdr))
		return view_bad(view, "its program headers have an unknown size");
	return ELF_READ;
}

int elf_needed_read(const void *data, size_t len, struct elf_needed *ret, const char **ret_why)
{
	CLEANUP_ELF
	struct elf_needed elf = { 0 };
	struct view view = { .data = data, .len = len };
	int r;

	r = read_header(&view);
	if (r == ELF_READ) {
		elf.machine = view.header.e_machine;
		r = read_segments(&view, &elf);
	}
	if (r < 0)
		*ret_why = view.why ? view.why : strerror(-r);
	if (r != ELF_READ)
		return r;
	*ret = elf;
	elf = (struct elf_needed){ 0 };
	return ELF_READ;
}

int elf_needed_machine(const void *data, size_t len, uint16_t *ret, const char **ret_why)
{
	struct view view = { .data = data, .len = len };
	int r = read_header(&view);

	_Static_assert(sizeof(view.header) == ELF_HEAD_BYTES, "the header is what is read");
	if (r < 0)
		*ret_why = view.why ? view.why : strerror(-r);
	if (r == ELF_READ)
		*ret = view.header.e_machine;
	return r;
}

void elf_needed_done(struct elf_needed *elf)
{
	free(TAKE_PTR(elf->interpreter));
	free(TAKE_PTR(elf->search_path));
	strv_free(TAKE_PTR(elf->libraries));
}
