#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck disable=SC1091,SC2034,SC2154 # disks-lib.sh assigns and uses them
# The orders CHECK and WRITE of early-disks below a root that is an image on a loop device.
# usage: disks-fstab.sh EARLY-DISKS DISKS-ORDER (as root)
. "$(dirname "$0")/disks-lib.sh"
options="--root $dir/mnt"

AUTO=0 FORCE=1 SKIP=2

mount_root() # NAME: superblock read-only, mount read-write, as ROOT leaves it
{
	mount -o ro "${loop[$1]}" "$dir/mnt" && mount -o remount,bind,rw "$dir/mnt" || exit 1
}

fstab() # writes standard input as the root's fstab
{
	mount "${loop[root]}" "$dir/mnt" && mkdir -p "$dir/mnt/etc" && cat >"$dir/mnt/etc/fstab" &&
		umount "$dir/mnt" || exit 1
}

check() { run_order check "$1"; }

test_nothing_due()
{
	new_image root
	mount_root root
	check $AUTO
	expect_line '^CHECKED 0 nothing was due$'
	expect_no_line PROGRESS
	check $SKIP
	expect_line '^CHECKED 0 skipped$'
	umount "$dir/mnt"
}

test_due_by_mount_count()
{
	tune2fs -c 5 -C 7 -T 20200101 "${loop[root]}" >/dev/null
	mount_root root
	check $AUTO
	expect_line "^PROGRESS [0-9]* checking ${loop[root]}"
	expect_line "^PROGRESS 100 checking"
	expect_line "^CHECKED 0 the root (${loop[root]}) was checked and is clean$"
	umount "$dir/mnt"
	expect "mount count set to 0" grep -q '^Mount count: *0$' <(super_of root)
	expect "date of the check set" grep -q "^Last checked:.* $(date +%Y)$" <(super_of root)
}

test_force()
{
	mount_root root
	check $FORCE
	expect_line "^CHECKED 0 the root .* is clean"
	umount "$dir/mnt"
}

test_errors_beneath_ask_for_a_reboot()
{
	new_image bad
	populate bad
	debugfs -w -R "clri /d" "${loop[bad]}" 2>/dev/null
	mount_root bad
	check $FORCE
	expect_line "^CHECKED 2 the root (${loop[bad]}) has errors and is repaired at the next boot"
	umount "$dir/mnt"
	# The next boot's ROOT must see a reason to repair.
	expect "marked for repair" state_is bad "clean with errors"
	# Nothing was repaired beneath the mount.
	expect "still broken" fails e2fsck -fn "${loop[bad]}"
}

test_others_are_repaired()
{
	new_image data -L "$tag-data"
	new_image lost
	populate data
	debugfs -w -R "ssv state 2" "${loop[data]}" 2>/dev/null
	debugfs -w -R "ssv free_blocks_count 1" "${loop[data]}" 2>/dev/null
	fstab <<-END
		UUID=$(uuid_of root) / ext4 errors=remount-ro,noatime,x-systemd.growfs 0 1
		LABEL=$tag-data /data ext4 defaults 0 2
		UUID=00000000-1111-2222-3333-444444444444 /gone ext4 nofail 0 2
	END
	mount_root root
	check $AUTO
	expect_line "^CHECKED 1 ${loop[data]} was repaired$"
	expect "data in order" e2fsck -fn "${loop[data]}"
	check $AUTO
	expect_line '^CHECKED 0 nothing was due$'
	umount "$dir/mnt"
}

test_preen_is_not_enough()
{
	debugfs -w -R "clri /d" "${loop[data]}" 2>/dev/null
	debugfs -w -R "ssv state 2" "${loop[data]}" 2>/dev/null
	mount_root root
	check $AUTO
	expect_line "^CHECKED 0 ${loop[data]} could not be repaired: "
	# What is broken is shown, but not written to.
	run_order write
	expect_line "^PROGRESS 0 /data (${loop[data]}) is mounted read-only: its superblock records errors"
	expect_line '^WRITABLE$'
	expect_line '^READY$'
	expect "read-only" grep -q " $dir/mnt/data ro" /proc/self/mountinfo
	umount -R "$dir/mnt"
	e2fsck -fy "${loop[data]}" >/dev/null
}

