#!/usr/bin/env bash
# install.sh: installs from this checkout and from archives into an empty folder, as a user would, and looks at what
# is there.
# Everything is kept away from the user's own home, but for the build and Rust itself.
set -euo pipefail
cd "$(dirname "$0")/.."
sources=$PWD
export CARGO_HOME=${CARGO_HOME:-$HOME/.cargo} RUSTUP_HOME=${RUSTUP_HOME:-$HOME/.rustup}
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/researchloop/target}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export HOME=$work/home
mkdir "$HOME" "$work/here"
die() { echo "FAIL: $*"; exit 1; }

# Wrong use changes nothing and says what is wrong.
code=0; ./install.sh --what >"$work/out" 2>&1 </dev/null || code=$?
[[ $code == 2 ]] || die "an unknown argument: exit $code"
grep -q -- '--prefix DIR' "$work/out" || die "it does not tell its usage"
./install.sh --help | grep -q -- --demo || die "--help does not name --demo"
mkdir -p "$work/taken/bin" && printf '#!/usr/bin/env python3\n' >"$work/taken/bin/researchloop"
if ./install.sh --prefix "$work/taken" >"$work/out" 2>&1 </dev/null; then die "another program of that name was replaced"; fi
grep -q 'pip uninstall' "$work/out" || die "it does not say what to do about the Python tool"
[[ $(head -n 1 "$work/taken/bin/researchloop") == '#!/usr/bin/env python3' && ! -e $work/taken/share ]] || die "a refused installation left something"
printf 'in the way' >"$work/file"
if ./install.sh --prefix "$work/file/sub" >"$work/out" 2>&1 </dev/null; then die "a file as a folder was taken"; fi
grep -q 'cannot be written' "$work/out" || die "it does not say that the folder cannot be written"
mkdir "$work/few"
for tool in sh dirname uname mktemp rm cat od tr head; do ln -s "$(command -v $tool)" "$work/few/$tool"; done
if CARGO_HOME=$work/none PATH=$work/few ./install.sh --prefix "$work/bare" >"$work/out" 2>&1 </dev/null; then die "it installed without tools"; fi
for tool in cargo make perl cc; do grep -q "install:   $tool " "$work/out" || { cat "$work/out"; die "the missing $tool is not named"; }; done

# What another checkout has built in the same folder is not taken for the build of this one: that is seen to before Cargo starts.
# In a copy: the sources here stay as new as they are, or the next build would begin anew, too.
mkdir -p "$work/fake" "$work/shared" "$work/copy/src" && echo /another/checkout >"$work/shared/.checkout"
cp install.sh Cargo.toml Cargo.lock "$work/copy" && touch "$work/copy/src/lib.rs" "$work/copy/src/main.rs"
# shellcheck disable=SC2016 # the text is another script's
printf '#!/bin/sh\n[ "$(cat "$CARGO_TARGET_DIR/.checkout")" = "$PWD" ] && echo "it begins anew"\nexit 1\n' >"$work/fake/cargo"
chmod +x "$work/fake/cargo"
if CARGO_TARGET_DIR=$work/shared PATH=$work/fake:$PATH "$work/copy/install.sh" --prefix "$work/none" >"$work/out" 2>&1 </dev/null; then die "a failed build was installed"; fi
grep -q 'it begins anew' "$work/out" || { cat "$work/out"; die "the program of another checkout could be installed"; }

# The real thing: no terminal, piped, an odd folder name, from another folder.
prefix="$work/pre fix"
cd "$work/here"
"$sources/install.sh" --prefix "$prefix" </dev/null 2>&1 | tee "$work/out"
grep -q 'is not on your PATH' "$work/out" || die "it does not say that the folder is not on the PATH"
program="$prefix/bin/researchloop"
[[ $("$program" --version) == "researchloop "* ]] || die "--version"
for file in bash-completion/completions/researchloop zsh/site-functions/_researchloop fish/vendor_completions.d/researchloop.fish man/man1/researchloop.1; do
  [[ -s $prefix/share/$file ]] || die "no $file"
done
bash -n "$prefix/share/bash-completion/completions/researchloop" || die "the completions for bash are no bash"
[[ -z $(find "$prefix" -name '*.new.*') ]] || die "temporary files were left"
before=$(find "$prefix" -type f | sort)
PATH="$prefix/bin:$PATH" "$sources/install.sh" --prefix="$prefix" </dev/null >"$work/out" 2>&1 || die "a second installation fails"
! grep -q 'is not on your PATH' "$work/out" || die "it says that the folder is not on the PATH, but it is"
[[ $(find "$prefix" -type f | sort) == "$before" ]] || die "a second installation leaves other files"

