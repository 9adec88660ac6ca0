# shellcheck shell=bash
# shellcheck disable=SC2016,SC2034  # texts of programs that others run; values that lib.sh uses
# The attacks, a function each. The comment above one is what is shown of it.

# the agent writes the end of its own run; the job goes on
attack_forged_end() {
  site slurm ATTACK=forged-end
  run_sprint 'an idea' && within 60 marked acted || return 1
  local i early=
  for i in 1 2 3 4 5 6 7 8; do
    tick
    if is_over && [[ $(queued "$JOB") == RUNNING ]]; then early="$(how) while job $JOB is RUNNING"; break; fi
    sleep 1
  done
  if [[ -n $early ]]; then wrong "$early"; return; fi
  ticks_until_over 90
  if [[ $(show status) == completed && $(show cost_usd) != 0 ]]; then right "$(how) when the job had ended"; else wrong "in the end $(how)"; fi
}

# the same line with a figure of an evaluator, and the runner is killed
attack_forged_target() {
  site slurm ATTACK=forged-target
  run_sprint 'an idea' && within 60 marked acted || return 1
  ticks_until_over 150
  local figures; figures=$(rl --json sprint show "$ID" | jq -c '[.sprint.metrics[]? | select(.source == "evaluator") | .value]')
  if [[ $(show status) == failed && $figures == '[]' ]]; then right "$(how)"; else wrong "$(how), figures of an evaluator: $figures"; fi
}

lost() { # KIND PROGRAM
  site "$1" ATTACK=hang60
  run_sprint 'an idea' && within 90 marked acted || return 1
  tick
  : >"$A/marks/lie"
  local until=$((SECONDS + 175))
  while (( SECONDS < until )); do
    tick
    if is_over; then wrong "$(how) after $((175 - until + SECONDS)) s; the job is $(queued "$JOB")"; return; fi
    sleep 8
  done
  rm -f "$A/marks/lie"
  tick
  if is_over; then wrong "$(how)"; else right "$(show status) after 175 s of it"; fi
}

# squeue complains and exits 0 for three minutes; sacct says RUNNING
attack_lost_complaint() {
  program squeue <<<'if [[ -e $A/marks/lie ]]; then echo "slurm_load_jobs error: Unexpected message received" >&2; exit 0; fi; exec "$REAL" "$@"'
  lost slurm
}

# squeue prints nothing and exits 0 for three minutes; sacct says RUNNING
attack_lost_empty() {
  program squeue <<<'if [[ -e $A/marks/lie ]]; then exit 0; fi; exec "$REAL" "$@"'
  lost slurm
}

# qstat gives a sound, empty answer for three minutes
attack_lost_sge() {
  program qstat <<<'if [[ -e $A/marks/lie ]]; then printf "<?xml version=\"1.0\"?>\n<job_info xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\">\n  <queue_info>\n  </queue_info>\n  <job_info>\n  </job_info>\n</job_info>\n"; exit 0; fi; exec "$REAL" "$@"'
  lost sge
}

# one empty answer of the queue behind a requeue
attack_requeue() {
  program squeue <<<'if [[ -e $A/marks/lie ]]; then exit 0; fi; exec "$REAL" "$@"'
  program sacct <<<'if [[ -e $A/marks/lie ]]; then exit 0; fi; exec "$REAL" "$@"'
  site slurm ATTACK=hang60
  run_sprint 'an idea' && within 60 marked acted || return 1
  tick
  scontrol requeue "$JOB" || return 1
  within 30 grep -qs run_ended "$(show remote_dir)/.researchloop/run.jsonl" || return 1
  : >"$A/marks/lie"; tick; rm -f "$A/marks/lie"
  if is_over; then wrong "$(how) after one answer; the job is $(queued "$JOB")"; return; fi
  ticks_until_over 150
  if [[ $(show status) == completed ]]; then right "$(how) after it ran again"; else wrong "$(how)"; fi
}

# the runner is killed in the middle of a call that has used 2,200,000 tokens
attack_killed_money() {
  site slurm ATTACK=killed-money
  run_sprint 'an idea' && within 60 marked acted || return 1
  ticks_until_over 120
  if jq -e '.sprint.cost_usd >= 8.99' >/dev/null <<<"$(rl --json sprint show "$ID")"; then right "$(how)"; else wrong "$(how) of \$9.00"; fi
}

