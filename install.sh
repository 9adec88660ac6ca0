#!/bin/sh
# Installs researchloop, with its completions and manual pages: what it builds, or what a release
# archive holds. Nothing else is changed on this machine, and nothing is ever asked. See usage below.
set -eu
umask 022
unset CDPATH

usage() {
  cat <<'TEXT'
usage: ./install.sh [--demo] [--prefix DIR] [--from ARCHIVE] [--help]

  --prefix DIR    install below DIR (default: ~/.local): the program into DIR/bin, completions
                  and manual pages into DIR/share
  --from ARCHIVE  install what this release archive holds (researchloop-VERSION-ARCH-linux.tar.gz)
                  and build nothing; in an unpacked archive, install.sh does so by itself
  --demo          then run `researchloop demo` in the folder where you are: a complete sprint on
                  this machine, without a cluster, without Claude, without the network

The build is kept in ${CARGO_TARGET_DIR:-${XDG_CACHE_HOME:-~/.cache}/researchloop/target}.
TEXT
}
say() { printf '%s\n' "install: $*" >&2; }
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

demo=0
prefix=
from=
while [ $# -gt 0 ]; do
  case $1 in
    --demo) demo=1 ;;
    --prefix)
      [ $# -ge 2 ] || wrong "--prefix needs a folder"
      prefix=$2
      [ -n "$prefix" ] || wrong "--prefix needs a folder"
      shift ;;
    --prefix=?*) prefix=${1#--prefix=} ;;
    --prefix=) wrong "--prefix needs a folder" ;;
    --from)
      [ $# -ge 2 ] || wrong "--from needs an archive"
      from=$2
      [ -n "$from" ] || wrong "--from needs an archive"
      shift ;;
    --from=?*) from=${1#--from=} ;;
    --from=) wrong "--from needs an archive" ;;
    -h | --help) usage; exit 0 ;;
    *) wrong "unknown argument: $1" ;;
  esac
  shift
done
if [ -z "$prefix" ]; then
  [ -n "${HOME:-}" ] || die "HOME is not set, so there is no ~/.local" "name a folder: ./install.sh --prefix DIR"
  prefix=$HOME/.local
