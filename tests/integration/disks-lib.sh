# shellcheck shell=bash disable=SC2034,SC2086 # used by those who include it; options is a list of words
# SPDX-License-Identifier: LGPL-2.1-or-later
# Shared by the tests of early-disks: images on loop devices in a mount name space of their own, expectations that are
# counted. A test is a function test_*; they run in the order of the file and may build on each other.
set -u
if [ -z "${EARLY_TEST_NAMESPACE-}" ]; then
	EARLY_TEST_NAMESPACE=1 exec ${alone-} unshare -m --propagation private "$0" "$@"
fi
early_disks=$1 order=$2
dir=$(mktemp -d) || exit 1
mkdir -p "$dir/mnt"
declare -A loop
failed=0 count=0 current=none
# Labels are seen by the whole machine, where others may test too.
tag=t$$

finish()
{
	cd /
	umount -R "$dir/mnt" 2>/dev/null
	for device in "${loop[@]}"; do losetup -d "$device"; done
	rm -rf "$dir"
}
trap finish EXIT

fails() { ! "$@"; }

expect() # WHAT COMMAND…
{
	local what=$1
	shift
	count=$((count + 1))
	"$@" && return
	failed=$((failed + 1))
	echo "not ok: $current: $what"
	cat "$dir/answers" "$dir/log" 2>/dev/null | sed 's/^/    /'
}

expect_line() { expect "expected a line: $1" grep -qe "$1" "$dir/answers"; }
expect_no_line() { expect "unexpected line: $1" fails grep -qe "$1" "$dir/answers"; }

new_image() # NAME [MKFS OPTION…]
{
	local name=$1
	shift
	truncate -s 32M "$dir/$name.img"
	mkfs.ext4 -q "$@" "$dir/$name.img" || exit 1
	loop[$name]=$(losetup -f --show "$dir/$name.img") || exit 1
}

populate() # NAME: a directory with a file
{
	mount "${loop[$1]}" "$dir/mnt" && mkdir "$dir/mnt/d" && echo text >"$dir/mnt/d/f" &&
		umount "$dir/mnt" || exit 1
}

uuid_of() { blkid -p -s UUID -o value "${loop[$1]}"; }
super_of() { dumpe2fs -h "${loop[$1]}" 2>/dev/null; } # NAME
state_is() { super_of "$1" | grep -q "^Filesystem state: *$2\$"; }

run_order() # WORD…
{
	"$order" "$early_disks" ${options-} -- "$@" >"$dir/answers" 2>"$dir/log"
}

run_tests()
{
	for current in $(declare -F | sed -n 's/^declare -f \(test_.*\)/\1/p' | while read -r name; do
		echo "$(grep -n "^$name()" "$0" | cut -d: -f1) $name"; done | sort -n | cut -d' ' -f2); do
		echo "# $current"
		$current
	done
	echo "$((count - failed)) expectations met, $failed not"
	[ $failed -eq 0 ] && [ $count -gt 0 ]
}