# results without a price that can be believed: missing, negative, beyond measure, a text
attack_no_cost() {
  local cost seen=() bad=0
  for cost in '' -1 1e300 '\"much\"'; do
    site slurm "ATTACK=no-cost=$cost"
    run_sprint "an idea with the price '$cost'" || return 1
    ticks_until_over 90
    seen+=("${cost:-none}: $(how)")
    # three calls of 1,000,000 and 100,000 tokens
    jq -e '.sprint.cost_usd >= 4.49 and .sprint.cost_usd < 1000 and .sprint.cost_estimated' >/dev/null <<<"$(rl --json sprint show "$ID")" || bad=1
  done
  if (( bad )); then wrong "$(IFS=';'; echo "${seen[*]}")"; else right "$(IFS=';'; echo "${seen[*]}")"; fi
}

ambiguous() { # what is said, at each submission of this sprint: the job is taken
  printf '%s\n' "$1" >"$A/marks/says"
  rm -f "$A/marks/submitted"
}
AMBIGUOUS='if [[ $1 == --version || ! -s $A/marks/says || -e $A/marks/submitted ]]; then exec "$REAL" "$@"; fi
: >"$A/marks/submitted"; "$REAL" "$@" >>"$A/marks/ids"; cat "$A/marks/says" >&2; exit 1'

# sbatch takes the job and says that it could not hear or speak: is it submitted twice?
attack_twice() {
  program sbatch <<<"$AMBIGUOUS"
  site slurm ATTACK=none
  local text n seen=() bad=0
  for text in receive send shutdown; do
    ambiguous "sbatch: error: Batch job submission failed: Unable to contact slurm controller ($text failure)"
    run_sprint "an idea and a $text failure" || return 1
    ticks_until_over 90
    n=$(jobs_named "rl-$ID-")
    seen+=("$text failure: $n job(s), $(how)")
    [[ $n == 1 && $(show status) == completed ]] || bad=1
  done
  if (( bad )); then wrong "$(IFS=';'; echo "${seen[*]}")"; else right "$(IFS=';'; echo "${seen[*]}")"; fi
}

# sbatch takes the job and says something unknown: is it a refusal?
attack_refused() {
  program sbatch <<<"$AMBIGUOUS"
  site slurm ATTACK=none
  local text seen=() bad=0
  for text in 'Header lengths are longer than data received' 'Insane message length' 'Protocol authentication error' 'Unspecified error' 'The moon is full'; do
    ambiguous "sbatch: error: Batch job submission failed: $text"
    run_sprint "an idea and: $text" || return 1
    ticks_until_over 90
    seen+=("$(how)")
    [[ $(show status) == completed ]] || bad=1
  done
  if (( bad )); then wrong "$(IFS=';'; echo "${seen[*]}")"; else right "$(IFS=';'; echo "${seen[*]}")"; fi
}

# another account puts a program into the runner's place, in a folder where all may write
attack_shared_folder() {
  WORK=$A/shared
  mkdir "$WORK"; chmod 1777 "$WORK"
  site slurm ATTACK=none
  local hash size; hash=$(sha256sum <"$BIN"); hash=${hash%% *} size=$(stat -c %s "$BIN")
  printf '#!/bin/sh\nid -u >>%s/ran\nexec %s "$@"\n' "$WORK" "$BIN" >"$A/evil"
  truncate -s "$size" "$A/evil"; chmod 644 "$A/evil"
  as rl-lab-noisy bash -c "mkdir -p $WORK/.researchloop/bin && cp $A/evil $WORK/.researchloop/bin/$hash && chmod 755 $WORK/.researchloop $WORK/.researchloop/bin $WORK/.researchloop/bin/$hash" || return 1
  local checked=0
  rl cluster check >>"$A/log" 2>&1 || checked=$?
  run_sprint 'an idea' || true
  local i; for i in 1 2 3; do tick; done
  if grep -qsx "$(id -u rl-lab)" "$WORK/ran"; then wrong "it ran as rl-lab; cluster check: $checked"
  elif (( checked == 0 )); then wrong 'it did not run, but cluster check is content'
  else right "it did not run; cluster check: $checked"; fi
}

