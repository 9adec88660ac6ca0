# shellcheck shell=bash
# shellcheck disable=SC2016,SC2034  # texts of programs that others run; values that lib.sh uses
# Attacks by what surrounds the program on a login node: variables of the account, default files of the
# schedulers' programs, login profiles, files that shells read at their start, an outer job.

# own_cell REQUEST QSTAT: the lab's Grid Engine with default files of its own
own_cell() {
  local entry lab=$SGE_ROOT
  mkdir -p "$A/sge/default/common"
  for entry in "$lab"/*; do [[ ${entry##*/} == default ]] || ln -s "$entry" "$A/sge/"; done
  for entry in "$lab"/default/*; do [[ ${entry##*/} == common ]] || ln -s "$entry" "$A/sge/default/"; done
  for entry in "$lab"/default/common/*; do ln -s "$entry" "$A/sge/default/common/"; done
  [[ -z $1 ]] || printf '%s\n' "$1" >"$A/sge/default/common/sge_request"
  [[ -z $2 ]] || printf '%s\n' "$2" >"$A/sge/default/common/sge_qstat"
  SGE_ROOT=$A/sge
}
# deed: standard input is what the agent does behind each step
deed() { cat >"$A/marks/deed"; chmod 644 "$A/marks/deed"; }

# the account's SBATCH_* speak of another partition, less memory and an account
attack_env_sbatch() {
  SURROUNDINGS=(SBATCH_PARTITION=short SBATCH_MEM_PER_NODE=100M SBATCH_REQUEUE= SBATCH_COMMENT=x SBATCH_CONSTRAINT=none SLURM_CPUS_PER_TASK=1 SLURM_NTASKS=2)
  MORE_CLUSTERS='job_options = { partition = "main", mem = "300M", no-requeue = "true", constraint = "" }' site slurm ATTACK=none
  unset 'SURROUNDINGS[4]'
  run_sprint 'an idea' || { wrong "$(how)"; return; }
  local job check
  job=$(scontrol show job "$JOB" | tr ' ' '\n' | grep -E '^(Partition|MinMemoryNode|Requeue|NumTasks)=' | sort -u | tr '\n' ' ')
  SURROUNDINGS+=(SBATCH_ACCOUNT=lab)
  check=$(rl cluster check c 2>&1 | grep -A2 defaults | tr '\n' ' ' | tr -s ' ')
  scancel "$JOB"
  if [[ $job == 'MinMemoryNode=300M NumTasks=1 Partition=main Requeue=0 ' && $check == *SBATCH_ACCOUNT* && $check == *SBATCH_PARTITION* ]]; then right "$job; check:$check"
  else wrong "$job; check:$check"; fi
}

# squeue, sacct and scancel are narrowed by the account's variables
attack_env_squeue() {
  SURROUNDINGS=(SQUEUE_PARTITION=gpu SQUEUE_STATES=PENDING SQUEUE_FORMAT2=jobid SACCT_FORMAT=jobname SCANCEL_STATE=PENDING SLURM_TIME_FORMAT=%s)
  MORE_CLUSTERS='job_options = { partition = "main" }' site slurm ATTACK=silent
  run_sprint 'an idea' && within 60 marked acted || return 1
  ticks_until_over 150
  local seen; seen=$(how)
  rl sprint cancel --no-wait "$ID" >>"$A/log" 2>&1
  sleep 6
  local left; left=$(queued "$JOB")
  scancel "$JOB"
  if [[ $seen == running* && $left != RUNNING ]]; then right "$seen after 150 s; ${left:-gone} behind a cancel"; else wrong "$seen after 150 s; ${left:-gone} behind a cancel"; fi
}

# the program itself is inside of a job: its agent cannot use srun
attack_outer_job() {
  deed <<<'env | grep -E "^SLURM_(MEM|JOB_ID)" | sort | tr "\n" " " >$ATTACK_MARKS/env; srun -n1 true >$ATTACK_MARKS/srun 2>&1; echo "srun: $?" >>$ATTACK_MARKS/env'
  SURROUNDINGS=(SLURM_JOB_ID=1 SLURM_MEM_PER_CPU=100 SLURM_STEP_ID=0 SLURM_JOB_NAME=outer SLURM_CPU_BIND_TYPE=mask_cpu:)
  MORE_CLUSTERS='job_options = { mem = "300M" }' site slurm ATTACK=deed
  run_sprint 'an idea' || return 1
  ticks_until_over 120
  local seen; seen=$(tr '\n' ' ' <"$A/marks/env")
  if [[ $seen == *'srun: 0'* && $seen != *MEM_PER_CPU* ]]; then right "$seen"; else wrong "$seen $(tail -n 1 "$A/marks/srun" | cut -c1-90)"; fi
}

# a local job inside of a job of SLURM
attack_outer_job_local() {
  SURROUNDINGS=(SLURM_JOB_ID=777 JOB_ID=778)
  site local ATTACK=none
  run_sprint 'an idea' || return 1
  ticks_until_over 60
  local claim; claim=$(cd "$A/work" && readlink s/*/.researchloop/claim-1)
  if [[ $claim == local-* && $(show status) == completed ]]; then right "$(how) as $claim"; else wrong "$(how) as $claim"; fi
}

