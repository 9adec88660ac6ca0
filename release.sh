#!/usr/bin/env bash
# Makes the archives of a release: the program for x86-64 and for aarch64, each with the runner for the
# other of them. The same build gives the same archives. See usage below.
set -euo pipefail
umask 022
unset CDPATH

usage() {
  cat <<'TEXT'
usage: ./release.sh [--to DIR] [--arch x86_64|aarch64] [--help]

  --to DIR     where the archives and SHA256SUMS are written (default: dist)
  --arch ARCH  makes the archive for ARCH only; the programs for both are built all the same

It runs on Linux x86_64, and needs what install.sh needs, jq, gcc-aarch64-linux-gnu with its C library,
and Rust's library for aarch64-unknown-linux-gnu: from rustup, or, as root with debootstrap, from Debian.
The build is kept in ${CARGO_TARGET_DIR:-${XDG_CACHE_HOME:-~/.cache}/researchloop/target}.
TEXT
}
say() { printf '%s\n' "release: $*" >&2; }
die() {
  say "error: $1"
  shift
  for line in "$@"; do say "       $line"; done
  exit 1
}
wrong() {
  say "error: $1"
  usage >&2
  exit 2
}

machines=(x86_64 aarch64)
targets=()
for machine in "${machines[@]}"; do targets+=("--target=$machine-unknown-linux-gnu"); done
wanted=("${machines[@]}")
to=dist
while (( $# )); do
  case $1 in
    --to | --arch)
      [[ -n ${2:-} ]] || wrong "$1 needs a value"
      if [[ $1 == --to ]]; then to=$2; else wanted=("$2"); fi
      shift ;;
    --to=?*) to=${1#--to=} ;;
    --arch=?*) wanted=("${1#--arch=}") ;;
    -h | --help) usage; exit 0 ;;
    *) wrong "unknown argument: $1" ;;
  esac
  shift
