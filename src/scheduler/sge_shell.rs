//! The shell texts that drive Grid Engine on a front end.

use super::shell::{awk_head, prelude};

/// The plain form of qstat cuts names and has no fixed columns, so the XML is cut at its
/// angle brackets. It is whole when its outermost element is closed.
pub(super) const ASK: &str = concat!(
    prelude!("qstat"),
    r#"rl_me=$(id -un)
rl_seen=$(rl_run "${RL_QUEUE_SECONDS:-100}" qstat -xml -r -u "$rl_me" | tr '<' '\n' | awk -F'>' -v ids="$RL_JOBS" '"#,
    awk_head!(),
    r#"
/^job_info/ { open++; begun = 1 }
/^\/job_info/ { open-- }
$1 == "JB_job_number" { id = $2; letters = ""; waits = "" }
$1 == "state" { letters = $2 }
$1 == "predecessor_jobs" { waits = waits " " $2 }
$1 == "/job_list" && (id in ours) {
    print "q " id "|" letters "|" waits
    if (letters !~ /^z/) here[id] = 1
    if (letters ~ /E/) wrong = wrong (wrong == "" ? "" : ",") id
}
END {
    if (status == "0" && (!begun || open != 0)) status = -1
    print "queue " status
    left = ""
    if (status == "0") for (i = 1; i <= count; i++) if (list[i] != "" && !(list[i] in here)) left = left (left == "" ? "" : ",") list[i]
    print "wrong " wrong
    print "left " left
}')
printf '%s\n' "$rl_seen"
rl_left=${rl_seen##*left }
rl_wrong=${rl_seen##*wrong }
rl_wrong=${rl_wrong%%
*}
if [ -n "$rl_wrong" ]; then
rl_limit "$((${RL_ACCOUNTING_SECONDS:-60} / 2 + 1))" qstat -j "$rl_wrong" </dev/null 2>/dev/null | awk '
$1 == "job_number:" { id = $2 }
/^error reason/ { sub(/^error reason *[0-9]*: */, ""); print "e " id "|" substr($0, 1, 400) }'
fi
case $rl_left in
'') exit 0 ;;
*,*) set -- -o "$rl_me" -j ;;
*) set -- -j "$rl_left" ;;
esac
rl_run "${RL_ACCOUNTING_SECONDS:-60}" qacct "$@" | awk -v ids="$rl_left" -v me="$rl_me" '"#,
    awk_head!(),
    r#"
function keep() {
    if (id in ours && owner == me) {
        # What a run took before it went back to the queue belongs to the job.
        total[id] = again[id] ? total[id] + wall : wall
        again[id] = failed ~ /^2[45]( |$)/ || code == 99
        last[id] = id "|" code "|" host "|" total[id] "|" failed
    }
    id = ""
}
/^=====/ { keep() }
$1 == "hostname" { host = $2 }
$1 == "owner" { owner = $2 }
$1 == "jobnumber" { id = $2 }
$1 == "failed" { failed = $0; sub(/^failed */, "", failed) }
$1 == "exit_status" { code = $2 }
$1 == "ru_wallclock" { wall = $2 + 0 }
END {
    keep()
    for (i = 1; i <= count; i++) if (list[i] in last) print "a " last[list[i]]
    print "accounting " status
}'"#
);

/// Submits `run_sprint.sh`.
pub(super) const SUBMIT: &str = concat!(
    prelude!("qsub"),
    r"trap '' HUP PIPE TERM
qsub -terse run_sprint.sh"
);

/// Prints the ids of the jobs named `$RL_NAME`.
pub(super) const LOOK_UP: &str = concat!(
    prelude!("qstat"),
    r#"rl_out=$(rl_limit "${RL_QUEUE_SECONDS:-100}" qstat -xml -r -u "$(id -un)" 2>&1) || { printf '%s\n' "$rl_out" | head -n 20; exit 1; }
rl_ids=$(printf '%s\n' "$rl_out" | tr '<' '\n' | awk -F'>' -v name="$RL_NAME" '
/^job_info/ { open++; begun = 1 }
/^\/job_info/ { open-- }
$1 == "JB_job_number" { id = $2 }
$1 == "full_job_name" && $2 == name { print id }
END { exit !begun || open != 0 }') || { echo 'the answer of qstat was cut off'; exit 1; }
if [ -n "$rl_ids" ]; then printf '%s\n' "$rl_ids"; exit 0; fi
command -v qacct >/dev/null 2>&1 || exit 0
rl_out=$(rl_limit "${RL_ACCOUNTING_SECONDS:-60}" qacct -o "$(id -un)" -j "$RL_NAME" 2>&1)
rl_status=$?
case $rl_status:$rl_out in
0:*) ;;
*' not found'* | *'No such file'* | *'no jobs running since startup'*) exit 0 ;;
*) printf '%s\n' "$rl_out" | head -n 20; exit 1 ;;
esac
printf '%s\n' "$rl_out" | awk -v name="$RL_NAME" '
$1 == "jobname" { ours = ($2 == name) }
ours && $1 == "jobnumber" { print $2 }'"#
);

/// Ends the job `$RL_JOB`.
pub(super) const CANCEL: &str = concat!(prelude!("qdel"), r#"qdel "$RL_JOB""#);

/// Says whether it works here, and its version.
pub(super) const PROBE: &str = concat!(
    prelude!("qstat"),
    r#"rl_version=$(qstat -help 2>&1 | head -n 1)
rl_out=$(rl_limit 130 qstat -u "$(id -un)" 2>&1) || { printf '%s\n' "$rl_out" | head -n 20; exit 1; }
printf '%s\n' "$rl_version""#
);