# From an archive, as release.sh makes it: without a compiler, without the sources. It is made here of the program
# that was just built; the runner for the other architecture is no more than the head of one.
other=aarch64 number='\267\000'
if [[ $(uname -m) == aarch64 ]]; then other=x86_64 number='\076\000'; fi
top=researchloop-0.0.0-$(uname -m)-linux
mkdir -p "$work/made/$top/bin" "$work/plain" "$work/got"
cp "$program" "$work/made/$top/bin"
# shellcheck disable=SC2059 # the number is written in octal
printf "\177ELF\002\001\001\000\000\000\000\000\000\000\000\000\002\000$number" >"$work/made/$top/bin/researchloop-runner-$other"
cp "$sources"/{install.sh,README.md,LICENSE} "$work/made/$top"
cp "$sources/install.sh" "$work/got"
# pack NAME [OPTION...]: an archive of what lies in made
pack() { tar -C "$work/made" -czf "$work/$1.tar.gz" "${@:2}" "$top"; }
pack good
for tool in sh dirname uname mktemp rm cat od tr head tar gzip sed grep mkdir cp chmod mv; do ln -s "$(command -v $tool)" "$work/plain/$tool"; done
from() { PATH=$work/plain "$work/got/install.sh" --prefix "$work/re fused" --from "$@" >"$work/out" 2>&1 </dev/null; }
# refused WHAT WORDS: the archive of that name is not installed, this is said, and nothing is left
refused() {
  if from "$work/$1.tar.gz"; then die "the archive \"$1\" was installed"; fi
  if ! grep -q "$2" "$work/out" || ! grep -q 'nothing was changed' "$work/out"; then cat "$work/out"; die "the archive \"$1\" is not refused as it should be"; fi
  [[ ! -e "$work/re fused" && ! -e $work/escaped ]] || die "the archive \"$1\" left something"
}
refused missing 'there is no archive'
head -c 3000000 "$work/good.tar.gz" >"$work/truncated.tar.gz"
refused truncated 'is damaged'
{ head -c 3000000 "$work/good.tar.gz"; printf 'changed'; tail -c +3000008 "$work/good.tar.gz"; } >"$work/changed.tar.gz"
refused changed 'is damaged'
printf 'no archive' >"$work/text.tar.gz"
refused text 'no archive of researchloop'
tar -C "$sources" -czf "$work/foreign.tar.gz" README.md LICENSE
refused foreign 'no archive of researchloop'
tar -C "$work/made" --transform "s,^$top/README.md,$top/../../escaped," -P -czf "$work/upwards.tar.gz" "$top"
refused upwards 'it has the path .*escaped'
tar -C "$work/made" --transform "s,^$top/README.md,$work/escaped," -P -czf "$work/absolute.tar.gz" "$top"
refused absolute 'it has the path .*escaped'
ln -s ../.. "$work/made/$top/share"
pack links
refused links 'more than files'
rm "$work/made/$top/share"
mv "$work/made/$top/bin/researchloop" "$work/kept"
pack empty
refused empty 'no bin/researchloop'
cp "$work/made/$top/bin/researchloop-runner-$other" "$work/made/$top/bin/researchloop"
pack machine
refused machine "is for Linux $other, and this is Linux $(uname -m)"
head -c 1000000 "$work/kept" >"$work/made/$top/bin/researchloop" && chmod +x "$work/made/$top/bin/researchloop"
pack broken
if from "$work/broken.tar.gz"; then die "a program that does not run was installed"; fi
[[ ! -e "$work/re fused" ]] || die "a program that does not run left something"
mv "$work/kept" "$work/made/$top/bin/researchloop"

# list FOLDER: its files, with their modes and sums
list() { (cd "$1" && find . -type f -printf '%m ' -exec sha256sum {} \; | sort -k 3); }
from "$work/good.tar.gz" --prefix "$work/pre fix 2" || { cat "$work/out"; die "an archive is not installed"; }
runner="bin/researchloop-runner-$other"
cmp "$work/pre fix 2/$runner" "$work/made/$top/$runner" || die "the other runner is not beside the program"
[[ -x $work/pre\ fix\ 2/$runner ]] || die "the other runner is no program"
[[ $(list "$work/pre fix 2" | grep -v "$runner") == "$(list "$prefix")" ]] || die "an archive installs other files than the sources do"
mkdir "$work/un packed" && tar -C "$work/un packed" -xzf "$work/good.tar.gz"
(cd / && PATH=$work/plain "$work/un packed/$top/install.sh" --prefix "$work/pre fix 3" >"$work/out" 2>&1 </dev/null) || { cat "$work/out"; die "an unpacked archive does not install itself"; }
[[ $(list "$work/pre fix 3") == "$(list "$work/pre fix 2")" ]] || die "an unpacked archive installs other files"
# The runner goes with the program: one of an earlier installation does not stay beside a program that came without.
"$sources/install.sh" --prefix "$work/pre fix 3" >"$work/out" 2>&1 </dev/null || { cat "$work/out"; die "a build is not installed over an archive"; }
grep -q "removed .*$runner" "$work/out" || die "it does not say that the other runner is gone"
[[ $(list "$work/pre fix 3") == "$(list "$prefix")" ]] || die "a build leaves files of an archive"

# README's first command ends with this, in an environment that has next to nothing.
began=$SECONDS
"$sources/install.sh" --demo --prefix "$prefix" </dev/null >"$work/out" 2>&1 || { cat "$work/out"; die "the demonstration failed"; }
(( SECONDS - began <= 600 )) || die "it took $((SECONDS - began)) s"
result=$(echo "$work"/here/researchloop-demo/artifacts/sp-*)
for file in report.md results/figure.svg results/metrics.json; do [[ -s $result/$file ]] || die "the demonstration made no $file"; done
grep -q '<svg' "$result/results/figure.svg" || die "the figure is no SVG"
cd "$work/here/researchloop-demo"
"$program" --json sprint list | grep -q '"status":"completed"' || die "the sprint is not completed"
env -i HOME="$HOME" PATH=/usr/bin:/bin "$program" demo --dir "$work/again" >"$work/out" 2>&1 </dev/null || { cat "$work/out"; die "the demonstration fails with an empty environment"; }
echo "installed, and the demonstration ran twice, in $((SECONDS - began)) s"
