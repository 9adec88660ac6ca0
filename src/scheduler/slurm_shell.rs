//! The shell texts that drive SLURM on a login node.

use super::look_up::{behind_the_accounting, behind_the_queue, look_up, look_up_all};
use super::shell::{awk_head, awk_listed, prelude};
use super::surroundings::surroundings;

/// State words of a job that is over, in the long form.
macro_rules! over {
    () => {
        "BOOT_FAIL|CANCELLED|COMPLETED|DEADLINE|FAILED|LAUNCH_FAILED|NODE_FAIL|OUT_OF_ME|PREEMPTED|RECONFIG_FAIL|REVOKED|TIMEOUT"
    };
}

/// Defines `rl_queue IDS [CLUSTER]`: asks the queue for all jobs of the user, and reads the answer. Polls,
/// look-ups, a cancel and the check of a cluster all ask by it, so that each knows what the others do.
///
/// The name comes last, behind the reason, which may hold anything: ours hold no separator. Of a job in
/// `IDS`, it prints `q` and the row, or `n ID|NAME` when the number is that of another job by now.
macro_rules! queue {
    () => {
        concat!(
            r#"rl_me=$(id -un 2>/dev/null)
rl_queue() {
if [ -z "$rl_me" ]; then printf '%s\n' '! the user has no name on the login node' 'queue 1'; return; fi
rl_ids=$1 rl_at=${2:--}
set --
if [ "$rl_at" != - ]; then set -- -M "$rl_at"; fi
rl_run "$(rl_left "${RL_PATIENCE:-100}")" squeue "$@" -u "$rl_me" --noheader -t all -o '%i|%T|%N|%r|%j' | RL_IDS=$rl_ids RL_AT=$rl_at awk -F'|' '"#,
            awk_head!(),
            awk_listed!(),
            r#"
{ id = $1; sub(/^ +/, "", id); sub(/[^0-9].*$/, "", id) }
id == "" || NF < 3 { if ($0 !~ /^CLUSTER: /) odd_line($0); next }
{ rows++ }
(id in ours) && !fits(id, NF > 4 ? $NF : "") { print "n " id "|" $NF }
fits(id, NF > 4 ? $NF : "") {
    print "q " $0
    if ($2 !~ /^("#,
            over!(),
            r#")/) live[id] = 1
    next
}
{ listed(ENVIRON["RL_AT"] == "-" ? id : id ";" ENVIRON["RL_AT"], $2, $NF) }
END {
    print "queue " verdict()
    rest = ""
    if (status == "0" || status == 97 || status == 98) for (i = 1; i <= count; i++) if (list[i] != "" && !(list[i] in live)) rest = rest (rest == "" ? "" : ",") list[i]
    print "left " rest
}'
}
"#
        )
    };
}

/// RL_JOBS has a line for each cluster: its name, or "-", and the numbers of the jobs with their names.
///
/// The answer stays in a variable: what else the request does comes in between, and then
/// the accounting, for what the queue does not list as alive.
pub(super) const ASK: &str = concat!(
    prelude!("squeue"),
    queue!(),
    r#"RL_SEEN=$({
printf '%s\n' "$RL_JOBS" | while read -r rl_cluster rl_asked; do
printf 'cluster %s\n' "$rl_cluster"
rl_queue "$rl_asked" "$rl_cluster"
done
} </dev/null 2>/dev/null)"#
);

/// Asks the accounting for what `ASK` has left.
pub(super) const ACCOUNTING: &str = concat!(
    r#"SLURM_TIME_FORMAT=%s; export SLURM_TIME_FORMAT
printf '%s\n' "$RL_SEEN" | sed -n 's/^cluster \(.\)/cluster \1/p; s/^left \(.\)/left \1/p' | while read -r rl_word rl_value; do
if [ "$rl_word" = cluster ]; then rl_cluster=$rl_value; printf 'cluster %s\n' "$rl_cluster"; continue; fi
set --
if [ "$rl_cluster" != - ]; then set -- -M "$rl_cluster"; fi
rl_ids=$(printf '%s\n' "$RL_JOBS" | while read -r rl_at rl_asked; do if [ "$rl_at" = "$rl_cluster" ]; then printf '%s\n' "$rl_asked"; fi; done)
rl_run "$(rl_left "${RL_ACCOUNTING_SECONDS:-60}")" sacct "$@" -n -P -X -D -j "$rl_value" -o JobIDRaw,State,ExitCode,NodeList,ElapsedRaw,AllocTRES,Submit,JobName | RL_IDS=$rl_ids awk -F'|' '"#,
    awk_head!(),
    r#"
{ id = $1; sub(/[^0-9].*$/, "", id) }
id == "" || NF < 3 { odd_line($0); next }
{ rows++ }
fits(id, NF > 7 ? $8 : "") { print "a " $0 }
END { print "accounting " verdict() }'
done"#
);