# the profile that a job reads says other things of it than SLURM
attack_job_profile() {
  deed <<<'env | grep -E "^SLURM_(MEM|CPUS)_PER" | sort | tr "\n" " " >$ATTACK_MARKS/env'
  echo 'export SLURM_MEM_PER_CPU=100 SLURM_CPUS_PER_TASK=9' >"$A/home/.bashrc"
  MORE_CLUSTERS='job_options = { mem = "300M", cpus-per-task = "1" }' site slurm ATTACK=deed
  run_sprint 'an idea' || return 1
  ticks_until_over 120
  local seen; seen=$(cat "$A/marks/env")
  if [[ $seen == 'SLURM_CPUS_PER_TASK=1 SLURM_MEM_PER_NODE=300 ' ]]; then right "$seen"; else wrong "$seen"; fi
}

# Grid Engine's default requests: a binary, held, an array, verified only; and one that is to stay
attack_sge_request() {
  own_cell $'-b y -sync y\n-h -t 1-3 -A lab\n-w v' ''
  site sge ATTACK=hang2
  run_sprint 'an idea' || return 1
  local account; account=$("$SGE_PROGRAMS/qstat" -j "$JOB" 2>>"$A/log" | sed -n 's/^account: *//p')
  ticks_until_over 120
  if [[ $(show status) == completed && $account == lab ]]; then right "$(how), account $account"; else wrong "$(how), account $account: $(show note | cut -c1-80)"; fi
  # those that are held, or that nobody knows of
  "$SGE_PROGRAMS/qdel" "rl-$ID-*" >/dev/null 2>&1
}

# a default of qstat shows waiting jobs only
attack_sge_qstat() {
  own_cell '' '-s p -g c'
  site sge ATTACK=silent
  run_sprint 'an idea' && within 90 marked acted || return 1
  ticks_until_over 150
  local seen; seen=$(how)
  "$SGE_PROGRAMS/qdel" "$JOB" >/dev/null 2>&1
  if [[ $seen == running* ]]; then right "$seen after 150 s"; else wrong "$seen after 150 s"; fi
}

# a default of qstat that nothing overrules hides all jobs
attack_sge_qstat_pe() {
  own_cell '' '-pe none'
  site sge ATTACK=silent
  run_sprint 'an idea'
  within 90 marked acted || { right "not submitted: $(show note | cut -c1-90)"; return; }
  ticks_until_over 150
  local seen checked; seen=$(how) checked=$(rl cluster check c 2>&1 | grep -A3 scheduler | grep -o 'take .*')
  "$SGE_PROGRAMS/qdel" "$JOB" >/dev/null 2>&1
  if [[ $seen == running* && -n $checked ]]; then right "$seen after 150 s; cluster check: ${checked//$A/}"; else wrong "$seen after 150 s; cluster check: ${checked:-nothing}"; fi
}

# a job that takes the whole environment along
attack_sge_locale() {
  deed <<<'echo "${LC_ALL-unset}" >$ATTACK_MARKS/env'
  MORE_CLUSTERS='job_options = { V = "true" }' site sge ATTACK=deed
  run_sprint 'an idea' || return 1
  ticks_until_over 120
  local seen; seen=$(cat "$A/marks/env")
  if [[ $seen == unset ]]; then right "LC_ALL is $seen"; else wrong "LC_ALL is ${seen:-not known}"; fi
}

# qsub is there, and only a login shell knows where Grid Engine is
attack_login_sge() {
  local name
  for name in qsub qstat qacct qdel; do
    program "$name" <<<'if [[ -z $SGE_ROOT ]]; then echo "Unable to initialize environment because of error: Please set the environment variable SGE_ROOT." >&2; exit 1; fi; exec "$REAL" "$@"'
  done
  echo "export SGE_ROOT=$SGE_ROOT SGE_CELL=$SGE_CELL SGE_QMASTER_PORT=$SGE_QMASTER_PORT SGE_EXECD_PORT=$SGE_EXECD_PORT" >"$A/home/.bash_profile"
  SURROUNDINGS=(-u SGE_ROOT -u SGE_CELL -u SGE_QMASTER_PORT -u SGE_EXECD_PORT)
  site sge ATTACK=none
  local checked=0
  rl cluster check c >>"$A/log" 2>&1 || checked=$?
  run_sprint 'an idea' || return 1
  ticks_until_over 120
  if [[ $(show status) == completed && $checked == 0 ]]; then right "$(how); cluster check: $checked"; else wrong "$(how); cluster check: $checked"; fi
}

