#!/bin/sh
# test-release.sh RELEASE TALLY WHY: builds and tests these sources in a Debian RELEASE, and leaves what was counted in TALLY.
# Where there can be no such Debian it ends with 77, and a line in WHY says why.
#
# The Debian is kept for the next time, with its packages, in ~/.cache/contactfs-tests: an hour's worth of downloads on a
# slow line. It is believed for a month, and only while the file RELEASE.whole says that it is whole.
set -eu

release=$1
tally=$2
why=$3
sources=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
place=${XDG_CACHE_HOME:-$HOME/.cache}/contactfs-tests
root=$place/$release
whole=$place/$release.whole

root() {
  "$sources/tests/debian/root.sh" "$@"
}

cannot() {
  echo "skipped: $*"
  echo "$*" >"$why"
  exit 77
}

copy_sources() {
  # what an earlier run left, and what could be mounted there in a namespace that is gone
  root remove "$root/contactfs"
  mkdir "$root/contactfs"
  tar -C "$sources" -cf - --exclude=__pycache__ .ci .clang-format dev docs fs LICENSE meson.build meson_options.txt NEWS.md \
    README.md src tests | tar -C "$root/contactfs" -xf -
}

[ "$(id -u)" -eq 0 ] || cannot 'only root can make one'
command -v debootstrap >/dev/null || cannot 'there is no debootstrap'
command -v unshare >/dev/null || cannot 'there is no unshare'
unshare --mount --pid --fork true 2>/dev/null || cannot 'there can be no namespaces'
mkdir -p "$place"
exec 9>"$place/lock"
flock 9

if [ -z "$(find "$whole" -mtime -30 2>/dev/null)" ]; then
  rm -f "$whole"
  root remove "$root"
  root make "$release" "$root" || cannot 'debootstrap did not make one'
else
  mv "$whole" "$whole.before" # its time stays
fi
copy_sources
# Does nothing as a rule. Until it is through, what is there is no Debian to begin with.
if ! root run "$root" /contactfs/dev deps; then
  root run "$root" apt-get update -q --error-on=any || cannot 'its archive is out of reach'
  exit 1
fi
if [ -e "$whole.before" ]; then
  mv "$whole.before" "$whole"
else
  : >"$whole"
fi

status=0
root run "$root" /contactfs/dev test gcc /contactfs/tally || status=$?
[ ! -e "$root/contactfs/tally" ] || cp "$root/contactfs/tally" "$tally"
root remove "$root/contactfs"
exit "$status"
