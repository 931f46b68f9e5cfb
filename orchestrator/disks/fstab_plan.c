/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "early/macros.h"
#include "early/parse.h"
#include "fstab_plan.h"

/* Types that need the network; "fuse.NAME" is looked up by NAME too. */
static const char *const network_types[] = {
	"afs",      "ceph",   "cifs", "curlftpfs", "davfs", "glusterfs", "gfs",
	"gfs2",     "lustre", "ncp",  "ncpfs",     "nfs",   "nfs4",      "ocfs2",
	"orangefs", "pvfs2",  "s3fs", "smb3",      "smbfs", "sshfs",     "rclone",
};

bool fstab_option(const struct fstab_entry *entry, const char *name, const char **ret_value)
{
	size_t len = strlen(name);

	for (const char *at = entry->options; at && *at;) {
		size_t option_len = strcspn(at, ",");

		if (option_len >= len && strncmp(at, name, len) == 0 &&
		    (option_len == len || at[len] == '=')) {
			if (ret_value)
				*ret_value = at + len + (option_len > len);
			return true;
		}
		at += option_len;
		at += *at == ',';
	}
	return false;
}

static bool is_network(const struct fstab_entry *entry)
{
	const char *type = entry->type;

	if (fstab_option(entry, "_netdev", NULL))
		return true;
	if (strncmp(type, "fuse.", 5) == 0)
		type += 5;
	for (size_t i = 0; i < ARRAY_SIZE(network_types); i++)
		if (strcmp(type, network_types[i]) == 0)
			return true;
	return false;
}

enum fstab_class fstab_classify(const struct fstab_entry *entry)
{
	if (strcmp(entry->target, "/") == 0)
		return FSTAB_ROOT;
	if (strcmp(entry->type, "ignore") == 0 || fstab_option(entry, "noauto", NULL))
		return FSTAB_NOT_AT_BOOT;
	if (strcmp(entry->type, "swap") == 0)
		return FSTAB_SWAP;
	if (entry->target[0] != '/')
		return FSTAB_NOT_AT_BOOT;
	return is_network(entry) ? FSTAB_NETWORK : FSTAB_LOCAL;
}

bool fstab_has_device(const struct fstab_entry *entry)
{
	static const char *const prefixes[] = { "/dev/",
						"UUID=", "LABEL=", "PARTUUID=", "PARTLABEL=" };

	if (fstab_option(entry, "bind", NULL) || fstab_option(entry, "rbind", NULL))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
		if (strncmp(entry->source, prefixes[i], strlen(prefixes[i])) == 0)
			return true;
	return false;
}

uint64_t fstab_device_timeout_us(const struct fstab_entry *entry, uint64_t default_us)
{
	const char *value;
	uint64_t timeout_us;

	if (fstab_option(entry, "x-systemd.device-timeout", &value)) {
		char *text = strndup(value, strcspn(value, ","));
		int r = text ? parse_span_us(text, &timeout_us) : -ENOMEM;

		free(text);
		if (r == 0)
			return timeout_us;
	}
	return fstab_option(entry, "nofail", NULL) ? 0 : default_us;
}

bool fstab_path_is_beneath(const char *path, const char *above)
{
	size_t len = strlen(above);

	while (len > 0 && above[len - 1] == '/')
		len--;
	return strncmp(path, above, len) == 0 && (path[len] == '/' || path[len] == '\0');
}

static bool must_follow(const struct fstab_entry *entry, const struct fstab_entry *other)
{
	return entry->target[0] == '/' && other->target[0] == '/' &&
	       strcmp(entry->target, other->target) != 0 &&
	       fstab_path_is_beneath(entry->target, other->target);
}

/* Insertion: an entry goes before the first of those already placed that must follow it. Stable. */
void fstab_sort(struct fstab *fstab)
{
	struct fstab_entry *entries = fstab->entries;

	for (size_t i = 1; i < fstab->n_entries; i++) {
		struct fstab_entry entry = entries[i];
		size_t at = 0;

		while (at < i && !must_follow(&entries[at], &entry))
			at++;
		memmove(&entries[at + 1], &entries[at], (i - at) * sizeof(entry));
		entries[at] = entry;
	}
}

static void entry_done(struct fstab_entry *entry)
{
	free(entry->source);
	free(entry->target);
	free(entry->type);
	free(entry->options);
}

static bool concerns(const struct fstab_entry *entry, char *const *paths)
{
	for (; *paths; paths++)
		if (fstab_path_is_beneath(entry->target, *paths) ||
		    fstab_path_is_beneath(*paths, entry->target))
			return true;
	return false;
}

/* A directory that comes from elsewhere needs what is mounted there. */
static bool is_source_of_kept(const struct fstab_entry *entry, const struct fstab *fstab,
			      const bool *keep)
{
	for (size_t i = 0; i < fstab->n_entries; i++)
		if (keep[i] && fstab->entries[i].source[0] == '/' &&
		    strcmp(entry->target, "/") != 0 && entry->target[0] == '/' &&
		    fstab_path_is_beneath(fstab->entries[i].source, entry->target))
			return true;
	return false;
}

static void choose(const struct fstab *fstab, char *const *paths, bool *keep)
{
	bool more = true;

	for (size_t i = 0; i < fstab->n_entries; i++) {
		const struct fstab_entry *entry = &fstab->entries[i];

		keep[i] = fstab_classify(entry) == FSTAB_ROOT ||
			  (fstab_classify(entry) == FSTAB_LOCAL && concerns(entry, paths));
	}
	while (more) {
		more = false;
		for (size_t i = 0; i < fstab->n_entries; i++) {
			const struct fstab_entry *entry = &fstab->entries[i];

			if (keep[i] || fstab_classify(entry) != FSTAB_LOCAL ||
			    !is_source_of_kept(entry, fstab, keep))
				continue;
			keep[i] = more = true;
		}
	}
}

static bool has_own_entries(const struct fstab *fstab, char *const *paths)
{
	for (; *paths; paths++) {
		bool found = false;

		for (size_t i = 0; i < fstab->n_entries && !found; i++)
			found = (fstab_classify(&fstab->entries[i]) == FSTAB_LOCAL ||
				 fstab_classify(&fstab->entries[i]) == FSTAB_NETWORK) &&
				fstab_path_is_beneath(*paths, fstab->entries[i].target);
		if (!found)
			return false;
	}
	return true;
}

bool fstab_keep_separate(struct fstab *fstab, char *const *paths)
{
	bool needs_root = !has_own_entries(fstab, paths);
	bool *keep = calloc(fstab->n_entries + 1, sizeof(*keep));
	size_t n = 0;

	if (!keep)
		return needs_root; /* all of fstab is more than is needed, but not wrong */
	choose(fstab, paths, keep);
	for (size_t i = 0; i < fstab->n_entries; i++) {
		if (keep[i])
			fstab->entries[n++] = fstab->entries[i];
		else
			entry_done(&fstab->entries[i]);
	}
	fstab->n_entries = n;
	free(keep);
	return needs_root;
}

void fstab_done(struct fstab *fstab)
{
	for (size_t i = 0; i < fstab->n_entries; i++)
		entry_done(&fstab->entries[i]);
	free(fstab->entries);
	*fstab = (struct fstab){ NULL, 0 };
}
