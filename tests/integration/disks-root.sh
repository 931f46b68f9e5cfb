#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck disable=SC1091,SC2034,SC2154 # disks-lib.sh assigns and uses them
# The order ROOT of early-disks on loop devices: what is found, repaired, refused, and how it is mounted.
# usage: disks-root.sh EARLY-DISKS DISKS-ORDER (as root)
# One at a time on a machine: a hibernated image is looked for on every device, so also on another run's.
alone="flock -o /tmp/early-test-disks-root.lock"
. "$(dirname "$0")/disks-lib.sh"

root() # SPEC [TYPE [FLAGS [WAIT_MS [MODE]]]]
{
	run_order root "$1" "${2-}" "${3-}" "$dir/mnt" "${4-300}" "${5-0}"
}

test_by_uuid()
{
	new_image clean -L "$tag-root"
	root "UUID=$(uuid_of clean)"
	expect_line "^MOUNTED ${loop[clean]} ext4$"
	# Superblock read-only, mount read-write: a write fails, and one remount reaches a copy made before.
	expect "superblock ro" grep -q " $dir/mnt rw.* - ext4 ${loop[clean]} ro" /proc/self/mountinfo
	expect "no write yet" fails touch "$dir/mnt/x"
	mkdir -p "$dir/copy" && mount --bind "$dir/mnt" "$dir/copy"
	mount -o remount,rw "$dir/mnt"
	expect "the copy is writable" touch "$dir/copy/x"
	umount "$dir/copy" "$dir/mnt"
}

test_fstab_is_told()
{
	mount "${loop[clean]}" "$dir/mnt"
	mkdir "$dir/mnt/etc"
	cat >"$dir/mnt/etc/fstab" <<-END
		/dev/root / ext4 ro 0 1
		LABEL=h /home/ ext4 defaults 0 2
		/dev/x none swap sw 0 0
		LABEL=l /var/log ext4 nofail 0 2
		s:/x /mail nfs defaults 0 0
		LABEL=h /not ext4 noauto 0 2
	END
	umount "$dir/mnt"
	root "${loop[clean]}"
	expect_line '^LOCAL /home$'
	expect_line '^LOCAL /var/log$'
	expect_line '^NETWORK /mail$'
	expect "nothing else" test "$(grep -c "^LOCAL\|^NETWORK" "$dir/answers")" = 3
	umount "$dir/mnt"
	mount "${loop[clean]}" "$dir/mnt" && rm -r "$dir/mnt/etc" && umount "$dir/mnt"
}

test_overlays_of_early_conf_are_told()
{
	mount "${loop[clean]}" "$dir/mnt"
	mkdir -p "$dir/mnt/etc/early"
	printf '[Manager]\nRuntimeWatchdogSec=off\n[Overlay]\nPaths = /var/lib  /srv/ \n' >"$dir/mnt/etc/early/early.conf"
	umount "$dir/mnt"
	root "${loop[clean]}"
	expect_line '^OVERLAYS /var/lib /srv$'
	printf '[Overlay]\nPaths=\n' >"$dir/early.conf"
	mount -o remount,rw "$dir/mnt" && cp "$dir/early.conf" "$dir/mnt/etc/early/early.conf" && umount "$dir/mnt"
	root "${loop[clean]}"
	expect_line '^OVERLAYS $'
	printf '[Overlay]\nPaths=/var /var/lib\n' >"$dir/early.conf"
	mount -o remount,rw "$dir/mnt" && cp "$dir/early.conf" "$dir/mnt/etc/early/early.conf" && umount "$dir/mnt"
	root "${loop[clean]}"
	expect "a wrong line is none" test "$(grep -c "^OVERLAYS" "$dir/answers")" = 0
	expect "and is told with its place" grep -q "early.conf:2: Paths=/var /var/lib is not" "$dir/log"
	mount -o remount,rw "$dir/mnt" && rm -r "$dir/mnt/etc" && umount "$dir/mnt"
}

test_other_names()
{
	for name in LABEL=$tag-root "\"LABEL=$tag-root\"" "/dev/disk/by-uuid/$(uuid_of clean)" \
		"uuid=$(uuid_of clean | tr a-f A-F)" "/dev/disk/by-label/$tag-root" "${loop[clean]}"; do
		root "$name"
		expect_line "^MOUNTED ${loop[clean]} ext4$"
		umount "$dir/mnt"
	done
	root "${loop[clean]}" ext4 noatime,data=ordered
	expect_line "^MOUNTED"
	expect "noatime" grep -q " $dir/mnt rw,noatime" /proc/self/mountinfo
	umount "$dir/mnt"
}

