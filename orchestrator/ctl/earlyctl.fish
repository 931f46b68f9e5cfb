# SPDX-License-Identifier: LGPL-2.1-or-later
# Completion of earlyctl for fish.

# The units that the early-init of this command line knows.
function __earlyctl_units
    set -l words (commandline -opc)
    set -l control
    for i in (seq (count $words))
        switch $words[$i]
            case --control
                set control --control $words[(math $i + 1)]
            case '--control=*'
                set control $words[$i]
        end
    end
    earlyctl $control list 2>/dev/null | awk '!NF { exit } NR > 1 { print $1 }'
end

function __earlyctl_files
    for dir in /etc/early/services.d /usr/lib/early/services.d /etc/systemd/system /lib/systemd/system
        path basename $dir/*.service $dir/*.socket $dir/*.timer $dir/*.path 2>/dev/null
    end
end

function __earlyctl_verb
    complete -c earlyctl -n __fish_use_subcommand -f -a $argv[1] -d $argv[2]
end

function __earlyctl_after
    __fish_seen_subcommand_from $argv
end

complete -c earlyctl -f
__earlyctl_verb status 'the machine, or one service'
__earlyctl_verb list 'all services'
__earlyctl_verb tree 'what needs what, and what started what'
__earlyctl_verb start 'start services'
__earlyctl_verb stop 'stop services'
__earlyctl_verb restart 'stop and start services'
__earlyctl_verb reload 'let services read their settings anew'
__earlyctl_verb enable 'let services start at each boot'
__earlyctl_verb disable 'let them no longer'
__earlyctl_verb why 'why a service runs, or failed'
__earlyctl_verb log 'what a service said, or all'
__earlyctl_verb timeline 'what each moment of the boot went to'
__earlyctl_verb compare 'two boots side by side'
__earlyctl_verb overlay 'the overlays'
__earlyctl_verb verify 'check manifests and units'
__earlyctl_verb import 'make a manifest of units of the distribution'
__earlyctl_verb daemon-reload 'read all manifests anew'
__earlyctl_verb daemon-reexec 'execute early-init anew, keeping everything'
__earlyctl_verb rescue 'the rescue console'
__earlyctl_verb merge 'bring the overlays to the disks now, or again'
__earlyctl_verb poweroff 'stop everything and switch off'
__earlyctl_verb reboot 'stop everything and start again'
__earlyctl_verb halt 'stop everything and stay'

complete -c earlyctl -n '__earlyctl_after status tree start stop restart reload why log' -a '(__earlyctl_units)'
complete -c earlyctl -n '__earlyctl_after log' -a 'kernel syslog early-log'
complete -c earlyctl -n '__earlyctl_after enable disable import' -a '(__earlyctl_files)'
complete -c earlyctl -n '__earlyctl_after overlay' -a 'list status diff merge'
complete -c earlyctl -n '__earlyctl_after verify compare' -F

complete -c earlyctl -l control -r -F -d 'ask the early-init whose socket this is'
complete -c earlyctl -l json -d 'print JSON'
complete -c earlyctl -l color -x -a 'auto always never' -d 'when in colour'
complete -c earlyctl -l svg -d 'timeline: draw an SVG picture'
complete -c earlyctl -l png -d 'timeline: draw a PNG picture'
complete -c earlyctl -s o -l output -r -F -d 'write to a file'
complete -c earlyctl -l dry-run -d 'import: print the manifest'
complete -c earlyctl -s i -l input -r -F -d 'timeline: take it from a file'
complete -c earlyctl -s f -l follow -d 'log: go on with what comes'
complete -c earlyctl -s n -l lines -x -d 'log: the last lines only'
complete -c earlyctl -s b -l boot -d 'log: what was said in this boot only'
complete -c earlyctl -l since -x -a '10min 1h 1day' -d 'log: nothing older'
complete -c earlyctl -l root -x -a '(__fish_complete_directories)' -d 'enable, disable: below this directory'
complete -c earlyctl -l into -x -a '(__fish_complete_directories)' -d 'overlay merge: bring it there'
complete -c earlyctl -s h -l help -d 'options and commands'
complete -c earlyctl -l version -d 'name and version'
