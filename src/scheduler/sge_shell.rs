//! The shell texts that drive Grid Engine on a login node.

use super::look_up::{behind_the_accounting, behind_the_queue, look_up, look_up_all};
use super::shell::{awk_head, awk_listed, prelude};
use super::surroundings::surroundings;

/// Defines what the default files of Grid Engine's programs need. The command line replaces what they say
/// under the same name, but some of their options have no opposite, and others hide jobs.
/// - `rl_files NAME`: the files, the one that counts most last. The home directory is that of the
///   user database, whatever HOME says
/// - `rl_request hinders`: the options in them that keep a job from being what its script says and that
///   nothing on a command line undoes; `rl_request rest`: all the others; `rl_request waits`: whether qsub
///   is to wait for the end of its job, which nothing undoes at all
/// - `rl_jobs SECONDS`: asks the queue for all jobs of the user
macro_rules! defaults {
    () => {
        r#"rl_files() {
rl_passwd=$(getent passwd "$(id -u)" 2>/dev/null | cut -d: -f6)
for rl_file in "$SGE_ROOT/${SGE_CELL:-default}/common/$1" "${rl_passwd:-$HOME}/.$1" "$2"; do
if [ -f "$rl_file" ] && [ -r "$rl_file" ]; then printf '%s
' "$rl_file"; fi
done
}
rl_request() {
rl_files sge_request ./.sge_request | while IFS= read -r rl_file; do cat "$rl_file"; echo; done | awk -v mode="$1" '
/^[[:space:]]*#/ { next }
{
    for (i = 1; i <= NF; i++) {
        two = $i " " $(i + 1)
        if ($i == "-clear") { kept = ""; hinders = "" }
        else if ($i ~ /^-(h|verify)$/) hinders = hinders $i "\n"
        else if ($i ~ /^-(hold_jid|hold_jid_ad|t|tc|a|dl|i|pty)$/ || two ~ /^-w [vp]$/) { hinders = hinders two "\n"; i++ }
        else if ($i ~ /^-(b|C|sync|now|shell)$/) { if (two ~ /^-sync y/) waits = "y"; i++ }
        else kept = kept $i " "
    }
    if (kept !~ /\n$/) kept = kept "\n"
}
END { printf "%s", mode == "rest" ? kept : mode == "waits" ? waits : hinders }'
}
rl_jobs() {
rl_hides=$(rl_files sge_qstat | while IFS= read -r rl_file; do cat "$rl_file"; echo; done | awk '
/^[[:space:]]*#/ { next }
{ for (i = 1; i <= NF; i++) if ($i ~ /^-(q|g|pe|j|l|qs|U|help)$/) printf "%s ", $i }')
rl_seconds=$1
set -- -xml -r -u "$rl_me" -s prs
for rl_word in $rl_hides; do
case $rl_word in
-q) set -- "$@" -q '*' ;;
-g) set -- "$@" -g d ;;
*)
printf '\n!1\na default file of qstat hides jobs: take %s out of %s\n' "$rl_word" "$(rl_files sge_qstat | tail -n 1)"
return 1
;;
esac
done
rl_run "$rl_seconds" qstat "$@"
}
"#
    };
}

/// Defines `rl_queue IDS`: asks the queue for all jobs of the user, and reads the answer. Polls, look-ups
/// and the check of a cluster all ask by it, so that each knows what the others do.
///
/// The plain form of qstat cuts names and has no fixed columns, so the XML is cut at its
/// angle brackets. It is whole when its outermost element is closed. Of a job in `IDS`, it prints
/// `q ID|LETTERS|PREDECESSORS`, or `n ID|NAME` when the number is that of another job by now.
macro_rules! queue {
    () => {
        concat!(
            defaults!(),
            r#"rl_me=$(id -un 2>/dev/null)
rl_queue() {
rl_jobs "$(rl_left "${RL_PATIENCE:-100}")" | tr '<' '\n' | RL_IDS=$1 awk -F'>' '"#,
            awk_head!(),
            awk_listed!(),
            r#"
/^job_info/ { open++; begun = 1; rows++ }
/^\/job_info/ { open-- }
$1 == "JB_job_number" { id = $2; letters = ""; waits = ""; name = "" }
$1 == "state" { letters = $2 }
$1 == "full_job_name" { name = $2 }
$1 == "predecessor_jobs" { waits = waits " " $2 }
$1 == "/job_list" && fits(id, name) {
    print "q " id "|" letters "|" waits
    if (letters !~ /^z/) here[id] = 1
    if (letters ~ /E/) wrong = wrong (wrong == "" ? "" : ",") id
    next
}
$1 == "/job_list" && (id in ours) { print "n " id "|" name }
$1 == "/job_list" { listed(id, letters, name) }
!begun { odd_line($0) }
END {
    verdict()
    if ((status == "0" || status == 98) && (!begun || open != 0)) status = -1
    print "queue " status
    rest = ""
    if (status == "0" || status == 97 || status == 98) for (i = 1; i <= count; i++) if (list[i] != "" && !(list[i] in here)) rest = rest (rest == "" ? "" : ",") list[i]
    print "wrong " wrong
    print "left " rest
}'
}
"#
        )
    };
}

