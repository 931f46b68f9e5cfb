#compdef earlyctl
# SPDX-License-Identifier: LGPL-2.1-or-later
# Completion of earlyctl for zsh.

_earlyctl_units() {
	local -a ask units

	ask=(earlyctl)
	[[ -n ${opt_args[--control]} ]] && ask+=(--control ${opt_args[--control]})
	units=(${(f)"$($ask list 2>/dev/null | awk '!NF { exit } NR > 1 { print $1 }')"})
	compadd -a units
}

_earlyctl_files() {
	local -a files

	files=(/etc/early/services.d/*.(service|socket|timer|path)(N:t) /usr/lib/early/services.d/*.(service|socket|timer|path)(N:t)
		/etc/systemd/system/*.(service|socket|timer|path)(N:t) /lib/systemd/system/*.(service|socket|timer|path)(N:t))
	compadd -a files
}

_earlyctl_verbs() {
	local -a verbs

	verbs=(
		'status:the machine, or one service'
		'list:all services'
		'tree:what needs what, and what started what'
		'start:start services'
		'stop:stop services'
		'restart:stop and start services'
		'reload:let services read their settings anew'
		'enable:let services start at each boot'
		'disable:let them no longer'
		'why:why a service runs, or failed'
		'log:what a service said, or all'
		'timeline:what each moment of the boot went to'
		'compare:two boots side by side'
		'overlay:the overlays'
		'verify:check manifests and units'
		'import:make a manifest of units of the distribution'
		'daemon-reload:read all manifests anew'
		'daemon-reexec:execute early-init anew, keeping everything'
		'rescue:the rescue console'
		'merge:bring the overlays to the disks now, or again'
		'poweroff:stop everything and switch off'
		'reboot:stop everything and start again'
		'halt:stop everything and stay'
	)
	_describe command verbs
}

_earlyctl() {
	local state line
	typeset -A opt_args

	_arguments -S \
		'--control=[ask the early-init whose socket this is]:socket:_files' \
		'--json[print JSON]' \
		'--color=[when in colour]:when:(auto always never)' \
		'--svg[timeline\: draw an SVG picture]' \
		'--png[timeline\: draw a PNG picture]' \
		{-o,--output=}'[write to a file]:file:_files' \
		'--dry-run[import\: print the manifest]' \
		{-i,--input=}'[timeline\: take it from a file]:file:_files' \
		{-f,--follow}'[log\: go on with what comes]' \
		{-n,--lines=}'[log\: the last lines only]:number:' \
		{-b,--boot}'[log\: what was said in this boot only]' \
		'--since=[log\: nothing older]:age:(10min 1h 1day)' \
		'--root=[enable, disable\: below this directory]:directory:_files -/' \
		'--into=[overlay merge\: bring it there]:directory:_files -/' \
		{-h,--help}'[options and commands]' \
		'--version[name and version]' \
		'1:command:_earlyctl_verbs' \
		'*:operand:->operand'
	[[ $state == operand ]] || return
	case $line[1] in
	status | tree | start | stop | restart | reload | why) _earlyctl_units ;;
	log)
		_earlyctl_units
		compadd kernel syslog early-log
		;;
	enable | disable | import) _earlyctl_files ;;
	overlay) compadd list status diff merge ;;
	verify | compare) _files ;;
	esac
}

_earlyctl "$@"