test_partition_table()
{
	truncate -s 48M "$dir/parts.img"
	printf 'label: gpt\nsize=32MiB, name="%s root", uuid=6A898CC3-1DD2-4B0A-9B6E-0A1B2C3D4E5F\nsize=8MiB\n' "$tag" |
		sfdisk -q "$dir/parts.img"
	loop[parts]=$(losetup -f --show "$dir/parts.img")
	partx -u "${loop[parts]}" # the kernel need not know GPT by itself
	mkfs.ext4 -q "${loop[parts]}p1"
	for name in PARTUUID=6a898cc3-1dd2-4b0a-9b6e-0a1b2c3d4e5f "PARTLABEL=\"$tag root\"" \
		"/dev/disk/by-partlabel/$tag\x20root"; do
		root "$name"
		expect_line "^MOUNTED ${loop[parts]}p1 ext4$"
		umount "$dir/mnt"
	done
	root PARTUUID=6a898cc3-1dd2-4b0a-9b6e-0a1b2c3d4e5f/PARTNROFF=1 "" ""
	expect_line "^FAILED .*${loop[parts]}p2"
}

test_error_flag_is_repaired_first()
{
	new_image flagged
	debugfs -w -R "ssv state 2" "${loop[flagged]}" 2>/dev/null
	root "UUID=$(uuid_of flagged)"
	expect_line "^PROGRESS [0-9]* repairing ${loop[flagged]}"
	expect_line "^PROGRESS 100 repairing"
	expect_line "^MOUNTED"
	umount "$dir/mnt"
	expect "state clean" state_is flagged clean
}

test_error_flag_with_skip_or_no()
{
	new_image skipped
	debugfs -w -R "ssv state 2" "${loop[skipped]}" 2>/dev/null
	root "UUID=$(uuid_of skipped)" "" "" 300 2
	expect_no_line "repairing"
	expect_line "^PROGRESS 0 .*without a repair"
	expect_line "^MOUNTED"
	umount "$dir/mnt"
}

# A damage that e2fsck -p does not dare to repair: a directory's inode in use without a link count, deleted.
test_unrepairable_by_preen()
{
	new_image broken
	populate broken
	debugfs -w -R "clri /d" "${loop[broken]}" 2>/dev/null
	debugfs -w -R "ssv state 2" "${loop[broken]}" 2>/dev/null
	root "UUID=$(uuid_of broken)"
	expect_line "^FAILED the root file system on ${loop[broken]} could not be repaired"
	expect_line "^ADVICE .*fsck.repair=yes"
	expect "nothing mounted" fails mountpoint -q "$dir/mnt"
}

test_repair_yes()
{
	options="--cmdline fsck.repair=yes"
	root "UUID=$(uuid_of broken)"
	options=
	expect_line "^PROGRESS [0-9]* repairing ${loop[broken]}"
	expect_line "^MOUNTED"
	umount "$dir/mnt"
	expect "in order" e2fsck -fn "${loop[broken]}" 2>/dev/null >/dev/null
}

test_wrong_checksum_is_refused()
{
	new_image damaged
	printf 'XXXX' | dd of="${loop[damaged]}" bs=1 seek=$((1024 + 0x120)) conv=notrunc status=none
	root "UUID=$(uuid_of clean)" # the others are none of its business
	expect_line "^MOUNTED ${loop[clean]} ext4$"
	umount "$dir/mnt"
	root "${loop[damaged]}"
	expect_line "^FAILED the root file system on ${loop[damaged]} is damaged"
	expect_line "^WHY its superblock's checksum is wrong"
	expect_line "^ADVICE Nothing was changed.*e2fsck -b 32768"
}

test_wiped_superblock_is_refused()
{
	new_image wiped
	dd if=/dev/zero of="${loop[wiped]}" bs=1024 seek=1 count=1 conv=notrunc status=none
	root "${loop[wiped]}" ext4
	expect_line "^FAILED the root file system on ${loop[wiped]} is damaged"
	expect_line "^WHY .*no magic number"
	root "${loop[wiped]}"
	expect_line "^FAILED ${loop[wiped]} holds no file system that can be recognised"
}

test_dirty_journal_is_replayed()
{
	new_image dirty
	populate dirty
	debugfs -w -R "feature needs_recovery" "${loop[dirty]}" 2>/dev/null >/dev/null
	root "UUID=$(uuid_of dirty)"
	expect_no_line "repairing"
	expect_line "^MOUNTED"
	expect "file is there" test -e "$dir/mnt/d/f"
	umount "$dir/mnt"
}

