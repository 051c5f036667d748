# fish completion for people-emulator(1): options are read from --help.
for line in (people-emulator --help 2>/dev/null)
    set -l part (string match -r '^ +(?:-[a-zA-Z], *)?--([a-z][a-z-]*)(=([A-Z]+))? +(.*)$' -- $line)
    or continue
    switch "$part[3]$part[4]"
        case '*FILE'
            complete -c people-emulator -l $part[2] -r -F -d $part[-1]
        case '*DIR'
            complete -c people-emulator -l $part[2] -x -a '(__fish_complete_directories)' -d $part[-1]
        case '*WHICH'
            complete -c people-emulator -l $part[2] -x -a 'all half none' -d $part[-1]
        case '=*'
            complete -c people-emulator -l $part[2] -x -d $part[-1]
        case '*'
            complete -c people-emulator -l $part[2] -f -d $part[-1]
    end
end
complete -c people-emulator -f
