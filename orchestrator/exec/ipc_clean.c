/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Objects are a user's, not a service's. A user who still has a process (another service of the same user, a login) keeps them; so does
 * root always.
 */
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clean.h"

static bool has_process(uid_t uid)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	bool found = !dir; /* nothing is known, so nothing is taken */

	while (!found && dir && (entry = readdir(dir))) {
		struct stat st;

		found = isdigit((unsigned char)entry->d_name[0]) &&
			fstatat(dirfd(dir), entry->d_name, &st, 0) == 0 && st.st_uid == uid;
	}
	if (dir)
		closedir(dir);
	return found;
}

static void clean_shared_memory(uid_t uid)
{
	struct shm_info info;
	int last = shmctl(0, SHM_INFO, (struct shmid_ds *)(void *)&info);

	for (int i = 0; i <= last; i++) {
		struct shmid_ds object;
		int id = shmctl(i, SHM_STAT, &object);

		if (id >= 0 && object.shm_perm.uid == uid)
			(void)shmctl(id, IPC_RMID, NULL);
	}
}

static void clean_semaphores(uid_t uid)
{
	union semun {
		int val;
		struct semid_ds *buf;
		struct seminfo *info;
	} argument;
	struct seminfo info;
	int last;

	argument.info = &info;
	last = semctl(0, 0, SEM_INFO, argument);
	for (int i = 0; i <= last; i++) {
		struct semid_ds object;
		int id;

		argument.buf = &object;
		id = semctl(i, 0, SEM_STAT, argument);
		if (id >= 0 && object.sem_perm.uid == uid)
			(void)semctl(id, 0, IPC_RMID);
	}
}

static void clean_messages(uid_t uid)
{
	struct msginfo info;
	int last = msgctl(0, MSG_INFO, (struct msqid_ds *)(void *)&info);

	for (int i = 0; i <= last; i++) {
		struct msqid_ds object;
		int id = msgctl(i, MSG_STAT, &object);

		if (id >= 0 && object.msg_perm.uid == uid)
			(void)msgctl(id, IPC_RMID, NULL);
	}
}

/* POSIX's are files. */
static void clean_files(const char *path, uid_t uid)
{
	DIR *dir = opendir(path);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		struct stat st;

		if (entry->d_name[0] != '.' &&
		    fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    st.st_uid == uid && !S_ISDIR(st.st_mode))
			(void)unlinkat(dirfd(dir), entry->d_name, 0);
	}
	if (dir)
		closedir(dir);
}

void ipc_clean(uid_t uid)
{
	if (uid == 0 || has_process(uid))
		return;
	clean_shared_memory(uid);
	clean_semaphores(uid);
	clean_messages(uid);
	clean_files("/dev/shm", uid);
	clean_files("/dev/mqueue", uid);
}
