# shellcheck shell=bash
# shellcheck disable=SC2016,SC2034  # texts of programs that others run; values that lib.sh uses
# What a scheduler answers: attacks by answers that are no answers, or that belong to something else.

age() { # seconds: what was submitted, and what is missing, is so much older
  sqlite3 "$(echo "$A"/project/*.db)" "UPDATE jobs SET sent_at = '2026-01-01T00:00:00.000Z'; UPDATE sprints SET missing_since = missing_since - $1, unclear_since = unclear_since - $1" 2>>"$A/log"
}
settled() { # ticks that are minutes apart, for the program
  local i
  for i in 1 2 3 4 5; do tick; age 100; if is_over; then return; fi; done
}
named_jobs() { jobs_named "rl-$ID-"; }

# a site's squeue reads -h as --help, and there is no accounting: is its usage an empty queue?
attack_usage_squeue() {
  program squeue <<<'for word in "$@"; do if [[ $word == -h ]]; then echo "usage: rc-squeue [-h] [-u USER]"; exit 0; fi; done; exec "$REAL" "$@"'
  program sacct <<<'echo "Slurm accounting storage is disabled" >&2; exit 1'
  program sbatch <<<'if [[ $1 == --version ]]; then exec "$REAL" "$@"; fi; exec "$REAL" --begin=now+900 "$@"'
  site slurm ATTACK=none
  run_sprint 'an idea' || return 1
  settled
  local there; there=$(queued "$JOB")
  scancel "$JOB"
  if is_over; then wrong "$(how), job $JOB was taken out: it is ${there:-gone}"; else right "$(show status), job $JOB is ${there:-gone}"; fi
}

# squeue prints its usage whatever it is asked: does the check of the cluster see it, and is the job lost?
attack_usage_always() {
  program squeue <<<'if [[ -e $A/marks/lie ]]; then echo "usage: squeue [OPTIONS]"; exit 0; fi; exec "$REAL" "$@"'
  program sacct <<<'if [[ -e $A/marks/lie ]]; then echo "Slurm accounting storage is disabled" >&2; exit 1; fi; exec "$REAL" "$@"'
  program sbatch <<<'if [[ $1 == --version ]]; then exec "$REAL" "$@"; fi; exec "$REAL" --begin=now+900 "$@"'
  site slurm ATTACK=none
  run_sprint 'an idea' || return 1
  : >"$A/marks/lie"
  settled
  local checked=0
  rl cluster check >>"$A/log" 2>&1 || checked=$?
  scancel "$JOB"
  if is_over; then wrong "$(how)"; elif (( checked == 0 )); then wrong 'cluster check is content'; else right "$(show status); cluster check: $checked"; fi
}

# the answer of sbatch is lost, and the site allows no accounting of more than a day
attack_wide_range() {
  program sbatch <<<'if [[ $1 == --version || -e $A/marks/answered ]]; then exec "$REAL" "$@"; fi; "$REAL" "$@" >/dev/null; : >"$A/marks/answered"; echo "sbatch: error: Batch job submission failed: Socket timed out on send/recv operation" >&2; exit 1'
  # nothing is seen in the request of the submission itself
  program squeue <<<'if [[ ! -e $A/marks/later ]]; then exit 0; fi; exec "$REAL" "$@"'
  program sacct <<<'if [[ " $* " == *"14days"* ]]; then echo "sacct: error: Too wide of a date range in query" >&2; exit 95; fi; exec "$REAL" "$@"'
  site slurm ATTACK=none
  run_sprint 'an idea'
  : >"$A/marks/later"
  ticks_until_over 60
  local n; n=$(named_jobs)
  if [[ $(show status) == completed && $n == 1 ]]; then right "$(how), $n job"; else wrong "$(show status): $(show note | cut -c1-80)"; fi
}