test_not_there()
{
	local before
	before=$(date +%s%3N)
	root UUID=11111111-2222-3333-4444-555555555555 "" "" 700
	expect_line "^PROGRESS 0 waiting for the root device UUID=11111111"
	expect_line "^FAILED root device UUID=11111111-2222-3333-4444-555555555555 did not appear within 0.7 s"
	expect_line "^WHY .*$(basename "${loop[clean]}") (ext4, UUID=$(uuid_of clean), LABEL=$tag-root)"
	expect_line "^ADVICE .*root="
	expect "it did wait" test $(($(date +%s%3N) - before)) -ge 700
}

test_appears_late()
{
	truncate -s 32M "$dir/late.img"
	mkfs.ext4 -q -L "$tag-late" "$dir/late.img"
	(sleep 1 && losetup -fP --show "$dir/late.img" >"$dir/late.loop") &
	local before
	before=$(date +%s%3N)
	root "LABEL=$tag-late" "" "" 110000
	expect_line "^MOUNTED /dev/loop"
	expect "woken by the uevent" test $(($(date +%s%3N) - before)) -lt 60000
	umount "$dir/mnt"
	wait
	loop[late]=$(cat "$dir/late.loop")
}

test_unknown_spec()
{
	for name in FOO=bar "" UUID= /dev/nfs PARTUUID=x/PARTNROFF=y /dev/disk/by-id/none; do
		root "$name" "" "" 5000
		expect_line "^FAILED root=.*"
		expect_no_line "^PROGRESS"
	done
}

test_not_a_file_system()
{
	truncate -s 16M "$dir/swap.img"
	mkswap -q -L "$tag-swap" "$dir/swap.img"
	loop[swap]=$(losetup -f --show "$dir/swap.img")
	root "LABEL=$tag-swap"
	expect_line "^FAILED ${loop[swap]} cannot be the root: it holds swap"
}

# The kernel's file is a plain one here: what early-disks writes stays in it, and the "resume" always fails.
fake_sys()
{
	mkdir -p "$dir/sys/power"
	ln -sfn /sys/class "$dir/sys/class"
	: >"$dir/sys/power/resume"
	: >"$dir/sys/power/resume_offset"
}

resumed_from() { grep -qx "$(lsblk -dno MAJ:MIN "$1" | tr -d ' ')" "$dir/sys/power/resume"; }

resume() # KERNEL WORDS
{
	fake_sys
	"$order" "$early_disks" --sys "$dir/sys" --cmdline "$*" -- root "${loop[clean]}" "" "" "$dir/mnt" \
		300 0 >"$dir/answers" 2>"$dir/log"
	expect_line "^MOUNTED ${loop[clean]}"
	umount "$dir/mnt"
}

test_resume()
{
	resume "resume=LABEL=$tag-swap"
	expect "no image, no resume" fails test -s "$dir/sys/power/resume"
	printf S1SUSPEND | dd of="${loop[swap]}" bs=1 seek=4086 conv=notrunc status=none
	resume "resume=LABEL=$tag-swap"
	expect "resumed" resumed_from "${loop[swap]}"
	expect "before the mount" grep -q "^PROGRESS 0 resuming" <(head -1 "$dir/answers")
	expect_line "^PROGRESS 0 the hibernated image on ${loop[swap]} could not be resumed"
	resume quiet
	expect "found without resume=" resumed_from "${loop[swap]}"
	resume noresume "resume=LABEL=$tag-swap"
	expect "noresume" fails test -s "$dir/sys/power/resume"
	resume resume=nonsense
	expect_line "^PROGRESS 0 resume=nonsense names no block device"
	resume "resume=${loop[clean]} resume_offset=3"
	expect "no image at that offset" fails test -s "$dir/sys/power/resume_offset"
}

test_resume_device_appears_late()
{
	losetup -d "${loop[swap]}"
	(sleep 1 && losetup -f --show "$dir/swap.img" >"$dir/swap.loop") &
	resume "resume=LABEL=$tag-swap"
	wait
	loop[swap]=$(cat "$dir/swap.loop")
	expect "waited for" resumed_from "${loop[swap]}"
	local before
	before=$(date +%s)
	resume resume=LABEL=never-there
	expect_line "^PROGRESS 0 there is no device resume=LABEL=never-there"
	expect "not for ever" test $(($(date +%s) - before)) -le 60
}

test_bad_flags()
{
	root "${loop[clean]}" "" data=nonsense
	expect_line "^FAILED the root file system on ${loop[clean]} cannot be mounted"
	expect_line "^WHY .*rootflags="
}

run_tests
