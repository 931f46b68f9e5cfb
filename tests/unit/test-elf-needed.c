/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "elf_needed.h"

#include <elf.h>
#include <errno.h>
#include <string.h>

#include "early/strv.h"
#include "early_test.h"

/* A small program: header, three segments, the dynamic segment, the strings. */
struct image {
	Elf64_Ehdr header;
	Elf64_Phdr segments[3];
	Elf64_Dyn dynamic[6];
	char interpreter[16];
	char strings[64];
};

#define BASE 0x400000

static struct image make_image(void)
{
	struct image image = { 0 };

	memcpy(image.header.e_ident, ELFMAG, SELFMAG);
	image.header.e_ident[EI_CLASS] = ELFCLASS64;
	image.header.e_ident[EI_DATA] = ELFDATA2LSB;
	image.header.e_machine = EM_X86_64;
	image.header.e_phoff = offsetof(struct image, segments);
	image.header.e_phentsize = sizeof(Elf64_Phdr);
	image.header.e_phnum = 3;
	image.segments[0] =
		(Elf64_Phdr){ .p_type = PT_LOAD, .p_vaddr = BASE, .p_filesz = sizeof(image) };
	image.segments[1] = (Elf64_Phdr){ .p_type = PT_INTERP,
					  .p_offset = offsetof(struct image, interpreter),
					  .p_filesz = sizeof("/lib/ld.so") };
	image.segments[2] = (Elf64_Phdr){ .p_type = PT_DYNAMIC,
					  .p_offset = offsetof(struct image, dynamic),
					  .p_filesz = sizeof(image.dynamic) };
	strcpy(image.interpreter, "/lib/ld.so");
	memcpy(image.strings, "\0libc.so.6\0$ORIGIN/x\0liba.so", 29);
	image.dynamic[0] = (Elf64_Dyn){ DT_NEEDED, { 1 } };
	image.dynamic[1] = (Elf64_Dyn){ DT_NEEDED, { 21 } };
	image.dynamic[2] = (Elf64_Dyn){ DT_RPATH, { 11 } };
	image.dynamic[3] = (Elf64_Dyn){ DT_STRTAB, { BASE + offsetof(struct image, strings) } };
	image.dynamic[4] = (Elf64_Dyn){ DT_STRSZ, { sizeof(image.strings) } };
	return image;
}

static int read_image(const void *data, size_t len, struct elf_needed *elf)
{
	const char *why = NULL;
	int r = elf_needed_read(data, len, elf, &why);

	if (r < 0)
		assert_non_null(why);
	return r;
}

TEST(program)
{
	struct image image = make_image();
	CLEANUP_ELF
	struct elf_needed elf = { 0 };

	assert_int_equal(read_image(&image, sizeof(image), &elf), ELF_READ);
	assert_int_equal(elf.machine, EM_X86_64);
	assert_string_equal(elf.interpreter, "/lib/ld.so");
	assert_int_equal(strv_length(elf.libraries), 2);
	assert_string_equal(elf.libraries[0], "libc.so.6");
	assert_string_equal(elf.libraries[1], "liba.so");
	assert_string_equal(elf.search_path, "$ORIGIN/x");
}

TEST(machine_of_the_beginning)
{
	struct image image = make_image();
	const char *why = NULL;
	uint16_t machine = 0;

	assert_int_equal(elf_needed_machine(&image, ELF_HEAD_BYTES, &machine, &why), ELF_READ);
	assert_int_equal(machine, EM_X86_64);
	assert_int_equal(elf_needed_machine(&image, ELF_HEAD_BYTES - 1, &machine, &why), -EBADMSG);
	assert_non_null(why);
	assert_int_equal(elf_needed_machine("#!/bin/sh", 9, &machine, &why), ELF_NONE);
	assert_int_equal(elf_needed_machine("", 0, &machine, &why), ELF_NONE);
	image.header.e_ident[EI_CLASS] = ELFCLASS32;
	assert_int_equal(elf_needed_machine(&image, ELF_HEAD_BYTES, &machine, &why), ELF_FOREIGN);
}

TEST(runpath_before_rpath)
{
	struct image image = make_image();
	CLEANUP_ELF
	struct elf_needed elf = { 0 };

	image.dynamic[1] = (Elf64_Dyn){ DT_RUNPATH, { 21 } };
	assert_int_equal(read_image(&image, sizeof(image), &elf), ELF_READ);
	assert_string_equal(elf.search_path, "liba.so");
}

TEST(others)
{
	struct image image = make_image();
	struct elf_needed elf;

	assert_int_equal(read_image("#!/bin/sh\n", 10, &elf), ELF_NONE);
	assert_int_equal(read_image("", 0, &elf), ELF_NONE);
	image.header.e_ident[EI_CLASS] = ELFCLASS32;
	assert_int_equal(read_image(&image, sizeof(image), &elf), ELF_FOREIGN);
	image = make_image();
	image.header.e_ident[EI_DATA] = ELFDATA2MSB;
	assert_int_equal(read_image(&image, sizeof(image), &elf), ELF_FOREIGN);
}

TEST(broken)
{
	struct elf_needed elf;

	/* Cut anywhere: never more than an error (the sanitizers watch). */
	for (size_t len = SELFMAG; len < offsetof(struct image, strings) + 28; len++) {
		struct image image = make_image();

		assert_int_equal(read_image(&image, len, &elf), -EBADMSG);
	}
#define BROKEN(change)                                                                             \
	do {                                                                                       \
		struct image image = make_image();                                                 \
		change;                                                                            \
		assert_int_equal(read_image(&image, sizeof(image), &elf), -EBADMSG);               \
	} while (0)
	BROKEN(image.header.e_phoff = UINT64_MAX - 8);
	BROKEN(image.header.e_phnum = PN_XNUM);
	BROKEN(image.header.e_phentsize = 1);
	BROKEN(image.segments[1].p_offset = UINT64_MAX);
	BROKEN(image.segments[1].p_filesz = 4); /* its NUL is outside */
	BROKEN(image.segments[2].p_filesz = UINT64_MAX);
	BROKEN(image.dynamic[0].d_un.d_val = sizeof(image.strings));
	BROKEN(image.dynamic[3].d_un.d_ptr = 1);
	BROKEN(image.dynamic[2].d_tag = DT_DEBUG;
	       image.dynamic[4].d_un.d_val = 15); /* begins behind */
	BROKEN(image.dynamic[4].d_un.d_val = 5); /* a name goes on behind the table */
}

TEST_MAIN(cmocka_unit_test(program), cmocka_unit_test(machine_of_the_beginning),
	  cmocka_unit_test(runpath_before_rpath), cmocka_unit_test(others),
	  cmocka_unit_test(broken))