done
[[ " ${machines[*]} " == *" ${wanted[0]} "* ]] || wrong "no archive is made for ${wanted[0]}"
[[ $to == /* ]] || to=$PWD/$to
cd "$(dirname -- "$0")"
[[ -f Cargo.toml && -d src ]] || die "$PWD does not hold the sources of researchloop" "run release.sh where it lies: in a clone of the repository"

# ---- what it needs: everything that is missing is named at once --------------------------------

# The programs are asked for their completions and manual pages, so one of them has to run here.
[[ $(uname -sm) == 'Linux x86_64' ]] || die "this is $(uname -sm); releases are made on Linux x86_64"
if ! command -v cargo >/dev/null && [[ -x ${CARGO_HOME:-$HOME/.cargo}/bin/cargo ]]; then
  PATH=${CARGO_HOME:-$HOME/.cargo}/bin:$PATH
fi
missing=()
for tool in cargo make perl cc jq aarch64-linux-gnu-gcc; do
  command -v "$tool" >/dev/null || missing+=("$tool")
done
work=$(mktemp -d "${TMPDIR:-/tmp}/researchloop-release.XXXXXX")
trap 'rm -rf "$work"' EXIT
echo 'int main(void) { return 0; }' >"$work/probe.c"
for compiler in cc aarch64-linux-gnu-gcc; do
  ! command -v "$compiler" >/dev/null || "$compiler" -static -o "$work/probe" "$work/probe.c" >/dev/null 2>&1 ||
    missing+=("the static C library of $compiler")
done
(( ${#missing[@]} == 0 )) || die "this is missing, and nothing was made:" "${missing[@]}" \
  "Debian and Ubuntu: apt-get install gcc libc6-dev make perl jq gcc-aarch64-linux-gnu libc6-dev-arm64-cross"
has_library() { compgen -G "$(rustc --print target-libdir --target "$1")/libstd-*.rlib" >/dev/null; }
library() { has_library "$1" || { command -v rustup >/dev/null && rustup target add "$1" && has_library "$1"; }; }
library x86_64-unknown-linux-gnu || die "Rust's library for x86_64-unknown-linux-gnu is missing, and nothing was made"
debian=
if ! library aarch64-unknown-linux-gnu; then
  if (( EUID != 0 )) || ! command -v debootstrap >/dev/null; then
    die "Rust's library for aarch64-unknown-linux-gnu is missing, and nothing was made" \
      "rustup target add aarch64-unknown-linux-gnu" "or, as root on Debian, apt-get install debootstrap: then Debian's own Rust is used"
  fi
  say "the program for aarch64 is built by Debian's Rust, as rustup does not get the library"
  debian=${XDG_CACHE_HOME:-$HOME/.cache}/researchloop/roots/rust
fi

# A folder tree of Debian with a Rust that has the library for aarch64.
make_debian() {
  mkdir -p "${debian%/*}"
  exec 6>>"${debian%/*}/lock"
  flock -w 1800 6 || die "another run has been making the folder tree for half an hour"
  if [[ ! -e $debian ]]; then
    local mirror
    mirror=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null | grep -oE 'https?://[^ ]*/debian/?( |$)' | head -n 1 || true)
    mirror=${mirror:-http://deb.debian.org/debian} mirror=${mirror%%[/ ]}
    rm -rf --one-file-system "$debian.new"
    debootstrap --variant=minbase trixie "$debian.new" "$mirror" >"$work/log" 2>&1 || { tail -n 20 "$work/log" >&2; die "debootstrap could not make a trixie"; }
    cp /etc/resolv.conf "$debian.new/etc/resolv.conf"
    printf 'deb %s-security trixie-security main\n' "${mirror%/}" >"$debian.new/etc/apt/sources.list.d/security.list"
    chroot "$debian.new" sh -ec 'export PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive
      dpkg --add-architecture arm64
      apt-get -q -o APT::Sandbox::User=root update
      apt-get -qy -o APT::Sandbox::User=root --no-install-recommends install rustc-web cargo-web libstd-rust-web-dev:arm64 \
        gcc-aarch64-linux-gnu libc6-dev-arm64-cross gcc libc6-dev make perl
      apt-get clean' >"$work/log" 2>&1 </dev/null || { tail -n 20 "$work/log" >&2; die "Debian's Rust could not be installed in $debian.new"; }
    mv "$debian.new" "$debian"
  fi
  exec 6>&-
}
# build_in_debian TARGET: its mounts are in a namespace of their own, and end with the process, however it ends
build_in_debian() {
  local cargo=${CARGO_HOME:-$HOME/.cargo}
  cargo fetch --locked
  mkdir -p "$CARGO_TARGET_DIR/debian"
  # shellcheck disable=SC2016 # the text is another shell's
  unshare --mount --propagation private bash -euc 'root=$1 target=$2
    for folder in /proc /dev "${@:3}"; do mkdir -p "$root$folder" && mount --rbind "$folder" "$root$folder"; done
    exec chroot "$root" /usr/bin/env -i HOME=/root PATH=/usr/bin:/bin CARGO_HOME="${4%/registry}" CARGO_TARGET_DIR="$5" \
      sh -c "cd \"\$1\" && exec cargo build --release --locked --offline --target=\"\$2\"" sh "$3" "$target"' \
    bash "$debian" "$1" "$PWD" "$cargo/registry" "$CARGO_TARGET_DIR/debian" </dev/null
}

# ---- build -------------------------------------------------------------------------------------

# Flags from outside would replace those that make the program static.
unset RUSTFLAGS CARGO_ENCODED_RUSTFLAGS CARGO_BUILD_RUSTFLAGS CARGO_BUILD_TARGET
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/researchloop/target}
[[ $CARGO_TARGET_DIR == /* ]] || CARGO_TARGET_DIR=$PWD/$CARGO_TARGET_DIR
# Cargo goes by time stamps: what another checkout has built in the same folder, later than these
# files were written, would pass for the build of these files.
mkdir -p "$CARGO_TARGET_DIR"
if [[ $(cat "$CARGO_TARGET_DIR/.checkout" 2>/dev/null) != "$PWD" ]]; then
  touch src/lib.rs src/main.rs
  printf '%s\n' "$PWD" >"$CARGO_TARGET_DIR/.checkout"
fi
say "building for ${machines[*]} (the first time this takes some minutes)"
if [[ -z $debian ]]; then
  cargo build --release --locked "${targets[@]}" </dev/null || die "the build failed; nothing was made"
else
  make_debian
  cargo build --release --locked </dev/null || die "the build failed; nothing was made"
  build_in_debian aarch64-unknown-linux-gnu || die "the build for aarch64 failed; nothing was made"
fi
built() { printf '%s/%s-unknown-linux-gnu/release/researchloop' "$CARGO_TARGET_DIR$([[ -z $debian || $1 != aarch64 ]] || echo /debian)" "$1"; }

# ---- what all archives share -------------------------------------------------------------------

share=$work/share
mkdir -p "$share/bash-completion/completions" "$share/zsh/site-functions" "$share/fish/vendor_completions.d" "$share/man/man1"
program=$(built x86_64)
said=$("$program" --version)
version=${said#researchloop }
[[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+[A-Za-z0-9.-]*$ ]] || die "what was built tells no version: $said"
"$program" completions bash >"$share/bash-completion/completions/researchloop"
"$program" completions zsh >"$share/zsh/site-functions/_researchloop"
"$program" completions fish >"$share/fish/vendor_completions.d/researchloop.fish"
"$program" man --to "$share/man/man1" >/dev/null 2>&1

# licenses: of everything that is linked into the programs. A text that came already is not repeated.
licenses() {
  local package name expression folder file sum inside
  declare -A before=()
  cat <<'TEXT'
The programs researchloop and researchloop-runner-* consist of researchloop itself (see LICENSE) and of the
crates and libraries below. The source of each crate is at https://crates.io/crates/NAME/VERSION.
TEXT
  cargo metadata --format-version 1 --locked >"$work/metadata.json"
  # openssl-src is used by a build script alone, but what it builds is linked.
  { cargo tree --locked -e normal,no-proc-macro "${targets[@]}" --prefix none --format '{p}' && cargo tree --locked -e all --prefix none --format '{p}' -i openssl-src --depth 0; } |
    cut -d' ' -f1,2 | grep -v '^researchloop ' | sed '/^$/d' | LC_ALL=C sort -u >"$work/linked"
  while read -r name package; do
    IFS=$'\t' read -r expression folder < <(jq -r --arg name "$name" --arg version "${package#v}" \
      '.packages[] | select(.name == $name and .version == $version) | [.license // "see below", .manifest_path] | @tsv' "$work/metadata.json") || true
    folder=${folder%/*}
    [[ -d $folder ]] || die "the source of $name ${package#v} is not here"
    printf '\n================================================================================\n%s %s\nLicense: %s\n' "$name" "${package#v}" "$expression"
    inside=0
    # The C sources that some crates bring have texts of their own, further down.
    while IFS= read -r file; do
      inside=1
      sum=$(sha256sum <"$file")
      printf '\n---- %s: ' "${file#"$folder"/}"
      if [[ -n ${before[$sum]:-} ]]; then
        printf 'the text is the same as %s\n' "${before[$sum]}"
      else
        before[$sum]="${file#"$folder"/} of $name ${package#v}"
        printf '\n\n'
        tr -d '\r' <"$file"
      fi
    done < <(find "$folder" -maxdepth 3 -type f \( -iname 'licen[sc]e*' -o -iname 'copying*' -o -iname 'notice*' -o -iname 'copyright*' -o -iname 'unlicense*' \) ! -name '*.rs' ! -name '*.h' | LC_ALL=C sort)
    (( inside )) || die "$name ${package#v} has no text of its license"
  done <"$work/linked"
  cat <<'TEXT'

================================================================================
SQLite (in libsqlite3-sys)
License: public domain

================================================================================
The Rust standard library
License: MIT OR Apache-2.0 (the texts are above); https://github.com/rust-lang/rust has the source

================================================================================
The GNU C Library, and libgcc of GCC
License: LGPL-2.1-or-later; GPL-3.0-or-later WITH GCC-exception-3.1

They are linked statically. With the source of researchloop, its programs can be linked with a changed C
library: ./install.sh and ./release.sh build them. https://www.gnu.org/software/libc/ has the library's source,
https://www.gnu.org/licenses/old-licenses/lgpl-2.1.txt the text of its license.
TEXT
}
licenses >"$work/LICENSES-OF-CRATES.txt"

# ---- the archives: made first, then put into place ---------------------------------------------

# The time of the last change is the time of all files. Cargo is not told: it would build OpenSSL anew.
changed=$(git log -1 --format=%ct 2>/dev/null || stat -c %Y CHANGELOG.md)
mkdir -p -- "$to" "$work/done"
for machine in "${wanted[@]}"; do
  name=researchloop-$version-$machine-linux
  top=$work/$name
  mkdir -p "$top/bin"
  cp -R "$share" "$top/share"
  cp LICENSE README.md CHANGELOG.md install.sh "$work/LICENSES-OF-CRATES.txt" "$top"
  cp "$(built "$machine")" "$top/bin/researchloop"
  for other in "${machines[@]}"; do
    [[ $other == "$machine" ]] || cp "$(built "$other")" "$top/bin/researchloop-runner-$other"
  done
  find "$top" -type d -exec chmod 755 {} +
  find "$top" -type f -exec chmod 644 {} +
  chmod 755 "$top"/bin/* "$top/install.sh"
  LC_ALL=C tar -C "$work" --format=ustar --sort=name --mtime="@$changed" --owner=0 --group=0 --numeric-owner -cf - "$name" |
    gzip -9n >"$work/done/$name.tar.gz"
done
mv -f "$work"/done/*.tar.gz "$to"
# Of this version only: what an earlier one has left there is not of this release.
(cd "$to" && sha256sum researchloop-"$version"-*-linux.tar.gz >"$work/SHA256SUMS" && cp "$work/SHA256SUMS" SHA256SUMS)
for machine in "${wanted[@]}"; do say "made $to/researchloop-$version-$machine-linux.tar.gz"; done
