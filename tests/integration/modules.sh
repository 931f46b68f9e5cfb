#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# early-modules on a made-up machine whose modules are no modules: which ones each phase tries shows in what it could not
# load. (That real ones are loaded shows in every boot of the emulated machine.)
#   modules.sh EARLY_MODULES
set -u
early_modules=$1
export LC_ALL=C
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
failed=0 count=0

fails() { ! "$@"; }
expect() # WHAT COMMAND…
{
	local what=$1
	shift
	count=$((count + 1))
	"$@" && return
	failed=$((failed + 1))
	echo "not ok: $what"
	sed 's/^/    /' "$dir/log"
}
run() { timeout 120 "$early_modules" --root "$dir/root" "$@" >"$dir/log" 2>&1; }
tried() { grep -q "cannot load $1 " "$dir/log"; }
soon() # COMMAND…: true within a minute
{
	local n
	for ((n = 0; n < 600; n++)); do
		"$@" && return
		sleep 0.1
	done
	return 1
}
device() { mkdir -p "$dir/root/sys/bus/$1/devices/$2" && echo "$3" >"$dir/root/sys/bus/$1/devices/$2/modalias"; }

make_root()
{
	local name base=$dir/root/lib/modules/6.1.0-test
	mkdir -p "$dir/root/proc" "$dir/root/usr/lib/early" "$base/kernel/fs/ext4" "$base/kernel/fs/xfs" "$base/kernel/fs/fuse" \
		"$base/kernel/drivers/gpu/drm" "$base/kernel/drivers/block" "$base/kernel/drivers/usb/host" \
		"$base/kernel/drivers/usb/storage" "$base/kernel/drivers/virtio" "$base/kernel/drivers/net"
	cat >"$dir/root/usr/lib/early/modules.list" <<-'LIST'
		early-modules 1 6.1.0-test
		m drm 9 kernel/drivers/gpu/drm/drm.ko
		m e1000 1 kernel/drivers/net/e1000.ko
		a pci:v00008086d0000100E*
		m ext4 1 kernel/fs/ext4/ext4.ko
		a fs-ext4
		m fuse 1 kernel/fs/fuse/fuse.ko
		m qxl 1 kernel/drivers/gpu/drm/qxl.ko
		a pci:v00001B36d00000100*
		m usb_storage 1 kernel/drivers/usb/storage/usb-storage.ko
		a usb:v*ic08isc06ip50in*
		m virtio_blk 1 kernel/drivers/block/virtio_blk.ko
		a virtio:d00000002v*
		m virtio_gpu 1 kernel/drivers/gpu/drm/virtio-gpu.ko
		d drm
		a virtio:d00000010v*
		m virtio_pci 1 kernel/drivers/virtio/virtio_pci.ko
		a pci:v00001AF4d*sv*sd*bc*sc*i*
		m xfs 1 kernel/fs/xfs/xfs.ko
		a fs-xfs
		m xhci_pci 1 kernel/drivers/usb/host/xhci-pci.ko
		a pci:v*d*sv*sd*bc0Csc03i30*
	LIST
	sed -n 's/^m [^ ]* [^ ]* //p' "$dir/root/usr/lib/early/modules.list" | while read -r name; do
		echo "no module" >"$base/$name"
	done
	echo "quiet module_blacklist=qxl" >"$dir/root/proc/cmdline"
	device pci gpu pci:v00001AF4d00001050sv00001AF4sd00001100bc03sc00i00
	device pci disk pci:v00001AF4d00001001sv00001AF4sd00000002bc01sc00i00
	device pci qxl pci:v00001B36d00000100sv00001AF4sd00001100bc03sc00i00
	device pci net pci:v00008086d0000100Esv00001AF4sd00001100bc02sc00i00
	device pci usb pci:v00001B36d0000000Dsv00001AF4sd00001100bc0Csc03i30
}

make_root
expect "display" run --phase=display
expect "tries the bus" tried virtio_pci
expect "and, foreseeing the device, drm" tried drm
expect "not what needs the failed drm" fails tried virtio_gpu
expect "not a blacklisted one" fails tried qxl
expect "no disk" fails tried virtio_blk
expect "no file system" fails tried ext4
expect "says each once" test "$(grep -c 'cannot load' "$dir/log")" = 2

expect "storage" run --phase=storage
expect "tries the disk" tried virtio_blk
expect "the usual file system" tried ext4
expect "fuse" tried fuse
expect "the controller" tried xhci_pci
expect "what may appear behind it" tried usb_storage
expect "no display" fails tried drm
expect "no network" fails tried e1000
expect "storage by the option" run --phase=storage --rootfstype=xfs
expect "tries that file system" tried xfs
expect "only that" fails tried ext4
echo "rootfstype=xfs" >"$dir/root/proc/cmdline"
expect "storage by the command line" run --phase=storage
expect "tries that file system" tried xfs

expect "rest" run --phase=rest
expect "tries the network" tried e1000

# The machine's own announcement of a device that the made-up one has not: as if a keyboard came while somebody waits for it. All
# that listen hear it: so this test of another build waits.
come_later()
{
	local modalias device list=$dir/root/usr/lib/early/modules.list lock
	modalias=$(find /sys/bus/platform/devices/*/ -maxdepth 1 -name modalias -size +0 | head -n 1)
	device=$(dirname "$modalias")
	exec {lock}<"$device"
	flock "$lock"
	cp "$list" "$dir/list"
	printf 'm zz_later 1 kernel/drivers/net/later.ko\na %s\n' "$(cat "$modalias")" >>"$list"
	echo "no module" >"$dir/root/lib/modules/6.1.0-test/kernel/drivers/net/later.ko"
	"$early_modules" --root "$dir/root" --phase=rest --stay >"$dir/log" 2>&1 &
	expect "what is there is loaded" soon tried e1000
	expect "what is not there is not" fails tried zz_later
	echo add >"$device/uevent"
	expect "and what comes later" soon tried zz_later
	expect "it goes on" kill $!
	wait $!
	expect "until it is ended" test $? -eq 143
	exec {lock}<&-
	mv "$dir/list" "$list"
}
come_later
run --stay e1000
expect "names and --stay" test $? -eq 2

expect "by a name that fails" fails run fs-ext4
expect "tries it" tried ext4
expect "by a name that is not there" fails run nonesuch

echo "module_blacklist=qxl" >"$dir/root/proc/cmdline"
expect "a blacklisted one by its name" fails run qxl
expect "is not tried" fails tried qxl

run --phase=storage display
expect "a phase and a name" test $? -eq 2
run --phase=early
expect "an unknown phase" test $? -eq 2
rm -r "$dir/root/sys"
expect "without devices" fails run --phase=display
expect "says what it cannot read" grep -q "sys/bus" "$dir/log"
rm "$dir/root/usr/lib/early/modules.list"
expect "without a list" fails run --phase=display
expect "says how to get one" grep -q "early-mkinitramfs" "$dir/log"

echo "$count checked, $failed failed"
[ $failed -eq 0 ] && [ $count -gt 0 ]
