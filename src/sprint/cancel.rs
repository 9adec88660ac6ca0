//! Asks for the end of a sprint. Whether it has ended is for a later poll to say.

use super::install_runner;
use crate::app::{App, ClusterError};
use crate::domain::action::Action;
use crate::domain::transition::Event;
use crate::domain::{EventName, SprintId, State};
use crate::problem::{Problem, ProblemKind};
use crate::remote::{Remote, RemoteError, Script};
use crate::scheduler;
use crate::store::{SprintRow, Store, StoreError, job_name};

/// Why the end could not be asked for.
#[derive(Debug, thiserror::Error)]
pub enum CancelError {
    /// No such sprint.
    #[error("there is no sprint {0}")]
    NoSprint(SprintId),
    /// It is over.
    #[error("{0} is already {1}")]
    Over(SprintId, &'static str),
    /// Its cluster cannot be asked.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// The way to the cluster. The request is recorded: a later tick asks again.
    #[error(transparent)]
    Remote(#[from] RemoteError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<CancelError> for Problem {
    fn from(error: CancelError) -> Self {
        match error {
            CancelError::Cluster(error) => error.into(),
            CancelError::Store(error) => error.into(),
            CancelError::Remote(error) => Self::from(error)
                .hint(format!("the request is recorded: `{}` asks again", Action::Tick)),
            CancelError::NoSprint(_) => Self::new(ProblemKind::NotFound, error.to_string()),
            CancelError::Over(..) => Self::new(ProblemKind::Conflict, error.to_string()),
        }
    }
}

/// What came of asking for the end of a sprint.
#[derive(Debug)]
pub struct CancelOutcome {
    /// The state after that.
    pub state: State,
    /// What the scheduler has against it.
    pub objection: Option<String>,
}

/// Records the request and tells the scheduler, when there is a job. The cluster of a sprint without a
/// job need not even be known any more.
pub fn cancel(app: &App, store: &mut Store, row: &SprintRow) -> Result<CancelOutcome, CancelError> {
    let state = ask_for_end(store, &row.id)?;
    let objection = match &state {
        State::Cancelling { job: Some(_), .. } => {
            let mut remote = app.remote(app.cluster_of(row)?);
            tell_scheduler(app, store, remote.as_mut(), &row.id)?
        }
        _ => None,
    };
    Ok(CancelOutcome { state, objection })
}

/// The same, through a connection to its cluster.
pub fn cancel_through(
    app: &App,
    store: &mut Store,
    remote: &mut dyn Remote,
    id: &SprintId,
) -> Result<CancelOutcome, CancelError> {
    let state = ask_for_end(store, id)?;
    let objection = match &state {
        State::Cancelling { job: Some(_), .. } => tell_scheduler(app, store, remote, id)?,
        _ => None,
    };
    Ok(CancelOutcome { state, objection })
}

/// Records the request. Returns the state after that; a sprint without a job has ended with it.
fn ask_for_end(store: &mut Store, id: &SprintId) -> Result<State, CancelError> {
    let change = store.change()?;
    let Some(row) = change.sprint(id)? else {
        return Err(CancelError::NoSprint(id.clone()));
    };
    if row.state.status().is_terminal() {
        return Err(CancelError::Over(id.clone(), row.state.status().as_str()));
    }
    let state = change.apply(id, Event::CancelAsked)?.unwrap_or(row.state);
    change.commit()?;
    Ok(state)
}

/// Tells the scheduler to end every job of a sprint's name, and the one whose id is known. Returns what
/// it said against it. What it has not heard does not count as sent: it is asked again.
pub fn tell_scheduler(
    app: &App,
    store: &mut Store,
    remote: &mut dyn Remote,
    id: &SprintId,
) -> Result<Option<String>, CancelError> {
    let Some(row) = store.sprint(id)? else { return Ok(None) };
    let Some(job) = row.state.last_job() else { return Ok(None) };
    let cluster = app.cluster_of(&row)?;
    let kind = scheduler::scheduler(row.scheduler);
    let mut script = Script::new();
    scheduler::be_patient(&mut script, cluster.command_timeout, false);
    script
        .set("RL_JOB", job.as_str())
        .set("RL_NAME", &job_name(id, row.attempt))
        .set("ATTEMPT", &row.attempt.to_string())
        .set("DIR", &row.remote_dir)
        .plain(install_runner::HOME_OF)
        .plain(r#"RL_DIR=$(rl_home "$DIR")"#)
        .section("claim", LEAVE_CLAIM)
        .section_of(
            "cancel",
            &[r#"cd "$RL_DIR" 2>/dev/null || cd || exit 1"#, "\n", kind.cancel()],
        );
    let reply = remote.run(script, app.limits(cluster))?;
    let told = reply.section("cancel").map_or(Err("its answer is missing".to_owned()), |section| {
        kind.read_cancel(section.status, &section.text())
    });
    let said =
        reply.section("cancel").map(|section| section.text().trim().to_owned()).unwrap_or_default();
    let against = told.err().map(|why| {
        format!(
            "the job {job} could not be cancelled: {}",
            why.chars().take(400).collect::<String>()
        )
    });
    let change = store.change()?;
    if against.is_none() {
        change.set_cancel_sent(id)?;
    }
    change.event(
        Some(id),
        EventName::CancelSent,
        &serde_json::json!({ "job_id": job.as_str(), "heard": against.is_none(), "said": said }),
    )?;
    if let Some(against) = &against {
        change.set_note(id, against)?;
    }
    change.commit()?;
    Ok(against)
}

/// A job that has not begun leaves no claim. It is taken here, so that a second job of that name, or
/// one that starts before the scheduler hears of the cancel, ends at once.
const LEAVE_CLAIM: &str = r#"cd "$RL_DIR/.researchloop" 2>/dev/null || exit 0
if [ ! -L "claim-$ATTEMPT" ] && [ ! -e "claim-$ATTEMPT" ]; then ln -s cancelled "claim-$ATTEMPT" 2>/dev/null; fi
exit 0"#;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::domain::{JobId, Status};
    use crate::platform::clock::Clock;
    use crate::remote::FakeRemote;
    use crate::store::NewSprint;

    fn id() -> SprintId {
        SprintId::of("sp-000001")
    }

    /// A sprint whose job has been sent, and the login node of its cluster.
    fn place(folder: &std::path::Path) -> (App, Store, FakeRemote) {
        let fake = FakeRemote::default();
        let app = App::example(folder, "", "").with_remote(&fake);
        let clock = Clock::standing(jiff::Timestamp::from_second(1_800_000_000).expect("a time"));
        let app = App { clock: clock.clone(), ..app };
        let mut store = Store::in_memory().expect("a database").with_clock(clock).expect("a clock");
        let change = store.change().expect("begun");
        assert!(change.create_sprint(&NewSprint::example(&id())).expect("made"));
        let attempt = change.begin_submission(&id(), "").expect("begun").expect("can be");
        let job = JobId::parse("7").expect("digits");
        change.accept(&id(), attempt, &job, "/d").expect("taken");
        change.commit().expect("kept");
        (app, store, fake)
    }

    fn row(store: &Store) -> SprintRow {
        store.sprint(&id()).expect("read").expect("there")
    }

    #[test]
    fn a_wish_that_no_login_node_has_heard_is_remembered_and_told_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let (app, mut store, fake) = place(folder.path());
        let before = row(&store);
        let error = cancel(&app, &mut store, &before).expect_err("nobody answers");
        assert!(matches!(error, CancelError::Remote(_)), "{error}");
        assert_eq!(row(&store).state.status(), Status::Cancelling);
        assert_eq!(row(&store).cancel_sent, 0, "it does not count as sent");
        app.clock.advance(Duration::from_secs(90));
        fake.answers([("claim", 0, ""), ("cancel", 0, "")]);
        let outcome = cancel(&app, &mut store, &before).expect("told");
        assert_eq!((outcome.state.status(), outcome.objection), (Status::Cancelling, None));
        assert_eq!(row(&store).cancel_sent, 1_800_000_090);
        let asked = fake.asked();
        assert_eq!(asked.len(), 2);
        assert!(
            asked[1].contains("scancel") && asked[1].contains("rl-sp-000001-1"),
            "{}",
            asked[1]
        );
    }

    #[test]
    fn an_objection_of_the_scheduler_is_told_and_noted_and_does_not_count_as_sent() {
        let folder = tempfile::tempdir().expect("a folder");
        let (app, mut store, fake) = place(folder.path());
        fake.answers([("claim", 0, ""), ("cancel", 1, "scancel: error: Access denied")]);
        let before = row(&store);
        let outcome = cancel(&app, &mut store, &before).expect("asked");
        let objection = outcome.objection.expect("an objection");
        assert!(objection.contains("job 7") && objection.contains("Access denied"), "{objection}");
        assert_eq!((row(&store).note, row(&store).cancel_sent), (objection, 0));
    }

    #[test]
    fn a_sprint_without_a_job_ends_and_no_login_node_is_asked() {
        let folder = tempfile::tempdir().expect("a folder");
        let (app, mut store, fake) = place(folder.path());
        let id = SprintId::of("sp-000002");
        let change = store.change().expect("begun");
        assert!(change.create_sprint(&NewSprint::example(&id)).expect("made"));
        change.commit().expect("kept");
        let waits = store.sprint(&id).expect("read").expect("there");
        let outcome = cancel(&app, &mut store, &waits).expect("ended");
        assert_eq!(outcome.state.status(), Status::Cancelled);
        assert_eq!(fake.asked(), Vec::<String>::new());
        let waits = store.sprint(&id).expect("read").expect("there");
        let error = cancel(&app, &mut store, &waits).expect_err("over");
        assert!(matches!(error, CancelError::Over(_, "cancelled")), "{error}");
    }
}
