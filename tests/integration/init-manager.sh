#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# init-manager.sh PROGRAM [cgroup]: in a PID and mount name space of its own, on request in a directory of the machine's cgroup v2 tree.
set -eu
if [ "${2:-}" != cgroup ]; then
	exec unshare --fork --pid --mount --mount-proc --kill-child=SIGKILL "$1"
fi
root=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/self/mounts)
[ -n "$root" ] || { echo 'no cgroup2 file system is mounted here: mount -t cgroup2 none /sys/fs/cgroup' >&2; exit 1; }
dir=$root/early-manager-$$
mkdir "$dir"
status=0
unshare --fork --pid --mount --mount-proc --kill-child=SIGKILL "$1" "$dir" || status=$?
echo 1 > "$dir/cgroup.kill"
find "$dir" -depth -type d -exec rmdir {} + || status=1
exit $status
