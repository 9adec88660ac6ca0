# shellcheck shell=bash
# shellcheck disable=SC2016,SC2034  # texts of programs that others run; values that lib.sh uses
# What is not known, and what stays behind. A function each; the comment above one is what is shown of it.

# a profile that starts a process which hides its environment: is it there after the end, and after a cancel?
leaves() { # KIND
  printf 'env -i setsid sleep 3999 </dev/null >/dev/null 2>&1 &\necho $! >>%s/marks/started\necho x >>%s/marks/reads\n' "$A" "$A" >"$A/home/.bashrc"
  chown rl-lab: "$A/home/.bashrc"
  site "$1" ATTACK=none
  run_sprint 'an idea' && ticks_until_over 120 || return 1
  local reads first pid left=0 said
  reads=$(wc -l <"$A/marks/reads") first=$(how)
  site "$1" ATTACK=hang60
  run_sprint 'another idea' && within 60 marked acted || return 1
  said=$(rl sprint cancel "$ID" 2>&1 | tail -n 1)
  while read -r pid; do
    if kill -0 "$pid" 2>/dev/null; then left=$((left + 1)); kill "$pid"; fi
  done <"$A/marks/started"
  if (( left == 0 && reads == 1 )); then right "$first; none left, read once a job"; else wrong "$first; $left left, read $reads times a job; \"${said#*: }\""; fi
}

# a profile that starts a process which hides its environment, on this machine
attack_profile_local() {
  leaves local
}

# the same with SLURM
attack_profile_slurm() {
  leaves slurm
}

# the database is gone beside the results of a sprint: is another one submitted?
attack_database_gone() {
  site local ATTACK=none
  run_sprint 'an idea' && ticks_until_over 60 || return 1
  rm -f "$A"/project/researchloop.db*
  local said code=0
  said=$(rl sprint run 'another idea' -s s --rounds 0 2>&1) || code=$?
  if (( code == 4 )); then right "refused: $(grep -m1 -o 'does not know.*(' <<<"$said")"; else wrong "exit $code: $(head -n 1 <<<"$said")"; fi
}

# an older copy of the database is put back after a submission: is it said?
attack_database_older() {
  site local ATTACK=none
  run_sprint 'an idea' && ticks_until_over 60 || return 1
  cp "$A/project/researchloop.db" "$A/copy.db"
  run_sprint 'after the copy' || return 1
  rm -f "$A"/project/researchloop.db*
  cp "$A/copy.db" "$A/project/researchloop.db"; chown rl-lab: "$A/project/researchloop.db"
  local said code=0
  said=$(rl sprint run 'another idea' -s s --rounds 0 2>&1) || code=$?
  if (( code == 4 )) && grep -q "$ID" <<<"$said"; then right "refused, $ID is named"; else wrong "exit $code: $(head -n 1 <<<"$said")"; fi
}

# the agent removes the sprint's own directory: what has it cost?
attack_own_directory() {
  site local ATTACK=own-directory
  run_sprint 'an idea' || return 1
  ticks_until_over 150
  local shown; shown=$(rl sprint show "$ID" 2>&1 | sed -n 's/^cost: *//p')
  if [[ $shown == unknown* ]]; then right "cost: $shown"; else wrong "cost: $shown"; fi
}

# a runner is killed with all that would clear up: is its folder for temporary files gone after the next job?
attack_left_folder() {
  site local ATTACK=hang60 "TMPDIR_MARK=$A"
  run_sprint 'an idea' && within 60 marked acted || return 1
  local pid folder pids=()
  folder=$(for pid in /proc/[0-9]*; do tr '\0' '\n' <"$pid/environ" 2>/dev/null | grep -sx "TMPDIR_MARK=$A" >/dev/null && tr '\0' '\n' <"$pid/environ" | sed -n 's/^CLAUDE_CODE_TMPDIR=//p'; done | head -n 1)
  [[ -d $folder ]] || return 1
  for pid in /proc/[0-9]*; do
    if [[ $(readlink "$pid/cwd" 2>/dev/null) == "$A"/work/* ]] || { grep -qs run_sprint.sh "$pid/cmdline" && [[ $(readlink "$pid/cwd") == "$A"/* ]]; }; then pids+=("${pid#/proc/}"); fi
  done
  kill -KILL "${pids[@]}" 2>/dev/null
  sleep 1
  site local ATTACK=none
  run_sprint 'another idea' && ticks_until_over 60 || return 1
  if [[ -e $folder ]]; then wrong "$folder is left"; rm -rf "$folder"; else right 'gone after the next job'; fi
}
