//! One sprint and all that a door can do with it. The database is opened once, however many of these
//! verbs follow each other, and no door sees it.

use std::path::Path;

use super::cancel::cancel;
use super::create::create;
use super::delete::{delete, refuse_needed};
use super::dry_run::dry_run;
use super::fetch::{Extent, fetch};
use super::request::{NewSprintSpec, Request};
use super::resubmit::{request_again, resubmit};
use super::submit::submit;
use super::submitted::Submitted;
use super::tweak::tweak;
use crate::app::App;
use crate::domain::{SprintId, TaskId};
use crate::find;
use crate::problem::{Problem, ProblemKind};
use crate::remote::Remote;
use crate::store::{SprintRow, Store};
use crate::view::{Deleted, DryRun, Fetched, File};

/// A sprint, and the database that knows it.
#[derive(Debug)]
pub struct Handle {
    /// The sprint, as it was when it was looked at last.
    pub row: SprintRow,
    store: Store,
}

/// What came of submitting a sprint that was just made.
pub struct NewSubmission {
    /// The sprint after that.
    pub sprint: Handle,
    /// What came of it.
    pub submitted: Submitted,
    /// The connection to its cluster, for what comes next.
    pub remote: Box<dyn Remote>,
}

/// A sprint that was just made, and is still to be submitted.
#[derive(Debug)]
pub struct Made {
    /// The sprint.
    pub sprint: Handle,
    /// What its idea repeats: an earlier sprint, or a task.
    pub repeats: Option<String>,
    /// Its task, when that is done: its verdict stays.
    pub done_task: Option<TaskId>,
}

impl Handle {
    /// The sprint with this id, or the beginning of one.
    pub fn open(app: &App, id: &str) -> Result<Self, Problem> {
        let store = app.store()?;
        let row = find::sprint(&store, id)?;
        Ok(Self { row, store })
    }

    /// Makes a sprint of an idea that somebody wants to be tried.
    pub fn make(app: &App, spec: &NewSprintSpec<'_>) -> Result<Made, Problem> {
        let mut store = app.store()?;
        // Another attempt at a task repeats it, and is meant to.
        let repeats = match (spec.task, spec.idea) {
            (None, Some(idea)) => store.repeats(spec.study, [(String::new(), idea)])?,
            _ => Vec::new(),
        };
        let id = create(app, &mut store, spec)?;
        let sprint = Self::of(store, &id)?;
        let repeats = repeats.into_iter().next().map(|(_, earlier)| earlier);
        Ok(Made { sprint, repeats, done_task: None })
    }

    /// A sprint that was made with this database.
    pub fn of(store: Store, id: &SprintId) -> Result<Self, Problem> {
        let row = find::sprint(&store, id.as_str())?;
        Ok(Self { row, store })
    }

    /// What it is made of, for who follows it.
    pub fn into_parts(self) -> (Store, SprintRow) {
        (self.store, self.row)
    }

    fn look(&mut self) -> Result<(), Problem> {
        self.row = find::sprint(&self.store, self.row.id.as_str())?;
        Ok(())
    }

    /// Makes a follow-up of it.
    pub fn tweak(mut self, app: &App, instruction: &str, new: &Request) -> Result<Self, Problem> {
        let id = tweak(app, &mut self.store, &self.row, instruction, new)?;
        Self::of(self.store, &id)
    }

    /// What a sprint that repeats it asks for: the same, except for what `new` says.
    pub fn request_again(&self, app: &App, new: &Request) -> Result<Request, Problem> {
        Ok(request_again(app, &self.store, &self.row, new)?)
    }

    /// What a sprint that repeats it with this request would send.
    pub fn dry_run_again(&self, app: &App, request: Request) -> Result<DryRun, Problem> {
        match (&request.tweak, &self.row.idea) {
            (None, Some(idea)) => {
                Ok(dry_run(app, &NewSprintSpec::new(&self.row.study, idea, request))?)
            }
            _ => Err(Problem::new(
                ProblemKind::Usage,
                format!(
                    "--dry-run: the script of {} is made from what lies on its cluster",
                    self.row.id
                ),
            )),
        }
    }

    /// Makes a sprint that repeats it, with what [`Self::request_again`] has found.
    pub fn resubmit(mut self, app: &App, request: Request) -> Result<Made, Problem> {
        let made = resubmit(app, &mut self.store, &self.row, request)?;
        let sprint = Self::of(self.store, &made.id)?;
        Ok(Made { sprint, repeats: None, done_task: made.done_task })
    }

    /// Submits it, when it was just made.
    pub fn submit(mut self, app: &App) -> Result<NewSubmission, Problem> {
        let mut remote = app.remote(app.cluster_of(&self.row)?);
        let submitted = submit(app, &mut self.store, remote.as_mut(), &self.row.id)?;
        self.look()?;
        Ok(NewSubmission { sprint: self, submitted, remote })
    }

    /// Asks it to end. What its scheduler has against that.
    pub fn cancel(&mut self, app: &App) -> Result<Option<String>, Problem> {
        let objection = cancel(app, &mut self.store, &self.row)?.objection;
        self.look()?;
        Ok(objection)
    }

    /// Brings its files into a folder on this machine: where results are kept, unless another one is given.
    pub fn fetch(
        &mut self,
        app: &App,
        to: Option<&Path>,
        extent: Extent,
        progress: impl FnMut(u64, u64),
    ) -> Result<Fetched, Problem> {
        let folder = to.map_or_else(|| app.artifacts(&self.row.id), Path::to_owned);
        let fetched = fetch(app, &mut self.store, &self.row, &folder, extent, progress)?;
        let files = fetched.files.into_iter().map(|(filename, size)| File { filename, size });
        Ok(Fetched {
            sprint_id: self.row.id.clone(),
            files: files.collect(),
            folder,
            skipped: fetched.skipped,
        })
    }

    /// Refuses to forget it while something needs it.
    pub fn refuse_needed(&mut self) -> Result<(), Problem> {
        Ok(refuse_needed(&self.store.change()?, &self.row)?)
    }

    /// Forgets it, with its fetched files, and with its directory on the cluster when that is asked for.
    pub fn delete(mut self, app: &App, on_cluster: bool) -> Result<Deleted, Problem> {
        delete(app, &mut self.store, &self.row, on_cluster)?;
        Ok(Deleted { deleted: true, sprint_id: self.row.id.clone() })
    }
}
