/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Of sanitized builds only: what libasan would do in vain while a process begins.
 *
 * It asks dlsym() for every function that it might intercept. Some fifty are in no library here, the C library allocates the words of
 * each failure, and for these libasan sets up an allocator of its own: it writes to a page of everything that it has to give.
 *
 * So until the executable's own constructors run its dlsym() says at once that what no library defines is not there. libasan calls
 * this one because an executable's names come before all libraries'. Nothing here may be instrumented, or call a function that libasan
 * intercepts; and dlsym() must leave by a jump, so that the C library still sees who asks for the next one.
 */
#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MODULES_MAX 64

typedef void *dlsym_function(void *handle, const char *name);

/* The names that a library defines, by DT_GNU_HASH. */
struct module {
	const uint32_t *hash;
	const ElfW(Sym) * symbols;
	const char *strings;
	const ElfW(Half) * versions; /* or NULL */
};

static struct {
	bool started;
	bool whole; /* all that is loaded is in modules[] */
	unsigned int count;
	struct module modules[MODULES_MAX];
} start;

static bool is_same(const char *a, const char *b)
{
	for (; *a && *a == *b; a++, b++)
		;
	return *a == *b;
}

static bool starts_with(const char *text, const char *prefix)
{
	for (; *prefix && *text == *prefix; text++, prefix++)
		;
	return !*prefix;
}

static const char *last_part(const char *path)
{
	const char *last = path;

	for (; *path; path++)
		if (*path == '/')
			last = path + 1;
	return last;
}

/* The dynamic linker has made addresses of these, but in what is read-only. */
static const void *at(const struct dl_phdr_info *info, uintptr_t value)
{
	return (const void *)(value < info->dlpi_addr ? info->dlpi_addr + value : value);
}

static struct module read_dynamic(const struct dl_phdr_info *info, const ElfW(Dyn) * dynamic)
{
	struct module module = { 0 };

	for (; dynamic->d_tag != DT_NULL; dynamic++) {
		const void *address = at(info, dynamic->d_un.d_ptr);

		if (dynamic->d_tag == DT_GNU_HASH)
			module.hash = address;
		else if (dynamic->d_tag == DT_SYMTAB)
			module.symbols = address;
		else if (dynamic->d_tag == DT_STRTAB)
			module.strings = address;
		else if (dynamic->d_tag == DT_VERSYM)
			module.versions = address;
	}
	return module;
}

static int add_module(struct dl_phdr_info *info, size_t size, void *unused)
{
	const char *name = last_part(info->dlpi_name);

	if (starts_with(name, "libasan.so") || starts_with(name, "linux-vdso.so"))
		return 0;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		struct module module;

		if (info->dlpi_phdr[i].p_type != PT_DYNAMIC)
			continue;
		module = read_dynamic(info,
				      (const void *)(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr));
		if (!module.hash || !module.symbols || !module.strings ||
		    start.count == MODULES_MAX)
			return -1;
		start.modules[start.count++] = module;
	}
	return 0;
}

static uint32_t hash_of(const char *name)
{
	uint32_t hash = 5381;

	for (; *name; name++)
		hash = hash * 33 + (unsigned char)*name;
	return hash;
}

/* What old programs alone still get is not found without a version. */
static bool is_hidden(const struct module *module, uint32_t index)
{
	return module->versions && module->versions[index] & 0x8000;
}

static bool defines(const struct module *module, const char *name, uint32_t hash)
{
	uint32_t buckets = module->hash[0], first = module->hash[1], words = module->hash[2];
	const ElfW(Addr) *bloom = (const void *)(module->hash + 4);
	const uint32_t *bucket = (const void *)(bloom + words), *chain = bucket + buckets;
	unsigned int bits = 8 * sizeof(*bloom);
	ElfW(Addr) word = bloom[hash / bits % words];

	if (!(word >> hash % bits & word >> (hash >> module->hash[3]) % bits & 1))
		return false;
	for (uint32_t i = bucket[hash % buckets]; i >= first; i++) {
		if ((chain[i - first] | 1) == (hash | 1) && !is_hidden(module, i) &&
		    is_same(module->strings + module->symbols[i].st_name, name))
			return true;
		if (chain[i - first] & 1)
			break;
	}
	return false;
}

static bool is_absent(const char *name)
{
	uint32_t hash = hash_of(name);

	for (unsigned int i = 0; i < start.count; i++)
		if (defines(&start.modules[i], name, hash))
			return false;
	return start.whole;
}

void *dlsym(void *handle, const char *name)
{
	static dlsym_function *next;

	if (!next) {
		next = dlvsym(RTLD_NEXT, "dlsym", "GLIBC_2.2.5");
		start.whole = dl_iterate_phdr(add_module, NULL) == 0;
	}
	if (!start.started && (handle == RTLD_NEXT || handle == RTLD_DEFAULT) && is_absent(name))
		return NULL;
	return next(handle, name);
}

__attribute__((constructor)) static void note_start(void)
{
	start.started = true;
}
