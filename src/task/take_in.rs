//! Takes a file of tasks into the backlog, and tells which ideas were had before.

use super::import::{Draft, ImportError, create_all, read};
use crate::app::App;
use crate::domain::{TaskId, text};
use crate::problem::{Problem, ProblemKind};
use crate::store::{Change, Store, StoreError};
use crate::view::{Imported, ImportedTask, SameIdea};

/// Adds the tasks of a file, all or none. `name` is the file's, for people; `tell` hears of ideas that
/// were had before, before anything is added.
pub fn import(
    app: &App,
    study: &str,
    name: &str,
    content: &str,
    tell: &mut dyn FnMut(&[SameIdea]),
) -> Result<Imported, Problem> {
    app.config.study(study)?;
    let what = format!("in {name}");
    let drafts = read(content).map_err(|problems| refused(&what, &problems))?;
    let mut store = app.store()?;
    tell(&repeats(&store, study, &drafts)?);
    let change = store.change()?;
    let tasks = create(&change, study, &drafts, "file", &what)?;
    change.commit()?;
    Ok(Imported { study_name: study.to_owned(), tasks })
}

/// Makes the tasks of a list as a part of a change. `what` is where they stand: `in the plan`.
pub fn create(
    change: &Change<'_>,
    study: &str,
    drafts: &[Draft],
    made_by: &str,
    what: &str,
) -> Result<Vec<ImportedTask>, Problem> {
    let ids = create_all(change, study, drafts, made_by).map_err(|error| match error {
        ImportError::Problems(problems) => refused(what, &problems),
        ImportError::Task(error) => error.into(),
    })?;
    let task =
        |(id, draft): (&TaskId, &Draft)| ImportedTask { id: id.clone(), key: draft.key.clone() };
    Ok(ids.iter().zip(drafts).map(task).collect())
}

/// Which of these tasks have an idea that was had already, in the study or in the same list.
pub fn repeats(store: &Store, study: &str, drafts: &[Draft]) -> Result<Vec<SameIdea>, StoreError> {
    let ideas = drafts.iter().enumerate().map(|(place, draft)| {
        let name = draft
            .key
            .as_deref()
            .map_or_else(|| format!("task {}", place + 1), |key| format!("task {key:?}"));
        (name, draft.idea.as_str())
    });
    let repeats = store.repeats(study, ideas)?;
    Ok(repeats.into_iter().map(|(name, earlier)| SameIdea { name, earlier }).collect())
}

/// Why none of the tasks was added: everything that is wrong with them. `what` is where: `in the plan`.
pub fn refused(what: &str, problems: &[String]) -> Problem {
    let lines: Vec<String> = problems.iter().map(|problem| text::line(problem)).collect();
    Problem::new(
        ProblemKind::Usage,
        format!(
            "{} {what}; no task was added\n{}",
            text::number_of(lines.len(), "problem"),
            lines.join("\n")
        ),
    )
}
