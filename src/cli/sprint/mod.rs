//! `researchloop sprint ...`

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::exit::{Exit, Result};
use super::sprint_run::{RunArgs, SprintArgs, dry_run, start, submit_and_tell, warn_of_options};
use super::ui::Ui;
use super::{Global, find, screen, text, values, watch};
use crate::app::App;
use crate::domain::{State, Status, TaskStatus, duration};
use crate::problem::{Problem, ProblemKind};
use crate::sprint::{self, NewSprintSpec, Request};
use crate::store::{LoopStatus, SprintFilter};
use crate::view;

/// Run sprints, watch them, bring back their results
#[derive(Debug, Subcommand)]
pub enum SprintCommand {
    /// Run one idea as a sprint
    Run(RunArgs),
    /// List sprints, newest first
    List(ListArgs),
    /// Show one sprint: how it stands, what it cost, what to do next
    Show(OneArgs),
    /// Keep a screen open until the sprint is over; Ctrl-C leaves the job running
    Watch(OneArgs),
    /// Print what happened, line by line
    Log(LogArgs),
    /// Bring the sprint's files to this machine
    Fetch(FetchArgs),
    /// End the sprint and everything that it has started
    Cancel(CancelArgs),
    /// Ask for a small change of a finished sprint, in its directory and its session
    Tweak(TweakArgs),
    /// Run the same idea again, as a new sprint
    Resubmit(ResubmitArgs),
    /// Forget a sprint and its files on this machine
    Delete(DeleteArgs),
}

#[derive(Debug, Args)]
pub struct ListArgs {
    /// Only of this study
    #[arg(short, long)]
    study: Option<String>,
    /// Only in this status
    #[arg(long)]
    status: Option<String>,
    /// At most so many
    #[arg(short = 'n', long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
}

#[derive(Debug, Args)]
pub struct OneArgs {
    /// The sprint's id, or the beginning of it
    id: String,
}

#[derive(Debug, Args)]
pub struct LogArgs {
    /// The sprint's id, or the beginning of it
    id: String,
    /// Only of this step, for example red_team_round_1
    #[arg(long)]
    step: Option<String>,
    /// Go on until the sprint is over
    #[arg(short, long)]
    follow: bool,
}

