//! Shell text for what surrounds the scheduler's programs on a login node: the environment of the
//! account, and that of its login shell.
//!
//! Sites often set the way to the scheduler only for login shells. One is asked when a program is not
//! there, or says that it misses its surroundings. Its answer is kept on the login node for an hour, since
//! a profile can take seconds. One that takes longer than a request can wait goes on in the background:
//! what it says is there for a later request.
//!
//! Hidden here: which variables of the account would change what is asked of a scheduler, or what it
//! answers.

/// The exit status of a submission whose program is not found, or does not work, without the login
/// shell's environment, when that gave no answer: nothing was run.
pub(super) const NO_LOGIN: i32 = 91;

/// Variables of sbatch that stand for what is ours, whatever else is configured.
pub const OWN_VARIABLES: &[&str] = &[
    "SBATCH_ARRAY_INX",
    "SBATCH_CLUSTERS",
    "SBATCH_DEBUG",
    "SBATCH_ERROR",
    "SBATCH_INPUT",
    "SBATCH_JOB_NAME",
    "SBATCH_OPEN_MODE",
    "SBATCH_OUTPUT",
    "SBATCH_TIMELIMIT",
    "SBATCH_WAIT",
    "SBATCH_WRAP",
];

/// Defines:
/// - `rl_login`: imports what a login shell has. Its status is 1 when none gave an answer; `rl_login_said`
///   says why. `rl_login anew`: also when there is an answer of an earlier request
/// - `rl_need PROGRAM`: does so when the program is not there
/// - `rl_again`: behind a command that failed because of its surroundings: whether it may work now.
///   It reads `rl_status` and `rl_said`
/// - `rl_absent PROGRAM`: ends a submission whose program is not there
/// - `rl_neutral`: takes out of the environment what changes a question or its answer
///
/// The kept answer becomes shell text, so it counts only when it is ours and nobody else may write to
/// it. It is no more than the profile itself, which is the user's.
macro_rules! surroundings {
    () => {
        r#"rl_ask_login() { rl_limit "$1" bash -lc '
q=$(printf "\047")
for name in PATH LD_LIBRARY_PATH SLURM_CONF SLURM_CONF_SERVER SLURM_CLUSTERS "${!SGE_@}"; do
case ${!name-} in "" | *[$q[:cntrl:]]*) ;; *) printf "\nrl: export %s=%s\n" "$name" "$q${!name}$q" ;; esac
done
printf "\nrl: rl_login_said=\n"' </dev/null 2>/dev/null | sed -n 's/^rl: //p; /^rl: rl_login_said=$/q'; }
rl_is_whole() { case $1 in *'rl_login_said=') return 0 ;; *) return 1 ;; esac; }
rl_kept_answer() {
[ -f "$rl_kept" ] && [ ! -L "$rl_kept" ] && [ -O "$rl_kept" ] && [ -z "$(find "$rl_kept" -prune \( -perm -020 -o -perm -002 -o -mmin "+${1:-999999}" \) 2>&1)" ] || return 1
rl_text=$(cat "$rl_kept" 2>/dev/null) && rl_is_whole "$rl_text"
}
# What is found already stays what it is.
rl_import() {
rl_path=$PATH
eval "$rl_text"
case $PATH in "$rl_path"*) ;; *) PATH=$rl_path:$PATH ;; esac
rl_neutral
}
rl_way() { awk 'BEGIN { for (name in ENVIRON) if (name ~ /^(SGE_|SLURM_C|LD_LIBRARY_PATH$)/) print name "=" ENVIRON[name] }' </dev/null; }
rl_login() {
rl_login_said='' rl_text=''
rl_kept=${HOME:-/}/.researchloop/login-$(uname -n 2>/dev/null)
if [ -z "$1$RL_FRESH" ] && rl_kept_answer 60; then rl_import; return 0; fi
rl_login_asked=1
if rl_has find && rl_has sleep && rl_has mv && rl_has rm && { mkdir -p "${rl_kept%/*}" && [ ! -L "${rl_kept%/*}" ] && [ -O "${rl_kept%/*}" ] && [ -w "${rl_kept%/*}" ]; } 2>/dev/null; then
# Another request may be asking, or may have given up waiting.
if [ -n "$(find "$rl_kept.asked" -prune -mmin +10 2>/dev/null)" ]; then rm -rf "$rl_kept.asked"; fi
if mkdir "$rl_kept.asked" 2>/dev/null; then
(
trap '' HUP PIPE TERM
rl_text=$(rl_ask_login 300)
if rl_is_whole "$rl_text"; then
rm -rf "$rl_kept.bad" "$rl_kept.new"
printf '%s\n' "$rl_text" >"$rl_kept.new" && mv -f "$rl_kept.new" "$rl_kept"
rm -rf "$rl_kept.asked"
elif [ ! -e "$rl_kept.asked/slow" ]; then : >"$rl_kept.bad"; rm -rf "$rl_kept.asked"
fi
) </dev/null >/dev/null 2>&1 3>&- 4>&- &
fi
rl_tries=0
while [ -e "$rl_kept.asked" ] && [ ! -e "$rl_kept.asked/slow" ] && [ "$rl_tries" -lt "${RL_LOGIN_TRIES:-100}" ]; do
sleep 0.2 2>/dev/null || { sleep 1; rl_tries=$((rl_tries + 4)); }
rl_tries=$((rl_tries + 1))
done
if [ -e "$rl_kept.asked" ]; then
{ : >"$rl_kept.asked/slow"; } 2>/dev/null
rl_late='the login profile took longer than 20 s'
rl_text=''
elif [ -e "$rl_kept.bad" ]; then
rl_late='the login profile gives no shell: it ends, fails, or starts another one'
rl_text=''
else rl_late=''; fi
if ! rl_kept_answer && [ -z "$rl_late" ]; then
rl_late='the login profile gave no answer within 20 s'
rl_text=$(rl_ask_login 20)
fi
else
rl_late='the login profile gave no answer within 20 s'
rl_text=$(rl_ask_login 20)
fi
if rl_is_whole "$rl_text"; then rl_import; return 0; fi
rl_login_said=$rl_late
return 1
}
rl_has() { command -v "$1" >/dev/null 2>&1; }
rl_need() {
rl_login_asked='' rl_login_said=''
if ! rl_has "$1"; then
rl_login
if ! rl_has "$1" && [ -z "$rl_login_asked" ]; then rl_login anew; fi
fi
rl_neutral
}
rl_again() {
if [ "$rl_status" = 0 ]; then return 1; fi
case $rl_said in
# It may have been sent.
*imed\ out* | *ime\ out* | *imeout* | *eset* | *roken\ pipe* | *'read error'* | *'send error'* | *ailure\ on* | *eceive\ failure* | *end\ failure* | *ero\ bytes* | *'failed receiving gdi'*) return 1 ;;
*SGE_ROOT* | *SGE_CELL* | *SGE_QMASTER_PORT* | *'nable to initialize environment'* | *'ell directory'*) ;;
*'establish a configuration source'* | *'process configuration file'* | *'rror while loading shared libraries'*) ;;
*'nable to contact slurm controller (connect failure)'* | *'got select error (Connection refused)'*) ;;
*) return 1 ;;
esac
rl_before=$(rl_way)
if ! rl_login; then rl_said="$rl_said
$rl_login_said"; return 1; fi
[ "$rl_before" != "$(rl_way)" ]
}
rl_absent() {
if [ -n "$rl_login_said" ]; then echo "$1 was not found on the login node: $rl_login_said"; exit 91; fi
echo "$1 was not found on the login node: put it in the PATH of your login shell"
exit 93
}
rl_foreign() {
case $1 in
# The way to the controller, and what a site or its wrappers need.
SLURM_CONF | SLURM_CONF_SERVER | SLURM_CLUSTERS | SLURM_JWT | SLURM_SACK_* | SLURM_MPI_TYPE | SLURM_ROOT | SLURM_HOME | SLURM_PREFIX | SLURM_DIR) return 1 ;;
SBATCH_ARRAY_INX | SBATCH_CLUSTERS | SBATCH_DEBUG | SBATCH_ERROR | SBATCH_INPUT | SBATCH_JOB_NAME | SBATCH_OPEN_MODE | SBATCH_OUTPUT | SBATCH_TIMELIMIT | SBATCH_WAIT | SBATCH_WRAP) return 0 ;;
# Of the others, those count that stand for no option that is configured.
SBATCH_*) case " $RL_OVERRULED " in *" $1 "*) return 0 ;; *) return 1 ;; esac ;;
# Filters, formats, and what an outer job has set.
SLURM_* | SPANK_* | _SLURM_SPANK_OPTION_* | SQUEUE_* | SACCT_* | SCANCEL_* | SCONTROL_* | SINFO_*) return 0 ;;
SGE_DEBUG_LEVEL | SGE_DEBUG_TARGET | SGE_ENABLE_MSG_ID | PE | PE_HOSTFILE) return 0 ;;
*) return 1 ;;
esac
}
rl_names() { awk 'BEGIN { for (name in ENVIRON) if (name ~ /^[A-Za-z_][A-Za-z0-9_]*$/) print name }' </dev/null; }
rl_neutral() {
for rl_name in $(rl_names); do
if rl_foreign "$rl_name"; then unset "$rl_name"; fi
done
# Functions that were exported: some systems' sh takes them over.
unset -f sbatch squeue sacct scancel scontrol qsub qstat qacct qdel 2>/dev/null || :
}
"#
    };
}

pub(super) use surroundings;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shell_text_names_the_same_variables() {
        assert!(surroundings!().contains(&format!("\n{}) return 0", OWN_VARIABLES.join(" | "))));
    }
}
