//! The shell texts that start, watch and end detached processes on a login node.

/// A record is one line: keeper, its start, the job's start, boot, host, name. Field 22 of
/// /proc/PID/stat is the start in clock ticks; the name in field 2 may hold blanks, so
/// fields are counted behind its last parenthesis.
///
/// The job makes its own folder before it becomes the job script: if an earlier job had the
/// same process id, another process is tried. Its answer comes through descriptor 4; the
/// keeper must hold neither that nor any other end of the connection open.
///
/// Whoever calls this may ignore signals, and a shell cannot trap what it was started
/// with as ignored: the job has to hear TERM.
pub(super) const SUBMIT: &str = r#"trap - TERM PIPE INT
RL_HOME=${HOME:?}/.researchloop/local
mkdir -p "$RL_HOME" || { echo 'the job script could not be started: its record cannot be made'; exit 1; }
find "$RL_HOME" -mindepth 2 -maxdepth 2 -name exit -mtime +90 2>/dev/null | while IFS= read -r rl_old; do rm -rf "${rl_old%/exit}"; done
RL_JOB_TEXT='
mkdir "$RL_HOME/$$" || { echo taken >&4; exit 1; }
{ IFS= read -r stat </proc/$$/stat && IFS= read -r boot </proc/sys/kernel/random/boot_id && IFS= read -r host </proc/sys/kernel/hostname; } || exit 1
set -- ${stat##*) }
ticks=${20}
IFS= read -r stat <"/proc/$RL_KEEPER/stat" || exit 1
set -- ${stat##*) }
printf "%s\n" "$RL_KEEPER ${20} $ticks $boot $host ${RL_NAME:--}" >"$RL_HOME/$$/record.new" || exit 1
mv "$RL_HOME/$$/record.new" "$RL_HOME/$$/record" || exit 1
{ exec >>job.log; } || exit 1
echo "$$" >&4
exec 4>&- 2>&1
unset RL_HOME RL_KEEPER RL_NAME RL_JOB_TEXT LC_ALL
exec bash ./run_sprint.sh'
RL_KEEPER_TEXT='
trap "" HUP
RL_KEEPER=$$
export RL_KEEPER
sh -c "$RL_JOB_TEXT" </dev/null &
job=$!
exec 4>&- >/dev/null 2>&1
trap : TERM INT
while :; do wait "$job"; code=$?; kill -0 "$job" 2>/dev/null || break; done
IFS= read -r record <"$RL_HOME/$job/record" && [ "${record%% *}" = "$$" ] || exit 0
echo "$code" >"$RL_HOME/$job/exit.new" && mv "$RL_HOME/$job/exit.new" "$RL_HOME/$job/exit"'
export RL_HOME RL_NAME RL_JOB_TEXT
rl_detach=$(command -v setsid)
for rl_try in 1 2 3 4 5; do
rl_id=$( $rl_detach sh -c "$RL_KEEPER_TEXT" 4>&1 & )
case $rl_id in
*[!0-9]*) ;;
?*) echo "$rl_id"; exit 0 ;;
esac
if [ "$rl_id" != taken ]; then break; fi
done
echo 'the job script could not be started'
exit 1"#;

/// Defines `rl_alive PID START`: whether this very process is there; its state is in `rl_state`.
/// The folder of the records belongs to jobs that were started: without it nothing can be said.
macro_rules! records {
    () => {
        r#"IFS= read -r rl_boot </proc/sys/kernel/random/boot_id
IFS= read -r rl_host </proc/sys/kernel/hostname
if [ -z "$rl_boot" ] || [ -z "$rl_host" ]; then echo 'this host has no /proc'; exit 1; fi
rl_home=${HOME:?}/.researchloop/local
rl_alive() {
rl_wanted=$2
{ IFS= read -r rl_stat <"/proc/$1/stat"; } 2>/dev/null || return 1
# shellcheck disable=SC2086
set -- ${rl_stat##*) }
rl_state=$1
[ "${20}" = "$rl_wanted" ] && [ "$rl_state" != Z ] && [ "$rl_state" != X ]
}
rl_record() { { read -r rl_keeper rl_keeper_start rl_start rl_its_boot rl_its_host rl_name <"$1/record"; } 2>/dev/null; }
rl_here() { [ "$rl_its_host" = "$rl_host" ] && [ "$rl_its_boot" = "$rl_boot" ] && rl_alive "$1" "${2:-$rl_start}"; }
"#
    };
}

/// Prints a line `s ID|running|NAME` for each job that is at work.
macro_rules! strays {
    () => {
        r#"for rl_dir in "$rl_home"/*/; do
rl_dir=${rl_dir%/}
rl_id=${rl_dir##*/}
if [ ! -e "$rl_dir/exit" ] && rl_record "$rl_dir"; then
case $rl_name in rl-sp-*) if rl_here "$rl_id"; then echo "s $rl_id|running|$rl_name"; fi ;; esac
fi
done
"#
    };
}

/// What is running is asked of /proc, without a process for each job.
pub(super) const ASK: &str = concat!(
    records!(),
    r#"if [ ! -d "$rl_home" ] || [ ! -x "$rl_home" ]; then printf '%s\n' "$rl_home is not there"; exit 1; fi
rl_ended() {
{ IFS= read -r rl_code <"$rl_dir/exit"; } 2>/dev/null || return 1
if [ -e "$rl_dir/cancel" ]; then echo "$rl_id cancelled $rl_code"; else echo "$rl_id ended $rl_code"; fi
}
"#,
    strays!(),
    r#"for rl_id in $RL_JOBS; do
rl_dir=$rl_home/$rl_id
rl_its_host='' rl_its_boot='' rl_known=''
if rl_record "$rl_dir"; then rl_known=1; fi
# A process that is there has not ended, whatever a file says that its job can write to.
if rl_here "$rl_id"; then echo "$rl_id running $rl_state"
elif rl_here "$rl_keeper" "$rl_keeper_start"; then echo "$rl_id ending $rl_name"
elif rl_ended; then :
elif [ -z "$rl_known" ]; then echo "$rl_id unknown"
elif [ "$rl_its_host" != "$rl_host" ]; then echo "$rl_id elsewhere $rl_its_host $rl_host"
elif [ "$rl_its_boot" != "$rl_boot" ]; then echo "$rl_id rebooted $rl_host"
else echo "$rl_id gone"
fi
done
echo complete"#
);

/// Prints the ids of the jobs named `$RL_NAME`.
pub(super) const LOOK_UP: &str = concat!(
    records!(),
    r#"if [ -e "$rl_home" ] && { [ ! -r "$rl_home" ] || [ ! -x "$rl_home" ]; }; then printf '%s\n' "$rl_home cannot be read"; exit 1; fi
for rl_dir in "$rl_home"/*/; do
rl_dir=${rl_dir%/}
if rl_record "$rl_dir" && [ "$rl_name" = "$RL_NAME" ]; then echo "${rl_dir##*/}"; fi
done
exit 0"#
);

