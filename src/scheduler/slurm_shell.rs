//! The shell texts that drive SLURM on a front end.

use super::shell::{awk_head, awk_listed, prelude};
use super::surroundings::surroundings;

/// RL_JOBS has a line for each cluster: its name, or "-", and the numbers of the jobs. The
/// name comes last, behind the reason, which may hold anything: ours hold no separator.
///
/// The answer stays in a variable: what else the request does comes in between, and then
/// the accounting, for what the queue does not list as alive.
pub(super) const ASK: &str = concat!(
    prelude!("squeue"),
    r#"rl_me=$(id -un)
RL_SEEN=$({
if [ -z "$rl_me" ]; then echo '! the user has no name on the front end'; echo 'queue 1'; exit 1; fi
printf '%s\n' "$RL_JOBS" | while read -r rl_cluster rl_ids; do
printf 'cluster %s\n' "$rl_cluster"
set --
if [ "$rl_cluster" != - ]; then set -- -M "$rl_cluster"; fi
rl_run "$(rl_left "${RL_QUEUE_SECONDS:-100}")" squeue "$@" -u "$rl_me" -h -t all -o '%i|%T|%N|%r|%j' | awk -F'|' -v ids="$rl_ids" -v cluster="$rl_cluster" '"#,
    awk_head!(),
    awk_listed!(),
    r#"
{ id = $1; sub(/[^0-9].*$/, "", id) }
(id in ours) && NF > 2 {
    print "q " $0
    if ($2 !~ /^(BOOT_FAIL|CANCELLED|COMPLETED|DEADLINE|FAILED|LAUNCH_FAILED|NODE_FAIL|OUT_OF_ME|PREEMPTED|RECONFIG_FAIL|REVOKED|TIMEOUT)/) live[id] = 1
    next
}
NF > 2 { listed(cluster == "-" ? id : id ";" cluster, $2, $NF) }
END {
    print "queue " status
    rest = ""
    if (status == "0") for (i = 1; i <= count; i++) if (list[i] != "" && !(list[i] in live)) rest = rest (rest == "" ? "" : ",") list[i]
    print "left " rest
}'
done
} </dev/null 2>/dev/null)"#
);

/// Asks the accounting for what `ASK` has left.
pub(super) const ACCOUNTING: &str = concat!(
    r#"printf '%s\n' "$RL_SEEN" | sed -n 's/^cluster \(.\)/cluster \1/p; s/^left \(.\)/left \1/p' | while read -r rl_word rl_value; do
if [ "$rl_word" = cluster ]; then rl_cluster=$rl_value; printf 'cluster %s\n' "$rl_cluster"; continue; fi
set --
if [ "$rl_cluster" != - ]; then set -- -M "$rl_cluster"; fi
rl_run "$(rl_left "${RL_ACCOUNTING_SECONDS:-60}")" sacct "$@" -n -P -X -D -j "$rl_value" -o JobIDRaw,State,ExitCode,NodeList,ElapsedRaw,AllocTRES | awk -F'|' -v ids="$rl_value" '"#,
    awk_head!(),
    r#"
{ id = $1; sub(/[^0-9].*$/, "", id) }
(id in ours) && NF > 2 { print "a " $0 }
END { print "accounting " status }'
done"#
);

/// The environment would overrule the directives of the script: `$RL_OVERRULED` are the variables of the
/// options that are configured. LC_ALL, which our scripts set for themselves, would travel into the job.
/// sbatch by itself sends where it is, with all links resolved: a path that the nodes may not have. They
/// get it as it is configured.
pub(super) const SUBMIT: &str = concat!(
    prelude!("sbatch"),
    r#"if ! rl_has sbatch; then rl_absent sbatch; fi
trap '' HUP PIPE TERM
unset LC_ALL
rl_apart sbatch --parsable --chdir="$RL_DIR" run_sprint.sh"#
);

/// Prints the ids of the jobs named `$RL_NAME`.
pub(super) const LOOK_UP: &str = concat!(
    prelude!("squeue"),
    r#"rl_me=$(id -un)
if [ -z "$rl_me" ]; then echo 'the user has no name on the front end'; exit 1; fi
rl_out=$(rl_run "$(rl_left "${RL_QUEUE_SECONDS:-100}")" squeue -u "$rl_me" -h -t all -n "$RL_NAME" -o %i) || { printf '%s\n' "$rl_out" | rl_why squeue; exit 1; }
printf '%s\n' "$rl_out" | rl_data
if [ -n "$RL_QUEUE_ONLY" ] || ! command -v sacct >/dev/null 2>&1; then exit 0; fi
rl_out=$(rl_run "$(rl_left "${RL_ACCOUNTING_SECONDS:-60}")" sacct -n -P -X --name="$RL_NAME" -S now-14days -o JobIDRaw)
rl_status=$?
case $rl_out in *'accounting storage is disabled'*) exit 0 ;; esac
if [ "$rl_status" != 0 ]; then printf '%s\n' "$rl_out" | rl_why sacct; exit 1; fi
printf '%s\n' "$rl_out" | rl_data"#
);