fi
case $prefix in /*) ;; *) prefix=$PWD/$prefix ;; esac
case $from in '' | /*) ;; *) from=$PWD/$from ;; esac
prefix=${prefix%/}
here=$PWD
sources=$(dirname -- "$0")
cd -- "$sources" || exit 1
have() { command -v "$1" >/dev/null 2>&1; }
work=$(mktemp -d "${TMPDIR:-/tmp}/researchloop-install.XXXXXX") || die "cannot make a temporary folder in ${TMPDIR:-/tmp}"
new=
cleanup() {
  rm -rf "$work"
  [ -z "$new" ] || rm -f "$new"
}
trap cleanup EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# ---- an archive: looked at before anything of it is used ---------------------------------------

unpacked=
unused() { # WHY, HINT
  why=$1
  shift
  die "$why; nothing was changed" "$@"
}
if [ -n "$from" ]; then
  for tool in tar gzip; do have "$tool" || unused "$tool is missing"; done
  [ -f "$from" ] || unused "there is no archive $from"
  if ! gzip -dc <"$from" >"$work/archive" 2>/dev/null || ! tar -tf "$work/archive" >"$work/names" 2>/dev/null; then
    unused "$from is damaged, or no archive of researchloop" "fetch it again; the SHA256SUMS of the release tell whether it is whole"
  fi
  name=$(sed -n '1s,/.*,,p' "$work/names")
  case $name in
    researchloop-[0-9]*-linux) ;;
    *) unused "$from is no archive of researchloop" ;;
  esac
  # All of it lies in that one folder, and nothing leads out of it.
  while IFS= read -r path; do
    case /$path/ in
      */../* | *[!A-Za-z0-9._/-]*) ;;
      "/$name/"*) continue ;;
    esac
    unused "$from is no archive of researchloop: it has the path $path"
  done <"$work/names"
  # The first letter of a line is the kind.
  if tar -tvf "$work/archive" | grep -q '^[^d-]'; then
    unused "$from is no archive of researchloop: it holds more than files and folders"
  fi
  tar -xof "$work/archive" -C "$work" || unused "$from cannot be unpacked in $work" "another place: TMPDIR=DIR ./install.sh --from ARCHIVE"
  unpacked=$work/$name
elif [ ! -f Cargo.toml ] && [ -f bin/researchloop ]; then
  unpacked=$PWD
  from=$PWD
fi
if [ -n "$unpacked" ]; then
  [ -f "$unpacked/bin/researchloop" ] || unused "$from is no archive of researchloop: it has no bin/researchloop"
  # The head of a program has the number of the machine.
  case $(od -An -tu1 -j18 -N1 "$unpacked/bin/researchloop" | tr -d ' ') in
    62) made_for='Linux x86_64' ;;
    183) made_for='Linux aarch64' ;;
    *) made_for='another machine' ;;
  esac
  [ "$(uname -sm)" = "$made_for" ] || unused "$from is for $made_for, and this is $(uname -sm)" "take researchloop-VERSION-$(uname -m)-linux.tar.gz"
else
  # ---- what the build needs: everything that is missing is named at once -----------------------

  if [ ! -f Cargo.toml ] || [ ! -d src ]; then die "$PWD does not hold the sources of researchloop" "run install.sh where it lies: in a clone of the repository"; fi
  case $(uname -sm) in
    'Linux x86_64') ;;
    *) die "this is $(uname -sm); the build is made for Linux x86_64" "for Linux aarch64 there is a release archive: ./install.sh --from ARCHIVE" \
      "another platform needs other settings in .cargo/config.toml" ;;
  esac
  if ! have cargo && [ -x "${CARGO_HOME:-${HOME:-}/.cargo}/bin/cargo" ]; then
    PATH=${CARGO_HOME:-$HOME/.cargo}/bin:$PATH
  fi
  missing=
  line='
install:   '
  need() { # NAME, WHAT FOR
    missing="$missing$line$1 ($2)"
  }
  have cargo || need cargo "the Rust compiler 1.89 or newer: https://rustup.rs"
  have make || need make "builds OpenSSL, for SSH"
  have perl || need perl "builds OpenSSL, for SSH"
  if ! have cc; then
    need cc "a C compiler"
  else
    echo 'int main(void) { return 0; }' >"$work/probe.c"
    cc -static -o "$work/probe" "$work/probe.c" >/dev/null 2>&1 || need "the static C library" "libc.a; Debian: libc6-dev, Fedora: glibc-static"
  fi
  if [ -n "$missing" ]; then
    say "error: this is missing, and nothing was changed:$missing"
    if have apt-get; then say "       Debian and Ubuntu: apt-get install gcc libc6-dev make perl"
    elif have dnf; then say "       Fedora and its kin: dnf install gcc glibc-static make perl"; fi
    exit 1
  fi
fi

# ---- what would be in the way: looked at before anything is built ------------------------------

target=$prefix/bin/researchloop
if [ -d "$target" ]; then die "$target is a folder" "move it away, or choose another place: --prefix DIR"; fi
if [ -e "$target" ] || [ -L "$target" ]; then
  # pip puts the older tool, written in Python, there under the same name.
  case $(head -c 4 "$target" 2>/dev/null | od -An -c | tr -d ' \n') in
    '177ELF') ;;
    *) die "$target is another program, and it was left as it is" \
      "if it is the Python researchloop: pip uninstall researchloop, or choose another place: --prefix DIR" ;;
  esac
fi
# writable DIR: whether DIR, or the nearest folder above that is there, can be written to
writable() {
  dir=$1
  while [ ! -e "$dir" ] && [ ! -L "$dir" ]; do dir=$(dirname -- "$dir"); done
  [ -d "$dir" ] && [ -w "$dir" ]
}
bash_folder=$prefix/share/bash-completion/completions
zsh_folder=$prefix/share/zsh/site-functions
fish_folder=$prefix/share/fish/vendor_completions.d
man_folder=$prefix/share/man/man1
for folder in "$prefix/bin" "$bash_folder" "$zsh_folder" "$fish_folder" "$man_folder"; do
  writable "$folder" || die "$folder cannot be written to" "choose another place: --prefix DIR"
done

# ---- build -------------------------------------------------------------------------------------

if [ -z "$unpacked" ]; then
  # Flags from outside would replace those that make the program static.
  unset RUSTFLAGS CARGO_ENCODED_RUSTFLAGS CARGO_BUILD_RUSTFLAGS CARGO_BUILD_TARGET
  CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/researchloop/target}
  case $CARGO_TARGET_DIR in /*) ;; *) CARGO_TARGET_DIR=$PWD/$CARGO_TARGET_DIR ;; esac
  export CARGO_TARGET_DIR
  # Cargo goes by time stamps: what another checkout has built in the same folder, later than these
  # files were written, would pass for the build of these files.
  mkdir -p "$CARGO_TARGET_DIR" || die "cannot make $CARGO_TARGET_DIR"
  if [ "$(cat "$CARGO_TARGET_DIR/.checkout" 2>/dev/null)" != "$PWD" ]; then
    touch src/lib.rs src/main.rs && printf '%s\n' "$PWD" >"$CARGO_TARGET_DIR/.checkout"
  fi
  say "building (the first time this takes some minutes)"
  cargo build --release --locked </dev/null || die "the build failed; nothing was installed" \
    "cargo says why above; an old compiler is renewed by: rustup update"
  built=$CARGO_TARGET_DIR/x86_64-unknown-linux-gnu/release/researchloop
else
  built=$unpacked/bin/researchloop
fi

# ---- everything is made first, then put into place; the program itself comes last --------------

version=$("$built" --version) || die "what is to be installed does not run: $built" "where programs may not be run in ${TMPDIR:-/tmp}: TMPDIR=DIR ./install.sh"
for shell in bash zsh fish; do
  "$built" completions "$shell" >"$work/$shell" || die "the completions for $shell could not be made"
done
"$built" man --to "$work/man" >/dev/null 2>&1 || die "the manual pages could not be made"
mkdir -p -- "$prefix/bin" "$bash_folder" "$zsh_folder" "$fish_folder" "$man_folder"
put() { # FROM, TO: the old file stays until the new one is whole
  new=$2.new.$$
  if ! { [ ! -d "$2" ] && cp -- "$1" "$new" && chmod "${3:-644}" "$new" && mv -f -- "$new" "$2"; }; then
    die "$2 could not be written; the program was not changed"
  fi
  new=
}
put "$work/bash" "$bash_folder/researchloop"
put "$work/zsh" "$zsh_folder/_researchloop"
put "$work/fish" "$fish_folder/researchloop.fish"
for page in "$work"/man/*; do put "$page" "$man_folder/${page##*/}"; done
# The same program for clusters of the other architecture: it is looked for beside this one.
for runner in ${unpacked:+"$unpacked"/bin/researchloop-runner-*}; do
  [ ! -f "$runner" ] || put "$runner" "$prefix/bin/${runner##*/}" 755
done
put "$built" "$target" 755
# One of an earlier installation may be older than this program.
for runner in "$prefix"/bin/researchloop-runner-*; do
  if [ -f "$runner" ] && [ ! -f "${unpacked:+"$unpacked/bin/${runner##*/}"}" ]; then
    rm -f -- "$runner" && say "note: removed $runner, which was of an earlier installation; a release archive brings a new one"
  fi
done

say "installed $version: $target"
case :$PATH: in
  *:"$prefix/bin":*)
    found=$(command -v researchloop || true)
    [ "$found" = "$target" ] || say "note: $found comes first in your PATH, not this one"
    ;;
  *)
    say "note: $prefix/bin is not on your PATH. Add this line to your shell's profile:"
    say "        export PATH=\"$prefix/bin:\$PATH\"" ;;
esac
if [ "$demo" = 1 ]; then
  cleanup
  trap - EXIT
  cd -- "$here" || exit 1
  exec "$target" demo
fi
