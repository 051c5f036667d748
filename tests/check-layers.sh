#!/bin/sh
# The rules of the house that grep can see (docs/architecture.md). Prints what breaks one, and exits with 1.
#
#   tests/check-layers.sh [ROOT]               check the tree at ROOT (this one)
#   tests/check-layers.sh --self-test [ROOT]   break each rule in a copy, and see that it is noticed; TAP
set -eu

# Several times as fast for grep, and the same order for everybody.
export LC_ALL=C

this=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)/check-layers.sh
broken=0

# The rooms of the program contactfs.
daemon='fs src/account src/book src/cli src/desktop src/draft src/folder src/image src/login src/match src/mounts src/net src/people src/photo
  src/portraits src/settings src/sync src/terminal'

complain() {
  printf '%s\n' "$1"
}

c_files() {
  find "$@" \( -name '*.c' -o -name '*.h' \) -print | sort
}

# Everything written by hand.
text_files() {
  find . \( -path ./.git -o -path './build*' -o -path ./LICENSE -o -path ./tests/data -o -path ./tests/fuzz/corpus \
    -o -name __pycache__ -o -name .pytest_cache \) -prune -o -type f -print | sort
}

# forbid WHY PATTERN <files: no line of them matches
forbid() {
  found=$(xargs grep -nHE -e "$2" /dev/null) || :
  [ -z "$found" ] || complain "$1:
$found"
}

# only_in WHY PATTERN WHERE <files: exactly one of them matches, and WHERE, a pattern for its path, fits it
only_in() {
  found=$(xargs grep -lE -e "$2" /dev/null | tr '\n' ' ') || :
  # shellcheck disable=SC2254 # WHERE is a pattern
  case "$found" in
  *' '*' ') ;;
  $3' ') return 0 ;;
  esac
  complain "$1 belongs in one file, $3, and is in: ${found:-none}"
}

# arrows FOLDER ROOMS: the only rooms (a|b) that FOLDER includes from
arrows() {
  found=$(c_files "$1" | xargs grep -nHE '^ *# *include *"[^"]*/' /dev/null | grep -vE "\"($2)/[^/]*\"") || :
  [ -z "$found" ] || complain "$1 may include from $2 only:
$found"
}