/// Lists the jobs of ours in the queue, and what the accounting knows of the names in `$RL_NAMES`.
pub(super) const LOOK_UP_ALL: &str = concat!(
    prelude!("squeue"),
    r#"rl_me=$(id -un)
if [ -z "$rl_me" ]; then echo 'the user has no name on the front end'; exit 1; fi
rl_out=$(rl_run "$(rl_left "${RL_QUEUE_SECONDS:-100}")" squeue -u "$rl_me" -h -t all -o '%i|%T|%j') || { printf '%s\n' "$rl_out" | rl_why squeue; exit 1; }
rl_listed() { rl_data | awk -F'|' '"#,
    awk_listed!(),
    r#"
{ id = $1; sub(/[^0-9].*$/, "", id) }
NF > 1 { listed(id, NF > 2 ? $2 : "", $NF) }'; }
printf '%s\n' "$rl_out" | rl_listed
command -v sacct >/dev/null 2>&1 || exit 0
rl_out=$(rl_run "$(rl_left "${RL_ACCOUNTING_SECONDS:-60}")" sacct -n -P -X --name="$RL_NAMES" -S now-14days -o JobIDRaw,State,JobName)
rl_status=$?
case $rl_out in *'accounting storage is disabled'*) exit 0 ;; esac
if [ "$rl_status" != 0 ]; then printf '%s\n' "$rl_out" | rl_why sacct; exit 1; fi
printf '%s\n' "$rl_out" | rl_listed | sed 's/^s \([^|]*\)|[^|]*|/s \1|-|/'"#
);

/// Ends the jobs named `$RL_NAME`, and the job `$RL_JOB`, unless the queue gives that another name: where
/// its number comes from, the agent may have written.
pub(super) const CANCEL: &str = concat!(
    prelude!("scancel"),
    r#"rl_me=$(id -un)
set --
case $RL_JOB in *';'*) set -- -M "${RL_JOB#*;}" ;; esac
rl_worst=0
if [ -n "$rl_me" ]; then rl_run "$(rl_left "${RL_QUEUE_SECONDS:-100}")" scancel "$@" -u "$rl_me" --name="$RL_NAME" || rl_worst=$?; fi
rl_named=$(rl_run "$(rl_left "${RL_QUEUE_SECONDS:-100}")" squeue "$@" -h -j "${RL_JOB%%;*}" -o %j | rl_data | sed '/^CLUSTER:/d' | head -n 1)
case $rl_named in
'' | "$RL_NAME" | *'|'*) rl_run "$(rl_left "${RL_QUEUE_SECONDS:-100}")" scancel "$@" "${RL_JOB%%;*}" || rl_worst=$? ;;
esac
exit "$rl_worst""#
);

/// Says whether it works here, and its version.
pub(super) const PROBE: &str = concat!(
    "RL_FRESH=1\n",
    prelude!("sbatch"),
    r#"rl_version=$(rl_run 60 sbatch --version) || { printf '%s\n' "$rl_version" | rl_why sbatch; exit 1; }
rl_out=$(rl_run 100 squeue -u "$(id -un)" -h -o %i) || { printf '%s\n' "$rl_out" | rl_why squeue; exit 1; }
printf '%s\n' "$rl_version" | rl_data | head -n 1"#
);

/// Prints the site's MessageTimeout: from the configuration where it can be read, else SLURM is asked.
pub(super) const MESSAGE_TIMEOUT: &str = concat!(
    prelude!("scontrol"),
    r#"rl_seconds() { sed -n 's/^[[:space:]]*[Mm][Ee][Ss][Ss][Aa][Gg][Ee][Tt][Ii][Mm][Ee][Oo][Uu][Tt][[:space:]]*=[[:space:]]*\([0-9][0-9]*\).*/\1/p' | tail -n 1; }
for rl_file in "$SLURM_CONF" /etc/slurm/slurm.conf /etc/slurm-llnl/slurm.conf /run/slurm/conf/slurm.conf; do
if [ -r "$rl_file" ]; then rl_out=$(rl_seconds <"$rl_file"); break; fi
done
if [ -z "$rl_out" ]; then rl_out=$(rl_run 60 scontrol show config | rl_seconds); fi
printf '%s\n' "$rl_out""#
);

/// Names what the account has set that may change what is asked of SLURM: lines `variable NAME`, and
/// `file PATH: WORDS` of the user's defaults, which count where the job script says nothing.
pub(super) const DEFAULTS: &str = concat!(
    surroundings!(),
    r#"for rl_name in $(rl_names); do
case $rl_name in SBATCH_*) echo "variable $rl_name" ;; *) if rl_foreign "$rl_name"; then echo "variable $rl_name"; fi ;; esac
done
if [ -r ~/.slurm/defaults ]; then echo "file ~/.slurm/defaults: $(grep -v '^#' ~/.slurm/defaults | grep -v '^srun\|^salloc' | head -n 20 | tr '\n\t' '  ' | cut -c1-300)"; fi"#
);