# the agent takes the numbers of the lines to come
attack_squat() {
  site slurm ATTACK=squat
  run_sprint 'an idea' && within 60 marked acted || return 1
  ticks_until_over 150
  if [[ $(show status) == completed ]] && jq -e '.sprint.cost_usd >= 3' >/dev/null <<<"$(rl --json sprint show "$ID")"; then right "$(how)"; else wrong "$(how)"; fi
}

# the agent writes exit.json
attack_exitjson() {
  site slurm ATTACK=exitjson
  run_sprint 'an idea' && within 60 marked acted || return 1
  local i
  for i in 1 2 3 4 5; do
    tick
    if is_over && [[ $(queued "$JOB") == RUNNING ]]; then wrong "$(how) while job $JOB is RUNNING"; return; fi
    sleep 1
  done
  ticks_until_over 90
  if is_over; then right "$(how) when the job had ended"; else wrong "$(how)"; fi
}

# the agent writes a line of 17 MB
attack_longline() {
  site slurm ATTACK=longline
  run_sprint 'an idea' && within 60 marked acted || return 1
  ticks_until_over 90
  if is_over && jq -e '.sprint.cost_usd >= 1' >/dev/null <<<"$(rl --json sprint show "$ID")"; then right "$(how)"; else wrong "$(how) after 90 s"; fi
}

# a job of Grid Engine is suspended for some seconds
attack_suspend_sge() {
  site sge ATTACK=hang8
  run_sprint 'an idea' && within 90 marked acted || return 1
  "$SGE_PROGRAMS/qmod" -sj "$JOB" >>"$A/log" 2>&1
  sleep 8; tick
  "$SGE_PROGRAMS/qmod" -usj "$JOB" >>"$A/log" 2>&1
  ticks_until_over 120
  if [[ $(show status) == completed ]]; then right "$(how)"; else wrong "$(how)"; fi
}

# a SLURM job of two minutes is suspended for 125 s
attack_suspend_slurm() {
  site slurm ATTACK=hang4
  run_sprint 'an idea' --time 2m && within 60 marked acted || return 1
  scontrol suspend "$JOB" || return 1
  sleep 125
  scontrol resume "$JOB"
  ticks_until_over 120
  if [[ $(show status) == completed ]]; then right "$(how)"; else wrong "$(how)"; fi
}

# a second job of the same name begins after the cancel
attack_ghost() {
  program sbatch <<<'if [[ $1 == --version ]]; then exec "$REAL" "$@"; fi; "$REAL" --begin=now+25 "$@" >/dev/null; exec "$REAL" --begin=now+600 "$@"'
  site slurm ATTACK=none
  run_sprint 'an idea' || return 1
  rl sprint cancel --no-wait "$ID" >>"$A/log" 2>&1
  local i
  for i in $(seq 20); do tick; sleep 3; done
  if marked agents; then wrong "$(how), and the other job's agent ran"; else right "$(how), $(jobs_named "rl-$ID-") job(s), no agent ran"; fi
  scancel --name="rl-$ID-1" 2>/dev/null
}

# the journal says that another job is the sprint's own, then the sprint is cancelled
attack_adopt() {
  site slurm ATTACK=adopt
  local innocent
  innocent=$(as rl-lab sbatch --parsable -J innocent -o /dev/null --wrap 'sleep 300') || return 1
  echo "$innocent" >"$A/marks/innocent"
  run_sprint 'an idea' && within 60 marked acted || return 1
  tick; tick
  rl sprint cancel --no-wait "$ID" >>"$A/log" 2>&1
  sleep 8
  tick
  local own other; own=$(queued "$JOB") other=$(queued "$innocent")
  scancel "$innocent"
  if [[ $other == RUNNING || $other == PENDING ]] && [[ $own != RUNNING ]]; then right "its own job is ${own:-gone}, the other one $other"
  else wrong "its own job is ${own:-gone}, the innocent one ${other:-gone}"; fi
}

# the journal holds a hint of the agent's
attack_hint() {
  site slurm ATTACK=hint
  run_sprint 'an idea' && within 60 marked acted || return 1
  ticks_until_over 150
  local said
  said=$(rl sprint show "$ID" 2>&1; rl sprint list 2>&1; rl sprint watch "$ID" 2>&1; rl --json sprint show "$ID" | jq -r '.sprint.hint')
  if grep -q evil.example <<<"$said"; then wrong "shown: $(grep -m1 -o '.*evil.example[^ ]*' <<<"$said" | cut -c1-80)"; else right "$(how); not shown"; fi
}

