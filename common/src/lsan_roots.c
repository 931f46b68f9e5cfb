/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Of sanitized builds only: where LeakSanitizer looks for pointers at the end of a process.
 *
 * Left to itself it reads the globals of every library, and of them 5 MB are the sanitizers' own tables, which it would be the first
 * to touch; and for each region that it is told of it reads /proc/self/maps anew. So it gets one region: what may be a pointer in
 * the pages of globals that somebody wrote to.
 */
#include <fcntl.h>
#include <link.h>
#include <sanitizer/lsan_interface.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Bits of an entry of /proc/self/pagemap. A page of a file is as the file is: what is written to is one no longer. */
#define PAGE_IN_USE (UINT64_C(3) << 62) /* in memory or swapped out */
#define PAGE_OF_FILE (UINT64_C(1) << 61)

struct roots {
	int pagemap;
	uintptr_t page_size;
	uintptr_t *words;
	size_t count;
};

const char *__lsan_default_options(void)
{
	return "use_globals=0";
}

typedef void segment_function(void *data, uintptr_t begin, uintptr_t end);

struct walk {
	segment_function *function;
	void *data;
};

static int walk_module(struct dl_phdr_info *module, size_t size, void *data)
{
	const struct walk *walk = data;

	if (strstr(module->dlpi_name, "/libasan.so"))
		return 0;
	for (int i = 0; i < module->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &module->dlpi_phdr[i];
		uintptr_t begin = module->dlpi_addr + segment->p_vaddr;

		if (segment->p_type == PT_LOAD && (segment->p_flags & PF_W))
			walk->function(walk->data, begin, begin + segment->p_memsz);
	}
	return 0;
}

/* What is writable in everything that is loaded, but for libasan. */
static void each_segment(segment_function *function, void *data)
{
	dl_iterate_phdr(walk_module, &(struct walk){ function, data });
}

static void add_size(void *data, uintptr_t begin, uintptr_t end)
{
	*(size_t *)data += end - begin;
}

/* If in doubt, yes. */
static bool is_written(const struct roots *roots, uintptr_t page)
{
	uint64_t entry;

	if (pread(roots->pagemap, &entry, sizeof(entry), page / roots->page_size * sizeof(entry)) !=
	    sizeof(entry))
		return true;
	return (entry & PAGE_IN_USE) && !(entry & PAGE_OF_FILE);
}

static void add_words(struct roots *roots, const uintptr_t *word, const uintptr_t *end)
{
	for (; word < end; word++)
		if (*word >= roots->page_size)
			roots->words[roots->count++] = *word;
}

static void add_segment(void *data, uintptr_t begin, uintptr_t end)
{
	struct roots *roots = data;
	uintptr_t next;

	begin = (begin + sizeof(uintptr_t) - 1) & ~(sizeof(uintptr_t) - 1);
	end &= ~(sizeof(uintptr_t) - 1);
	for (; begin < end; begin = next) {
		uintptr_t page = begin & ~(roots->page_size - 1);

		next = page + roots->page_size < end ? page + roots->page_size : end;
		if (is_written(roots, page))
			add_words(roots, (const uintptr_t *)begin, (const uintptr_t *)next);
	}
}

static bool is_wanted(void)
{
	const char *options = getenv("ASAN_OPTIONS");

	return !options || !strstr(options, "detect_leaks=0");
}

/* As late as can be: also of what was loaded in between. */
__attribute__((destructor)) static void add_roots(void)
{
	struct roots roots = { .page_size = sysconf(_SC_PAGESIZE) };
	size_t size = 0;

	if (!is_wanted())
		return;
	each_segment(add_size, &size);
	roots.words = mmap(NULL, size, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (roots.words == MAP_FAILED)
		return;
	roots.pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	each_segment(add_segment, &roots);
	if (roots.pagemap >= 0)
		close(roots.pagemap);
	__lsan_register_root_region(roots.words, roots.count * sizeof(*roots.words));
}