/// RL_JOBS are the numbers of the jobs with their names.
///
/// The answer stays in a variable: what else the request does comes in between, and then
/// the accounting, for what the queue does not list.
pub(super) const ASK: &str = concat!(
    prelude!("qstat"),
    queue!(),
    r#"RL_SEEN=$({
rl_seen=$(rl_queue "$RL_JOBS")
printf '%s\n' "$rl_seen"
rl_wrong=$(printf '%s\n' "$rl_seen" | sed -n 's/^wrong //p')
if [ -n "$rl_wrong" ]; then
rl_run "$(rl_left 30)" qstat -j "$rl_wrong" | rl_data | awk '
$1 == "job_number:" { id = $2 }
/^error reason/ { sub(/^error reason *[0-9]*: */, ""); print "e " id "|" substr($0, 1, 400) }'
fi
} </dev/null 2>/dev/null)"#
);

/// Asks the accounting for what `ASK` has left.
pub(super) const ACCOUNTING: &str = concat!(
    r#"rl_rest=$(printf '%s\n' "$RL_SEEN" | sed -n 's/^left //p')
case $rl_rest in
'') exit 0 ;;
*,*) set -- -o "$rl_me" -j ;;
*) set -- -j "$rl_rest" ;;
esac
rl_run "$(rl_left "${RL_ACCOUNTING_SECONDS:-60}")" qacct "$@" | RL_IDS=$RL_JOBS RL_REST=$rl_rest RL_ME=$rl_me awk '"#,
    awk_head!(),
    r#"
BEGIN { rests = split(ENVIRON["RL_REST"], rest, ",") }
function keep() {
    if (fits(id, name) && owner == ENVIRON["RL_ME"]) {
        # What a run took before it went back to the queue belongs to the job. What cannot be read is no time.
        if (wall !~ /^[0-9]+([.][0-9]*)?s?$/) wall = ""
        sub(/s$/, "", wall)
        total[id] = wall == "" || again[id] && total[id] == "" ? "" : again[id] ? int(total[id] + wall) : int(wall)
        again[id] = failed ~ /^2[45]( |$)/ || code == 99
        last[id] = id "|" code "|" host "|" total[id] "|" sent "|" failed
    }
    id = ""; name = ""; owner = ""; code = ""; host = ""; wall = ""; failed = ""; sent = ""
}
function value() { text = $0; sub(/^[a-z_]+[ \t]+/, "", text); sub(/[ \t]+$/, "", text); return text }
/^=====/ { keep(); rows++; next }
$1 == "hostname" { host = $2 }
$1 == "owner" { owner = value() }
$1 == "jobname" { name = value() }
$1 == "jobnumber" { id = $2 }
$1 == "qsub_time" || $1 == "submission_time" { sent = value(); gsub(/[|]/, " ", sent) }
$1 == "failed" { failed = value() }
$1 == "exit_status" { code = value(); sub(/[ \t].*/, "", code) }
$1 == "ru_wallclock" { wall = $2 }
!rows { odd_line($0) }
END {
    keep()
    for (i = 1; i <= rests; i++) if (rest[i] in last) print "a " last[rest[i]]
    print "accounting " verdict()
}'"#
);

/// Submits `run_sprint.sh`, with its folder as it is configured: `-cwd` would take where qsub is, with all
/// links resolved. LC_ALL, which our scripts set for themselves, would travel into a job that takes
/// the whole environment along. Where the default files hold what no option undoes, all of them are put
/// aside, and what else they say is given on the command line, before the script's own lines.
pub(super) const SUBMIT: &str = concat!(
    prelude!("qsub"),
    defaults!(),
    r##"# A qsub that waits keeps what it has to say until then; one that is asked to end takes its job along.
rl_impatient() {
qsub "$@" &
rl_pid=$!
while kill -0 "$rl_pid" 2>/dev/null; do
sleep 1
rl_id=$(rl_run 60 qstat -j "$RL_NAME" | rl_data | sed -n 's/^job_number: *//p' | tail -n 1)
if [ -n "$rl_id" ]; then
kill -KILL "$rl_pid" 2>/dev/null
wait "$rl_pid" 2>/dev/null
printf '%s\n' "$rl_id"
return 0
fi
done
wait "$rl_pid"
}
if ! rl_has qsub; then rl_absent qsub; fi
trap '' HUP PIPE TERM
unset LC_ALL
if [ -z "$SGE_ROOT" ]; then rl_login; fi
set --
if [ -n "$(rl_request hinders)" ]; then
rl_options=.researchloop/qsub-options
mkdir -p .researchloop && rm -rf "$rl_options" && (set -C; { rl_request rest; echo -hard; sed -n '/^#\$ /{s///p;d;}; /^[^#]/q' run_sprint.sh; } >"$rl_options") || { echo "$rl_options cannot be written"; exit 91; }
set -- -clear -@ "$rl_options"
fi
rl_program=qsub
if [ -n "$(rl_request waits)" ]; then rl_program=rl_impatient; fi
rl_apart "$rl_program" -terse "$@" -b n -C '#$' -sync n -now n -wd "$RL_DIR" run_sprint.sh"##
);

