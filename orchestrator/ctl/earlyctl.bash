# SPDX-License-Identifier: LGPL-2.1-or-later
# Completion of earlyctl for bash.

# The units that the early-init of this command line knows.
_earlyctl_units() {
	local i
	local -a ask=(earlyctl)

	for ((i = 1; i < COMP_CWORD; i++)); do
		[[ ${COMP_WORDS[i]} == --control ]] || continue
		[[ ${COMP_WORDS[i + 1]} == = ]] && ((i++)) # bash makes three words of --control=PATH
		ask+=(--control "${COMP_WORDS[i + 1]}")
	done
	"${ask[@]}" list 2>/dev/null | awk '!NF { exit } NR > 1 { print $1 }'
}

# The unit files that may be enabled.
_earlyctl_files() {
	local dir

	for dir in /etc/early/services.d /usr/lib/early/services.d /etc/systemd/system /lib/systemd/system; do
		[[ -d $dir ]] && (cd "$dir" && compgen -G "$1*")
	done | grep -E '\.(service|socket|timer|path)$' | sort -u
}

_earlyctl() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} word verb='' i
	local verbs='status list tree start stop restart reload enable disable why log timeline compare overlay
		verify import daemon-reload daemon-reexec rescue merge poweroff reboot halt'
	local options='--control --json --color --svg --png --output --dry-run --input --follow --lines --boot --since --root --into --help --version'

	[[ $cur == = ]] && cur=''
	[[ $prev == = ]] && prev=${COMP_WORDS[COMP_CWORD - 2]}
	case $prev in
	--control | --output | -o | --input | -i)
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		return
		;;
	--root | --into)
		mapfile -t COMPREPLY < <(compgen -d -- "$cur")
		return
		;;
	--color)
		mapfile -t COMPREPLY < <(compgen -W 'auto always never' -- "$cur")
		return
		;;
	--since)
		mapfile -t COMPREPLY < <(compgen -W '10min 1h 1day' -- "$cur")
		return
		;;
	--lines | -n) return ;;
	esac
	if [[ $cur == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$options" -- "$cur")
		return
	fi
	for ((i = 1; i < COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		case $word in
		--control | --output | -o | --input | -i | --root | --into | --color | --lines | -n | --since)
			[[ ${COMP_WORDS[i + 1]} == = ]] && ((i++))
			((i++))
			;;
		-*) ;;
		*)
			verb=$word
			break
			;;
		esac
	done
	case $verb in
	'') mapfile -t COMPREPLY < <(compgen -W "$verbs" -- "$cur") ;;
	status | tree | start | stop | restart | reload | why)
		mapfile -t COMPREPLY < <(compgen -W "$(_earlyctl_units)" -- "$cur")
		;;
	log) mapfile -t COMPREPLY < <(compgen -W "$(_earlyctl_units) kernel syslog early-log" -- "$cur") ;;
	enable | disable | import) mapfile -t COMPREPLY < <(_earlyctl_files "$cur") ;;
	overlay) mapfile -t COMPREPLY < <(compgen -W 'list status diff merge' -- "$cur") ;;
	verify | compare) mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
	esac
}
complete -F _earlyctl earlyctl
