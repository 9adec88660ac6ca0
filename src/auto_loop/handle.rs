//! One loop and all that a door can do with it. The database is opened once, however many of these verbs
//! follow each other, and no door sees it.

use super::{BeginEvent, Edit, Order, control, stop};
use crate::app::App;
use crate::domain::{LoopId, SprintId};
use crate::find;
use crate::problem::Problem;
use crate::sprint::{CancelError, Request};
use crate::store::{LoopRow, LoopSprint, Store};
use crate::view;

/// A loop, and the database that knows it.
#[derive(Debug)]
pub struct Handle {
    /// The loop, as it was when it was looked at last.
    pub row: LoopRow,
    store: Store,
}

impl Handle {
    /// The loop with this id, or the beginning of one.
    pub fn open(app: &App, id: &str) -> Result<Self, Problem> {
        let store = app.store()?;
        let row = find::auto_loop(&store, id)?;
        Ok(Self { row, store })
    }

    /// Makes a loop on a study. It has begun nothing yet.
    pub fn start(
        app: &App,
        study: &str,
        order: &Order,
        request: &Request,
    ) -> Result<Self, Problem> {
        let mut store = app.store()?;
        let id = control::start(app, &mut store, study, order, request)?;
        let row = find::auto_loop(&store, id.as_str())?;
        Ok(Self { row, store })
    }

    fn look(&mut self) -> Result<(), Problem> {
        self.row = find::auto_loop(&self.store, self.row.id.as_str())?;
        Ok(())
    }

    /// Changes its limits, and what its next sprints ask for.
    pub fn edit(&mut self, app: &App, edit: &Edit) -> Result<(), Problem> {
        self.row = control::edit(app, &mut self.store, &self.row.id, edit)?;
        Ok(())
    }

    /// Lets it go on that has stopped or ended.
    pub fn resume(&mut self, app: &App, edit: &Edit) -> Result<(), Problem> {
        self.row = control::resume(app, &mut self.store, &self.row.id, edit)?;
        Ok(())
    }

    /// What is probably not as it was meant in its limits, a sentence each.
    pub fn doubts(&mut self, app: &App) -> Result<Vec<String>, Problem> {
        Ok(control::doubts(app, &mut self.store, &self.row)?)
    }

    /// Other loops that run on its study.
    pub fn others(&self) -> Result<Vec<LoopId>, Problem> {
        Ok(super::begin::others(&self.store, &self.row.id, &self.row.study)?)
    }

    /// Makes the sprints that it may begin now, and submits them. Returns what went wrong, a sentence
    /// each.
    pub fn begin(
        &mut self,
        app: &App,
        tell: &mut dyn FnMut(BeginEvent<'_>),
    ) -> Result<Vec<String>, Problem> {
        let problems = super::begin::begin(app, &mut self.store, &self.row.id, tell)?;
        self.look()?;
        Ok(problems)
    }

    /// Lets it begin no more sprints. Returns those that are not over.
    pub fn stop(&mut self, with_jobs: bool) -> Result<Vec<LoopSprint>, Problem> {
        let live = stop::stop_by_hand(&mut self.store, &self.row, with_jobs)?;
        self.look()?;
        Ok(live)
    }

    /// Cancels these of its sprints, and tells of each what came of it.
    pub fn cancel_sprints(
        &mut self,
        app: &App,
        sprints: &[LoopSprint],
        tell: &mut dyn FnMut(&SprintId, Result<(), CancelError>),
    ) -> Result<(), Problem> {
        stop::cancel_sprints(app, &mut self.store, sprints, tell)?;
        self.look()
    }

    /// How it stands.
    pub fn shown(&self) -> Result<view::OneLoop, Problem> {
        Ok(view::OneLoop { auto_loop: view::loop_found(&self.store, &self.row)? })
    }
}
