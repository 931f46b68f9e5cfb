/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The kernel keeps a console's characters also while it paints none of them (graphics mode), and shows them in /dev/vcsa: four bytes
 * (rows, columns, the cursor's x and y, each 255 if it is more), then two bytes for each cell. How many columns there really are
 * follows from the file's size.
 */
#include "prompt.h"

#include <fcntl.h>
#include <stdint.h>
#include <sys/types.h>
#include <unistd.h>

#include "early/fd.h"

#define HEAD_BYTES 4
#define CELL_BYTES sizeof(uint16_t)

bool prompt_is_shown(const char *path)
{
	CLEANUP_FD
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	uint8_t head[HEAD_BYTES];
	uint16_t cells[UINT8_MAX];
	off_t size, columns;
	ssize_t len;

	if (fd < 0 || pread(fd, head, sizeof(head), 0) != sizeof(head) || head[0] == 0)
		return false;
	size = lseek(fd, 0, SEEK_END);
	columns = (size - HEAD_BYTES) / head[0] / (off_t)CELL_BYTES;
	len = pread(fd, cells, head[2] * CELL_BYTES,
		    HEAD_BYTES + head[3] * columns * (off_t)CELL_BYTES);
	for (ssize_t i = 0; i < len / (ssize_t)CELL_BYTES; i++) {
		uint8_t character = cells[i] & 0xff; /* the rest is its colours */

		if (character != ' ' && character != '\0')
			return true;
	}
	return false;
}