# few: a PATH without the scheduler
few() {
  mkdir "$A/few"
  ln -s /usr/bin/* "$A/few/"
  rm -f "$A"/few/{sbatch,squeue,sacct,scancel,scontrol,sinfo,srun}
}

# a login profile, the only way to SLURM, that takes 25 s
attack_login_slow() {
  few
  printf 'echo x >>%s/marks/profiles\nsleep 25\nexport PATH=%s:/usr/bin:$PATH SLURM_CONF=%s\n' "$A" "$RL_LAB_BIN" "$SLURM_CONF" >"$A/home/.bash_profile"
  SURROUNDINGS=(-u SLURM_CONF "PATH=$A/few")
  site slurm ATTACK=none
  run_sprint 'an idea' || return 1
  local first; first="$(show status): $(show note | cut -c1-90)"
  ticks_until_over 150
  local asked; asked=$(wc -l <"$A/marks/profiles")
  if [[ $(show status) == completed && $first == *'longer than 20 s'* ]] && (( asked <= 2 )); then right "$first; then $(how); $asked logins"; else wrong "$first; then $(how); $asked logins"; fi
}

# a login profile that becomes another shell
attack_login_other_shell() {
  few
  echo 'exec tcsh' >"$A/home/.bash_profile"
  SURROUNDINGS=(-u SLURM_CONF "PATH=$A/few")
  site slurm ATTACK=none
  run_sprint 'an idea' || return 1
  local first; first="$(show status): $(show note | cut -c1-120)"
  # mended by its owner
  echo "export PATH=$RL_LAB_BIN:/usr/bin:\$PATH SLURM_CONF=$SLURM_CONF" >"$A/home/.bash_profile"
  ticks_until_over 100
  if [[ $(show status) == completed ]]; then right "$first; then $(how)"; else wrong "$first; then $(how)"; fi
}

# what an account's shell reads at its start disturbs, and a wrapper that splits words
attack_startup_files() {
  local port=$((20000 + RANDOM % 9000)) said seen=() bad=0 sshd try
  printf '#!/bin/bash\n. %s/rc\nexec bash -c "$SSH_ORIGINAL_COMMAND"\n' "$A" >"$A/shell"
  chmod 755 "$A/shell"
  printf 'Port %s\nListenAddress 127.0.0.1\nHostKey %s/sshd/host_ed25519\nPidFile none\nAuthorizedKeysFile %s/sshd/authorized_keys\nStrictModes no\nUsePAM no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nForceCommand %s/shell\n' \
    "$port" "$STATE" "$STATE" "$A" >"$A/sshd.conf"
  /usr/sbin/sshd -D -f "$A/sshd.conf" >>"$A/log" 2>&1 & sshd=$!
  sed "s/^[^ ]*/[127.0.0.1]:$port/" "$RL_LAB_KNOWN_HOSTS" >"$A/known_hosts"
  site local ATTACK=none
  sed -i "s,^host = .*,host = \"127.0.0.1\"\nport = $port\nuser = \"rl-lab\"\nkey_path = \"$RL_LAB_KEY\"\nknown_hosts = \"$A/known_hosts\"," "$A/project/researchloop.toml"
  sed -i '/^transport = /d' "$A/project/researchloop.toml"
  for try in 'read -r -n 1 x' 'read -r x' 'exec python3 -' 'exit 0' 'exec $SSH_ORIGINAL_COMMAND' ':'; do
    echo "$try" >"$A/rc"
    said=$(cd "$A/project" && env -i "HOME=$A/home" PATH=/usr/bin:/bin "$BIN" cluster check c 2>&1 </dev/null)
    printf '== %s\n%s\n' "$try" "$said" >>"$A/log"
    case $try:$said in
    :*'ok    connection'* | *SSH_ORIGINAL*rewrites* | *'only when interactive'*) seen+=("named: $try") ;;
    *) seen+=("not named: $try"); bad=1 ;;
    esac
  done
  kill "$sshd"
  if (( bad )); then wrong "$(IFS=';'; echo "${seen[*]}")"; else right "$(IFS=';'; echo "${seen[*]}")"; fi
}
