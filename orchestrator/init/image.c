/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An entry is written by one call, with its length and checksum before it, and counts only if both are right: whoever
 * reads after a crash finds all entries up to the one that was being written. An entry that could not be written (no memory)
 * would leave a state that was true once; nothing is better than that, so the image is emptied.
 *
 * Both ends are the same machine, and mostly the same program: numbers are in the machine's byte order.
 */
#include "image.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "early/fd.h"
#include "early/macros.h"

#define IMAGE_MAGIC 0x32676d69796c7265ULL /* "erlyimg2" */
#define IMAGE_SLACK (64 * 1024)
#define IMAGE_MAX_BYTES (256 * 1024 * 1024)

struct entry {
	uint64_t magic;
	uint64_t seq;
	uint64_t len;
	uint64_t sum;
};

/* FNV-1a, but by words, for a whole state is a megabyte: against cut and overwritten bytes, not against anybody's will. */
static uint64_t checksum(const struct entry *entry, const char *data)
{
	uint64_t sum = 0xcbf29ce484222325ULL ^ entry->seq;
	uint64_t word;

	for (uint64_t i = 0; i < entry->len; i += sizeof(word)) {
		word = 0;
		memcpy(&word, data + i, MIN(entry->len - i, sizeof(word)));
		sum = (sum ^ word) * 0x100000001b3ULL;
		sum ^= sum >> 32; /* otherwise the upper bits of a word reach no lower ones */
	}
	return sum;
}

int image_init(struct image *image)
{
	int r;

	*image = (struct image){ .fds = { -1, -1 } };
	r = fd_new_memfd("early-image-0", &image->fds[0]);
	if (r == 0)
		r = fd_new_memfd("early-image-1", &image->fds[1]);
	if (r < 0)
		image_done(image);
	return r;
}

void image_done(struct image *image)
{
	image->fds[0] = fd_close(image->fds[0]);
	image->fds[1] = fd_close(image->fds[1]);
	image->len = image->whole = 0;
}

void image_empty(struct image *image)
{
	for (size_t i = 0; i < 2; i++)
		(void)!ftruncate(image->fds[i], 0); /* shrinking needs nothing that could lack */
	image->len = image->whole = 0;
}

static int write_entry(int fd, size_t at, uint64_t seq, const void *data, size_t len)
{
	struct entry entry = { IMAGE_MAGIC, seq, len, 0 };
	struct iovec iov[] = { { &entry, sizeof(entry) }, { (void *)data, len } };
	ssize_t n;

	if (len > IMAGE_MAX_BYTES)
		return -EFBIG;
	entry.sum = checksum(&entry, data);
	n = pwritev(fd, iov, 2, (off_t)at);
	if (n < 0)
		return -errno;
	return (size_t)n == sizeof(entry) + len ? 0 : -ENOSPC;
}

int image_add(struct image *image, const void *data, size_t len)
{
	int r = write_entry(image->fds[image->current], image->len, image->seq + 1, data, len);

	if (r < 0) {
		image_empty(image);
		return r;
	}
	image->seq++;
	image->len += sizeof(struct entry) + len;
	return 0;
}

int image_replace(struct image *image, const void *data, size_t len)
{
	unsigned int spare = !image->current;
	int r;

	(void)!ftruncate(image->fds[spare], 0); /* shrinking needs nothing that could lack */
	r = write_entry(image->fds[spare], 0, image->seq + 1, data, len);
	if (r < 0) {
		image_empty(image);
		return r;
	}
	(void)!ftruncate(image->fds[image->current], 0); /* it is the older one anyway */
	image->current = spare;
	image->seq++;
	image->len = image->whole = sizeof(struct entry) + len;
	return 0;
}

bool image_wants_whole(const struct image *image)
{
	return image->whole == 0 || image->len > 2 * image->whole + IMAGE_SLACK;
}

/* The valid entries of @bytes, moved together to its beginning. Returns their length, and the first one's number. */
static size_t gather(char *bytes, size_t n_bytes, uint64_t *ret_seq)
{
	size_t at = 0, len = 0;
	uint64_t first = 0, n = 0;

	while (n_bytes - at >= sizeof(struct entry)) {
		struct entry entry;
		char *data = bytes + at + sizeof(entry);

		memcpy(&entry, bytes + at, sizeof(entry));
		if (entry.magic != IMAGE_MAGIC || entry.len > n_bytes - at - sizeof(entry) ||
		    (n > 0 && entry.seq != first + n) || checksum(&entry, data) != entry.sum)
			break;
		if (n++ == 0)
			first = entry.seq;
		memmove(bytes + len, data, entry.len);
		len += entry.len;
		at += sizeof(entry) + entry.len;
	}
	*ret_seq = first;
	return len;
}

static int read_half(int fd, char **ret, size_t *ret_len, uint64_t *ret_seq)
{
	size_t n_bytes;
	int r;

	if (lseek(fd, 0, SEEK_SET) < 0)
		return -errno;
	r = fd_read_all(fd, IMAGE_MAX_BYTES, ret, &n_bytes);
	if (r == 0)
		*ret_len = gather(*ret, n_bytes, ret_seq);
	return r;
}

int image_read(const int fds[2], char **ret, size_t *ret_len)
{
	char *halves[2] = { NULL, NULL };
	size_t lens[2] = { 0, 0 };
	uint64_t seqs[2] = { 0, 0 };
	unsigned int newest;

	for (size_t i = 0; i < 2; i++)
		if (read_half(fds[i], &halves[i], &lens[i], &seqs[i]) < 0)
			seqs[i] = 0; /* the other one may be good */
	newest = seqs[1] > seqs[0];
	free(halves[!newest]);
	if (seqs[newest] == 0) {
		free(halves[newest]);
		return -ENODATA;
	}
	*ret = halves[newest];
	*ret_len = lens[newest];
	return 0;
}
