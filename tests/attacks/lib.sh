# shellcheck shell=bash
# What the attacks share. Sourced by "run", which has set ROOT, STATE and the lab's values.
# An attack is a function; it runs in a process of its own, with A (its folder) and BIN (the program).

# as USER COMMAND...: with the environment of that user's shell on the login node
as() {
  local user=$1; shift
  (
    cd "$A/project" || exit 1
    exec setpriv --reuid="$user" --regid="$(id -g "$user")" --init-groups env -i "HOME=$A/home" "PATH=$A/bin:$RL_LAB_BIN:/usr/bin:/bin" \
      "SLURM_CONF=$SLURM_CONF" "SGE_ROOT=$SGE_ROOT" "SGE_CELL=$SGE_CELL" "SGE_QMASTER_PORT=$SGE_QMASTER_PORT" "SGE_EXECD_PORT=$SGE_EXECD_PORT" \
      LANG=C.UTF-8 RUST_BACKTRACE=0 "$@"
  ) </dev/null
}
# What env makes of the program's environment: -u NAME, then NAME=VALUE
SURROUNDINGS=()
rl() { as rl-lab env "${SURROUNDINGS[@]}" "$BIN" "$@"; }
tick() { rl tick >>"$A/log" 2>&1 || true; }

# site KIND [NAME=VALUE...]: a project whose cluster is this machine, seen by rl-lab; the values are the jobs' environment
site() {
  KIND=$1; shift
  local pair more=
  for pair in "$@"; do more+=", ${pair%%=*} = \"${pair#*=}\""; done
  cat >"$A/project/researchloop.toml" <<CONF
[[cluster]]
name = "c"
scheduler_type = "$KIND"
host = "localhost"
transport = "local"
working_dir = "${WORK:-$A/work}"
claude_command = ["$ROOT/repo/tests/attacks/agent"]
poll_interval = 1
retry_delays = [0]
max_concurrent_jobs = ${JOBS:-50}
command_timeout = ${TIMEOUT:-60}
environment = { STAND_IN_PAUSE = "0", STAND_IN_COST_PER_TURN = "1", ATTACK_MARKS = "$A/marks"$more }
${MORE_CLUSTERS:-}
[[study]]
name = "s"
cluster = "c"
max_sprint_duration_hours = 1
CONF
  chown rl-lab: "$A/project/researchloop.toml"
}
# program NAME: standard input becomes a program that is found before the real one; REAL is where that is
program() {
  { printf '#!/bin/bash\nREAL=%s/%s\nA=%s\n' "$RL_LAB_BIN" "$1" "$A"; cat; } >"$A/bin/$1"
  chmod 755 "$A/bin/$1"
}
# run_sprint IDEA [OPTION...]: sets ID and JOB
run_sprint() {
  local idea=$1; shift
  rl sprint run "$idea" -s s --rounds 0 "$@" >>"$A/log" 2>&1 || true
  ID=$(rl --json sprint list -n 500 2>>"$A/log" | jq -r --arg idea "$idea" '[.sprints[] | select(.idea == $idea)][0].id // empty')
  [[ -n $ID ]] || { echo "no sprint" >>"$A/log"; return 1; }
  JOB=$(show job_id)
  [[ -z $JOB ]] || echo "$KIND $JOB" >>"$A/jobs"
}
show() { rl --json sprint show "$ID" 2>>"$A/log" | jq -r ".sprint.$1 // empty"; }
is_over() { case $(show status) in completed | failed | cancelled) return 0 ;; *) return 1 ;; esac; }
how() { rl --json sprint show "$ID" 2>>"$A/log" | jq -r '.sprint | "\(.status) \(.reason // "") $\(.cost_usd | (. * 100 | round) / 100)"'; }
# within SECONDS COMMAND...: repeats it until it succeeds
within() {
  local until=$((SECONDS + $1)); shift
  until "$@"; do (( SECONDS < until )) || return 1; sleep 0.5; done
}
marked() { [[ -e $A/marks/$1 ]]; }
ticks_until_over() { # seconds
  local until=$((SECONDS + $1))
  until is_over; do (( SECONDS < until )) || return 1; tick; sleep 1; done
}
queued() { # the state of the job in the queue
  case $KIND in
    slurm) squeue -h -j "$1" -o %T 2>/dev/null | head -n 1 ;;
    sge) "$RL_LAB_BIN/qstat" -u '*' 2>/dev/null | awk -v job="$1" '$1 == job { print $5 }' ;;
  esac
}
jobs_named() { squeue -a -h -t all -o '%i %j' | awk -v name="$1" 'index($2, name) == 1 { print $1 }' | sort -u | wc -l; }
right() { printf 'right\t%s\n' "$*" >"$A/result"; }
wrong() { printf 'wrong\t%s\n' "$*" >"$A/result"; }