# the agent repeats a value of the cluster's environment
attack_secret() {
  site slurm ATTACK=secret ATTACK_SECRET=hunter2-4711-secret
  run_sprint 'an idea' && within 60 marked acted || return 1
  ticks_until_over 90
  local hits log
  hits=$(cat "$A"/project/*.db* | strings | grep -c hunter2-4711-secret)
  log=$(rl sprint log "$ID" 2>&1 | grep -c hunter2-4711-secret)
  if (( hits == 0 && log == 0 )); then right 'nowhere'; else wrong "$hits times in the database, $log times in the log"; fi
}

# somebody holds the database for 50 s
attack_lock() {
  site local ATTACK=hang60
  run_sprint 'an idea' && within 60 marked acted || return 1
  local db ticking watching
  db=$(echo "$A"/project/*.db)
  rl tick --watch >>"$A/log" 2>&1 & ticking=$!
  rl sprint watch "$ID" >>"$A/log" 2>&1 & watching=$!
  sleep 4
  (printf 'BEGIN IMMEDIATE;\n'; sleep 50; printf 'ROLLBACK;\n') | as_with_input sqlite3 "$db" >>"$A/log" 2>&1
  sleep 3
  local left=()
  kill -0 "$ticking" 2>/dev/null || left+=('tick --watch')
  kill -0 "$watching" 2>/dev/null || left+=('sprint watch')
  pkill -TERM -P "$ticking" 2>/dev/null; pkill -TERM -P "$watching" 2>/dev/null; kill "$ticking" "$watching" 2>/dev/null
  rl sprint cancel --no-wait "$ID" >>"$A/log" 2>&1
  if (( ${#left[@]} )); then wrong "ended for good: ${left[*]}"; else right 'both went on'; fi
}
as_with_input() { (cd "$A/project" && exec setpriv --reuid=rl-lab --regid="$(id -g rl-lab)" --init-groups "$@"); }

replaced() { # what the runner in the login node's folder answers; it is put there by the agent
  { printf '#!/bin/bash\n'; cat; } >"$A/runner"
  chmod 755 "$A/runner"
  site slurm ATTACK=replace "ATTACK_WORK=$A/work"
  run_sprint 'an idea' && within 60 marked acted
}

# the login node's program answers with lengths that do not fit into a number
attack_overflow() {
  replaced <<<'case $1 in files-results) echo "{\"v\":1,\"parts\":[{\"path\":\"report.md\",\"offset\":0,\"len\":18446744073709551615},{\"path\":\"report.md\",\"offset\":0,\"len\":2}],\"next\":null,\"files\":[[\"report.md\",18446744073709551615],[\"a\",5]],\"skipped\":[]}"; printf x ;; *) exit 1 ;; esac' || return 1
  local said code=0
  said=$(timeout 60 setpriv --reuid=rl-lab --regid="$(id -g rl-lab)" --init-groups env -i "HOME=$A/home" "PATH=$A/bin:$RL_LAB_BIN:/usr/bin:/bin" "SLURM_CONF=$SLURM_CONF" "$BIN" -c "$A/project/researchloop.toml" sprint fetch "$ID" 2>&1 </dev/null) || code=$?
  scancel "$JOB"
  if (( code == 101 )) || grep -q panicked <<<"$said"; then wrong "exit $code: $(grep -m1 panicked <<<"$said" | cut -c1-90)"; else right "exit $code: $(tail -n 1 <<<"$said" | cut -c1-90)"; fi
}

# the login node's program always has one more piece
attack_endless() {
  replaced <<<'case $1 in files-results) cat >/dev/null; echo "{\"v\":1,\"parts\":[{\"path\":\"report.md\",\"offset\":0,\"len\":1}],\"next\":[\"report.md\",$RANDOM$RANDOM],\"files\":[[\"report.md\",1]],\"skipped\":[]}"; printf x ;; *) exit 1 ;; esac' || return 1
  local code=0
  timeout 60 setpriv --reuid=rl-lab --regid="$(id -g rl-lab)" --init-groups env -i "HOME=$A/home" "PATH=$A/bin:$RL_LAB_BIN:/usr/bin:/bin" "SLURM_CONF=$SLURM_CONF" "$BIN" -c "$A/project/researchloop.toml" sprint fetch --all "$ID" >>"$A/log" 2>&1 </dev/null || code=$?
  scancel "$JOB"
  if (( code == 124 )); then wrong 'still at it after 60 s'; else right "exit $code"; fi
}

# one of two clusters hangs, and tick --watch looks at both
attack_hung_cluster() {
  program squeue <<<'if [[ -e $A/marks/hang ]]; then sleep 300; fi; exec "$REAL" "$@"'
  program date <<<'echo "$PPID" >>"$A/marks/dates"; exec /usr/bin/date "$@"'
  MORE_CLUSTERS=$(printf '[[cluster]]\nname = "here"\nscheduler_type = "local"\nworking_dir = "%s/here"\nclaude_command = ["%s/repo/tests/attacks/agent"]\npoll_interval = 1\nenvironment = { STAND_IN_PAUSE = "0", ATTACK = "hang60", ATTACK_MARKS = "%s/marks" }\n[[study]]\nname = "h"\ncluster = "here"\n' "$A/work" "$ROOT" "$A")
  TIMEOUT=30 site slurm ATTACK=hang60
  run_sprint 'an idea' && within 60 marked acted || return 1
  rl sprint run 'another idea' -s h --rounds 0 >>"$A/log" 2>&1
  tick
  : >"$A/marks/hang"; : >"$A/marks/dates"
  local ticking looks
  rl tick --watch >>"$A/log" 2>&1 & ticking=$!
  sleep 60
  pkill -TERM -P "$ticking" 2>/dev/null; kill "$ticking" 2>/dev/null
  looks=$(wc -l <"$A/marks/dates")
  rm -f "$A/marks/hang"
  scancel "$JOB"
  rl sprint cancel --no-wait "$(rl --json sprint list | jq -r '[.sprints[] | select(.idea == "another idea")][0].id')" >>"$A/log" 2>&1
  # a look at the hung one is given up after 30 s: at most three of these
  if (( looks >= 20 )); then right "$looks looks in 60 s"; else wrong "$looks looks in 60 s"; fi
}

COUNTED='echo x >>"$A/marks/calls-${0##*/}"'
calls() { if [[ -e $A/marks/calls-$1 ]]; then wc -l <"$A/marks/calls-$1"; else echo 0; fi; }

# twelve submissions in doubt: how often is the scheduler asked?
attack_calls_doubt() {
  program sbatch <<<"$COUNTED"'; if [[ $1 == --version ]]; then exec "$REAL" "$@"; fi; echo "sbatch: error: Batch job submission failed: Socket timed out on send/recv operation" >&2; exit 1'
  program squeue <<<"$COUNTED"'; exec "$REAL" "$@"'
  program sacct <<<"$COUNTED"'; exec "$REAL" "$@"'
  site slurm ATTACK=none
  local i
  for i in $(seq 12); do rl sprint run "idea $i" -s s --rounds 0 >>"$A/log" 2>&1; done
  rm -f "$A"/marks/calls-*
  tick
  local seen; seen="squeue $(calls squeue), sacct $(calls sacct), sbatch $(calls sbatch)"
  if (( $(calls squeue) <= 15 && $(calls sacct) <= 4 )); then right "$seen"; else wrong "$seen"; fi
}

# eleven submissions that are refused for one and the same reason
attack_calls_refused() {
  program sbatch <<<"$COUNTED"'; if [[ $1 == --version || ! -e $A/marks/refuse ]]; then exec "$REAL" "$@"; fi; echo "sbatch: error: Batch job submission failed: Invalid account or account/partition combination specified" >&2; exit 1'
  JOBS=1 site slurm ATTACK=hang60
  run_sprint 'the first' && within 60 marked acted || return 1
  local i
  for i in $(seq 11); do rl sprint run "idea $i" -s s --rounds 0 >>"$A/log" 2>&1; done
  site slurm ATTACK=none
  : >"$A/marks/refuse"
  rm -f "$A"/marks/calls-*
  tick
  scancel "$JOB"
  if (( $(calls sbatch) >= 1 && $(calls sbatch) <= 4 )); then right "sbatch $(calls sbatch)"; else wrong "sbatch $(calls sbatch), each time the same answer"; fi
}