test_write()
{
	new_image under
	truncate -s 16M "$dir/swap.img"
	mkswap -q -L "$tag-swap" "$dir/swap.img"
	loop[swap]=$(losetup -f --show "$dir/swap.img")
	fstab <<-END
		UUID=$(uuid_of root) / ext4 errors=remount-ro,noatime,x-systemd.growfs 0 1
		UUID=$(uuid_of under) /data/under ext4 x-systemd.device-timeout=60 0 2
		LABEL=$tag-data /data auto defaults,nodev 0 2
		tmpfs /scratch tmpfs size=1m,mode=1777 0 0
		server:/export /net nfs defaults 0 0
		LABEL=$tag-swap none swap sw,pri=7 0 0
		LABEL=$tag-data /never ext4 noauto 0 0
		UUID=00000000-1111-2222-3333-444444444444 /gone ext4 nofail 0 2
	END
	mount_root root
	mkdir -p "$dir/copy" && mount --bind "$dir/mnt" "$dir/copy"
	run_order write
	expect_line '^READY$'
	expect_no_line '^PROGRESS 0 waiting for UUID=00000000'
	expect "superblock rw, options of fstab" grep -q \
		" $dir/mnt rw,noatime .* ext4 ${loop[root]} rw,errors=remount-ro" /proc/self/mountinfo
	expect "a copy is writable" touch "$dir/copy/x"
	expect "/data" grep -q " $dir/mnt/data rw,nodev.* ext4 ${loop[data]} " /proc/self/mountinfo
	expect "/data/under upon it" grep -q " $dir/mnt/data/under rw.* ext4 ${loop[under]} " \
		/proc/self/mountinfo
	expect "tmpfs" grep -q " $dir/mnt/scratch .* tmpfs .*size=1024k" /proc/self/mountinfo
	expect "swap with its priority" grep -q "^${loop[swap]} .* 7$" <(tr -s '\t ' ' ' </proc/swaps)
	swapoff "${loop[swap]}"
	expect_line '^PROGRESS 0 /gone is left out (nofail): its device did not appear'
	expect "noauto and network left alone" fails test -e "$dir/mnt/never" -o -e "$dir/mnt/net"
	# Once more: what is mounted stays as it is.
	run_order write
	expect_line '^READY$'
	expect "mounted once" test "$(grep -c " $dir/mnt/data " /proc/self/mountinfo)" = 1
	swapoff "${loop[swap]}"
	umount "$dir/copy"
	umount -R "$dir/mnt"
}

# Resumed at the boot after this one, it would bring back a memory that knows nothing of what was written since.
test_image_that_was_not_resumed()
{
	fstab <<-END
		LABEL=$tag-swap none swap sw 0 0
	END
	mount_root root
	printf 'SWAPSPACE2S1SUSPEND\0' | dd of="${loop[swap]}" bs=1 seek=4076 conv=notrunc status=none
	run_order write
	expect_line '^READY$'
	expect_line "^PROGRESS 0 LABEL=$tag-swap held a hibernated image"
	expect "in use" grep -q "^${loop[swap]} " /proc/swaps
	swapoff "${loop[swap]}"
	expect "no image any more" test "$(blkid -p -s TYPE -o value "${loop[swap]}")" = swap
	# What lay there before is not known: then it is not overwritten by a guess.
	printf '?????????\0S1SUSPEND\0' | dd of="${loop[swap]}" bs=1 seek=4076 conv=notrunc status=none
	run_order write
	expect_line "^PROGRESS 0 FAILED to mount LABEL=$tag-swap .*: it holds a hibernated image"
	expect "left alone" test "$(blkid -p -s TYPE -o value "${loop[swap]}")" = swsuspend
	umount -R "$dir/mnt"
	mkswap -q -L "$tag-swap" "${loop[swap]}"
}

test_write_with_trouble()
{
	new_image wrong
	fstab <<-END
		UUID=$(uuid_of root) / ext4 defaults,nonsense=1 0 1
		this line is no line of fstab at all, is it
		LABEL=nowhere /gone ext4 x-systemd.device-timeout=8 0 2
		UUID=$(uuid_of under) /gone/under ext4 defaults 0 2
		UUID=$(uuid_of wrong) /wrong xfs defaults 0 2
		FOO=bar /foo ext4 defaults 0 2
		LABEL=$tag-data /data ext4 defaults 0 2
	END
	mount_root root
	run_order write
	expect_line '^PROGRESS 0 /etc/fstab: the kernel refuses the options of /: .*nonsense=1'
	expect_line '^PROGRESS 0 waiting for LABEL=nowhere'
	expect_line '^PROGRESS 0 FAILED to mount /gone (LABEL=nowhere): its device did not appear'
	expect_line '^PROGRESS 0 FAILED to mount /gone/under .*: what it lies beneath is not mounted'
	expect_line '^PROGRESS 0 FAILED to mount /wrong .*: .'
	expect_line '^READY$'
	expect "the bad line is named" grep -q "etc/fstab:2:" "$dir/log"
	expect "the root is writable" touch "$dir/mnt/x"
	expect "and the good one is mounted" mountpoint -q "$dir/mnt/data"
	umount -R "$dir/mnt"
}