/// Defines `rl_named NAMES`: lists the jobs of these names that the accounting knows, from the time on
/// when the sprint was made (`RL_AGE`, in minutes). A site may allow a shorter time only: then less is asked
/// for, and that none is found in it says nothing.
macro_rules! named {
    () => {
        concat!(
            r#"rl_named() {
rl_back=${RL_AGE:-20160} rl_less=
while :; do
rl_out=$(rl_run "$(rl_left "${RL_ACCOUNTING_SECONDS:-60}")" sacct -n -P -X --name="$1" -S "now-${rl_back}minutes" -o JobIDRaw,State,JobName)
case $rl_out in *[Tt]'oo wide of a date range'*) ;; *) break ;; esac
if [ "$rl_back" -lt 30 ]; then break; fi
rl_back=$((rl_back / 4)) rl_less=1
done
case $rl_out in *'accounting storage is disabled'*) echo 'accounting 0'; return ;; esac
printf '%s\n' "$rl_out" | RL_LESS=$rl_less RL_LOOKED="$1" awk -F'|' '"#,
            awk_head!(),
            r#"
BEGIN { names = split(ENVIRON["RL_LOOKED"], looked, ","); for (i = 1; i <= names; i++) wanted[looked[i]] = 1 }
{ id = $1; sub(/[^0-9].*$/, "", id) }
id == "" || NF < 3 { odd_line($0); next }
{ rows++ }
($3 in wanted) && shown++ < 1000 { print "s " id "|" $2 "|" $3 }
END {
    if (verdict() == "0" && ENVIRON["RL_LESS"]) { complain("only a part of the time can be asked for"); status = 98 }
    print "accounting " status
}'
}
"#
        )
    };
}

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
pub(super) const LOOK_UP: &str =
    concat!(prelude!("squeue"), queue!(), named!(), look_up!("squeue", "sacct", over!()));

/// Lists the jobs of ours in the queue, and what the accounting knows of the names in `$RL_NAMES`.
pub(super) const LOOK_UP_ALL: &str =
    concat!(prelude!("squeue"), queue!(), named!(), look_up_all!("squeue", "sacct"));

/// Ends the jobs named `$RL_NAME`, and the job `$RL_JOB`, unless the queue gives that another name: where
/// its number comes from, the agent may have written.
pub(super) const CANCEL: &str = concat!(
    prelude!("scancel"),
    queue!(),
    r#"rl_number=${RL_JOB%%;*} rl_cluster=-
case $RL_JOB in *';'*) rl_cluster=${RL_JOB#*;} ;; esac
set --
if [ "$rl_cluster" != - ]; then set -- -M "$rl_cluster"; fi
rl_worst=0
if [ -n "$rl_me" ]; then rl_run "$(rl_left "${RL_PATIENCE:-100}")" scancel "$@" -u "$rl_me" --name="$RL_NAME" || rl_worst=$?; fi
rl_seen=$(rl_queue "$rl_number=$RL_NAME" "$rl_cluster" | sed -n '/^n /p; /^queue /p')
if [ "$rl_seen" = 'queue 0' ]; then rl_run "$(rl_left "${RL_PATIENCE:-100}")" scancel "$@" "$rl_number" || rl_worst=$?; fi
exit "$rl_worst""#
);

/// Says whether it works here, and its version: the queue is asked as each poll asks it.
pub(super) const PROBE: &str = concat!(
    "RL_FRESH=1\n",
    prelude!("sbatch"),
    queue!(),
    r#"RL_PATIENCE=100
rl_version=$(rl_run 60 sbatch --version)
case $? in 0 | 98) ;; *) printf '%s\n' "$rl_version" | rl_why sbatch; exit 1 ;; esac
rl_seen=$(rl_queue '')
if [ "$(printf '%s\n' "$rl_seen" | rl_status queue)" != 0 ]; then printf '%s\n' "$rl_seen" | rl_told queue squeue; exit 1; fi
printf '%s\n' "$rl_version" | rl_data | head -n 1"#
);

/// Prints the site's MessageTimeout: from the configuration where it can be read, else SLURM is asked.
pub(super) const MESSAGE_TIMEOUT: &str = concat!(
    prelude!("scontrol"),
    r#"rl_seconds() { sed -n 's/^[[:space:]]*[Mm][Ee][Ss][Ss][Aa][Gg][Ee][Tt][Ii][Mm][Ee][Oo][Uu][Tt][[:space:]]*=[[:space:]]*\([0-9][0-9]*\).*/\1/p' | tail -n 1; }
for rl_file in "$SLURM_CONF" /etc/slurm/slurm.conf /etc/slurm-llnl/slurm.conf /run/slurm/conf/slurm.conf; do
if [ -r "$rl_file" ]; then rl_out=$(rl_seconds <"$rl_file"); break; fi
done
if [ -z "$rl_out" ]; then rl_out=$(rl_run 60 scontrol show config | rl_data | rl_seconds); fi
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