/// Defines `rl_named NAMES`: lists the jobs of these names that the accounting knows. qacct takes one name
/// or all jobs of the user. What an empty ledger says (no such job, no file yet) is an answer.
macro_rules! named {
    () => {
        concat!(
            r#"rl_named() {
RL_LOOKED=$1; export RL_LOOKED
case $1 in *,*) set -- ;; esac
rl_out=$(rl_run "$(rl_left "${RL_ACCOUNTING_SECONDS:-60}")" qacct -o "$rl_me" -j "$@")
case $?:$rl_out in
[!0]*' not found'* | [!0]*'No such file'* | [!0]*'no jobs running since startup'*) echo 'accounting 0'; return ;;
esac
printf '%s\n' "$rl_out" | awk '"#,
            awk_head!(),
            r#"
BEGIN { names = split(ENVIRON["RL_LOOKED"], looked, ","); for (i = 1; i <= names; i++) wanted[looked[i]] = 1 }
/^=====/ { rows++ }
$1 == "jobname" { rows++; name = $2 }
$1 == "jobnumber" && (name in wanted) && shown++ < 1000 { print "s " $2 "|-|" name }
!rows { odd_line($0) }
END { print "accounting " verdict() }'
}
"#
        )
    };
}

/// Prints the ids of the jobs named `$RL_NAME`.
pub(super) const LOOK_UP: &str =
    concat!(prelude!("qstat"), queue!(), named!(), look_up!("qstat", "qacct", "z"));

/// Lists the jobs of ours in the queue, and what the accounting knows of the names in `$RL_NAMES`.
pub(super) const LOOK_UP_ALL: &str =
    concat!(prelude!("qstat"), queue!(), named!(), look_up_all!("qstat", "qacct"));

/// Ends the jobs named `$RL_NAME`, and the job `$RL_JOB`, unless the queue gives that another name: where
/// its number comes from, the agent may have written. qdel takes names of the user's own jobs as well as
/// numbers.
pub(super) const CANCEL: &str = concat!(
    prelude!("qdel"),
    r#"rl_out=$(rl_run "$(rl_left "${RL_PATIENCE:-100}")" qstat -j "$RL_JOB")
rl_asked=$?
rl_named=$(printf '%s\n' "$rl_out" | rl_data | tr '<' '\n' | sed -n 's/^job_name: *//p; s/^JB_job_name>//p' | head -n 1)
set -- "$RL_NAME"
case $rl_asked:$rl_named in 0: | "0:$RL_NAME") set -- "$@" "$RL_JOB" ;; esac
rl_run "$(rl_left "${RL_PATIENCE:-100}")" qdel "$@""#
);

/// Says whether it works here, and its version: the queue is asked as each poll asks it.
pub(super) const PROBE: &str = concat!(
    "RL_FRESH=1\n",
    prelude!("qstat"),
    queue!(),
    r#"RL_PATIENCE=130
rl_version=$(rl_limit 60 qstat -help </dev/null 2>/dev/null | head -n 1)
rl_seen=$(rl_queue '')
if [ "$(printf '%s\n' "$rl_seen" | rl_status queue)" != 0 ]; then printf '%s\n' "$rl_seen" | rl_told queue qstat; exit 1; fi
printf '%s\n' "${rl_version:-Grid Engine}""#
);

/// Names what the account and the site have set that may change what is asked of Grid Engine: lines
/// `variable NAME`, `file PATH: WORDS`, and `unused WORDS` of what a submission does without.
pub(super) const DEFAULTS: &str = concat!(
    surroundings!(),
    defaults!(),
    r#"cd / || exit 0
for rl_name in $(rl_names); do if rl_foreign "$rl_name"; then echo "variable $rl_name"; fi; done
for rl_kind in sge_request sge_qstat; do
rl_files "$rl_kind" | while IFS= read -r rl_file; do
echo "file $rl_file: $(grep -v '^[[:space:]]*#' "$rl_file" | sed -e 's/-v  *"[^"]*"/-v .../g' -e 's/-v  *[^" ][^ ]*/-v .../g' | head -n 20 | tr '\n\t' '  ' | cut -c1-300)"
done
done
rl_request hinders | sed 's/^/unused /'"#
);
