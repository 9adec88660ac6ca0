//! `researchloop task ...`: commands that change tasks.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::exit::{Exit, Result};
use super::ui::Ui;
use super::{Global, find, input, task_claim, task_graph, task_show, text, values};
use crate::app::App;
use crate::domain::task::{MAX_ATTEMPTS, parse_need};
use crate::domain::{Condition, TaskId};
use crate::problem::{Problem, ProblemKind};
use crate::store::{Change, NewTask, Store, TaskEdit, TaskError, TaskRow};
use crate::task::{self, Draft, ImportError};
use crate::view;

/// The backlog: ideas, what they need, and who works on them
#[derive(Debug, Subcommand)]
pub enum TaskCommand {
    /// Add an idea to the backlog
    Add(AddArgs),
    /// List tasks in the order in which they are taken
    List(task_show::ListArgs),
    /// Show one task: what it needs, what waits for it, its attempts, what to do next
    Show(OneArgs),
    /// Change tasks, or what they need
    Edit(EditArgs),
    /// Show the task that is to be begun next
    Next(task_claim::NextArgs),
    /// Take a ready task for a while; prints the claim's token
    Claim(task_claim::ClaimArgs),
    /// Prolong a claim
    Heartbeat(task_claim::HeartbeatArgs),
    /// Give a claim back; nothing is counted
    Release(task_claim::TokenArgs),
    /// Say that a task is done; its command must succeed here first
    Done(task_claim::DoneArgs),
    /// Say that a task failed
    Fail(task_claim::FailArgs),
    /// Open tasks again, and forget how often they have failed
    Retry(ManyArgs),
    /// Call tasks off, with their parts
    Cancel(CancelArgs),
    /// Add the tasks of a YAML or JSON file, all or none
    Import(ImportArgs),
    /// Show what waits for what
    Graph(task_graph::GraphArgs),
}

#[derive(Debug, Args)]
pub struct AddArgs {
    /// The idea; `-` reads it from standard input
    idea: String,
    /// The study that it belongs to
    #[arg(short, long)]
    study: String,
    /// A task that must have ended before, and how: done (default), supported, refuted, failed or any
    #[arg(long, value_name = "ID[:HOW]")]
    needs: Vec<String>,
    /// How urgent it is: p0, p1 or p2
    #[arg(short, long, default_value = "p1")]
    priority: String,
    /// The task that it is a part of
    #[arg(long, value_name = "ID")]
    parent: Option<String>,
    /// When somebody will know that it is done, in words
    #[arg(long, value_name = "TEXT")]
    done_when: Option<String>,
    /// A command for bash that must succeed before it is done
    #[arg(long, value_name = "COMMAND")]
    verify: Option<String>,
    /// How often it may fail
    #[arg(long, value_name = "N", default_value_t = MAX_ATTEMPTS)]
    max_attempts: u32,
}

#[derive(Debug, Args)]
pub struct OneArgs {
    /// The task's id, or the beginning of it
    pub id: String,
}

#[derive(Debug, Args)]
pub struct ManyArgs {
    /// The tasks' ids, or the beginnings of them: all are changed, or none
    #[arg(required = true, value_name = "ID")]
    ids: Vec<String>,
}

#[derive(Debug, Args)]
pub struct EditArgs {
    #[command(flatten)]
    tasks: ManyArgs,
    /// Another idea
    #[arg(long, value_name = "TEXT")]
    idea: Option<String>,
    /// How urgent it is: p0, p1 or p2
    #[arg(short, long)]
    priority: Option<String>,
    /// The task that it is a part of; `none` for none
    #[arg(long, value_name = "ID")]
    parent: Option<String>,
    /// When it is done, in words; empty for nothing
    #[arg(long, value_name = "TEXT")]
    done_when: Option<String>,
    /// A command for bash that must succeed before it is done; empty for none
    #[arg(long, value_name = "COMMAND")]
    verify: Option<String>,
    /// How often it may fail
    #[arg(long, value_name = "N")]
    max_attempts: Option<u32>,
    /// One more task that must have ended before, or the same with another condition
    #[arg(long, value_name = "ID[:HOW]")]
    needs: Vec<String>,
    /// A task that it does not need any more
    #[arg(long, value_name = "ID")]
    drop_need: Vec<String>,
}

#[derive(Debug, Args)]
pub struct CancelArgs {
    #[command(flatten)]
    tasks: ManyArgs,
    /// Why
    #[arg(long, value_name = "TEXT", default_value = "")]
    reason: String,
}

#[derive(Debug, Args)]
pub struct ImportArgs {
    /// The file; `-` reads standard input
    file: PathBuf,
    /// The study that the tasks belong to
    #[arg(short, long)]
    study: String,
}