# the answer of sbatch is lost, nothing was sent, and the accounting is down for good: cancel it
attack_no_accounting() {
  program sbatch <<<'if [[ $1 == --version ]]; then exec "$REAL" "$@"; fi; echo "sbatch: error: Batch job submission failed: Socket timed out on send/recv operation" >&2; exit 1'
  program sacct <<<'echo "sacct: error: Problem talking to the database: Connection refused" >&2; exit 1'
  site slurm ATTACK=none
  run_sprint 'an idea'
  rl sprint cancel --no-wait "$ID" >>"$A/log" 2>&1
  settled
  if [[ $(show status) == cancelled ]]; then right "$(how)"; else wrong "$(show status): $(show note | cut -c1-80)"; fi
}

# no scheduler answers, and the claim on the cluster names the job
attack_claim_names() {
  program sbatch <<<'if [[ $1 == --version || -e $A/marks/answered ]]; then exec "$REAL" "$@"; fi; "$REAL" "$@" >"$A/marks/id"; : >"$A/marks/answered"; echo "sbatch: error: Batch job submission failed: Socket timed out on send/recv operation" >&2; exit 1'
  program squeue <<<'echo "slurm_load_jobs error: Unable to contact slurm controller (connect failure)" >&2; exit 1'
  program sacct <<<'echo "sacct: error: Problem talking to the database: Connection refused" >&2; exit 1'
  site slurm ATTACK=hang60
  run_sprint 'an idea'
  within 60 marked acted || return 1
  tick
  local id; id=$(cat "$A/marks/id")
  scancel "$id"
  if [[ $(show job_id) == "$id" ]]; then right "$(show status), job $id"; else wrong "$(show status): $(show note | cut -c1-80)"; fi
}

# the account of a waiting job goes away for some minutes
attack_passing_reason() {
  program squeue <<<'if [[ -e $A/marks/outage ]]; then "$REAL" "$@" | sed "s/|PENDING|\([^|]*\)|[^|]*/|PENDING|\1|InvalidAccount/"; else exec "$REAL" "$@"; fi'
  program sbatch <<<'if [[ $1 == --version ]]; then exec "$REAL" "$@"; fi; exec "$REAL" --begin=now+45 "$@"'
  site slurm ATTACK=none
  run_sprint 'an idea' || return 1
  : >"$A/marks/outage"
  settled
  if is_over; then wrong "$(how); the job is $(queued "$JOB")"; return; fi
  local note; note=$(show note)
  rm -f "$A/marks/outage"
  ticks_until_over 120
  if [[ $(show status) == completed && $note == *InvalidAccount* ]]; then right "$(how); before: $note"; else wrong "$(how); before: $note"; fi
}

# a site's sbatch tells the balance of the account behind the id
attack_balance() {
  program sbatch <<<'if [[ $1 == --version ]]; then exec "$REAL" "$@"; fi; "$REAL" --begin=now+300 "$@" || exit; echo "Remaining core hours of project p123:"; echo 250000'
  site slurm ATTACK=none
  run_sprint 'an idea'
  local id name; id=$(show job_id)
  name=$(squeue -h -j "${id:-0}" -o %j 2>/dev/null)
  scancel --name="rl-$ID-1" 2>/dev/null
  if [[ $name == "rl-$ID-1" ]]; then right "job $id"; else wrong "$(show status), job ${id:-none}"; fi
}

# qsub prints a number of its own behind the id
attack_balance_sge() {
  program qsub <<<'"$REAL" -h "$@" || exit; echo 250000'
  site sge ATTACK=none
  run_sprint 'an idea'
  local id name; id=$(show job_id)
  name=$("$RL_LAB_BIN/qstat" -j "${id:-0}" 2>/dev/null | sed -n 's/^job_name: *//p')
  "$SGE_PROGRAMS/qdel" "rl-$ID-1" >>"$A/log" 2>&1
  if [[ $name == "rl-$ID-1" ]]; then right "job $id"; else wrong "$(show status), job ${id:-none}"; fi
}

