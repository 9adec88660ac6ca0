#!/usr/bin/env bash
# install.sh: installs from this checkout into an empty folder, as a user would, and looks at what is there.
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
