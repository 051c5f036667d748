# bash completion for people-emulator(1): bash-completion reads options from --help.
complete -F _longopt people-emulator
