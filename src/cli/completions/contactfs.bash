# bash completion for contactfs(1). Commands, options and what an option takes are read from the program's own --help, so
# that they are always those of the installed version.

# "--name=ARG" per line; flags without "=ARG"
_contactfs_options()
{
    "$1" "$2" --help 2>/dev/null | sed -nE 's/^ +(-[a-zA-Z], *)?(--[a-z][a-z-]*)([= ]([A-Z]+[^ ]*))?( .*)?$/\2\3/p' | tr ' ' '='
}

_contactfs_commands()
{
    "$1" --help 2>/dev/null | sed -nE '/^Commands:/,/^$/s/^  ([a-z]+)(, ([a-z]+))?.*/\1 \3/p'
}

# Folders that are contactfs mounts; the kernel writes a space as \040.
_contactfs_mounts()
{
    local path
    while read -r path; do
        printf '%b\n' "${path//\\/\\0}"
    done < <(sed -nE 's/^([^ ]+ ){4}([^ ]+) .* - fuse\.contactfs .*/\2/p' /proc/self/mountinfo)
}

_contactfs_accounts()
{
    local folder
    for folder in "${XDG_CONFIG_HOME:-$HOME/.config}" "${XDG_STATE_HOME:-$HOME/.local/state}"; do
        find "$folder/contactfs" -mindepth 1 -maxdepth 1 -type d -printf '%f\n' 2>/dev/null
    done | grep -vxE 'demo(-service)?' | sort -u
}

# The labels of what is mounted.
_contactfs_labels()
{
    local folder
    while read -r folder; do
        ls -- "$folder/.labels" 2>/dev/null
    done < <(_contactfs_mounts)
}

# The folders of contacts whose names begin as what is typed, in capitals or not.
_contactfs_contacts()
{
    local folder path name=${cur#[\'\"]}
    name=${name//\\/}
    [[ -z $name || $name == */* ]] && return
    shopt -s nocaseglob # this is a process of its own
    while read -r folder; do
        for path in "$folder/$name"*/; do
            [[ -d $path ]] && printf '%s\n' "${path%/}"
        done
    done < <(_contactfs_mounts)
}

# They take the place of the name. Within quotes nothing else has to be quoted.
_contactfs_names()
{
    local line
    while read -r line; do
        [[ $cur == [\'\"]* ]] || line=$(printf '%q' "$line")
        COMPREPLY+=("$line")
    done < <(_contactfs_contacts)
}

# Whole lines as candidates: a folder may have spaces in its name.
_contactfs_lines()
{
    local line
    while read -r line; do
        [[ $line == "$cur"* ]] && COMPREPLY+=("$(printf '%q' "$line")")
    done
}

# What "-o" takes: the option after the last comma.
_contactfs_words()
{
    local word before=''
    [[ $cur == *,* ]] && before=${cur%,*},
    for word in ro rw noauto user _netdev $(_contactfs_options "$1" "$2" | sed -nE '/^--(options|help)/d; s/^--//; s/=.*/=/; p'); do
        [[ $before$word == "$cur"* ]] && COMPREPLY+=("$before$word")
    done
    compopt -o nospace
}

# _contactfs_value PROGRAM COMMAND OPTION
_contactfs_value()
{
    local entry argument=''
    for entry in $(_contactfs_options "$1" "$2"); do
        [[ $entry == "$3="* ]] && argument=${entry#*=}
    done
    case $3=$argument in
        --account=*) _contactfs_lines < <(_contactfs_accounts) ;;
        --label=*) _contactfs_lines < <(_contactfs_labels | sort -u) ;;
        --options=*) _contactfs_words "$1" "$2" ;;
        --replace=*) mapfile -t COMPREPLY < <(compgen -W 'missing smaller all' -- "$cur") ;;
        *=FILE) _filedir ;;
        *=DIR) _filedir -d ;;
        *=) return 1 ;; # takes none
    esac
    return 0
}

_contactfs()
{
    local cur prev words cword split
    _init_completion -s || return

    local command=${words[1]} program=$1
    if ((cword == 1)); then
        # shellcheck disable=SC2207 # words without spaces
        COMPREPLY=($(compgen -W "$(_contactfs_commands "$program") --help --version" -- "$cur"))
        return
    fi
    [[ $prev == -o ]] && prev=--options
    if [[ $prev == --* ]] && _contactfs_value "$program" "$command" "$prev"; then
        return
    fi
    $split && return
    if [[ $cur == -* ]]; then
        # shellcheck disable=SC2207
        COMPREPLY=($(compgen -W "$(_contactfs_options "$program" "$command" | sed 's/=.*/=/')" -- "$cur"))
        [[ ${COMPREPLY-} == *= ]] && compopt -o nospace
        return
    fi
    case $command in
        mount | demo) _filedir -d ;;
        import | sheet) _filedir ;;
        unmount | list) _contactfs_lines < <(_contactfs_mounts) ;;
        status | restore)
            _contactfs_lines < <(_contactfs_mounts)
            [[ -z $cur ]] || _filedir # a contact
            _contactfs_names
            ;;
    esac
} && complete -F _contactfs contactfs
