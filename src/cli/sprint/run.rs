//! `researchloop sprint run`, and what `resubmit` shares with it.

use clap::Args;

use super::exit::{Exit, Result};
use super::ui::Ui;
use super::{find, text, watch};
use crate::app::App;
use crate::bundle::context;
use crate::domain::visible::is_harmful;
use crate::domain::{SprintId, State, TaskId, duration};
use crate::problem::{Problem, ProblemKind};
use crate::remote::Remote;
use crate::sprint::{self, Deferral, NewSprintSpec, Request, Submitted};
use crate::store::{NewTask, SprintRow, Store, TaskRow};
use crate::view;

/// What is asked of the jobs of sprints.
#[derive(Debug, Default, Args)]
pub struct JobArgs {
    /// A job option for the scheduler; an empty value removes one of the study or cluster
    #[arg(short, long = "option", value_name = "KEY=VALUE")]
    pub(super) option: Vec<String>,
    /// How long the job may run: 4h, 90m, 1-12:00:00; a number alone is hours
    #[arg(long)]
    pub(super) time: Option<String>,
    /// How many rounds of red team and fix, 0 for none
    #[arg(long, value_name = "N")]
    pub(super) rounds: Option<u32>,
    /// The model
    #[arg(long)]
    pub(super) model: Option<String>,
}

#[derive(Debug, Args)]
pub struct RunArgs {
    /// The research idea; `-` reads it from standard input
    #[arg(required_unless_present = "task", conflicts_with = "task")]
    idea: Option<String>,
    /// The study that it belongs to
    #[arg(short, long, required_unless_present = "task")]
    study: Option<String>,
    /// Work on this task of the backlog
    #[arg(long, value_name = "ID")]
    task: Option<String>,
    #[command(flatten)]
    sprint: SprintArgs,
}

/// What is asked of one sprint, whether it is new or made again.
#[derive(Debug, Args)]
pub struct SprintArgs {
    #[command(flatten)]
    job: JobArgs,
    /// What it may cost at most, in US dollars
    #[arg(long, value_name = "USD")]
    max_cost: Option<f64>,
    /// Keep a screen open until it is over
    #[arg(long)]
    pub(super) watch: bool,
    /// Print what would be sent, and contact nothing
    #[arg(long, conflicts_with = "watch")]
    pub(super) dry_run: bool,
}

impl SprintArgs {
    /// Reads them.
    pub fn request(&self) -> Result<Request> {
        if self.max_cost.is_some_and(|max| !max.is_finite() || max <= 0.0) {
            return Err(Problem::new(ProblemKind::Usage, "--max-cost: expected a number above 0"));
        }
        Ok(Request { max_cost_usd: self.max_cost, ..request(&self.job)? })
    }
}

/// Says how a number alone is read, where it may have been meant as sbatch reads it.
pub fn warn_of_hours(ui: &Ui, time: Option<&str>) {
    if let Some(time) = time.filter(|time| duration::is_long_and_bare(time) && !ui.json) {
        ui.warning(&format!("--time {time} is {time} hours; for minutes write {time}m"));
    }
}

/// Reads them.
pub fn request(args: &JobArgs) -> Result<Request> {
    let mut request =
        Request { rounds: args.rounds, model: args.model.clone(), ..Request::default() };
    for option in &args.option {
        let Some((key, value)) = option.split_once('=').filter(|(key, _)| !key.trim().is_empty())
        else {
            return Err(Problem::new(
                ProblemKind::Usage,
                format!("-o {option:?}: expected KEY=VALUE"),
            )
            .hint("for example -o gres=gpu:1; an empty value removes an option"));
        };
        request.options.push((key.trim().to_owned(), value.to_owned()));
    }
    if let Some(time) = &args.time {
        request.seconds = Some(
            duration::parse_seconds(time)
                .map_err(|error| Problem::new(ProblemKind::Usage, format!("--time: {error}")))?,
        );
    }
    if request.rounds.is_some_and(|rounds| rounds > 100) {
        return Err(Problem::new(ProblemKind::Usage, "--rounds: at most 100"));
    }
    if request.model.as_deref().is_some_and(|model| {
        model.is_empty()
            || model.starts_with('-')
            || model.chars().any(|c| is_harmful(c) || c == ' ')
    }) {
        return Err(Problem::new(ProblemKind::Usage, "--model: expected a model's name"));
    }
    Ok(request)
}

