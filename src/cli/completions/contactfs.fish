# fish completion for contactfs(1). Commands, options and what an option takes are read from the program's own --help, so
# that they are always those of the installed version.

function __contactfs_commands
    for line in (contactfs --help 2>/dev/null | sed -n '/^Commands:/,/^$/p')
        set -l part (string match -r '^  ([a-z]+(?:, [a-z]+)*)(?: (?:\[[^]]*\]|[A-Z]{2,}))* +(.+)$' -- $line)
        or continue
        for name in (string split ', ' -- $part[2])
            printf '%s\t%s\n' $name $part[3]
        end
    end
end

function __contactfs_command
    set -l words (commandline -opc)
    test (count $words) -gt 1; and echo $words[2]
end

function __contactfs_accounts
    set -q XDG_CONFIG_HOME; and set -l config $XDG_CONFIG_HOME; or set -l config ~/.config
    set -q XDG_STATE_HOME; and set -l state $XDG_STATE_HOME; or set -l state ~/.local/state
    for folder in $config/contactfs/*/ $state/contactfs/*/
        path basename $folder 2>/dev/null; or basename $folder
    end | string match -v -r '^demo(-service)?$' | sort -u
end

# The kernel writes a space in a folder's name as \040.
function __contactfs_mounts
    string match -r '^(?:\S+ ){4}(\S+) .* - fuse\.contactfs ' </proc/self/mountinfo | string match -v '* - fuse.contactfs *' \
        | while read -l folder
        printf '%b\n' (string replace -a '\\' '\\0' -- $folder)
    end
end

# The labels of what is mounted.
function __contactfs_labels
    for folder in (__contactfs_mounts)
        path basename $folder/.labels/* 2>/dev/null; or basename -a $folder/.labels/* 2>/dev/null
    end | sort -u
end

# The folders of contacts whose names begin as what is typed, in capitals or not.
function __contactfs_contacts
    set -l name (commandline -ct | string unescape)
    test -n "$name"; and not string match -q '*/*' -- $name; or return
    for folder in (__contactfs_mounts)
        set -l paths $folder/* # none in an empty mount
        string match -i -r -- '^'(string escape --style=regex -- "$folder/$name")'.*' $paths
    end
end

function __contactfs_options
    contactfs (__contactfs_command) --help 2>/dev/null \
        | string replace -rf '^ +(?:-[a-zA-Z], *)?(--[a-z][a-z-]*)(?:[= ][A-Z]\S*)?(?: +(.*))?$' '$1\t$2'
end

# The name of the option whose value is asked for, in either form: "--name value", "--name=value".
function __contactfs_option
    set -l token (commandline -ct)
    set -l previous (commandline -opc)[-1]
    test "$previous" = -o; and set previous --options
    if set -l part (string match -r '^--([a-z-]+)=' -- $token)
        echo $part[2]
    else if set -l part (string match -r '^--([a-z-]+)$' -- $previous); and test -n "$(__contactfs_argument $part[2])"
        echo $part[2]
    else
        return 1
    end
end

# The name that an option's help gives its value; nothing for a flag.
function __contactfs_argument
    set -l part (contactfs (__contactfs_command) --help 2>/dev/null \
        | string match -r "^ +(?:-[a-zA-Z], *)?--$argv[1][= ]([A-Z]\S*)")
    echo $part[2]
end

function __contactfs_values
    set -l option (__contactfs_option)
    set -l prefix (string match -r '^--[a-z-]+=' -- (commandline -ct))
    set -l value (string replace -r '^--[a-z-]+=' '' -- (commandline -ct))
    set -l values
    switch $option=(__contactfs_argument $option)
        case 'account=*'
            set values (__contactfs_accounts)
        case 'label=*'
            set values (__contactfs_labels)
        case 'options=*'
            set -l before (string match -r '^.*,' -- $value)
            set values "$before"{ro,rw,noauto,user,_netdev} \
                "$before"(__contactfs_options | string replace -rf '^--(?!options|help)([a-z-]+)\t.*' '$1')
        case 'replace=*'
            set values missing smaller all
        case '*=FILE'
            set values (__fish_complete_path $value)
        case '*=DIR'
            set values (__fish_complete_directories $value)
    end
    for value in $values
        echo "$prefix"$value
    end
end

function __contactfs_wants_option
    not __contactfs_option >/dev/null; and string match -q -- '-*' (commandline -ct); and test -n "$(__contactfs_command)"
end

function __contactfs_wants_folder
    not __contactfs_option >/dev/null; and not string match -q -- '-*' (commandline -ct); and contains -- (__contactfs_command) $argv
end

complete -c contactfs -f
complete -c contactfs -n 'test -z "$(__contactfs_command)"' -a '(__contactfs_commands)'
complete -c contactfs -n 'test -z "$(__contactfs_command)"' -l version -l help
complete -c contactfs -n '__contactfs_option >/dev/null' -a '(__contactfs_values)'
complete -c contactfs -n __contactfs_wants_option -a '(__contactfs_options)'
complete -c contactfs -n '__contactfs_wants_folder mount demo' -a '(__fish_complete_directories)'
complete -c contactfs -n '__contactfs_wants_folder status unmount list restore' -a '(__contactfs_mounts)'
complete -c contactfs -n '__contactfs_wants_folder status restore' -a '(__contactfs_contacts)'
complete -c contactfs -n '__contactfs_wants_folder status restore' -a '(__fish_complete_path (commandline -ct))'
complete -c contactfs -n '__contactfs_wants_folder import sheet' -a '(__fish_complete_path (commandline -ct))'