/// Lists the jobs at work, and what the records know of the names in `$RL_NAMES`.
pub(super) const LOOK_UP_ALL: &str = concat!(
    records!(),
    r#"if [ -e "$rl_home" ] && { [ ! -r "$rl_home" ] || [ ! -x "$rl_home" ]; }; then printf '%s\n' "$rl_home cannot be read"; exit 1; fi
"#,
    strays!(),
    r#"for rl_dir in "$rl_home"/*/; do
rl_dir=${rl_dir%/}
if rl_record "$rl_dir"; then case ",$RL_NAMES," in *",$rl_name,"*) echo "s ${rl_dir##*/}|-|$rl_name" ;; esac; fi
done
exit 0"#
);

/// The first call asks the job scripts to end; they pass that on to the runner. A call a minute
/// later kills what is left: all that descends from one or shares its session.
pub(super) const CANCEL: &str = concat!(
    records!(),
    r#"rl_end() {
rl_dir=$rl_home/$rl_job
if ! rl_record "$rl_dir"; then echo "there is no record of job $rl_job"; return 1; fi
if [ "$rl_its_boot" != "$rl_boot" ]; then echo "the job was started on $rl_its_host, before its last start"; return 1; fi
rl_alive "$rl_job" "$rl_start" || return 0
rl_now=$(date +%s 2>/dev/null)
# Without a clock, nobody is killed: it is asked once more.
case $rl_now in '' | *[!0-9]*) : >"$rl_dir/cancel"; kill -TERM "$rl_job"; kill -CONT "$rl_job" 2>/dev/null; return 0 ;; esac
if { read -r rl_first <"$rl_dir/cancel"; } 2>/dev/null; then
if [ $((rl_now - rl_first)) -lt 60 ]; then return 0; fi
cat /proc/[0-9]*/stat 2>/dev/null | awk -v job="$rl_job" -v keeper="$rl_keeper" '
{ pid = $1; sub(/^[0-9]+ \(.*\) /, ""); parent[pid] = $2; if ($4 == keeper && pid != keeper) ours[pid] = 1 }
END {
    ours[job] = 1
    do {
        more = 0
        for (pid in parent) if (!(pid in ours) && (parent[pid] in ours)) { ours[pid] = 1; more = 1 }
    } while (more)
    for (pid in ours) print pid
}' | while read -r rl_pid; do kill -KILL "$rl_pid" 2>/dev/null; done
else
echo "$rl_now" >"$rl_dir/cancel.new" && mv "$rl_dir/cancel.new" "$rl_dir/cancel"
kill -TERM "$rl_job"
kill -CONT "$rl_job" 2>/dev/null
fi
return 0
}
for rl_dir in "$rl_home"/*/; do
rl_job=${rl_dir%/}
rl_job=${rl_job##*/}
if [ "$rl_job" != "$RL_JOB" ] && [ ! -e "$rl_dir/exit" ] && rl_record "${rl_dir%/}" && [ -n "$RL_NAME" ] && [ "$rl_name" = "$RL_NAME" ] && rl_here "$rl_job"; then rl_end; fi
done
rl_job=$RL_JOB
rl_end"#
);

/// Says whether it works here, and its version.
pub(super) const PROBE: &str = r#"if [ ! -r /proc/sys/kernel/random/boot_id ]; then echo 'local jobs need /proc, as Linux has it'; exit 1; fi
rl_version=$(bash --version 2>/dev/null) || { echo 'local jobs need bash'; exit 1; }
printf '%s\n' "$rl_version" | head -n 1"#;
