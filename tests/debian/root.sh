#!/bin/sh
# A Debian in a folder: root.sh make RELEASE ROOT     the smallest there is of RELEASE, as debootstrap makes it
#                       root.sh run ROOT COMMAND…     COMMAND in ROOT, as root
#                       root.sh remove ROOT
#
# Whatever is mounted for it is mounted in a mount namespace of its own, which ends with the command, however that ends: no
# file of this computer is ever below ROOT. What runs in there cannot outlive the command either. Needs root.
set -eu

this=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)/root.sh

die() {
  printf 'root.sh: %s\n' "$*" >&2
  exit 1
}

# unshare itself hears no signal but this one, and with it ends all that runs in the namespaces.
alone() {
  unshare --mount --propagation slave --pid --fork --kill-child "$this" "$@" &
  trap 'kill -KILL $!; exit 130' INT
  trap 'kill -KILL $!; exit 143' TERM HUP
  wait $!
}

# ---- the network, as this computer reaches it ----

# The archive that this computer's apt has its packages from; nothing when it does not say.
# shellcheck disable=SC2016 # apt fills these in
archive() {
  apt-get indextargets --format '$(ORIGIN)|$(LABEL)|$(REPO_URI)' 'Created-By: Packages' 2>/dev/null \
    | sed -n 's/^Debian|Debian|//p' | sed -n '1s|/*$||p'
}

# debootstrap fetches by wget, which does not look into apt's settings.
use_proxies_of_apt() {
  for scheme in http https; do
    eval "$(apt-config shell proxy "Acquire::$scheme::Proxy")"
    if [ -n "${proxy-}" ] && [ "$proxy" != DIRECT ]; then
      export "${scheme}_proxy=$proxy"
    fi
    proxy=
  done
}

pass_on_settings() {
  cp /etc/resolv.conf "$1/etc/"
  apt-config dump Acquire | grep -E '^Acquire::(https?|Check-|Retries|ForceIPv)' >"$1/etc/apt/apt.conf.d/90acquire" || :
  # Own authorities, and those that apt's settings name.
  sed -n 's/^Acquire::.*::CaInfo "\(.*\)";$/\1/Ip' "$1/etc/apt/apt.conf.d/90acquire" | while read -r file; do
    [ ! -f "$file" ] || install -D -m 0644 "$file" "$1$file"
  done
  if [ -d /usr/local/share/ca-certificates ]; then
    mkdir -p "$1/usr/local/share"
    cp -RL /usr/local/share/ca-certificates "$1/usr/local/share/"
  fi
}

# ---- the commands, inside their namespaces ----

make_here() {
  use_proxies_of_apt
  mirror=$(archive)
  more=
  case $mirror in
  https:*) more=--include=ca-certificates ;;
  esac
  # shellcheck disable=SC2086 # no word, or one
  if ! debootstrap --variant=minbase $more "$1" "$2" ${mirror:+"$mirror"} >"$2.log" 2>&1; then
    tail -n 5 "$2.log" "$2/debootstrap/debootstrap.log" >&2 2>/dev/null || :
    die "debootstrap could not make a Debian $1"
  fi
  rm -f "$2.log"
  pass_on_settings "$2"
}

run_here() {
  root=$1
  shift
  mount -t proc proc "$root/proc"
  mount -t sysfs -o ro sysfs "$root/sys"
  mkdir -p "$root/dev/pts" "$root/dev/shm"
  mount -t devpts -o newinstance,ptmxmode=0666,mode=0620,gid=5 devpts "$root/dev/pts"
  mount -t tmpfs tmpfs "$root/dev/shm"
  [ -e "$root/dev/fuse" ] || mknod -m 0666 "$root/dev/fuse" c 10 229
  chroot "$root" env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
    DEBIAN_FRONTEND=noninteractive "$@"
}

remove() {
  [ -e "$1" ] || return 0
  place=$(CDPATH='' cd -- "$1" && pwd -P)
  case $place in
  / | /bin | /boot | /dev | /etc | /home | /lib | /opt | /proc | /root | /run | /sbin | /srv | /sys | /tmp | /usr | /var)
    die "$place is no folder of ours"
    ;;
  esac
  if awk -v root="$place" '$5 == root || index($5, root "/") == 1 { found = 1 } END { exit !found }' /proc/self/mountinfo; then
    die "something is mounted on or below $place: unmount it first"
  fi
  rm -rf --one-file-system "$place"
}

[ "$(id -u)" -eq 0 ] || die 'this needs root'
[ $# -ge 2 ] || die 'usage: root.sh make RELEASE ROOT | run ROOT COMMAND… | remove ROOT'
command=$1
shift
case $command in
make)
  [ ! -e "$2" ] || die "$2 is there already"
  command -v debootstrap >/dev/null || die 'there is no debootstrap'
  mkdir -p "$2"
  alone make-here "$@"
  ;;
run) alone run-here "$@" ;;
make-here | run-here)
  # The namespace has a copy of every mount. Those of contactfs would not end as long as it has them.
  umount --all --internal-only --lazy --types fuse.contactfs
  case $command in
  make-here) make_here "$@" ;;
  run-here) run_here "$@" ;;
  esac
  ;;
remove) remove "$1" ;;
*) die "there is no '$command'" ;;
esac
