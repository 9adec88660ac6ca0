#!/usr/bin/env bash
# release.sh: makes the archives of both architectures, installs from each, and runs what came of it. This machine
# plays the other one: qemu runs programs for aarch64, and a `uname` says what is asked for. Needs the lab
# (tests/lab/up) and root on Debian; `tests/run release` sees to both.
set -euo pipefail
umask 022
cd "$(dirname "$0")/.."
(( EUID == 0 )) || { echo "needs root (binfmt_misc, the lab)"; exit 1; }
die() { echo "FAIL: $*"; exit 1; }
tests/lab/install base foreign release
STATE=${RL_LAB_STATE:-/tmp/researchloop-lab}
[[ -r $STATE/lab.env ]] || die "the lab is not up: tests/lab/up"
while IFS='=' read -r name value; do declare -x "$name=$value"; done <"$STATE/lab.env"

# The account of the lab, and the jobs that run as it, have to get at what is installed here.
work=$(mktemp -d /tmp/rl-release.XXXXXX)
chmod 755 "$work"
formats=/proc/sys/fs/binfmt_misc format=researchloop-test mounted=0 registered=0
there=$(getent passwd "$RL_LAB_USER" | cut -d: -f6)/${work##*/}
# shellcheck disable=SC2317 # a trap calls it
finish() {
  local status=$?
  trap - EXIT
  rm -f "$RL_LAB_BIN/uname"
  if (( registered )); then echo -1 >"$formats/$format"; fi
  if (( mounted )); then umount "$formats"; fi
  rm -rf "$work" "${there:?}"
  exit "$status"
}
trap finish EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# ---- the archives ----------------------------------------------------------------------------------

if ./release.sh --arch ppc64le >"$work/out" 2>&1; then die "an archive for an unknown architecture was made"; fi
grep -q 'no archive is made for ppc64le' "$work/out" || die "it does not say that there is none for ppc64le"
./release.sh --to "$work/dist"
cd "$work/dist"
sha256sum -c SHA256SUMS
version=$(sed -n 's/^version = "\(.*\)"/\1/p' "$OLDPWD/Cargo.toml" | head -n 1)
[[ $(wc -l <SHA256SUMS) == 2 ]] || die "SHA256SUMS does not have two lines"
for pair in x86_64:aarch64:62 aarch64:x86_64:183; do
  IFS=: read -r machine other number <<<"$pair"
  top=researchloop-$version-$machine-linux
  tar -tvzf "$top.tar.gz" >"$work/list"
  for file in bin/researchloop "bin/researchloop-runner-$other" share/bash-completion/completions/researchloop \
    share/zsh/site-functions/_researchloop share/fish/vendor_completions.d/researchloop.fish share/man/man1/researchloop.1 \
    share/man/man1/researchloop-sprint-run.1 LICENSE LICENSES-OF-CRATES.txt README.md CHANGELOG.md install.sh; do
    grep -q " $top/$file\$" "$work/list" || die "$top has no $file"
  done
  [[ $(awk '{ print $2, $4, $5 }' "$work/list" | sort -u | wc -l) == 1 ]] || die "owner and time of the files of $top are not the same"
  grep -q '^-.* 0/0 ' "$work/list" || die "the owner of the files of $top is not 0"
  tar -xzf "$top.tar.gz"
  [[ $(od -An -tu1 -j18 -N1 "$top/bin/researchloop" | tr -d ' ') == "$number" ]] || die "the program of $top is for another machine"
  for program in "$top"/bin/*; do
    size=$(stat -c %s "$program")
    echo "$program: $size bytes"
    (( size <= 18 * 1000 * 1000 )) || die "$program is larger than 18 MB"
    if readelf -l "$program" | grep -q INTERP; then die "$program is not static"; fi
  done
  for words in '^openssl-src 3' '^libssh2-sys 0' '^serde 1' '^SQLite' 'Apache License' 'Permission is hereby granted'; do
    grep -q "$words" "$top/LICENSES-OF-CRATES.txt" || die "the licenses do not have: $words"
  done
  ! grep -q '^insta ' "$top/LICENSES-OF-CRATES.txt" || die "the licenses have a crate that is not linked"
done
cmp "researchloop-$version-x86_64-linux/bin/researchloop" "researchloop-$version-aarch64-linux/bin/researchloop-runner-x86_64" || die "the runner for x86_64 is another program"
cmp "researchloop-$version-aarch64-linux/bin/researchloop" "researchloop-$version-x86_64-linux/bin/researchloop-runner-aarch64" || die "the runner for aarch64 is another program"
cd "$OLDPWD"
./release.sh --to="$work/again" --arch=aarch64
[[ ! -e $work/again/researchloop-$version-x86_64-linux.tar.gz ]] || die "--arch makes both"
cmp "$work"/{again,dist}/"researchloop-$version-aarch64-linux.tar.gz" || die "a second archive of the same build is another one"

# ---- programs for aarch64 run here -----------------------------------------------------------------

qemu=$(command -v qemu-aarch64-static || command -v qemu-aarch64) || die "there is no qemu for aarch64"
if [[ ! -e $formats/register ]]; then
  mount -t binfmt_misc none "$formats" || die "this kernel has no binfmt_misc"
  mounted=1
fi
program=$work/dist/researchloop-$version-aarch64-linux/bin/researchloop
if ! "$program" --version >/dev/null 2>&1; then
  # F: the kernel opens qemu now, so that it is found from everywhere
  printf '%s\n' ":$format:M::\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00:\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff:$qemu:F" >"$formats/register"
  registered=1
fi
[[ $("$program" --version) == "researchloop $version"* ]] || die "the program for aarch64 does not run"

# ---- installed from an archive, without a compiler -------------------------------------------------

mkdir "$work/few" "$work/few-aarch64"
for tool in sh dirname mktemp rm cat od tr head tar gzip sed grep mkdir cp chmod mv; do
  for folder in few few-aarch64; do ln -s "$(command -v $tool)" "$work/$folder/$tool"; done
done
ln -s "$(command -v uname)" "$work/few/uname"
# shellcheck disable=SC2016 # the text is another script's
printf '#!/bin/sh\ncase $1 in -sm) echo Linux aarch64 ;; -m) echo aarch64 ;; *) exec %s "$@" ;; esac\n' "$(command -v uname)" >"$work/few-aarch64/uname"
chmod 755 "$work/few-aarch64/uname"
# from_archive MACHINE ARCHIVE: on a machine that says it is this one
from_archive() {
  local tools=$work/few
  if [[ $1 == aarch64 ]]; then tools=$work/few-aarch64; fi
  env -i PATH="$tools" HOME="$work/home" "$work/dist/researchloop-$version-x86_64-linux/install.sh" \
    --prefix "$work/$1" --from "$work/dist/researchloop-$version-$2-linux.tar.gz" >"$work/out" 2>&1
}
for pair in x86_64:aarch64 aarch64:x86_64; do
  machine=${pair%:*} other=${pair#*:}
  if from_archive "$machine" "$other"; then die "on $machine, the archive for $other was installed"; fi
  grep -q "is for Linux $other, and this is Linux $machine" "$work/out" || { cat "$work/out"; die "it does not say which machine the archive is for"; }
  [[ ! -e $work/$machine ]] || die "a refused archive left something"
  from_archive "$machine" "$machine" || { cat "$work/out"; die "the archive for $machine is not installed on it"; }
  cmp "$work/$machine/bin/researchloop-runner-$other" "$work/dist/researchloop-$version-$machine-linux/bin/researchloop-runner-$other" || die "the runner for $other is not beside the program"
done
for machine in x86_64 aarch64; do
  began=$SECONDS
  mkdir -p "$work/demo-$machine"
  tools=/usr/bin:/bin
  if [[ $machine == aarch64 ]]; then tools=$work/few-aarch64:$tools; fi
  (cd "$work/demo-$machine" && env -i HOME="$work/home" PATH="$tools" "$work/$machine/bin/researchloop" demo >"$work/out" 2>&1 </dev/null) || { cat "$work/out"; die "the demonstration fails on $machine"; }
  result=$(echo "$work/demo-$machine"/researchloop-demo/artifacts/sp-*)
  for file in report.md results/figure.svg results/metrics.json; do [[ -s $result/$file ]] || die "the demonstration made no $file on $machine"; done
  echo "the demonstration ran on $machine in $((SECONDS - began)) s"
done

# ---- a laptop of each kind, and a cluster of the other ---------------------------------------------

# sprint LAPTOP CLUSTER SCHEDULER: a sprint of a program for the one on a login node of the other
sprint() {
  local laptop=$1 cluster=$2 kind=$3 project=$work/$1-$3 code=0 hash placed
  mkdir -p "$project/home"
  rm -rf "${there:?}"
  # shellcheck disable=SC2016 # the text is another script's
  printf '#!/bin/sh\n[ "$USER" != %s ] || case $1 in -sm) echo Linux %s; exit ;; -m) echo %s; exit ;; esac\nexec /usr/bin/uname "$@"\n' \
    "$RL_LAB_USER" "$cluster" "$cluster" >"$RL_LAB_BIN/uname"
  chmod 755 "$RL_LAB_BIN/uname"
  cat >"$project/researchloop.toml" <<CONF
[[cluster]]
name = "c"
host = "127.0.0.1"
port = $RL_LAB_SSH_PORT
user = "$RL_LAB_USER"
key_path = "$RL_LAB_KEY"
known_hosts = "$RL_LAB_KNOWN_HOSTS"
scheduler_type = "$kind"
working_dir = "$there"
claude_command = ["$work/$cluster/bin/researchloop", "demo-agent"]
poll_interval = 1
[[study]]
name = "s"
cluster = "c"
max_sprint_duration_hours = 1
CONF
  run() { (cd "$project" && env -i HOME="$project/home" PATH=/usr/bin:/bin LANG=C.UTF-8 "$work/$laptop/bin/$1" "${@:2}" </dev/null); }
  # Without the runner it is as it was: an error that says where to get one.
  mkdir -p "$work/$laptop/alone" && cp "$work/$laptop/bin/researchloop" "$work/$laptop/alone/researchloop"
  run ../alone/researchloop cluster setup c >"$work/out" 2>&1 || code=$?
  [[ $code == 1 ]] || { cat "$work/out"; die "$laptop on $cluster, $kind: without the other runner: exit $code"; }
  grep -q "the cluster c is Linux $cluster, but this program is for Linux $laptop: put .researchloop-runner-$cluster. of the release archive" "$work/out" || { cat "$work/out"; die "the hint does not say where to get the runner"; }
  run researchloop run "Does a momentum term help?" -s s --watch >"$work/out" 2>&1 || { cat "$work/out"; die "$laptop on $cluster, $kind: the sprint fails"; }
  [[ $(run researchloop --json sprint list | jq -r '.sprints[0].status') == completed ]] || die "$laptop on $cluster, $kind: the sprint is not completed"
  hash=$(sha256sum "$work/$laptop/bin/researchloop-runner-$cluster" | cut -d' ' -f1)
  placed=$(ls "$there/.researchloop/bin")
  [[ $placed == "$hash" ]] || die "$laptop on $cluster, $kind: other runners were placed: $placed"
  [[ $(run researchloop --json cluster setup c | jq -r .runner) == "$hash" ]] || die "setup names another runner"
  [[ $(find "$project/artifacts" -name report.md -size +0 | wc -l) == 1 ]] || die "$laptop on $cluster, $kind: no report was fetched"
  echo "a sprint from $laptop completed on $cluster, $kind"
}
sprint x86_64 aarch64 slurm
sprint x86_64 aarch64 sge
sprint aarch64 x86_64 slurm
echo "$SECONDS s"