# the user's name holds a backslash, and Grid Engine's accounting names it
attack_backslash_user() {
  program id <<<'if [[ $* == -un ]]; then printf "%s\n" "CORP\\bob"; else exec /usr/bin/id "$@"; fi'
  program qsub <<<'echo 77'
  program qstat <<<'if [[ $1 == -help ]]; then echo "OCS 9.0.7"; else printf "<?xml version=\"1.0\"?>\n<job_info xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\">\n  <queue_info>\n  </queue_info>\n  <job_info>\n  </job_info>\n</job_info>\n"; fi'
  program qdel <<<':'
  program qacct <<<'name=$(cd "$A/work" && ls s | sed -n "s/^\(sp-[0-9a-f]*\).*/rl-\1-1/p" | head -n 1)
printf "%s\n" ==================== "qname        all.q" "hostname     node7" "owner        CORP\\bob" "jobname      $name" "jobnumber    77" "failed       37  : qmaster enforced h_rt, h_cpu, or h_vmem limit" "exit_status  137                  (Killed)" "ru_wallclock 3600s"'
  site sge ATTACK=none
  run_sprint 'an idea' || return 1
  settled
  if [[ $(show reason) == time_limit ]]; then right "$(how)"; else wrong "$(how)"; fi
}

# the accounting's records of the number belong to a job of another name
attack_old_number() {
  program squeue <<<'if [[ -e $A/marks/gone ]]; then exit 0; fi; exec "$REAL" "$@"'
  program sacct <<<'if [[ ! -e $A/marks/gone ]]; then exec "$REAL" "$@"; fi; row=
fields=; want=; for word in "$@"; do if [[ $want == o ]]; then fields=$word; fi; want=; if [[ $word == -o ]]; then want=o; fi; done
for field in ${fields//,/ }; do
case $field in JobIDRaw) value=$(cat "$A/marks/id") ;; State) value=TIMEOUT ;; ExitCode) value=0:0 ;; NodeList) value=n1 ;; ElapsedRaw) value=3600 ;; Submit) value=1500000000 ;; JobName) value=thesis ;; *) value= ;; esac
row+=${row:+|}$value; done; echo "$row"'
  program sbatch <<<'if [[ $1 == --version ]]; then exec "$REAL" "$@"; fi; exec "$REAL" --begin=now+900 "$@"'
  site slurm ATTACK=none
  run_sprint 'an idea' || return 1
  echo "$JOB" >"$A/marks/id"; : >"$A/marks/gone"
  tick; age 100; tick
  local seen; seen="$(how)"
  scancel "$JOB"
  if [[ $(show reason) == time_limit ]]; then wrong "$seen"; else right "$seen"; fi
}

# every program of the login node says something on standard error
attack_noisy_programs() {
  local name
  for name in date id awk sed readlink; do
    program "$name" <<<'echo "ERROR: ld.so: object libx.so from LD_PRELOAD cannot be preloaded: ignored." >&2; exec "/usr/bin/${0##*/}" "$@"'
  done
  program squeue <<<'if [[ -e $A/marks/gone ]]; then exit 0; fi; exec "$REAL" "$@"'
  program sacct <<<'if [[ -e $A/marks/gone ]]; then exit 0; fi; exec "$REAL" "$@"'
  program sbatch <<<'if [[ $1 == --version ]]; then exec "$REAL" "$@"; fi; exec "$REAL" --begin=now+900 "$@"'
  site slurm ATTACK=none
  run_sprint 'an idea' || return 1
  : >"$A/marks/gone"
  settled
  scancel "$JOB" 2>/dev/null
  # without a clock it would be in doubt for ever
  if [[ $(show reason) == lost ]]; then right "$(how)"; else wrong "$(show status)"; fi
}

# the cluster has mem, the study mem-per-cpu
attack_two_memories() {
  site slurm ATTACK=none
  sed -i 's/^name = "c"$/&\njob_options = { mem = "300M" }/; s/^name = "s"$/&\njob_options = { mem-per-cpu = "100M" }/' "$A/project/researchloop.toml"
  local said; said=$(rl config check 2>&1)
  run_sprint 'an idea'
  local status; status=$(show status)
  [[ -z $JOB ]] || scancel "$JOB" 2>/dev/null
  if grep -q 'mem-per-cpu.*mem' <<<"$said" && [[ $status != failed ]]; then right "$status, and config check names both"; else wrong "$status $(show reason)"; fi
}