/// Warns of options that `config check` would warn of, too.
pub fn warn_of_options(app: &App, ui: &Ui, study: &str, request: &Request) -> Result<()> {
    for doubt in sprint::doubtful_options(app, study, request)? {
        ui.warning(&text::clean(&format!("-o {}: {}", doubt.key, doubt.problem)));
    }
    Ok(())
}

/// Says what of a study's context nobody has written yet.
pub fn warn_of_context(app: &App, ui: &Ui, study: &str) -> Result<()> {
    let (study, cluster) = app.study_and_cluster(study)?;
    for unfilled in context::assemble(&app.config, cluster, study)
        .map(|context| context.unfilled)
        .unwrap_or_default()
    {
        ui.warning(&context::unfilled_text(&unfilled));
    }
    Ok(())
}

/// Makes a sprint and submits it.
pub fn start(app: &App, ui: &Ui, args: &RunArgs) -> Result {
    let task = match &args.task {
        Some(task) => Some(find::task(&app.store()?, task)?),
        None => None,
    };
    if let (Some(task), Some(study)) = (&task, &args.study)
        && task.study != *study
    {
        return Err(Problem::new(
            ProblemKind::Usage,
            format!(
                "{} belongs to the study {}, not to {study}",
                task.id,
                text::clean(&task.study)
            ),
        ));
    }
    let idea = match (&task, args.idea.as_deref()) {
        (Some(task), _) => task.idea.clone(),
        (None, Some("-")) => super::input::stdin("the idea")?,
        (None, idea) => idea.unwrap_or_default().to_owned(),
    };
    let study =
        task.as_ref().map(|task| task.study.as_str()).or(args.study.as_deref()).unwrap_or_default();
    warn_of_hours(ui, args.sprint.job.time.as_deref());
    let wanted = NewSprintSpec::new(study, &idea, args.sprint.request()?);
    warn_of_options(app, ui, study, &wanted.request)?;
    if args.sprint.dry_run {
        if let Some(task) = &task {
            // Whether it could be begun: nothing of this change is kept.
            app.store()?.change()?.claim_for_sprint(task.id.as_str(), "sp-000000")?;
        }
        return dry_run(app, ui, &wanted, task.as_ref());
    }
    let mut store = app.store()?;
    let wanted = NewSprintSpec { task: task.as_ref().map(|task| task.id.as_str()), ..wanted };
    let repeats = if task.is_none() {
        store.repeats(study, [(String::new(), idea.as_str())])?
    } else {
        Vec::new()
    };
    let id = sprint::create(app, &mut store, &wanted)?;
    warn_of_context(app, ui, study)?;
    if let [(_, earlier)] = repeats.as_slice() {
        let command = match earlier.starts_with("t-") {
            true => format!("`researchloop sprint run --task {earlier}`"),
            false => format!("`researchloop sprint resubmit {earlier}`"),
        };
        ui.warning(&format!(
            "{id}: the same idea as {earlier}; {command} makes another attempt at the same task"
        ));
    }
    submit_and_tell(app, ui, &mut store, &id, args.sprint.watch)
}

