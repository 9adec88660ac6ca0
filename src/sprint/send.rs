//! The two requests of a submission: one that submits, and one that looks for a job of an
//! earlier request.

use super::doubt::minutes_of;
use super::install_runner::{self, RunnerHere};
use super::payload::JobPayload;
use crate::app::App;
use crate::config::Cluster;
use crate::domain::JobId;
use crate::remote::{Payload, Remote, RemoteError, Script};
use crate::scheduler::{self, NOT_THERE, Submission};
use crate::store::{SprintRow, job_name};

/// What may be done on the far side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// Nothing was ever sent: submit.
    Fresh,
    /// It was sent, and no answer came: look first, submit when there is nothing.
    Again,
    /// The same, but the sprint is to end: look, and submit nothing.
    LookOnly,
}

/// What the far side did.
pub(super) enum Sent {
    /// The runner is not there, and nothing was done without it.
    NeedsRunner,
    /// The machine is of another architecture, for which there is this runner; nothing was done without it.
    OtherMachine(RunnerHere),
    /// There is no job, and none was wanted.
    Nothing,
    /// The scheduler was not asked, because something before that went wrong.
    Problem(String),
    /// There are no symbolic links there, so nothing can be submitted, and nothing ever was.
    NoLinks(String),
    /// The sprint was parked, and the directory that it should go on in is gone. The cluster's time, in
    /// seconds since 1970.
    Gone(i64),
    /// The scheduler was asked.
    Told { submission: Submission, dir: String, runner: String },
}

