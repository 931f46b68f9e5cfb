/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "clean.h"

#include <stdio.h>

#include "credentials.h"
#include "directories.h"
#include "dynamic_user.h"
#include "identity.h"
#include "login_record.h"
#include "private_tmp.h"
#include "settings.h"
#include "terminal.h"

void clean_after(const struct request *request)
{
	const struct table_service *service = &request->service;
	bool dynamic = settings_is_on(&service->settings, "DynamicUser");
	struct identity identity CLEANUP(identity_done) = { 0 };
	struct failure failure;

	directories_clean(service);
	private_tmp_remove(service->name);
	credentials_remove(service->name);
	login_record_end(service);
	terminal_prepare(service);
	if (!dynamic && !settings_is_on(&service->settings, "RemoveIPC"))
		return;
	if (identity_look_up(service, &identity, &failure) < 0 || !identity.has_user)
		return;
	ipc_clean(identity.uid);
	if (dynamic)
		dynamic_user_release(identity.name);
}
