#!/bin/sh
# check.sh FOLDER: installs FOLDER's packages in a fresh Debian 12 and uses them there, as root and as an ordinary user.
# Needs root, debootstrap, /dev/fuse and a network. MIRROR: another Debian mirror. ROOT: a root from debootstrap, to save time;
# it is copied.
set -eu

packages=$(CDPATH='' cd -- "$1" && pwd)
work=$(mktemp -d)
new=$work/root

# What is mounted below goes first: rm must not get into it.
clean() {
  mounted=$(awk -v root="$new/" 'index($5, root) == 1 { print $5 }' /proc/self/mountinfo | sort -r)
  for place in $mounted; do
    umount -l "$place"
  done
  rm -rf --one-file-system "$work"
}
trap clean EXIT
trap 'exit 1' INT TERM

say() {
  printf '\n== %s\n' "$*"
}

inside() {
  chroot "$new" env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
    DEBIAN_FRONTEND=noninteractive "$@"
}

as_alice() {
  inside setpriv --reuid alice --regid alice --init-groups env HOME=/home/alice USER=alice "$@"
}

say 'a fresh Debian 12'
if [ -n "${ROOT-}" ]; then
  cp -a "$ROOT" "$new"
else
  debootstrap --variant=minbase bookworm "$new" "${MIRROR-http://deb.debian.org/debian}" >"$work/log" \
    || { cat "$work/log"; exit 1; }
fi
# the network as this computer reaches it
cp /etc/resolv.conf "$new/etc/"
for file in /etc/apt/apt.conf.d/*; do
  [ ! -f "$file" ] || cp "$file" "$new/etc/apt/apt.conf.d/"
done
mkdir -p "$new/packages"
cp "$packages"/*.deb "$new/packages/"
mount --bind /dev "$new/dev"
mount -t proc proc "$new/proc"

say 'contactfs alone'
inside apt-get update -q
inside sh -c 'apt-get install -q -y --no-install-recommends /packages/contactfs_*.deb'
contents=$(inside dpkg -l)
! printf '%s' "$contents" | grep -E '^ii +[^ ]+-dev[ :]' || { echo 'a -dev package came along'; exit 1; }
inside contactfs --version
! inside contactfs demo /mnt || { echo 'demo without people-emulator?'; exit 1; }

say 'everything'
inside sh -c 'apt-get install -q -y --no-install-recommends /packages/people-emulator_*.deb man-db'
inside sh -c 'man contactfs | grep -q -- --token-command && man people-emulator | grep -q -- --state-dir'
for file in bash-completion/completions/contactfs fish/vendor_completions.d/contactfs.fish zsh/vendor-completions/_contactfs \
  bash-completion/completions/people-emulator fish/vendor_completions.d/people-emulator.fish \
  zsh/vendor-completions/_people-emulator doc/contactfs/copyright doc/contactfs/README.md; do
  test -e "$new/usr/share/$file" || { echo "$file is missing"; exit 1; }
done
# What the documentation leads to is there.
(cd "$new/usr/share/doc/contactfs" && for file in README.md NEWS.md docs/*.md; do
  sed 's/](/\n](/g' "$file" | sed -n 's/^](\([^):# ]*\)[#)].*/\1/p' | while read -r link; do
    [ -z "$link" ] || test -e "$(dirname "$file")/$link" || { echo "$file leads to $link, which is missing"; exit 1; }
  done || exit 1
done)
test -e "$new/usr/lib/systemd/user/contactfs@.service"
inside useradd -m alice

# A picture that no program of the fresh system can make.
cp tests/data/pictures/baseline.jpg "$new/face.jpg"
cp tests/data/pictures/picture.webp "$new/face.webp"

cat >"$new/use" <<'END'
set -eu
mkdir -p ~/contacts
contactfs demo ~/contacts
test "$(ls ~/contacts | wc -l)" -ge 16
before=$(cksum <~/contacts/"Alice Smith"/photo.jpg)
cp /face.jpg ~/contacts/"Alice Smith"/photo.jpg
test "$(cksum <~/contacts/"Alice Smith"/photo.jpg)" != "$before"
test "$(ls ~/contacts/"Alice Smith"/.previous | wc -l)" -eq 1
cp /face.webp ~/contacts/"Ben Carter"/photo.jpg
test "$(head -c 2 ~/contacts/"Ben Carter"/photo.jpg | od -An -tx1)" = ' ff d8'
contactfs status ~/contacts
contactfs unmount ~/contacts
test -z "$(ls -A ~/contacts)"
END
say 'demo as root'
inside sh /use
say 'demo as an ordinary user'
as_alice sh /use

# A service that lives for as long as its standard input, and a line of fstab for it.
cat >"$new/from-fstab" <<'END'
set -eu
mkfifo ~/until ~/ready
people-emulator --until-eof --keep-bytes --demo-credentials ~/google.json <~/until >~/ready &
exec 3>~/until
read -r line <~/ready
url=$(printf '%s' "$line" | sed 's/.*"api_url": *"\([^"]*\)".*/\1/')
printf '%s' "default $HOME/contacts fuse.contactfs noauto,user,credentials=$HOME/google.json,api-url=$url 0 0" >/line-of-fstab
END
for who in root alice; do
  say "mount(8) from fstab as $who"
  run=inside
  home=/root
  if [ "$who" = alice ]; then
    run=as_alice
    home=/home/alice
  fi
  : >"$new/line-of-fstab"
  inside chown "$who" /line-of-fstab
  cat >"$new/use-fstab" <<END
$(cat "$new/from-fstab")
mkfifo ~/go
echo ready >~/told
read -r go <~/go
mount $home/contacts
cp /face.jpg $home/contacts/"Ben Carter"/photo.jpg
cmp /face.jpg $home/contacts/"Ben Carter"/photo.jpg
umount $home/contacts
exec 3>&-
wait
END
  inside mkfifo "$home/told"
  inside chown "$who" "$home/told"
  $run sh /use-fstab &
  worker=$!
  read -r _ <"$new$home/told"
  cp "$new/line-of-fstab" "$new/etc/fstab"
  echo >>"$new/etc/fstab"
  echo >"$new$home/go"
  wait "$worker"
done

say 'removed'
inside apt-get purge -q -y contactfs people-emulator
! inside test -e /usr/bin/contactfs || { echo 'contactfs is still there'; exit 1; }
say 'the packages work'