#[expect(clippy::too_many_arguments, reason = "one request is made of all of them")]
pub(super) fn send(
    app: &App,
    remote: &mut dyn Remote,
    cluster: &Cluster,
    row: &SprintRow,
    payload: &JobPayload,
    runner: &RunnerHere,
    attempt: u32,
    mode: Mode,
    with_runner: bool,
) -> Result<Sent, RemoteError> {
    let kind = scheduler::scheduler(cluster.scheduler);
    let name = job_name(&row.id, attempt);
    let runner_path =
        format!("{}/.researchloop/bin/{}", cluster.working_dir.trim_end_matches('/'), runner.hash);
    let job_script = payload.script(cluster, row, &runner_path, attempt);

    let mut script = Script::new();
    scheduler::be_patient(&mut script, cluster.command_timeout, false);
    install_runner::find_runner(&mut script, cluster, runner);
    if with_runner {
        install_runner::send_runner(&mut script, runner);
    }
    script
        .set("DIR", &row.remote_dir)
        .set("RL_NAME", &name)
        .set("ATTEMPT", &attempt.to_string())
        .set("HISTORY", if row.journal_offset > 0 { "1" } else { "0" })
        .set("MODE", if mode == Mode::Fresh { "fresh" } else { "again" })
        // Where there may be an older job, a request before this one has asked the accounting.
        .set("RL_QUEUE_ONLY", "1")
        .set("RL_OVERRULED", &payload.overruled(cluster).join(" "))
        .set("PATIENT", "1")
        .plain(r#"RL_DIR=$(rl_home "$DIR")"#)
        .section("place", PLACE)
        .plain(ONLY_IF_IT_WORKED)
        .section_with_input("env", Payload::Bytes(payload.environment.clone()), RECEIVE_ENVIRONMENT)
        .plain(ONLY_IF_IT_WORKED)
        .section_with_input("script", Payload::Bytes(job_script.into_bytes()), RECEIVE_SCRIPT)
        .plain(ONLY_IF_IT_WORKED)
        // As it is configured: a node may not have the path that all links lead to.
        .section("dir", r#"cd "$RL_DIR" && printf '%s\n' "$RL_DIR""#)
        .section("path", r#"printf '%s\n' "$RL_RUNNER""#)
        .section_of(
            "submit",
            &[
                IN_PLACE,
                KEEP,
                LOOK_UP_BEFORE,
                kind.look_up(),
                LOOK_UP_AFTER,
                SUBMIT_BEFORE,
                kind.submit(),
                SUBMIT_AFTER,
            ],
        )
        .section_of("after", &[AFTER_BEFORE, KEEP, "rl_found=$(", kind.look_up(), AFTER_AFTER]);
    let reply = remote.run(script, app.limits(cluster))?;
    let text = |name: &str| {
        reply.section(name).map(|section| section.text().trim().to_owned()).unwrap_or_default()
    };
    let status = |name: &str| reply.section(name).map_or(-1, |section| section.status);

    if status("submit") == NO_MARK {
        let why = format!(
            "a symbolic link cannot be made in {} on {}: {}",
            row.remote_dir,
            cluster.name,
            text("submit")
        );
        let is_for_good = ["not implemented", "not permitted", "not supported"]
            .iter()
            .any(|said| why.contains(said));
        return Ok(if is_for_good { Sent::NoLinks(why) } else { Sent::Problem(why) });
    }
    // What the scheduler said counts, whatever else went wrong: there may be a job.
    if status("submit") != NOT_IN_PLACE {
        let submission = match status("submit") {
            LOOK_UP_FAILED => Submission::Unclear(format!(
                "the look-up of an earlier job failed: {}",
                text("submit")
            )),
            code => confirmed(
                kind.read_submission(code, &text("submit")),
                code,
                status("after"),
                &text("after"),
            ),
        };
        let dir = if status("dir") == 0 { text("dir") } else { row.remote_dir.clone() };
        return Ok(Sent::Told { submission, dir, runner: text("path") });
    }
    if status("place") == 3 && text("place") == "absent" && !with_runner {
        return Ok(Sent::NeedsRunner);
    }
    if status("place") == 3
        && let Some(other) = runner.for_other_machine(&text("place"), cluster)
    {
        return Ok(Sent::OtherMachine(other));
    }
    if status("place") == 3 {
        let (why, said) =
            (install_runner::explain(&text("place"), runner, cluster), text("runner"));
        return Ok(Sent::Problem(if said.is_empty() { why } else { format!("{why}: {said}") }));
    }
    if status("place") == GONE
        && let Ok(time) = text("place").parse()
    {
        return Ok(Sent::Gone(time));
    }
    let failed = ["place", "env", "script", "dir"]
        .into_iter()
        .find(|step| status(step) != 0)
        .unwrap_or("submit");
    let said = if text(failed).is_empty() {
        "the files that were sent did not arrive whole".to_owned()
    } else {
        text(failed)
    };
    Ok(Sent::Problem(format!("cannot prepare {} on {}: {said}", row.remote_dir, cluster.name)))
}

/// What the look by name behind a submission makes of its answer. A job that is there counts, whatever
/// was said; a refusal counts when a healthy look finds none.
fn confirmed(submission: Submission, status: i32, after: i32, found: &str) -> Submission {
    let job = found.lines().rev().find_map(|line| JobId::parse(line.trim())).filter(|_| after == 0);
    match (submission, job) {
        (accepted @ Submission::Accepted(_), _) => accepted,
        (_, Some(job)) => Submission::Accepted(job),
        (Submission::Refused(why), None) if after != NOTHING_FOUND && status != NOT_THERE => {
            Submission::Unclear(format!(
                "{why}; whether there is a job all the same is not known: {}",
                found.replace('\n', "; ")
            ))
        }
        (other, None) => other,
    }
}

/// The exit status for a directory that is gone from a folder that is there.
const GONE: i32 = 4;

/// A sprint that goes on has left its history here. Without it, everything would be done and paid anew.
/// What lies here decides what is run, so nobody else may write it.
const PLACE: &str = r#"
[ "$RL_GO" = 1 ] || { printf '%s\n' "$RL_WHY"; exit 3; }
if [ "$ATTEMPT" -gt 1 ] && { [ ! -d "$RL_DIR/.researchloop" ] || { [ "$HISTORY" = 1 ] && [ ! -e "$RL_DIR/.researchloop/run.jsonl" ]; }; }; then
  cd "$(dirname "$RL_DIR")" 2>/dev/null || { echo 'the folder of the sprints is not there'; exit 3; }
  date +%s; exit 4
fi
mkdir -p "$RL_DIR/.researchloop" "$RL_DIR/results" || exit 1
for part in "$RL_DIR" "$RL_DIR/.researchloop"; do
  [ ! -O "$part" ] || chmod go-w "$part"
  rl_ours "$part" "$part" || { printf '%s\n' "${rl_bad#not ours: }"; exit 1; }
done
# Where a folder hands on rights to others, a mode alone does not take them away from what is made in it.
chmod 700 "$RL_DIR/.researchloop" || exit 1
# What stands there of a submission that was never made was written by an earlier job. Its claim stays: it
# keeps a job from running that nobody knows of.
[ "$MODE" != fresh ] || rm -rf "$RL_DIR/.researchloop/jobid-$ATTEMPT" "$RL_DIR/.researchloop/submitting-$ATTEMPT""#;

/// Looks for a job of an earlier request, and changes nothing on the way: a disk that the job has
/// filled must not keep us from finding it. None when there is no job, and one may be submitted.
/// Without a `runner`, nothing is said of where it lies there. The accounting need not be asked when
/// that was just done (`queue_only`), and is not waited for when the submission `is_old`.
#[expect(clippy::too_many_arguments, reason = "one request is made of all of them")]
pub(super) fn look(
    app: &App,
    remote: &mut dyn Remote,
    cluster: &Cluster,
    row: &SprintRow,
    runner: Option<&RunnerHere>,
    attempt: u32,
    mode: Mode,
    queue_only: bool,
    is_old: bool,
) -> Result<Option<Sent>, RemoteError> {
    let kind = scheduler::scheduler(cluster.scheduler);
    let mut script = Script::new();
    scheduler::be_patient(&mut script, cluster.command_timeout, false);
    match runner {
        Some(runner) => install_runner::find_runner(&mut script, cluster, runner),
        None => drop(script.plain(install_runner::HOME_OF).set("RL_RUNNER", "")),
    }
    script
        .set("DIR", &row.remote_dir)
        .set("RL_NAME", &job_name(&row.id, attempt))
        .set("ATTEMPT", &attempt.to_string())
        .set("MODE", if mode == Mode::LookOnly { "look" } else { "again" })
        .set("RL_QUEUE_ONLY", if queue_only { "1" } else { "" })
        .set("RL_AGE", &minutes_of([row], app.clock.now()))
        .set("PATIENT", if is_old { "0" } else { "1" })
        .plain(r#"RL_DIR=$(rl_home "$DIR")"#)
        .section("dir", r#"printf '%s\n' "$RL_DIR""#)
        .section("path", r#"printf '%s\n' "$RL_RUNNER""#)
        .section_of(
            "look",
            &[LOOK_BEFORE, KEEP, LOOK_UP_BEFORE, kind.look_up(), LOOK_UP_AFTER, "\nexit 95"],
        );
    let reply = remote.run(script, app.limits(cluster))?;
    let text = |name: &str| {
        reply.section(name).map(|section| section.text().trim().to_owned()).unwrap_or_default()
    };
    let told = |submission: Submission| {
        Some(Sent::Told { submission, dir: text("dir"), runner: text("path") })
    };
    let known = text("look").lines().rev().find_map(|line| JobId::parse(line.trim()));
    Ok(match (reply.section("look").map_or(-1, |section| section.status), known) {
        (0, Some(job)) => told(Submission::Accepted(job)),
        (NOTHING_FOUND, _) if mode == Mode::LookOnly => Some(Sent::Nothing),
        (NOTHING_FOUND, _) => None,
        _ => told(Submission::Unclear(format!(
            "the look-up of an earlier job failed: {}",
            text("look")
        ))),
    })
}

/// From inside of the folder: nobody can put another one in its place meanwhile.
const RECEIVE_ENVIRONMENT: &str = r#"
[ "$RL_GO" = 1 ] && cd "$RL_DIR/.researchloop" && rl_ours . "$RL_DIR" || { printf '%s\n' "$rl_bad"; exit 3; }
rm -f env.new
(set -C; cat >env.new) && [ "$(wc -c <env.new)" -eq "$RL_LEN" ] && chmod 600 env.new && mv -f env.new env"#;

/// The size is checked, so that neither a full disk nor a cut connection leaves half a script.
const RECEIVE_SCRIPT: &str = r#"
[ "$RL_GO" = 1 ] && cd "$RL_DIR" && rl_ours . "$RL_DIR" || { printf '%s\n' "$rl_bad"; exit 3; }
new=.researchloop/script.new
rm -f "$new"
(set -C; cat >"$new") && [ "$(wc -c <"$new")" -eq "$RL_LEN" ] && chmod 700 "$new" && mv -f "$new" run_sprint.sh"#;

/// The exit status of a submission that cannot leave its mark: the scheduler was not asked.
const NO_MARK: i32 = 92;
/// The exit status of a submission whose look-up got no healthy answer: nothing was submitted.
const LOOK_UP_FAILED: i32 = 94;
/// The exit status of a look-up that found no job, where none is to be submitted.
const NOTHING_FOUND: i32 = 95;

/// The exit status of a submission that was not begun: the scheduler was not asked.
const NOT_IN_PLACE: i32 = 96;

/// Behind a section that failed, the later ones do nothing. Only a script that this request has
/// put in its place may be submitted: an older one would do an older sprint's work.
const ONLY_IF_IT_WORKED: &str = r#"[ "$RL_RC" = 0 ] || RL_GO=0"#;

/// A submission needs its folder and its script.
const IN_PLACE: &str = r#"[ "$RL_GO" = 1 ] && cd "$RL_DIR" 2>/dev/null && rl_ours . . && rl_ours ./run_sprint.sh run_sprint.sh && [ -f run_sprint.sh ] || exit 96"#;

/// A look-up by name needs neither: without the folder it is made from the home folder.
/// There the names of its marks are those of no other sprint.
const LOOK_BEFORE: &str =
    r#"if ! cd "$RL_DIR" 2>/dev/null; then cd || exit 94; ATTEMPT=$RL_NAME; fi"#;

/// Keeps the id in an answer; what stands behind a line `!STATUS` is no answer. Of several numbers in the
/// answer to a submission, none is kept: its name tells which is the job's.
const KEEP: &str = r#"
rl_ids_in() { printf '%s\n' "$1" | sed -n '/^![0-9][0-9]*$/q; s/^[ \t]*Submitted batch job \([0-9]*\).*/\1/; s/^[ \t]*Your job \([0-9]*\) .*/\1/; s/^[ \t]*\([0-9][0-9]*\(;[A-Za-z0-9._-]*\)\{0,1\}\)[ \t\r]*$/\1/p'; }
rl_keep() {
  rl_id=$(rl_ids_in "$1" | tail -n 1)
  [ -n "$rl_id" ] && rm -rf .researchloop/jobid.new && printf '%s\n' "$rl_id" >.researchloop/jobid.new && mv -f .researchloop/jobid.new ".researchloop/jobid-$ATTEMPT"
}
"#;

/// A first submission has nothing to look for but what a twin of this request has left.
///
/// A look-up finds no job while the submission of a request that was given up here is still
/// at work there. So each leaves a mark with its host and process: one that lives is waited
/// for, and on another host one is believed for a quarter of an hour.
const LOOK_UP_BEFORE: &str = r#"
rl_mark=.researchloop/submitting-$ATTEMPT
if [ "$MODE" != fresh ]; then
if rl_who=$(readlink "$rl_mark"); then
  case $rl_who in
  "$(uname -n):"*) rl_old=$(kill -0 "${rl_who##*:}" 2>/dev/null || echo old; find "$rl_mark" -mmin +60 2>/dev/null) ;;
  *) rl_old=$(find "$rl_mark" -mmin +15 2>/dev/null) ;;
  esac
  if [ -z "$rl_old" ]; then echo "an earlier request is still submitting it ($rl_who)"; exit 94; fi
  rm -f "$rl_mark"
fi
rl_found=$("#;
const LOOK_UP_AFTER: &str = r#")
rl_looked=$?
# A job that holds the claim has begun: that needs no scheduler.
rl_claim=$(readlink ".researchloop/claim-$ATTEMPT" 2>/dev/null)
if [ "$rl_looked" != 0 ]; then
  case $rl_claim in '' | *[!0-9]*) ;; *) printf '%s\n' "$rl_claim"; exit 0 ;; esac
  printf '%s\n' "$rl_found"
  # Nobody but the accounting could know of a job: for how long its answer is waited for is not said here.
  if [ "$rl_looked" != 3 ] || [ "$PATIENT" != 0 ]; then exit 94; fi
  rl_found=
fi
# What was found counts, also when it cannot be written down.
rl_keep "$rl_found"
if [ -n "$rl_id" ]; then printf '%s\n' "$rl_id"; exit 0; fi
# A job that the scheduler has not shown yet finds its claim taken, and ends at once. One that holds it
# already has begun, though no list shows it.
if [ "$MODE" = look ] && [ -d .researchloop ]; then ln -s cancelled ".researchloop/claim-$ATTEMPT" 2>/dev/null; fi
case $(readlink ".researchloop/claim-$ATTEMPT" 2>/dev/null) in
  '' | *[!0-9]*) ;;
  *) readlink ".researchloop/claim-$ATTEMPT"; exit 0 ;;
esac
if [ "$MODE" = look ]; then exit 95; fi
fi"#;
const SUBMIT_BEFORE: &str = r#"
trap '' HUP PIPE TERM
sh -c 'ln -s "$(uname -n):$PPID" "$1"' sh "$rl_mark" || { [ ! -L "$rl_mark" ] || exit 94; exit 92; }
rm -rf ".researchloop/jobid-$ATTEMPT"
rl_said=$("#;
const SUBMIT_AFTER: &str = r#")
rl_status=$?
printf '%s\n' "$rl_said"
rl_id=$(rl_ids_in "$rl_said" | sort -u)
case $rl_id in *"
"*) rl_id= ;; esac
[ "$rl_status" != 0 ] || rl_keep "$rl_id"
rm -f "$rl_mark"
# A program's own status is none of those that mean something here.
case $rl_status:$rl_said in 9[1-6]:*"!$rl_status"*) exit 1 ;; esac
exit "$rl_status""#;

/// A submission that brought no id may have brought a job: it is looked for by its name, at once.
/// `RL_RC` is the status of the submission.
const AFTER_BEFORE: &str = r#"case $RL_RC in 91 | 92 | 93 | 94 | 96) exit 97 ;; esac
cd "$RL_DIR" 2>/dev/null || exit 97
if [ -s ".researchloop/jobid-$ATTEMPT" ]; then exit 97; fi
"#;
const AFTER_AFTER: &str = r#") || { printf '%s\n' "$rl_found"; exit 94; }
rl_keep "$rl_found"
[ -n "$rl_id" ] || exit 95
printf '%s\n' "$rl_id""#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_found_by_name_overrules_what_was_said() {
        let job = JobId::parse("12").expect("an id");
        let of = |submission: &Submission, after, found: &str| {
            confirmed(submission.clone(), 1, after, found)
        };
        let (refused, unclear, not_sent) = (
            Submission::Refused("no".to_owned()),
            Submission::Unclear("who knows".to_owned()),
            Submission::NotSent("down".to_owned()),
        );
        for said in [&refused, &unclear, &not_sent] {
            assert_eq!(of(said, 0, "12\n"), Submission::Accepted(job.clone()));
            assert_eq!(of(said, NOTHING_FOUND, ""), *said);
        }
        // Nobody knows whether there is a job.
        assert!(
            matches!(of(&refused, LOOK_UP_FAILED, "squeue: down"), Submission::Unclear(why) if why.contains("no;") && why.contains("squeue: down"))
        );
        assert!(matches!(of(&refused, 97, ""), Submission::Unclear(_)));
        assert_eq!(of(&not_sent, LOOK_UP_FAILED, "squeue: down"), not_sent);
        assert_eq!(confirmed(refused.clone(), NOT_THERE, 97, ""), refused, "nothing was run");
    }
}
