# SPDX-License-Identifier: LGPL-2.1-or-later
# Completion of earlyctl for bash.
_earlyctl() {
	local cur=${COMP_WORDS[COMP_CWORD]} word verb=
	local verbs='status list start stop restart reload why log timeline verify daemon-reload
		daemon-reexec rescue merge poweroff reboot halt'

	for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
		[[ $word != -* ]] && { verb=$word; break; }
	done
	if [[ $cur == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W '--control --json --svg --png --output --input --follow --boot --since --help --version' -- "$cur")
		return
	fi
	case $verb in
	'') mapfile -t COMPREPLY < <(compgen -W "$verbs" -- "$cur") ;;
	status | start | stop | restart | reload | why | log)
		mapfile -t COMPREPLY < <(compgen -W "$(earlyctl list 2>/dev/null | awk 'NR > 1 { print $1 }')" -- "$cur")
		;;
	verify) mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
	esac
}
complete -F _earlyctl earlyctl
