//! The shell texts that drive SLURM on a front end.

use super::shell::{awk_head, prelude};

/// RL_JOBS has a line for each cluster: its name, or "-", and the numbers of the jobs.
/// An unknown user makes squeue complain, print nothing and exit with 0.
pub(super) const ASK: &str = concat!(
    prelude!("squeue"),
    r#"rl_me=$(id -un)
if [ -z "$rl_me" ]; then echo '! the user has no name on the front end'; echo 'queue 1'; exit 1; fi
printf '%s\n' "$RL_JOBS" | while read -r rl_cluster rl_ids; do
printf 'cluster %s\n' "$rl_cluster"
set --
if [ "$rl_cluster" != - ]; then set -- -M "$rl_cluster"; fi
rl_seen=$(rl_run "${RL_QUEUE_SECONDS:-100}" squeue "$@" -u "$rl_me" -h -t all -o '%i|%T|%N|%r' | awk -F'|' -v ids="$rl_ids" '"#,
    awk_head!(),
    r#"
{ id = $1; sub(/[^0-9].*$/, "", id) }
(id in ours) && NF > 2 {
    print "q " $0
    if ($2 !~ /^(BOOT_FAIL|CANCELLED|COMPLETED|DEADLINE|FAILED|LAUNCH_FAILED|NODE_FAIL|OUT_OF_ME|PREEMPTED|RECONFIG_FAIL|REVOKED|TIMEOUT)/) live[id] = 1
}
END {
    print "queue " status
    left = ""
    if (status == "0") for (i = 1; i <= count; i++) if (list[i] != "" && !(list[i] in live)) left = left (left == "" ? "" : ",") list[i]
    print "left " left
}')
printf '%s\n' "$rl_seen"
rl_left=${rl_seen##*left }
if [ -z "$rl_left" ]; then continue; fi
rl_run "${RL_ACCOUNTING_SECONDS:-60}" sacct "$@" -n -P -X -D -j "$rl_left" -o JobIDRaw,State,ExitCode,NodeList,ElapsedRaw,AllocTRES | awk -F'|' -v ids="$rl_left" '"#,
    awk_head!(),
    r#"
{ id = $1; sub(/[^0-9].*$/, "", id) }
(id in ours) && NF > 2 { print "a " $0 }
END { print "accounting " status }'
done"#
);

/// The environment would overrule the directives of the script, and LC_ALL, which our
/// scripts set for themselves, would travel into the job.
pub(super) const SUBMIT: &str = concat!(
    prelude!("sbatch"),
    r"trap '' HUP PIPE TERM
unset LC_ALL SBATCH_ARRAY_INX SBATCH_CLUSTERS SBATCH_ERROR SBATCH_INPUT SBATCH_JOB_NAME SBATCH_OPEN_MODE SBATCH_OUTPUT SBATCH_TIMELIMIT SBATCH_WAIT SBATCH_WRAP
sbatch --parsable run_sprint.sh"
);

/// Prints the ids of the jobs named `$RL_NAME`.
pub(super) const LOOK_UP: &str = concat!(
    prelude!("squeue"),
    r#"rl_me=$(id -un)
if [ -z "$rl_me" ]; then echo 'the user has no name on the front end'; exit 1; fi
rl_out=$(rl_limit "${RL_QUEUE_SECONDS:-100}" squeue -u "$rl_me" -h -t all -n "$RL_NAME" -o %i 2>&1) || { printf '%s\n' "$rl_out"; exit 1; }
case $rl_out in *'Invalid user'*) printf '%s\n' "$rl_out"; exit 1;; esac
printf '%s\n' "$rl_out"
command -v sacct >/dev/null 2>&1 || exit 0
rl_out=$(rl_limit "${RL_ACCOUNTING_SECONDS:-60}" sacct -n -P -X --name="$RL_NAME" -S now-14days -o JobIDRaw 2>&1)
rl_status=$?
case $rl_out in *'accounting storage is disabled'*) exit 0;; esac
printf '%s\n' "$rl_out"
exit "$rl_status""#
);

/// Ends the job `$RL_JOB`.
pub(super) const CANCEL: &str = concat!(
    prelude!("scancel"),
    r#"case $RL_JOB in
*';'*) scancel -M "${RL_JOB#*;}" "${RL_JOB%%;*}" ;;
*) scancel "$RL_JOB" ;;
esac"#
);

/// Says whether it works here, and its version.
pub(super) const PROBE: &str = concat!(
    prelude!("sbatch"),
    r#"rl_version=$(sbatch --version 2>&1) || { printf '%s\n' "$rl_version"; exit 1; }
rl_out=$(rl_limit 100 squeue -u "$(id -un)" -h -o %i 2>&1) || { printf '%s\n' "$rl_out"; exit 1; }
case $rl_out in *'Invalid user'*) printf '%s\n' "$rl_out"; exit 1;; esac
printf '%s\n' "$rl_version" | head -n 1"#
);