/// Runs one of them.
pub fn run(global: &Global, ui: &Ui, command: &TaskCommand) -> Result {
    let app = global.app(ui)?;
    match command {
        TaskCommand::Add(args) => add(&app, ui, args),
        TaskCommand::List(args) => task_show::list(&app, ui, args),
        TaskCommand::Show(args) => task_show::show(&app, ui, &args.id),
        TaskCommand::Edit(args) => edit(&app, ui, args),
        TaskCommand::Next(args) => task_claim::next(&app, ui, args),
        TaskCommand::Claim(args) => task_claim::claim(&app, ui, args),
        TaskCommand::Heartbeat(args) => task_claim::heartbeat(&app, ui, args),
        TaskCommand::Release(args) => task_claim::release(&app, ui, args),
        TaskCommand::Done(args) => task_claim::done(&app, ui, args),
        TaskCommand::Fail(args) => task_claim::fail(&app, ui, args),
        TaskCommand::Retry(args) => retry(&app, ui, args),
        TaskCommand::Cancel(args) => cancel(&app, ui, args),
        TaskCommand::Import(args) => import(&app, ui, args),
        TaskCommand::Graph(args) => task_graph::graph(&app, ui, args),
    }
}

fn usage(message: String) -> Problem {
    Problem::new(ProblemKind::Usage, message)
}

fn needs(store: &Store, texts: &[String]) -> Result<Vec<(String, Condition)>> {
    let mut needs: Vec<(String, Condition)> = Vec::new();
    for text in texts {
        let (id, condition) =
            parse_need(text).map_err(|problem| usage(format!("--needs {problem}")))?;
        let id = find::task(store, id)?.id.to_string();
        if needs.iter().any(|(known, _)| *known == id) {
            return Err(usage(format!("--needs names {id} twice"))
                .hint("one task is needed in one way; `any` is met however it ends"));
        }
        needs.push((id, condition));
    }
    Ok(needs)
}

fn add(app: &App, ui: &Ui, args: &AddArgs) -> Result {
    app.config.study(&args.study)?;
    let idea = input::given(&args.idea, "the idea")?;
    let mut store = app.store()?;
    let needs = needs(&store, &args.needs)?;
    let parent = args.parent.as_deref().map(|parent| find::task(&store, parent)).transpose()?;
    let new = NewTask {
        priority: values::priority(&args.priority)?,
        done_when: args.done_when.as_deref().unwrap_or_default(),
        verify: args.verify.as_deref().unwrap_or_default(),
        max_attempts: args.max_attempts,
        ..NewTask::new(&args.study, &idea, "person")
    };
    let repeats = store.repeats(&args.study, [(String::new(), idea.as_str())])?;
    let change = store.change()?;
    let row = change.add_task(&new, &needs, parent.as_ref().map(|parent| parent.id.as_str()))?;
    change.commit()?;
    if !ui.json {
        ui.line(row.id.as_str());
        ui.status(&format!("{}: {}", row.id, row.state));
    }
    if let [(_, earlier)] = repeats.as_slice() {
        ui.warning(&format!(
            "{}: the same idea as {earlier}; if that was not meant: `researchloop task cancel {}`",
            row.id, row.id
        ));
    }
    print_json(ui, &store, &row)?;
    if row.state == crate::domain::TaskState::Ready {
        ui.hint(&format!("`researchloop sprint run --task {}` starts a sprint for it", row.id));
    }
    Ok(Exit::Success)
}

/// Warns of tasks whose idea was had already, in the study or in the same list.
pub fn tell_repeats(ui: &Ui, store: &Store, study: &str, drafts: &[Draft]) -> Result<()> {
    const SHOWN: usize = 10;
    let name = |(place, draft): (usize, &Draft)| {
        draft
            .key
            .as_deref()
            .map_or_else(|| format!("task {}", place + 1), |key| format!("task {key:?}"))
    };
    let ideas: Vec<(String, &str)> = drafts
        .iter()
        .enumerate()
        .map(|(place, draft)| (name((place, draft)), draft.idea.as_str()))
        .collect();
    let repeats = store.repeats(study, ideas)?;
    for (one, earlier) in repeats.iter().take(SHOWN) {
        ui.warning(&text::clean(&format!("{one} has the same idea as {earlier}")));
    }
    if repeats.len() > SHOWN {
        ui.warning(&format!("so have {} more", repeats.len() - SHOWN));
    }
    Ok(())
}

/// The task as JSON, when that is wanted.
pub fn print_json(ui: &Ui, store: &Store, row: &TaskRow) -> Result<()> {
    if ui.json {
        ui.json(&serde_json::json!({ "task": view::task(row, &store.needs_of(row.id.as_str())?) }));
    }
    Ok(())
}

/// The task as JSON, or a sentence on it.
pub fn tell(ui: &Ui, store: &Store, row: &TaskRow, what: &str) -> Result {
    print_json(ui, store, row)?;
    ui.status(&format!("{}: {what}", row.id));
    Ok(Exit::Success)
}

