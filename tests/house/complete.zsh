#!/usr/bin/zsh -f
# complete.zsh FOLDER LINE: what zsh, interactive in a terminal of its own, offers for LINE; FOLDER has the functions.
zmodload zsh/zpty
folder=$(mktemp -d)
cat >$folder/start <<END
fpath=($1 \$fpath)
offered=$folder/offered
dump=\$HOME/.zcompdump${1//\//-} # compinit reads a thousand files; once is enough
END
cat >>$folder/start <<'END'
PROMPT=
bindkey '^I' complete-word
autoload -U compinit
compinit -C -d $dump
comppostfuncs=(exit)
# in place of listing: what would be listed, with what stands before it in the word
compadd() {
  if [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]]; then
    builtin compadd "$@"
    return
  fi
  local -a hits
  builtin compadd -A hits "$@"
  (( $#hits == 0 )) || print -rl -- $IPREFIX$^hits >>$offered
}
print ready
END
zpty shell zsh -f -i
zpty -w shell "source $folder/start"
while zpty -r shell line; do
  [[ $line == ready* ]] && break
done
zpty -w -n shell "$2"$'\t'
while zpty -r shell line; do :; done
[[ ! -e $folder/offered ]] || cat $folder/offered
rm -r $folder
