# shellcheck shell=bash
# What the lab's scripts share; sourced by all of them.
set -euo pipefail
umask 022
unset CDPATH

LAB_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
STATE=${RL_LAB_STATE:-/tmp/researchloop-lab}
# Each of the last ones is for one test at a time, which may have programs fail for it, or count what it does.
OWN_USERS=(rl-lab-1 rl-lab-2 rl-lab-3 rl-lab-4 rl-lab-5 rl-lab-6)
LAB_USERS=(rl-lab rl-lab-noisy rl-lab-tcsh "${OWN_USERS[@]}")

say() { printf '%s\n' "lab: $*" >&2; }
die() { say "FATAL: $*"; exit 1; }

(( EUID == 0 )) || die "needs root (accounts, daemons of several users, cgroups)"
# Unix socket paths end at 107 bytes, and lab.env promises values without blanks.
[[ $STATE =~ ^/[A-Za-z0-9._/-]{3,60}$ && $STATE != *..* ]] || die "RL_LAB_STATE must be a plain absolute path of at most 61 characters"

# Marks the accounts as this very lab's: neither "up" nor "down" touches any other.
LAB_GECOS="researchloop test lab $STATE"

# One script at a time. The lock is on this folder, so it leaves no file behind.
lock() { exec 9<"$LAB_DIR"; flock -w 300 9 || die "another lab script runs for more than 300 s"; }

# The state folder has a marker, so that "down" can never remove somebody's own folder.
make_state() {
  if [[ -e $STATE && ! -e $STATE/.researchloop-lab ]]; then
    [[ -d $STATE && ! -L $STATE && -O $STATE && -z $(ls -A "$STATE") ]] || die "$STATE exists and is not a lab's folder"
  fi
  mkdir -p "$STATE"; : >"$STATE/.researchloop-lab"; mkdir -p "$STATE/run" "$STATE/log"
  chmod 755 "$STATE" "$STATE/run" "$STATE/log"
}

# until_ok SECONDS COMMAND...: repeat until it succeeds
until_ok() {
  local end=$(( SECONDS + $1 + 1 )); shift
  until "$@" </dev/null >/dev/null 2>&1; do (( SECONDS < end )) || return 1; sleep 0.05; done
}

port_open() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
port_free() { ! port_open "$1" || die "port $1 is taken by somebody else"; }

# birth PID: when it started (clock ticks); fails when it is gone or only a zombie. A pid alone is no proof: pids are reused.
birth() {
  local stat
  { read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 1
  read -ra stat <<<"${stat##*) }"      # from field 3 on: the name before may contain blanks
  [[ ${stat[0]} != [ZX] ]] && echo "${stat[19]}"
}
# pid_of NAME: the living daemon that we started under that name
pid_of() {
  local pid born
  { read -r pid born <"$STATE/run/$1.pid"; } 2>/dev/null || return 1
  [[ $(birth "$pid") == "$born" ]] && echo "$pid"
}
alive() { pid_of "$1" >/dev/null; }

# start NAME [-u USER] [VAR=VALUE...] COMMAND...: run a daemon, which must stay in the foreground, detached.
# It gets a clean environment and no file descriptor of ours: one that is inherited would keep a
# pipe ("up | cat") or our lock open for as long as the daemon lives. setpriv, unlike su, leaves no parent behind.
start() {
  local name=$1 as=() vars=(); shift
  if [[ $1 == -u ]]; then as=(setpriv "--reuid=$2" "--regid=$(id -g "$2")" --init-groups); shift 2; fi
  while [[ $1 == [A-Z]*=* ]]; do vars+=("$1"); shift; done
  (
    exec </dev/null >>"$STATE/log/$name.log" 2>&1
    cd /
    for fd in /proc/self/fd/*; do
      fd=${fd##*/}
      if (( fd > 2 )); then exec {fd}>&- || true; fi
    done
    # not yet a process group leader, so setsid need not fork and $! stays the daemon's pid
    exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/ LANG=C.UTF-8 "${vars[@]}" setsid "${as[@]}" "$@"
  ) &
  echo "$! $(birth $!)" >"$STATE/run/$name.pid"
  disown
}

# stop NAME SECONDS: TERM, and KILL if it does not end in that time
stop() {
  local pid
  if pid=$(pid_of "$1"); then
    kill -CONT "$pid" 2>/dev/null || true      # a frozen one would never see the TERM
    kill -TERM "$pid" 2>/dev/null || true
    until_ok "$2" dead "$1" || { kill -KILL "$pid" 2>/dev/null || true; until_ok 5 dead "$1" || true; }
  fi
  rm -f "$STATE/run/$1.pid"
}
dead() { ! alive "$1"; }

# logs NAME...: what to show when a daemon does not come up
logs() { local n; for n in "$@"; do echo "--- $n"; tail -n 15 "$n" 2>/dev/null; done >&2; }

# All ports come from one base (below ip_local_port_range, so no outgoing connection can sit on one).
# The first "up" fixes it: a second one with another environment must not describe ports nobody listens on.
BASE=${RL_LAB_PORT_BASE:-28600}
if [[ -r $STATE/port-base ]]; then BASE=$(<"$STATE/port-base"); fi
if ! [[ $BASE =~ ^[0-9]{4,5}$ ]] || (( BASE < 1024 || BASE > 65000 )); then die "RL_LAB_PORT_BASE: $BASE"; fi
PORT_SSH=$((BASE + 22)) PORT_CTLD=$((BASE + 17)) PORT_DBD=$((BASE + 19)) PORT_SQL=$((BASE + 6))
PORT_QMASTER=$((BASE + 44)) PORT_EXECD=$((BASE + 45)) PORT_NODE=$((BASE + 60))

HOST=$(hostname); HOST=${HOST%%.*}
SLURM_DIR=$STATE/slurm NODES=(rlab1 rlab2)
SGE_DIR=$STATE/sge SGE_BIN=/usr/lib/gridengine
# What a client needs, ours and the users' alike. SGE_ARCH spares the clients a slow look at the machine.
export SLURM_CONF=$SLURM_DIR/etc/slurm.conf
SGE_VARS=("SGE_ROOT=$SGE_DIR" SGE_CELL=default SGE_ARCH=lx-amd64 "SGE_QMASTER_PORT=$PORT_QMASTER" "SGE_EXECD_PORT=$PORT_EXECD")
export "${SGE_VARS[@]}"