/// Changes all of these tasks, or none.
fn change_all(
    ui: &Ui,
    store: &mut Store,
    given: &ManyArgs,
    change_one: impl Fn(&Change<'_>, &str) -> std::result::Result<TaskRow, TaskError>,
    what: impl Fn(&TaskRow) -> String,
) -> Result {
    let mut ids: Vec<TaskId> = Vec::new();
    for given in &given.ids {
        let id = find::task(store, given)?.id;
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    let change = store.change()?;
    for id in &ids {
        change_one(&change, id.as_str())?;
    }
    // As they are when all is done: one may be a part of another one.
    let rows: Vec<TaskRow> = ids
        .iter()
        .map(|id| change.task(id.as_str()))
        .collect::<std::result::Result<Vec<_>, _>>()?
        .into_iter()
        .flatten()
        .collect();
    change.commit()?;
    if let ([row], 1) = (rows.as_slice(), given.ids.len()) {
        return tell(ui, store, row, &what(row));
    }
    if ui.json {
        let needs = store.needs_of_study(None)?;
        ui.json(&view::Tasks { tasks: rows.iter().map(|row| view::task(row, &needs)).collect() });
    }
    for row in &rows {
        ui.status(&format!("{}: {}", row.id, what(row)));
    }
    Ok(Exit::Success)
}

fn edit(app: &App, ui: &Ui, args: &EditArgs) -> Result {
    let mut store = app.store()?;
    if args.idea.is_some() && args.tasks.ids.len() > 1 {
        return Err(usage("--idea: several tasks cannot have the same idea".to_owned()));
    }
    let needs = needs(&store, &args.needs)?;
    let drop_needs: Vec<String> = args
        .drop_need
        .iter()
        .map(|id| Ok(find::task(&store, id)?.id.to_string()))
        .collect::<Result<_>>()?;
    let parent = match args.parent.as_deref() {
        None => None,
        Some("none") => Some(None),
        Some(parent) => Some(Some(find::task(&store, parent)?.id)),
    };
    let idea = args.idea.as_deref().map(|idea| input::given(idea, "the idea")).transpose()?;
    let edit = TaskEdit {
        idea: idea.as_deref(),
        priority: args.priority.as_deref().map(values::priority).transpose()?,
        parent: parent.as_ref().map(|parent| parent.as_ref().map(|id| id.as_str())),
        done_when: args.done_when.as_deref(),
        verify: args.verify.as_deref(),
        max_attempts: args.max_attempts,
        needs: &needs,
        drop_needs: &drop_needs,
    };
    if edit == TaskEdit::default() {
        return Err(usage("nothing to change was given".to_owned())
            .hint("`researchloop task edit --help` shows what can be changed"));
    }
    change_all(
        ui,
        &mut store,
        &args.tasks,
        |change, id| change.edit_task(id, &edit),
        |row| format!("changed; it is {}", row.state),
    )
}

fn retry(app: &App, ui: &Ui, args: &ManyArgs) -> Result {
    let retry = |change: &Change<'_>, id: &str| change.retry_task(id);
    change_all(ui, &mut app.store()?, args, retry, |row| format!("open again; it is {}", row.state))
}

fn cancel(app: &App, ui: &Ui, args: &CancelArgs) -> Result {
    let cancel = |change: &Change<'_>, id: &str| change.cancel_task(id, &args.reason);
    change_all(ui, &mut app.store()?, &args.tasks, cancel, |_| "called off".to_owned())
}

fn import(app: &App, ui: &Ui, args: &ImportArgs) -> Result {
    app.config.study(&args.study)?;
    let name = args.file.display().to_string();
    let content = input::file(&args.file)?;
    let refused = |problems: Vec<String>| {
        let problems: Vec<String> = problems.iter().map(|problem| text::clean(problem)).collect();
        Problem::new(
            ProblemKind::Usage,
            format!(
                "{} problem(s) in {name}; no task was added\n{}",
                problems.len(),
                problems.join("\n")
            ),
        )
    };
    let drafts = task::read(&content).map_err(refused)?;
    let mut store = app.store()?;
    tell_repeats(ui, &store, &args.study, &drafts)?;
    let change = store.change()?;
    let ids =
        task::create_all(&change, &args.study, &drafts, "file").map_err(|error| match error {
            ImportError::Problems(problems) => refused(problems),
            ImportError::Task(error) => error.into(),
        })?;
    change.commit()?;
    if ui.json {
        let tasks: Vec<_> = ids
            .iter()
            .zip(&drafts)
            .map(|(id, draft)| serde_json::json!({ "id": id.as_str(), "key": draft.key }))
            .collect();
        ui.json(&serde_json::json!({ "study_name": args.study, "tasks": tasks }));
        return Ok(Exit::Success);
    }
    for (id, draft) in ids.iter().zip(&drafts) {
        ui.line(&format!("{id}  {}", text::clean(draft.key.as_deref().unwrap_or("-"))));
    }
    ui.status(&format!("{} task(s) added to {}", ids.len(), args.study));
    ui.hint(&format!(
        "`researchloop task graph -s {}` shows what waits for what",
        text::shell_word(&args.study)
    ));
    Ok(Exit::Success)
}
