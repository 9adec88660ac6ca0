#!/usr/bin/env bash
# foreign.sh BINARY: runs the static binary in the folder tree of another Debian release, whose name service
# loads modules. A static program that tried to load them with its own, other C library would crash there.
set -euo pipefail
binary=$(readlink -f "$1")
(( EUID == 0 )) || { echo "needs root (debootstrap, chroot)"; exit 1; }
die() { echo "FAIL: $*"; exit 1; }

here=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
release=trixie
if [[ $here == trixie ]]; then release=bookworm; fi
roots=${XDG_CACHE_HOME:-$HOME/.cache}/researchloop/roots
root=$roots/$release
mkdir -p "$roots"
exec 6>>"$roots/lock"
flock -w 1800 6 || die "another run has been making the folder tree for half an hour"

if [[ ! -e $root/.whole ]]; then
  mirror=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null | grep -oE 'https?://[^ ]*/debian/?( |$)' | head -n 1 || true)
  rm -rf --one-file-system "$root" "$root.new"
  if ! debootstrap --variant=minbase --include=libnss-myhostname "$release" "$root.new" "${mirror:-http://deb.debian.org/debian}"; then
    tail -n 20 "$root.new/debootstrap/debootstrap.log" 2>/dev/null || true
    die "debootstrap could not make a $release"
  fi
  # libnss-resolve needs systemd-resolved, which cannot be set up in a folder tree: the module alone is taken.
  cp /etc/resolv.conf "$root.new/etc/resolv.conf"
  chroot "$root.new" sh -ec 'export PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive
    cd /var/cache/apt/archives
    apt-get -q -o APT::Sandbox::User=root update
    apt-get -q -o APT::Sandbox::User=root download libnss-resolve
    dpkg-deb -x libnss-resolve_*.deb /' || die "libnss-resolve could not be fetched for $release"
  rm -rf "$root.new"/var/cache/apt/archives/*.deb
  : >"$root.new/.whole"
  mv "$root.new" "$root"
fi

# What makes the trap: modules listed and installed.
sed -i '/^\(hosts\|passwd\|group\):/d' "$root/etc/nsswitch.conf"
printf 'hosts: mymachines resolve [!UNAVAIL=return] myhostname files dns\npasswd: files systemd\ngroup: files systemd\n' >>"$root/etc/nsswitch.conf"
for module in resolve myhostname; do
  [[ -n $(find "$root/usr/lib" "$root/lib" -name "libnss_$module.so.2" -print -quit) ]] || die "$release has no libnss_$module: remove $root and try again"
done
theirs=$(chroot "$root" ldd --version | sed -n '1s/.* //p') ours=$(ldd --version | sed -n '1s/.* //p')
echo "$release has glibc $theirs, this machine $ours"
[[ $theirs != "$ours" ]] || die "the C library is the same: that tests nothing"

play=$(mktemp -d "$root/tmp/researchloop.XXXXXX")
trap 'rm -rf --one-file-system "$play"' EXIT
cp "$binary" "$play/researchloop"
cp /etc/resolv.conf "$root/etc/resolv.conf"
printf '127.0.0.1 localhost\n' >"$root/etc/hosts"
mkdir "$play/home"
for name in localhost "$(uname -n)" nowhere.invalid; do
  printf '[[cluster]]\nname = "%s"\nhost = "%s"\nport = 1\nuser = "nobody"\nscheduler_type = "slurm"\nworking_dir = "~/x"\nconnect_timeout = 5\n' "c-${name%%.*}" "$name"
done >"$play/researchloop.toml"
printf '[[study]]\nname = "s"\ncluster = "c-localhost"\n' >>"$play/researchloop.toml"
# shellcheck disable=SC2016
inside() { chroot "$root" /usr/bin/env -i HOME="/tmp/${play##*/}/home" PATH=/usr/bin:/bin TERM=dumb sh -c 'cd "$1" && shift && exec "$@"' sh "/tmp/${play##*/}" "$@"; }

[[ $(inside ./researchloop --version) == "researchloop "* ]] || die "--version"
inside ./researchloop --help >/dev/null || die "--help"
for name in localhost "$(uname -n)" nowhere.invalid; do
  code=0
  said=$(inside ./researchloop cluster check --name "c-${name%%.*}" 2>&1) || code=$?
  echo "$said"
  (( code == 1 )) || die "cluster check of $name: exit $code (128 and more is a signal)"
  grep -Eqi 'cannot (be )?reach|cannot connect|refused|resolve|not known|no such host|unknown host' <<<"$said" || die "cluster check of $name does not say that it cannot be reached"
  [[ $name != localhost ]] || grep -qi refused <<<"$said" || die "localhost stands in /etc/hosts, and was not found there"
  ! grep -qiE 'panicked|RUST_BACKTRACE' <<<"$said" || die "it panicked"
done
echo "the binary runs in $release"