#[derive(Debug, Args)]
pub struct FetchArgs {
    /// The sprint's id, or the beginning of it
    id: String,
    /// Every regular file, not only the report, the reviews and results/
    #[arg(long)]
    all: bool,
    /// Put them into this folder
    #[arg(long, value_name = "DIR")]
    to: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct CancelArgs {
    /// The sprint's id, or the beginning of it
    id: String,
    /// Do not wait until it has ended
    #[arg(long)]
    no_wait: bool,
}

#[derive(Debug, Args)]
pub struct TweakArgs {
    /// The sprint's id, or the beginning of it
    id: String,
    /// What is to be done; `-` reads it from standard input
    instruction: String,
    /// How long the job may run: 4h, 90m, 1-12:00:00; a number alone is hours
    #[arg(long)]
    time: Option<String>,
    /// Keep a screen open until it is over
    #[arg(long)]
    watch: bool,
}

#[derive(Debug, Args)]
pub struct ResubmitArgs {
    /// The sprint's id, or the beginning of it
    id: String,
    #[command(flatten)]
    sprint: SprintArgs,
}

#[derive(Debug, Args)]
pub struct DeleteArgs {
    /// The sprint's id, or the beginning of it
    id: String,
    /// Remove its directory on the cluster too
    #[arg(long)]
    remote: bool,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
}

/// Runs one of them.
pub fn run(global: &Global, ui: &Ui, command: SprintCommand) -> Result {
    let app = global.app(ui)?;
    match command {
        SprintCommand::Run(args) => start(&app, ui, &args),
        SprintCommand::List(args) => list(&app, ui, &args),
        SprintCommand::Show(args) => show(&app, ui, &args),
        SprintCommand::Watch(args) => {
            let mut store = app.store()?;
            let row = find::sprint(&store, &args.id)?;
            watch::watch(&app, ui, &mut store, &row.id)
        }
        SprintCommand::Log(args) => log(&app, ui, &args),
        SprintCommand::Fetch(args) => fetch(&app, ui, &args),
        SprintCommand::Cancel(args) => cancel(&app, ui, &args),
        SprintCommand::Tweak(args) => tweak(&app, ui, &args),
        SprintCommand::Resubmit(args) => resubmit(&app, ui, &args),
        SprintCommand::Delete(args) => delete(&app, ui, &args),
    }
}

fn resubmit(app: &App, ui: &Ui, args: &ResubmitArgs) -> Result {
    let mut store = app.store()?;
    let old = find::sprint(&store, &args.id)?;
    let request = sprint::request_again(app, &store, &old, &args.sprint.request()?)?;
    warn_of_options(app, ui, &old.study, &request)?;
    if args.sprint.dry_run {
        return match (&request.tweak, &old.idea) {
            (None, Some(idea)) => {
                dry_run(app, ui, &NewSprintSpec::new(&old.study, idea, request), None)
            }
            _ => Err(Problem::new(
                ProblemKind::Usage,
                format!(
                    "--dry-run: the script of {} is made from what lies on its cluster",
                    old.id
                ),
            )),
        };
    }
    let id = match (&request.tweak, &old.parent) {
        (Some(tweak), Some(parent)) => {
            let parent = find::sprint(&store, parent)?;
            sprint::tweak(app, &mut store, &parent, &tweak.instruction, &request)?
        }
        _ => sprint::resubmit(app, &mut store, &old, &args.sprint.request()?)?,
    };
    if let Some(task) = store.sprint(id.as_str())?.and_then(|row| row.task)
        && store.task(&task)?.is_some_and(|task| task.status == TaskStatus::Done)
    {
        ui.status(&format!(
            "{task} is done, and stays so with its verdict: the repeat adds to its figures"
        ));
    }
    submit_and_tell(app, ui, &mut store, &id, args.sprint.watch)
}

fn tweak(app: &App, ui: &Ui, args: &TweakArgs) -> Result {
    let mut store = app.store()?;
    let parent = find::sprint(&store, &args.id)?;
    let instruction = super::input::given(&args.instruction, "the instruction")?;
    let seconds = args
        .time
        .as_deref()
        .map(duration::parse_seconds)
        .transpose()
        .map_err(|error| Problem::new(ProblemKind::Usage, format!("--time: {error}")))?;
    let new = Request { seconds, ..Request::default() };
    let id = sprint::tweak(app, &mut store, &parent, &instruction, &new)?;
    submit_and_tell(app, ui, &mut store, &id, args.watch)
}

fn list(app: &App, ui: &Ui, args: &ListArgs) -> Result {
    let status = args.status.as_deref().map(values::status).transpose()?;
    if let Some(study) = &args.study {
        app.config.study(study)?;
    }
    let store = app.store()?;
    let rows =
        store.sprints(&SprintFilter { study: args.study.as_deref(), status, limit: args.limit })?;
    let shown: Vec<view::Sprint> = rows.iter().map(view::sprint).collect();
    if ui.json {
        ui.json(&view::Sprints { sprints: shown });
        return Ok(Exit::Success);
    }
    if shown.is_empty() && (args.study.is_some() || status.is_some()) {
        ui.status("No sprint fits.");
        return Ok(Exit::Success);
    }
    if shown.is_empty() {
        ui.status("No sprints yet.");
        ui.hint("`researchloop sprint run \"an idea\" -s STUDY` starts one");
        return Ok(Exit::Success);
    }
    let cells: Vec<Vec<String>> = shown
        .iter()
        .map(|sprint| {
            vec![
                sprint.id.clone(),
                text::short(&text::clean(&sprint.study_name), 24),
                screen::status(ui, sprint),
                text::cost(sprint.cost_usd, sprint.cost_estimated, screen::unknown_usd(sprint)),
                text::time(&sprint.created_at),
                text::clean(sprint.idea.as_deref().unwrap_or("-")),
            ]
        })
        .collect();
    for line in text::table(
        &["ID", "STUDY", "STATUS", "COST", "CREATED (UTC)", "IDEA"],
        &cells,
        ui.width(),
        ui.style_is_on(),
    ) {
        ui.line(&line);
    }
    Ok(Exit::Success)
}

fn show(app: &App, ui: &Ui, args: &OneArgs) -> Result {
    let store = app.store()?;
    let row = find::sprint(&store, &args.id)?;
    let sprint = view::sprint_found(&store, &row)?;
    if ui.json {
        ui.json(&serde_json::json!({ "sprint": sprint }));
        return Ok(Exit::Success);
    }
    for line in screen::show(ui, &sprint, &app.artifacts(row.id.as_str())) {
        ui.line(&line);
    }
    for message in store
        .open_questions(row.id.as_str())?
        .into_iter()
        .chain(store.unread_notes(row.id.as_str())?)
    {
        ui.line("");
        for line in super::inbox::lines(ui, &view::message(&message)) {
            ui.line(&line);
        }
    }
    Ok(Exit::Success)
}

fn log(app: &App, ui: &Ui, args: &LogArgs) -> Result {
    let mut store = app.store()?;
    let row = find::sprint(&store, &args.id)?;
    let steps = store.steps(row.id.as_str())?;
    if let Some(step) = &args.step
        && !steps.iter().any(|known| known.label == *step)
    {
        let names: Vec<&str> = steps.iter().map(|step| step.label.as_str()).collect();
        let has = if names.is_empty() {
            format!("it is {} and has begun none", row.state.status())
        } else {
            format!("it has: {}", names.join(", "))
        };
        let problem = Problem::new(
            ProblemKind::NotFound,
            format!("{} has no step {:?}; {has}", row.id, text::clean(step)),
        );
        return Err(values::did_you_mean(problem, step, names.iter().copied()));
    }
    watch::log(app, ui, &mut store, &row.id, args.step.as_deref(), args.follow)
}

fn fetch(app: &App, ui: &Ui, args: &FetchArgs) -> Result {
    let mut store = app.store()?;
    let row = find::sprint(&store, &args.id)?;
    if row.attempt == 0 || row.state.job().is_none() {
        return Err(Problem::new(
            ProblemKind::Conflict,
            format!("{} has no files yet: it is {}", row.id, row.state.status()),
        ));
    }
    let cluster = app.cluster_of(&row)?;
    let mut remote = app.remote(cluster);
    let own = app.artifacts(row.id.as_str());
    let to = args.to.clone().unwrap_or_else(|| own.clone());
    let bar = ui.bar(&format!("fetching {}", row.id));
    let wanted = if args.all { sprint::Extent::All } else { sprint::Extent::Report };
    let fetched = sprint::fetch(
        app,
        remote.as_mut(),
        cluster,
        &row,
        &store.tweaks_of(row.id.as_str())?,
        &to,
        wanted,
        |done, total| {
            bar.set_length(total);
            bar.set_position(done);
        },
    );
    bar.finish_and_clear();
    let fetched = fetched?;
    if to == own {
        sprint::remember(&mut store, row.id.as_str(), &fetched)?;
    }
    if ui.json {
        let files = fetched
            .files
            .into_iter()
            .map(|(filename, size)| view::File { filename, size })
            .collect();
        ui.json(&view::Fetched {
            sprint_id: row.id.to_string(),
            folder: to,
            files,
            skipped: fetched.skipped,
        });
        return Ok(Exit::Success);
    }
    for (path, size) in &fetched.files {
        ui.line(&format!(
            "{}  {}",
            text::clean(&to.join(path).display().to_string()),
            text::bytes(*size)
        ));
    }
    for skipped in &fetched.skipped {
        ui.warning(&format!("not fetched: {}", text::clean(skipped)));
    }
    ui.status(&format!("{} file(s) in {}", fetched.files.len(), to.display()));
    Ok(Exit::Success)
}

fn cancel(app: &App, ui: &Ui, args: &CancelArgs) -> Result {
    let mut store = app.store()?;
    let row = find::sprint(&store, &args.id)?;
    // A sprint without a job ends here: its cluster need not even be known any more.
    let state = sprint::ask_for_end(&mut store, &row.id)?;
    let against = match &state {
        State::Cancelling { job: Some(_), .. } => {
            let mut remote = app.remote(app.cluster_of(&row)?);
            sprint::tell_scheduler(app, &mut store, remote.as_mut(), &row.id)?
        }
        _ => None,
    };
    if let Some(against) = &against {
        ui.warning(&format!("{}: {}", row.id, text::clean(against)));
    }
    let row = if args.no_wait {
        find::sprint(&store, row.id.as_str())?
    } else {
        watch::wait_for_end(app, ui, &mut store, &row.id)?
    };
    let status = row.state.status();
    if ui.json {
        let detail = match &row.state {
            State::Ended { ending, .. } => ending.detail.clone(),
            _ => against.unwrap_or_default(),
        };
        ui.json(&view::Cancelled {
            cancelled: status == Status::Cancelled,
            status: status.as_str(),
            sprint_id: row.id.to_string(),
            detail,
        });
    }
    match &row.state {
        State::Ended { ending, .. }
            if ending.status == Status::Cancelled && ending.detail.is_empty() =>
        {
            ui.status(&format!(
                "{}: cancelled: the job is gone, and nothing that it started is left",
                row.id
            ));
            Ok(Exit::Success)
        }
        State::Ended { ending, .. } if ending.status == Status::Cancelled => {
            ui.status(&format!("{}: {}", row.id, text::clean(&ending.detail)));
            Ok(Exit::Success)
        }
        State::Ended { ending, .. } => {
            ui.status(&format!(
                "{}: it ended before that: {} {}",
                row.id,
                ending.status,
                text::clean(&ending.detail)
            ));
            Ok(if ending.status == Status::Completed { Exit::Success } else { Exit::Bad })
        }
        _ => {
            ui.status(&format!("{}: asked to end; the job is not gone yet", row.id));
            ui.hint(&format!("`researchloop sprint watch {}` waits for it", row.id));
            Ok(Exit::Waiting)
        }
    }
}

fn delete(app: &App, ui: &Ui, args: &DeleteArgs) -> Result {
    let mut store = app.store()?;
    let row = find::sprint(&store, &args.id)?;
    if !row.state.status().is_terminal() {
        return Err(Problem::new(
            ProblemKind::Conflict,
            format!("{} is {}", row.id, row.state.status()),
        )
        .hint(format!("`researchloop sprint cancel {}` first", row.id)));
    }
    if let Some(open) = store.change()?.open_tweak(row.id.as_str())? {
        return Err(Problem::new(
            ProblemKind::Conflict,
            format!("{} works in the directory of {}", open.id, row.id),
        )
        .hint(format!("`researchloop sprint cancel {}` first", open.id)));
    }
    let its_loop = row
        .loop_id
        .as_deref()
        .filter(|_| row.state.status() == Status::Completed)
        .map(|id| store.one_loop(id))
        .transpose()?
        .flatten();
    if let Some(its_loop) = its_loop.filter(|one| one.status == LoopStatus::Running) {
        return Err(Problem::new(
            ProblemKind::Conflict,
            format!(
                "{} counts for {}, which runs: it would begin another sprint for it",
                row.id, its_loop.id
            ),
        )
        .hint(format!("`researchloop loop stop {}` first", its_loop.id)));
    }
    let what = if args.remote { " and its directory on the cluster" } else { "" };
    if !args.yes
        && !ui.ask(&format!(
            "Delete {}{what}: {}?",
            row.id,
            text::short(&text::clean(row.idea.as_deref().unwrap_or("-")), 60)
        ))
    {
        if ui.can_ask() {
            ui.status("Nothing was deleted.");
            return Ok(Exit::Bad);
        }
        return Err(Problem::new(ProblemKind::Usage, "there is no terminal to ask on")
            .hint("add --yes to delete without asking"));
    }
    if args.remote {
        let cluster = app.cluster_of(&row)?;
        let mut remote = app.remote(cluster);
        sprint::delete_remote(app, remote.as_mut(), &row)?;
    }
    sprint::delete(app, &mut store, &row)?;
    if ui.json {
        ui.json(&view::Deleted { deleted: true, sprint_id: row.id.to_string() });
    }
    ui.status(&format!(
        "{}: deleted{}",
        row.id,
        if args.remote { ", here and on the cluster" } else { " here" }
    ));
    Ok(Exit::Success)
}
