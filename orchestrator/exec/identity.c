/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "identity.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dynamic_user.h"
#include "early/macros.h"
#include "early/parse.h"
#include "settings.h"

void identity_done(struct identity *identity)
{
	free(identity->name);
	free(identity->home);
	free(identity->shell);
	free(identity->groups);
	*identity = (struct identity){ 0 };
}

static int take_passwd(struct identity *identity, const struct passwd *passwd)
{
	identity->uid = passwd->pw_uid;
	identity->gid = passwd->pw_gid;
	identity->has_user = true;
	identity->has_group = true;
	identity->name = strdup(passwd->pw_name);
	identity->home = strdup(passwd->pw_dir);
	identity->shell = strdup(passwd->pw_shell && *passwd->pw_shell ? passwd->pw_shell
								       : "/bin/sh");
	return identity->name && identity->home && identity->shell ? 0 : -ENOMEM;
}

static int look_up_user(const char *user, struct identity *identity)
{
	const struct passwd *passwd;
	uint32_t number;

	errno = 0;
	if (parse_u32(user, &number) == 0) {
		passwd = getpwuid(number);
		if (!passwd) { /* a number needs no entry, but then it has a Group= */
			identity->uid = number;
			identity->has_user = true;
			identity->name = strdup(user);
			identity->home = strdup("/");
			identity->shell = strdup("/bin/sh");
			return identity->name && identity->home && identity->shell ? 0 : -ENOMEM;
		}
	} else {
		passwd = getpwnam(user);
	}
	if (!passwd)
		return errno ? -errno : -ESRCH;
	return take_passwd(identity, passwd);
}

static int look_up_group(const char *name, gid_t *ret_gid)
{
	const struct group *group;
	uint32_t number;

	if (parse_u32(name, &number) == 0) {
		*ret_gid = number;
		return 0;
	}
	errno = 0;
	group = getgrnam(name);
	if (!group)
		return errno ? -errno : -ESRCH;
	*ret_gid = group->gr_gid;
	return 0;
}

static int add_group(struct identity *identity, gid_t gid)
{
	gid_t *groups = reallocarray(identity->groups, identity->n_groups + 1, sizeof(*groups));

	if (!groups)
		return -ENOMEM;
	identity->groups = groups;
	groups[identity->n_groups++] = gid;
	return 0;
}

static int look_up_member_groups(struct identity *identity)
{
	int n = 64;

	for (;;) {
		gid_t *groups = reallocarray(NULL, (size_t)n, sizeof(*groups));
		int wanted = n;

		if (!groups)
			return -ENOMEM;
		if (getgrouplist(identity->name, identity->gid, groups, &wanted) >= 0) {
			identity->groups = groups;
			identity->n_groups = (size_t)wanted;
			return 0;
		}
		free(groups);
		if (wanted <= n)
			return -EINVAL;
		n = wanted;
	}
}

/* One that exists while the service does; a name that the user database has stays that user's. */
static int look_up_dynamic(const struct table_service *service, struct identity *identity)
{
	char name[32];
	int r;

	if (*service->user)
		(void)snprintf(name, sizeof(name), "%s", service->user);
	else
		dynamic_user_name(service->name, name);
	if (getpwnam(name))
		return look_up_user(name, identity);
	r = dynamic_user_allocate(name, &identity->uid);
	if (r < 0)
		return r;
	identity->gid = identity->uid;
	identity->has_user = true;
	identity->has_group = true;
	identity->name = strdup(name);
	identity->home = strdup("/");
	identity->shell = strdup("/usr/sbin/nologin");
	return identity->name && identity->home && identity->shell ? 0 : -ENOMEM;
}

int identity_look_up(const struct table_service *service, struct identity *ret_identity,
		     struct failure *failure)
{
	struct identity identity CLEANUP(identity_done) = { 0 };
	int r = 0;

	if (settings_is_on(&service->settings, "DynamicUser"))
		r = look_up_dynamic(service, &identity);
	else if (*service->user)
		r = look_up_user(service->user, &identity);
	if (r < 0)
		return failure_set(failure, STEP_USER, r, "there is no user %s", service->user);
	if (*service->group) {
		r = look_up_group(service->group, &identity.gid);
		identity.has_group = true;
	}
	if (r < 0)
		return failure_set(failure, STEP_GROUP, r, "there is no group %s", service->group);
	if (identity.has_user && !identity.has_group)
		return failure_set(
			failure, STEP_GROUP, -ESRCH,
			"user %s has no entry in the user database: give Group=", service->user);
	if (identity.has_user)
		r = look_up_member_groups(&identity);
	if (r < 0)
		return failure_set(failure, STEP_GROUP, r, "cannot list the groups of %s",
				   service->user);
	for (const char *name = wire_list_next(&service->supplementary_groups, NULL); name;
	     name = wire_list_next(&service->supplementary_groups, name)) {
		gid_t gid;

		r = look_up_group(name, &gid);
		if (r == 0)
			r = add_group(&identity, gid);
		if (r < 0)
			return failure_set(failure, STEP_GROUP, r, "there is no group %s", name);
	}
	*ret_identity = identity;
	identity = (struct identity){ 0 };
	return 0;
}

int identity_take_groups(const struct identity *identity, struct failure *failure)
{
	if (!identity->has_group && identity->n_groups == 0)
		return 0;
	if (setgroups(identity->n_groups, identity->groups) < 0)
		return failure_set(failure, STEP_GROUP, -errno,
				   "cannot set the supplementary groups");
	if (identity->has_group && setresgid(identity->gid, identity->gid, identity->gid) < 0)
		return failure_set(failure, STEP_GROUP, -errno, "cannot become group %u",
				   identity->gid);
	return 0;
}

int identity_take_user(const struct identity *identity, struct failure *failure)
{
	if (!identity->has_user)
		return 0;
	if (setresuid(identity->uid, identity->uid, identity->uid) < 0)
		return failure_set(failure, STEP_USER, -errno, "cannot become user %u",
				   identity->uid);
	return 0;
}
