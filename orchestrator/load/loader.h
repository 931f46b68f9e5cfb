/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "diags.h"
#include "early/nametable.h"
#include "service.h"
#include "specifier.h"
#include "unit_index.h"

/* The units that are asked for, and what they need. */
struct loader {
	struct unit_index index;
	struct specifiers host; /* without a name */
	struct service **services;
	size_t n_services;
	struct nametable names; /* of services */
	struct nametable aliases; /* other names that they have */
	struct trigger **triggers; /* triggers.c */
	size_t n_triggers;
	bool triggers_read; /* all of them */
	struct diags diags;
	bool checks; /* DIAG_FAULT is wanted */
	bool own_imports; /* --services: imports come from the same directories */
};

/* @root_fd stays the caller's and is the directory that all paths lie below. */
int loader_init(struct loader *loader, int root_fd, char *const *early_dirs,
		char *const *stock_dirs);
void loader_done(struct loader *loader);

/* One unit by any of its names; loaded only once. What is wrong with it is in its load_state. */
int loader_load(struct loader *loader, const char *name);

/* One manifest at a path, whatever directory it is in, under the last part of @name. /dev/null: the name is masked. */
int loader_load_file(struct loader *loader, const char *path, const char *name);

/* All units of the @families by their own names, without templates. */
int loader_load_family(struct loader *loader, unsigned int families);

/* What the loaded units require and want, and so on. */
int loader_close(struct loader *loader);

/* Stage GREETER for what the distribution has enabled and nothing starts on demand. */
int loader_mark_enabled(struct loader *loader);

/* Adds a unit that needs no file; takes it over unless it fails. */
int loader_keep(struct loader *loader, struct service *service);
/* The loaded unit of that name of its own, or NULL. */
struct service *loader_find(const struct loader *loader, const char *name);
/* Is there a unit of that name, or is none needed for it? 0 or negative errno. */
int loader_knows(struct loader *loader, const char *name, bool *ret_found);

/* True if the unit stands for a script of /etc/init.d. */
bool loader_is_script(const struct service *service);