/// Makes the sprint in a database that is thrown away, and shows what it would send.
pub fn dry_run(app: &App, ui: &Ui, wanted: &NewSprintSpec<'_>, task: Option<&TaskRow>) -> Result {
    let mut store = Store::in_memory()?;
    let change = store.change()?;
    let copy = task
        .map(|task| {
            let (done_when, verify) = (task.done_when.as_str(), task.verify.as_str());
            change.insert_task(&NewTask {
                done_when,
                verify,
                ..NewTask::new(&task.study, &task.idea, "person")
            })
        })
        .transpose()?;
    change.commit()?;
    let wanted = NewSprintSpec { task: copy.as_ref().map(TaskId::as_str), ..wanted.clone() };
    let id = sprint::create(app, &mut store, &wanted)?;
    let row = find::sprint(&store, id.as_str())?;
    let dry = sprint::dry_run(app, &store, &row)?;
    if ui.json {
        ui.json(&view::DryRun {
            dry_run: true,
            study_name: row.study,
            cluster: row.cluster,
            remote_dir: dry.remote_dir,
            script: dry.script,
            script_bytes: dry.script_bytes,
            environment: dry.environment,
            missing_context: dry.missing_context,
            prompts: dry
                .prompts
                .into_iter()
                .map(|(step, text)| view::Prompt { step, text })
                .collect(),
        });
        return Ok(Exit::Success);
    }
    let bold = ui.style().bold();
    ui.line(
        &bold
            .apply_to(format!(
                "# {}/run_sprint.sh on {} ({} bytes)",
                dry.remote_dir, row.cluster, dry.script_bytes
            ))
            .to_string(),
    );
    ui.line(&dry.script);
    if !dry.environment.is_empty() {
        ui.line(&bold.apply_to("# environment, in a private file beside it").to_string());
        ui.line(&format!("{}\n", dry.environment.join(" ")));
    }
    for (step, text) in &dry.prompts {
        ui.line(&bold.apply_to(format!("# prompt of {step}")).to_string());
        ui.line(text);
    }
    for missing in &dry.missing_context {
        ui.warning(&format!("the context file {missing} is not there"));
    }
    for unfilled in &dry.unfilled_context {
        ui.warning(&context::unfilled_text(unfilled));
    }
    ui.status("Nothing was sent: this was a dry run.");
    Ok(Exit::Success)
}

/// Submits a sprint that was just made, and tells what came of it.
pub fn submit_and_tell(
    app: &App,
    ui: &Ui,
    store: &mut Store,
    id: &SprintId,
    then_watch: bool,
) -> Result {
    let (submitted, remote) = submit(app, ui, store, id)?;
    let row = find::sprint(store, id.as_str())?;
    if ui.is_quiet() && !ui.json {
        ui.line(id.as_str());
    }
    if ui.json {
        ui.json(&view::Begun::from(&row));
    }
    let exit = tell(ui, &row, submitted)?;
    if then_watch && exit == Exit::Success {
        return watch::watch_through(app, ui, store, id, remote);
    }
    if exit == Exit::Success {
        ui.hint(&format!("`researchloop sprint watch {id}` shows how it goes"));
    }
    Ok(exit)
}

/// Submits a sprint that was just made. The connection can be used for what comes next.
pub fn submit(
    app: &App,
    ui: &Ui,
    store: &mut Store,
    id: &SprintId,
) -> Result<(Submitted, Box<dyn Remote>)> {
    let row = find::sprint(store, id.as_str())?;
    let cluster = app.cluster_of(&row)?;
    let mut remote = app.remote(cluster);
    let spinner = ui.spinner(&format!("submitting {id} to {}", row.cluster));
    let submitted = sprint::submit(app, store, remote.as_mut(), id.as_str());
    spinner.finish_and_clear();
    Ok((submitted?, remote))
}

/// Tells what came of it. [`Exit::Waiting`] when the job is not known to be there.
pub fn tell(ui: &Ui, row: &SprintRow, submitted: Submitted) -> Result {
    let id = &row.id;
    match submitted {
        Submitted::Accepted { job } => {
            ui.status(&format!(
                "{id}: submitted to {} as {} job {job}",
                row.cluster,
                row.scheduler.as_str()
            ));
            Ok(Exit::Success)
        }
        Submitted::Deferred { why, because: Deferral::NoSlot } => {
            ui.status(&format!("{id}: waits: {why}; a later `researchloop tick` submits it"));
            Ok(Exit::Success)
        }
        Submitted::Deferred { why, because } if because.may_have_job() => {
            ui.warning(&format!(
                "{id}: it is not known whether the job was taken: {}",
                text::clean(&why)
            ));
            ui.hint("`researchloop tick` looks it up; it is never submitted twice");
            Ok(Exit::Waiting)
        }
        Submitted::Deferred { why, .. } => {
            ui.warning(&format!("{id}: not submitted yet: {why}"));
            ui.hint("it stays pending: `researchloop tick` tries again");
            Ok(Exit::Waiting)
        }
        Submitted::Refused { why } => {
            let mut failure = Problem::failed(format!(
                "{id}: the job was not taken: {}",
                text::clean_lines(&why).join("\n")
            ));
            if let State::Ended { ending, .. } = &row.state {
                failure = failure.hint(ending.hint.replace("ID", id.as_str()));
            }
            Err(failure)
        }
    }
}
