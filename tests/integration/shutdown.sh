#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck disable=SC1091,SC2034,SC2154 # disks-lib.sh assigns and uses them
# early-shutdown as PID 1 of a PID name space, where reboot(2) only ends that name space.
# usage: shutdown.sh EARLY-SHUTDOWN SHUTDOWN-READ-ONLY (as root)
shutdown=$1 read_only=$2
. "$(dirname "$0")/disks-lib.sh"

run_pid_1() # VERB: runs standard input as PID 1, then early-shutdown in its place
{
	cat >"$dir/pid-1.sh"
	echo "exec $shutdown $1" >>"$dir/pid-1.sh"
	timeout -s KILL 300 unshare --pid --mount --fork --mount-proc \
		bash "$dir/pid-1.sh" >"$dir/answers" 2>"$dir/log"
	status=$?
}

# unshare dies of the signal that its PID 1 died of: SIGINT for power off and halt, SIGHUP for a reboot.
test_files_are_there()
{
	new_image disk
	mkdir -p "$dir/a" "$dir/b c"
	run_pid_1 poweroff <<-END
		mount ${loop[disk]} $dir/a
		mount -t tmpfs tmpfs "$dir/b c"
		mount --bind "$dir/b c" $dir/a/lost+found
		echo kept >$dir/a/file
		(cd $dir/a && exec sleep 1000) 3>$dir/a/open &
	END
	expect "switched off" test $status = $((128 + 2))
	expect "all unmounted" grep -q "everything is unmounted" "$dir/log"
	expect "clean" state_is disk clean
	expect "no journal left" fails grep -q needs_recovery <(super_of disk)
	expect "in order" e2fsck -fn "${loop[disk]}" 2>"$dir/e2fsck" >/dev/null
	expect "file there" grep -qx kept <(debugfs -R "cat /file" "${loop[disk]}" 2>/dev/null)
}

# As on a machine: the root was moved over the kernel's, is shared, and holds the very program that unmounts it.
test_its_own_root()
{
	new_image root
	mount "${loop[root]}" "$dir/mnt"
	mkdir "$dir/mnt/proc" "$dir/mnt/sys" "$dir/mnt/dev" "$dir/mnt/run"
	cp "$shutdown" "$dir/mnt/early-shutdown"
	# A build with sanitizers is not static and finds no libraries in memory, which it must say and survive.
	local library complaint="everything is unmounted"
	for library in $(ldd "$shutdown" 2>/dev/null | grep -o '/[^ ]*'); do
		mkdir -p "$dir/mnt/$(dirname "$library")" && cp -L "$library" "$dir/mnt/$library"
		complaint="cannot be executed from memory"
	done
	umount "$dir/mnt"
	cat >"$dir/pid-1.sh" <<-END
		mount ${loop[root]} $dir/mnt
		mount --rbind /dev $dir/mnt/dev
		mount -t proc proc $dir/mnt/proc
		mount -t tmpfs tmpfs $dir/mnt/run
		cd $dir/mnt
		mount --move . /
		exec chroot . /early-shutdown poweroff
	END
	timeout -s KILL 300 unshare --pid --mount --fork --mount-proc bash "$dir/pid-1.sh" >"$dir/answers" 2>"$dir/log"
	expect "switched off" test $? = $((128 + 2))
	expect "no other line" fails grep -v -e "$complaint" -e "everything is unmounted" -e "poweroff$" "$dir/log"
	expect "$complaint" grep -q "$complaint" "$dir/log"
	expect "all unmounted" grep -q "everything is unmounted" "$dir/log"
	expect "clean" state_is root clean
	expect "no journal left" fails grep -q needs_recovery <(super_of root)
}

test_verbs()
{
	run_pid_1 reboot </dev/null
	expect "rebooted" test $status = $((128 + 1))
	run_pid_1 halt </dev/null
	expect "halted" test $status = $((128 + 2))
	run_pid_1 "sing" </dev/null
	expect "unknown verb" test $status = 2
	"$shutdown" reboot 2>"$dir/log"
	expect "only as PID 1" test $? = 3
}

# Ordinary ones first; who holds out is killed; who is marked with @ ends last.
test_order_of_ending()
{
	cat >"$dir/note.sh" <<-'END'
		trap 'date +%s%N >"$dir/$0.ended"; exit' TERM
		touch "$dir/$0.ready"
		while :; do sleep 0.1; done
	END
	run_pid_1 poweroff <<-END
		export dir=$dir
		(exec -a @storage bash -c '. $dir/note.sh' storage) &
		(exec -a plain bash -c '. $dir/note.sh' plain) &
		(trap '' TERM; touch $dir/stubborn.ready; while :; do sleep 0.1; done) &
		until [ -e $dir/storage.ready ] && [ -e $dir/plain.ready ] && [ -e $dir/stubborn.ready ]; do
			sleep 0.1; done
		date +%s%N >$dir/began
	END
	expect "plain was asked" test -s "$dir/plain.ended"
	expect "storage was asked" test -s "$dir/storage.ended"
	local began plain storage
	began=$(cat "$dir/began") plain=$(cat "$dir/plain.ended") storage=$(cat "$dir/storage.ended")
	expect "plain at once" test $((plain - began)) -lt 4900000000
	expect "storage after the stubborn one was killed" test $((storage - began)) -gt 4900000000
	expect "switched off" test $status = $((128 + 2))
}

test_nothing_of_the_host_is_touched()
{
	local before after
	new_image host
	mount "${loop[host]}" "$dir/mnt"
	before=$(cat /proc/self/mountinfo)
	run_pid_1 poweroff </dev/null
	after=$(cat /proc/self/mountinfo)
	expect "the same mounts" test "$before" = "$after"
	expect "still writable" touch "$dir/mnt/x"
	expect "loop devices stay" losetup "${loop[host]}"
	umount "$dir/mnt"
}

test_superblock_read_only()
{
	mount "${loop[disk]}" "$dir/mnt"
	mkdir -p "$dir/copy"
	mount --bind "$dir/mnt" "$dir/copy"
	expect "done" "$read_only" "$dir/mnt"
	expect "every copy" fails touch "$dir/copy/x"
	expect "clean" state_is disk clean
	umount "$dir/mnt" "$dir/copy"
	expect "no mount" fails "$read_only" "$dir/none"
}

test_dry_run()
{
	run_order() { "$shutdown" --dry-run >"$dir/answers" 2>"$dir/log"; }
	mount "${loop[disk]}" "$dir/mnt"
	(exec -a @spare-me sleep 1000) &
	local spared=$!
	sleep 1000 &
	local ended=$!
	until [ "$(cat /proc/$spared/comm /proc/$ended/comm)" = "sleep
sleep" ]; do sleep 0.05; done
	run_order
	expect_line "^spare $spared sleep$"
	expect_line "^end $ended sleep$"
	expect_line "^umount $dir/mnt (ext4)$"
	expect_line "^keep / "
	expect_line "^keep /proc (proc)$"
	expect "nothing was done" kill $spared $ended
	expect "nothing was unmounted" umount "$dir/mnt"
}

run_tests
