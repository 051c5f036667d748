#!/bin/sh
# check-package.sh FOLDER RELEASE: installs FOLDER's packages in a fresh Debian RELEASE and uses them there, as root and as an
# ordinary user. Needs root, debootstrap, /dev/fuse and a network.
set -eu

packages=$(CDPATH='' cd -- "$1" && pwd)
release=$2
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
data=$here/../data/pictures
work=$(mktemp -d /var/tmp/contactfs-package-XXXXXX)
new=$work/root

clean() {
  "$here/root.sh" remove "$work"
}
trap clean EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

say() {
  printf '\n== %s\n' "$*"
}

inside() {
  "$here/root.sh" run "$new" "$@"
}

as_alice() {
  inside setpriv --reuid alice --regid alice --init-groups env HOME=/home/alice USER=alice "$@"
}

say "a fresh Debian $release"
"$here/root.sh" make "$release" "$new"
mkdir -p "$new/packages"
cp "$packages"/*.deb "$new/packages/"
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

# Pictures that no program of the fresh system can make.
cp "$data"/baseline.jpg "$new/face.jpg"
cp "$data"/picture.webp "$new/face.webp"
cp "$data"/pattern.heic "$new/face.heic"

cat >"$new/use" <<'END'
set -eu
mkdir -p ~/contacts
contactfs demo ~/contacts
test "$(ls ~/contacts | wc -l)" -ge 16
before=$(cksum <~/contacts/"Alice Smith"/photo.jpg)
cp /face.jpg ~/contacts/"Alice Smith"/photo.jpg
test "$(cksum <~/contacts/"Alice Smith"/photo.jpg)" != "$before"
test "$(ls ~/contacts/"Alice Smith"/.previous | wc -l)" -eq 1
for kind in webp heic; do
  cp /face.$kind ~/contacts/"Ben Carter"/photo.jpg
  test "$(head -c 2 ~/contacts/"Ben Carter"/photo.jpg | od -An -tx1)" = ' ff d8'
done
contactfs status ~/contacts
contactfs unmount ~/contacts
test -z "$(ls -A ~/contacts)"
END
say 'demo as root'
inside sh /use
say 'demo as an ordinary user'
as_alice sh /use

# A service that lives for as long as its standard input, and a line of fstab for it.
cat >"$new/use-fstab" <<'END'
set -eu
mkfifo ~/until ~/ready
people-emulator --until-eof --keep-bytes --demo-credentials ~/google.json <~/until >~/ready &
exec 3>~/until
read -r line <~/ready
url=$(printf '%s' "$line" | sed 's/.*"api_url": *"\([^"]*\)".*/\1/')
echo "default $HOME/contacts fuse.contactfs noauto,user,credentials=$HOME/google.json,api-url=$url 0 0" >/etc/fstab
mount ~/contacts
cp /face.jpg ~/contacts/"Ben Carter"/photo.jpg
cmp /face.jpg ~/contacts/"Ben Carter"/photo.jpg
umount ~/contacts
exec 3>&-
wait
END
say 'mount(8) from fstab as root'
inside sh /use-fstab
say 'mount(8) from fstab as an ordinary user'
inside chown alice /etc/fstab # only that alice can write her line
as_alice sh /use-fstab

say 'removed'
inside apt-get purge -q -y contactfs people-emulator
! inside test -e /usr/bin/contactfs || { echo 'contactfs is still there'; exit 1; }
say 'the packages work'