test_late_device()
{
	truncate -s 32M "$dir/later.img"
	mkfs.ext4 -q -L "$tag-later" "$dir/later.img"
	fstab <<-END
		LABEL=$tag-later /later ext4 x-systemd.device-timeout=80 0 2
	END
	mount_root root
	(sleep 1 && losetup -f --show "$dir/later.img" >"$dir/later.loop") &
	run_order write
	wait
	loop[later]=$(cat "$dir/later.loop")
	expect_line '^READY$'
	expect "mounted when it came" mountpoint -q "$dir/mnt/later"
	umount -R "$dir/mnt"
}

test_separate()
{
	new_image home
	populate home
	fstab <<-END
		UUID=$(uuid_of root) / ext4 defaults 0 1
		UUID=$(uuid_of home) /home/ ext4 defaults 0 2
		UUID=$(uuid_of under) /var/log ext4 defaults 0 2
		LABEL=nowhere /gone ext4 defaults 0 2
	END
	debugfs -w -R "ssv state 2" "${loop[home]}" 2>/dev/null
	debugfs -w -R "ssv free_blocks_count 1" "${loop[home]}" 2>/dev/null
	mount "${loop[root]}" "$dir/mnt" && mkdir -p "$dir/mnt/home" "$dir/mnt/var/log" && umount "$dir/mnt"
	mount_root root
	# Only its own disk, checked before; the root is left alone.
	run_order separate /home
	expect_line '^READY$'
	expect "mounted" test -e "$dir/mnt/home/d/f"
	expect_no_line nowhere
	expect "the other is not" fails mountpoint -q "$dir/mnt/var/log"
	expect "the root stays read-only" fails touch "$dir/mnt/x"
	umount "$dir/mnt/home"
	expect "it was checked" e2fsck -fn "${loop[home]}"
	# What lies beneath a path of the root needs the root.
	run_order separate /home /var
	expect_line '^READY$'
	expect "the one at a path is mounted" mountpoint -q "$dir/mnt/home"
	expect "the one beneath a path is mounted" mountpoint -q "$dir/mnt/var/log"
	expect "the root is writable" touch "$dir/mnt/var/x"
	# And WRITE later takes what is left.
	run_order write
	expect_line '^READY$'
	expect "mounted once" test "$(grep -c " $dir/mnt/home " /proc/self/mountinfo)" = 1
	umount -R "$dir/mnt"
}

test_separate_that_fails()
{
	fstab <<-END
		LABEL=nowhere /home ext4 x-systemd.device-timeout=1 0 2
		LABEL=nowhere /data/x ext4 nofail 0 2
	END
	mount_root root
	run_order separate /home
	expect_line '^FAILED /home (LABEL=nowhere) cannot be mounted'
	expect_line '^WHY its device did not appear'
	expect_line '^ADVICE .*/etc/fstab'
	run_order separate /data/x
	expect_line '^READY$'
	umount -R "$dir/mnt"
}

test_root_read_only_on_purpose()
{
	fstab <<-END
		UUID=$(uuid_of root) / ext4 ro,noatime 0 1
	END
	mount_root root
	run_order write
	expect_line '^READY root read-only$'
	expect "the root stays read-only" fails touch "$dir/mnt/x"
	umount "$dir/mnt"
	mount_root root
	options="--root $dir/mnt --cmdline rw"
	run_order write
	options="--root $dir/mnt"
	expect_line '^READY$'
	expect "rw on the command line wins" touch "$dir/mnt/x"
	umount -R "$dir/mnt"
	fstab </dev/null
}

test_root_that_stays_read_only()
{
	losetup -d "${loop[root]}"
	loop[root]=$(losetup -r -f --show "$dir/root.img")
	mount -o ro "${loop[root]}" "$dir/mnt"
	run_order write
	expect_line '^FAILED the root cannot be made writable'
	expect_line '^WHY the device or its file system only allows reading'
	expect_line '^ADVICE .*goes on in memory'
	umount "$dir/mnt"
}

run_tests