# public FOLDER HEADERS: the only headers (a|b) of FOLDER that other rooms include
public() {
  room=${1#src/}
  found=$(c_files fs src | grep -v "^$1/" | xargs grep -nHE "^ *# *include *\"$room/" /dev/null \
    | grep -vE "\"$room/($2)\.h\"") || :
  [ -z "$found" ] || complain "of $1 other rooms may include $2 only:
$found"
}

check_single_files() {
  c_files fs src | only_in '<curl/curl.h>' '^ *# *include *<curl/' src/net/http-easy.h
  # shellcheck disable=SC2086 # a list of words
  c_files $daemon | only_in '<cjson/cJSON.h>' '^ *# *include *[<"](cjson/)?cJSON' src/net/json.c
  c_files fs src | only_in '<jwt.h>' '^ *# *include *<jwt' src/account/web-token.c
  # shellcheck disable=SC2086
  c_files $daemon | only_in '<sqlite3.h>' '^ *# *include *<sqlite3' src/book/store-internal.h
  # shellcheck disable=SC2086
  c_files $daemon | only_in '<libsecret/secret.h>' '^ *# *include *<libsecret/' src/account/keyring.c
  find fs src \( -name '*.c' -o -name '*.h' \) -not -path 'src/emulator/*' -print | LC_ALL=C sort \
    | only_in '<vips/vips.h>' '^ *# *include *<vips/' src/convert/vips-image.h
  c_files fs src | only_in '<tiffio.h>' '^ *# *include *<tiff' src/convert/tiff.c
  c_files fs src | only_in '<turbojpeg.h>' '^ *# *include *<turbojpeg' src/convert/turn.c
  c_files fs src | only_in '<lcms2.h>' '^ *# *include *<lcms' src/convert/profile.c
  c_files fs src | only_in '<seccomp.h>' '^ *# *include *<seccomp' src/convert/sandbox.c
  # shellcheck disable=SC2086
  c_files $daemon | only_in '<gnutls/…>' '^ *# *include *<gnutls/' src/photo/hash.c
  c_files fs src | only_in '<fuse_lowlevel.h>' '^ *# *include *<(fuse3/)?fuse' fs/internal.h
  c_files fs src | only_in '<systemd/…>' '^ *# *include *<systemd/' src/cli/daemon.c
  c_files fs src | only_in 'fuse_lowlevel_notify_*' '^[^*]*\<fuse_lowlevel_notify_[a-z_]+ *\(' 'fs/notif*.c'
  c_files fs src | only_in 'fuse_reply_*' '^[^*]*\<fuse_reply_[a-z_]+ *\(' fs/reply.c
}

check_arrows() {
  arrows src/image 'image'
  arrows src/convert 'convert|image'
  arrows src/net 'net'
  arrows src/account 'account|net'
  arrows src/login 'login|account|net'
  arrows src/people 'people|account|net'
  arrows src/book 'book|people|net'
  arrows src/photo 'photo|book|people|net|image'
  arrows src/sync 'sync|photo|book|people|net|image'
  arrows src/draft 'draft|book'
  arrows src/folder 'folder|draft|sync|photo|book|people|net|image'
  arrows src/match 'match|net'
  arrows src/portraits 'portraits|match|mounts|terminal|image|net'
  arrows src/terminal 'terminal'
  arrows src/emulator 'emulator|image'
  arrows fs 'fs|folder|sync|photo|book|people|image'
  arrows src/settings 'settings|people|account|net'
  arrows src/mounts 'mounts|net'
  arrows src/desktop 'desktop|photo|book'
  arrows src/cli 'cli|terminal|portraits|settings|mounts|desktop|fs|folder|sync|photo|book|people|login|account|net'
  # shellcheck disable=SC2086 # a list of words
  find $daemon -name meson.build -print \
    | forbid 'the daemon links no decoder' '\<(vips|turbojpeg|tiff|heif|libjpeg|libpng)\>'
  find src -name meson.build -print | forbid 'src/ is built without libfuse' "fuse3|dependency\\('fuse"
}

check_public() {
  public fs 'fs'
  public src/account 'client-file|identity|principal|login-lock|stored-login|token-cache|token-endpoint'
  public src/book 'activity|apply|book|error|events|failures|labels|orders|person|store'
  public src/cli ''
  public src/convert ''
  public src/desktop 'browser|folder-icons|icon-setter|notify|session-bus'
  public src/draft 'draft'
  public src/emulator ''
  public src/folder 'contacts|folder'
  public src/image 'colours|exif|foreign|header|helper|image|layout|prepare|protocol'
  public src/login 'login|revoke'
  public src/match 'match'
  public src/mounts 'copies|ending|mounts|stale'
  public src/net 'attempts|error|http|http-url|json|private-file|secret|status|text|wait-limits'
  public src/people 'login-check|people|person|photo'
  public src/photo 'archive|hash|photos'
  public src/portraits 'import|list|restore|sheet'
  public src/settings 'accounts|credentials|environment|folders|login-options|options|programs'
  public src/sync 'sync'
  public src/terminal 'interrupt|progress'
}

check_sizes() {
  sizes=$(text_files | grep -E '\.(c|h|py|sh)$|^\./dev$' | xargs wc -l | grep -v ' total$' | sort -n)
  long=$(printf '%s\n' "$sizes" | awk '$1 > ($2 ~ /\.[ch]$/ ? 500 : 600)')
  [ -z "$long" ] || complain "no C file is longer than 500 lines, and no other than 600:
$long"
  median=$(printf '%s\n' "$sizes" | awk '{ size[NR] = $1 } END { print size[int((NR + 1) / 2)] }')
  [ "$median" -lt 300 ] || complain "half of the files have $median lines or more; the median stays below 300"
}

# The emulator is a program for the demo and the tests, with none of the daemon's rooms in it.
check_rooms() {
  for room in $daemon src/convert; do
    lines=$(c_files "$room" | xargs cat | wc -l)
    [ "$lines" -le 4000 ] || complain "$room has $lines lines; no room has more than 4000"
  done
}

# A table's row and a link cannot be broken, and code stands as it is typed. Columns, not bytes: a byte from 0x80 to 0xbf
# begins no character.
check_docs() {
  for page in README.md docs/*.md; do
    long=$(awk -v page="$page" '
      /^ *```/ { code = !code; next }
      code || /^\|/ || /\]\(/ || /:\/\// { next }
      { columns = $0; gsub(/[\200-\277]/, "", columns) }
      length(columns) > 100 { print page ":" NR }' "$page")
    [ -z "$long" ] || complain "lines of documents have 100 columns at most:
$long"
  done
}

# The brackets keep these patterns from matching themselves.
check_words() {
  text_files | forbid 'unfinished business belongs in the issue tracker' '\<(TO[D]O|FIX[M]E|X[X]X)\>'
  text_files | forbid "one machine's paths" '(^|[^[:alnum:]_.-])/wor[k]/'
  # shellcheck disable=SC2086 # a list of words
  c_files $daemon | forbid 'a message stands behind a colon, so it begins with a small letter' \
    '(error_new|set_error|return_new_error|prefix_error|cli_fail)[a-z_]* \(.*"(The|A|An|It|This|There|What|No|Waiting) '
}

check_top_level() {
  for entry in * .[!.]*; do
    case $entry in
    fs | src | tests | docs | meson.build | meson_options.txt | README.md | NEWS.md | LICENSE | dev) ;;
    .ci | .clang-format | .git | .gitignore | .pytest_cache | __pycache__ | build* | '.[!.]*') ;;
    *) complain "the top level is for the rooms, not for $entry" ;;
    esac
  done
}

# ---- self-test ----

number=0

# result NAME: one line of TAP, by the status of the command before
result() {
  status=$?
  number=$((number + 1))
  [ "$status" -eq 0 ] || {
    printf 'not '
    broken=1
  }
  echo "ok $number $1"
}

# breaks NAME FILE LINE: adds LINE to FILE, which check_breaks expects to be complained of
breaks() {
  mkdir -p "$(dirname "$copy/$2")"
  printf '%s\n' "$3" >>"$copy/$2"
  printf '%s|%s\n' "$1" "$2" >>"$temporary/breaks"
}

# Each break is in a file of its own, so that all of them are looked for at once: a look at the whole tree takes a second.
check_breaks() {
  ! "$this" "$copy" >"$temporary/complaints" || {
    echo 'Bail out! a broken copy passes'
    exit 1
  }
  while IFS='|' read -r name file; do
    grep -qF "$file" "$temporary/complaints" && :
    result "$name"
  done <"$temporary/breaks"
}

self_test() {
  temporary=$(mktemp -d)
  trap 'rm -rf "$temporary"' EXIT
  copy=$temporary/tree
  mkdir "$copy"
  tar -cf - --exclude=__pycache__ --exclude=tests/data --exclude=tests/fuzz/corpus fs src tests docs README.md | tar -C "$copy" -xf -

  "$this" "$copy" >"$temporary/complaints" && :
  result 'an untouched copy passes'
  sed 's/^/# /' "$temporary/complaints"

  mv "$copy/fs/reply.c" "$copy/fs/answers.c"
  "$this" "$copy" | grep -qF fs/answers.c && :
  result 'a reply file by another name'
  mv "$copy/fs/answers.c" "$copy/fs/reply.c"

  for part in 1 2 3 4 5 6 7; do
    yes '/* */' | head -n 500 >"$copy/src/mounts/new-part-$part.c"
  done
  "$this" "$copy" | grep -qF 'src/mounts has' && :
  result 'a room of more than 4000 lines'
  rm "$copy"/src/mounts/new-part-?.c

  breaks 'FUSE below fs/' src/book/new-fuse.c '#include <fuse_lowlevel.h>'
  breaks 'FUSE twice' fs/new-fuse.c '#include <fuse3/fuse_lowlevel.h>'
  breaks 'libfuse linked below fs/' src/book/meson.build "fuse = dependency('fuse3')"
  breaks 'curl twice' src/net/new-curl.c '#include <curl/curl.h>'
  breaks 'cJSON twice' src/book/new-json.c '#include <cjson/cJSON.h>'
  breaks 'libjwt twice' src/account/new-jwt.c '#include <jwt.h>'
  breaks 'SQLite twice' src/book/new-sqlite.c '#include <sqlite3.h>'
  breaks 'libsystemd twice' src/cli/new-systemd.c '#include <systemd/sd-daemon.h>'
  breaks 'libsecret twice' src/account/new-secret.c '#include <libsecret/secret.h>'
  breaks 'GnuTLS twice' src/photo/new-hash.c '#include <gnutls/crypto.h>'
  breaks 'libvips in the daemon' src/image/new-vips.c '#include <vips/vips.h>'
  breaks 'libvips linked into the daemon' src/image/meson.build "image_dep = declare_dependency(dependencies: [vips])"
  breaks 'lcms2 twice' src/convert/new-lcms.c '#include <lcms2.h>'
  breaks 'libtiff twice' src/convert/new-tiff.c '#include <tiffio.h>'
  breaks 'turbojpeg twice' src/convert/new-turbojpeg.c '#include <turbojpeg.h>'
  breaks 'seccomp twice' src/convert/new-seccomp.c '#include <seccomp.h>'
  breaks 'the helper looks at the daemon' src/convert/new-arrow.c '#include "book/book.h"'
  breaks 'a notification from another file' fs/new-notify.c '  fuse_lowlevel_notify_delete (session, 1, 2, name, 3);'
  breaks 'a reply from another file' fs/new-reply.c '  fuse_reply_err (request, 0);'
  breaks 'book looks up' src/book/new-arrow.c '#include "photo/photos.h"'
  breaks 'photo looks up' src/photo/new-arrow.c '#include "sync/sync.h"'
  breaks 'sync looks up' src/sync/new-arrow.c '#include "folder/contacts.h"'
  breaks 'folder looks up' src/folder/new-arrow.c '#include "fs/fs.h"'
  breaks 'a draft looks aside' src/draft/new-arrow.c '#include "photo/photos.h"'
  breaks 'people looks up' src/people/new-arrow.c '#include "book/book.h"'
  breaks 'account looks up' src/account/new-arrow.c '#include "people/people.h"'
  breaks 'account looks up to the login' src/account/new-login.c '#include "login/login.h"'
  breaks 'net looks up' src/net/new-arrow.c '#include "account/token-cache.h"'
  breaks 'image looks aside' src/image/new-arrow.c '#include "net/error.h"'
  breaks 'fs looks up' fs/new-arrow.c '#include "cli/cli.h"'
  breaks 'settings look up' src/settings/new-arrow.c '#include "cli/cli.h"'
  breaks 'portraits go around the mount' src/portraits/new-arrow.c '#include "book/book.h"'
  breaks 'the matcher looks up' src/match/new-arrow.c '#include "portraits/plan.h"'
  breaks 'mounts look aside' src/mounts/new-arrow.c '#include "settings/options.h"'
  breaks 'the terminal looks up' src/terminal/new-arrow.c '#include "cli/cli.h"'
  breaks 'the desktop looks aside' src/desktop/new-arrow.c '#include "fs/fs.h"'
  breaks 'a way around the arrows' src/people/new-way.c '#include "../book/book.h"'
  breaks 'the emulator shares the code it is to test' src/emulator/new-arrow.c '#include "people/person.h"'
  breaks 'the inside of the room below' src/sync/new-inside.c '#include "photo/internal.h"'
  breaks 'the inside of another room' src/cli/new-inside.c '#include "account/keyring.h"'
  breaks 'a C file of 501 lines' src/book/new-long.c "$(yes '/* */' | head -n 501)"
  breaks 'a document of 101 columns' docs/new-wide.md "$(printf 'w%.0s' $(seq 101))"
  breaks 'unfinished business' docs/new-business.md "TO""DO: later"
  breaks "one machine's path" docs/new-path.md "see /wor""k/main"
  breaks 'a message that begins like a sentence of its own' src/book/new-message.c '  cli_fail (1, "The book is damaged");'
  breaks 'clutter on the top level' notes.txt 'hello'
  check_breaks
  echo "1..$number"
}

mode=check
if [ "${1-}" = --self-test ]; then
  mode=self-test
  shift
fi
cd "${1-$(dirname "$this")/..}"
if [ "$mode" = self-test ]; then
  self_test
else
  # half of it runs in pipes, whose variables are lost: what counts is whether anything was said
  complaints=$(
    check_single_files
    check_arrows
    check_public
    check_sizes
    check_rooms
    check_docs
    check_words
    check_top_level
  )
  if [ -n "$complaints" ]; then
    printf '%s\n' "$complaints"
    broken=1
  fi
fi
exit "$broken"
