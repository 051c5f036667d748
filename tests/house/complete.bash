#!/bin/bash
# complete.bash FILE LINE WORD…: what bash offers for the last WORD of LINE. Words as readline cuts them: "=" is a word.
# shellcheck disable=SC1090,SC1091,SC2034 # FILE is named by the caller; the COMP_ variables are for what is called
source /usr/share/bash-completion/bash_completion
source "$1"
COMP_LINE=$2
shift 2
compopt() { :; } # works only below readline
function=$(complete -p "$1" | sed -E 's/.*-F ([^ ]+) .*/\1/')
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
COMP_POINT=${#COMP_LINE}
"$function" "$1" "${!#}" "${COMP_WORDS[COMP_CWORD - 1]}"
printf '%s\n' "${COMPREPLY[@]}"
