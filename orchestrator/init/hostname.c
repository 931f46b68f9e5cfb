/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hostname.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "early/fs.h"
#include "early/log.h"
#include "early/macros.h"

#define HOSTNAME_PATH "/etc/hostname"
#define FILE_MAX 4096

/* Letters, digits and hyphens, in labels with one dot between them. */
static bool is_valid(const char *name, size_t len)
{
	char before = '.';

	for (size_t i = 0; i < len; i++) {
		if (name[i] == '.'
			    ? before == '.'
			    : !isalnum((unsigned char)name[i]) && name[i] != '-' && name[i] != '_')
			return false;
		before = name[i];
	}
	return len > 0 && len <= HOSTNAME_MAX && before != '.';
}

bool hostname_parse(const char *text, char ret_name[HOSTNAME_MAX + 1])
{
	static const char blanks[] = " \t\r\n";

	while (*text) {
		size_t len;

		text += strspn(text, blanks);
		len = strcspn(text, "\n");
		if (*text != '#') {
			while (len > 0 && strchr(blanks, text[len - 1]))
				len--;
			if (len > 1 && text[len - 1] == '.')
				len--; /* a full name may say that it is one */
			if (!is_valid(text, len))
				return false;
			memcpy(ret_name, text, len);
			ret_name[len] = '\0';
			return true;
		}
		text += len;
	}
	return false;
}

void hostname_set(void)
{
	CLEANUP(free_charp)
	char *text = NULL;
	char name[HOSTNAME_MAX + 1] = "localhost";
	int r = fs_read_file_at(AT_FDCWD, HOSTNAME_PATH, FILE_MAX, &text, NULL);

	if (r < 0 && r != -ENOENT)
		log_warning_errno(r, "cannot read " HOSTNAME_PATH);
	if (r == 0 && !hostname_parse(text, name))
		log_warning(HOSTNAME_PATH
			    ": holds no valid host name; it is %s now (see man 5 hostname)",
			    name);
	if (sethostname(name, strlen(name)) < 0)
		log_warning_errno(-errno, "cannot set the host name");
}
