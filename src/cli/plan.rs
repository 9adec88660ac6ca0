//! `researchloop plan`

use std::path::{Path, PathBuf};

use clap::Args;

use super::exit::{Exit, Result};
use super::task::tell_repeats;
use super::ui::Ui;
use super::{Global, action, plan_job, text};
use crate::app::App;
use crate::bundle::answers;
use crate::config::Study;
use crate::domain::Priority;
use crate::domain::text::block;
use crate::plan::{self, Plan, PlanError};
use crate::platform::private;
use crate::platform::{clock, random};
use crate::problem::{Problem, ProblemKind};
use crate::sprint;
use crate::store::Store;
use crate::task::{self, Draft, ImportError};

#[derive(Debug, Args)]
pub struct PlanArgs {
    /// What is to be found out; `-` reads it from standard input
    #[arg(required_unless_present = "from")]
    goal: Option<String>,
    /// The study
    #[arg(short, long)]
    pub(super) study: String,
    /// Read the plan from this JSON file, or from this sprint of `--job`, instead of asking Claude; `-` reads standard input
    #[arg(long, value_name = "FILE", conflicts_with = "goal")]
    from: Option<PathBuf>,
    /// Add the tasks without asking
    #[arg(short, long)]
    yes: bool,
    /// Ask Claude here although this machine looks like the front end of a cluster
    #[arg(long)]
    here: bool,
    /// Ask Claude in a short job on the study's cluster
    #[arg(long, conflicts_with_all = ["from", "here"])]
    job: bool,
    /// How long that job may run
    #[arg(long, default_value = "30m", requires = "job")]
    pub(super) time: String,
    /// A job option for that job; an empty value removes one of the study or cluster
    #[arg(short, long = "option", value_name = "KEY=VALUE", requires = "job")]
    pub(super) option: Vec<String>,
}

/// A plan that nobody has looked at yet.
pub struct Raw {
    /// What was answered.
    pub value: serde_json::Value,
    /// What it cost, in US dollars, and the same for people.
    pub cost: Option<(f64, String)>,
    /// What `--from` reads it again from.
    pub from: Option<String>,
    /// The file that it lies in, which can be corrected.
    pub file: Option<PathBuf>,
}

/// Makes a plan, shows it, and adds its tasks.
pub fn run(global: &Global, ui: &Ui, args: &PlanArgs) -> Result {
    let app = global.app(ui)?;
    let study = app.config.study(&args.study)?;
    let mut store = app.store()?;
    if args.from.is_none() {
        store.must_be_whole()?;
    }
    let raw = match &args.from {
        Some(file) => match plan_job::named(&store, file)? {
            Some(row) => plan_job::plan_of(&app, ui, &mut store, &row, &args.study)?,
            None => Raw { value: from_file(file)?, cost: None, from: None, file: None },
        },
        None if args.job => {
            let goal = goal(args.goal.as_deref().unwrap_or_default())?;
            match plan_job::ask(&app, ui, &mut store, study, &goal, args)? {
                Ok(raw) => raw,
                Err(exit) => return Ok(exit),
            }
        }
        None => ask_here(&app, ui, &mut store, study, args)?,
    };
    let study_word = text::shell_word(&args.study);
    let again = |failure: Problem| match &raw.file {
        Some(file) => {
            let file = text::shell_word(&file.display().to_string());
            // What a model has made wrongly is no wrong use of the command.
            let kind =
                if failure.kind == ProblemKind::Usage { ProblemKind::Failed } else { failure.kind };
            let failure = Problem { kind, ..failure };
            failure.hint(format!("the answer is kept; correct it, and `researchloop plan -s {study_word} --from {file}` reads it"))
        }
        None => failure,
    };
    if let Some((_, cost)) = &raw.cost {
        ui.status(&format!("The plan cost {cost}."));
    }
    let Plan { drafts, warnings } =
        plan::read(&raw.value).map_err(|problems| again(refused(&problems)))?;
    // Everything is tried before anybody is asked: a cycle shows here, too.
    let _ = create(&mut store, &args.study, &drafts, false).map_err(again)?;
    for warning in &warnings {
        ui.warning(&action::line(warning));
    }
    tell_repeats(ui, &task::repeats(&store, &args.study, &drafts)?);
    if !ui.json {
        show(ui, &args.study, &drafts);
    }
    let write = args.yes
        || (!ui.json && ui.ask(&format!("Add these {} task(s) to {}?", drafts.len(), args.study)));
    let ids = if write { create(&mut store, &args.study, &drafts, true)? } else { Vec::new() };
    if ui.json {
        let mut answer = serde_json::json!({ "study_name": args.study, "plan": plan::as_json(&drafts), "written": write, "warnings": warnings });
        if let Some((usd, _)) = raw.cost {
            answer["cost_usd"] = usd.into();
        }
        if let Some(from) = &raw.from {
            answer["from"] = from.as_str().into();
        }
        if write {
            let tasks: Vec<_> = ids
                .iter()
                .zip(&drafts)
                .map(|(id, draft)| serde_json::json!({ "id": id, "key": draft.key }))
                .collect();
            answer["tasks"] = tasks.into();
        }
        ui.json(&answer);
        return Ok(Exit::Success);
    }
    if write {
        for (id, draft) in ids.iter().zip(&drafts) {
            ui.line(&format!("{id}  {}", text::clean(draft.key.as_deref().unwrap_or("-"))));
        }
        ui.status(&format!("{} task(s) added to {}", ids.len(), args.study));
        ui.hint(&format!("`researchloop loop start -s {study_word}` works through them"));
    } else {
        ui.status("Nothing was added.");
        if let Some(from) = &raw.from {
            ui.hint(&format!("the plan is kept: `researchloop plan -s {study_word} --from {from} -y` adds its tasks"));
        } else if !ui.can_ask() {
            ui.hint("-y adds the tasks; --json prints the plan, to be changed and added with --from FILE");
        }
    }
    Ok(Exit::Success)
}

/// Asks Claude on this machine. What it cost is booked and what it said is kept before anybody looks
/// whether it can be used.
fn ask_here(app: &App, ui: &Ui, store: &mut Store, study: &Study, args: &PlanArgs) -> Result<Raw> {
    if let Some(tool) = plan::front_end_tool().filter(|_| !args.here) {
        return Err(PlanError::FrontEnd(tool).into());
    }
    let goal = goal(args.goal.as_deref().unwrap_or_default())?;
    let left = sprint::left_usd(&store.change()?, study)?;
    let spinner = ui.spinner("Claude makes a plan; this can take minutes");
    let asked = plan::ask(app, store, study, &goal, left);
    spinner.finish_and_clear();
    let plan::Asked { plan, spent } = asked?;
    let change = store.change()?;
    change.book_money(study.name.as_str(), "plan", &spent)?;
    change.commit()?;
    let cost = text::money(spent.cost_usd, spent.estimated);
    let value = plan.map_err(|error| Problem::from(error).hint(format!("it cost {cost}")))?;
    let kept = keep(app, study, &value)
        .map_err(|error| Problem::failed(format!("the plan cannot be kept: {error}\n{value}")))?;
    Ok(Raw {
        value,
        cost: Some((spent.cost_usd, cost)),
        from: Some(text::shell_word(&kept.display().to_string())),
        file: Some(kept),
    })
}

/// Keeps what Claude has answered.
fn keep(app: &App, study: &Study, value: &serde_json::Value) -> std::io::Result<PathBuf> {
    let folder = app.config.artifact_dir.join("plans");
    private::make_folder(&folder)?;
    let path = folder.join(format!(
        "{}-{}-{}.json",
        study.name,
        clock::now().strftime("%Y%m%d-%H%M%S"),
        random::hex(2)
    ));
    private::write_new(&path, format!("{value:#}\n").as_bytes())?;
    Ok(path)
}

fn goal(given: &str) -> Result<String> {
    let text = super::input::given(given, "the goal")?;
    let text = block(text.trim());
    if text.is_empty() {
        Err(Problem::new(ProblemKind::Usage, "the goal is empty"))
    } else {
        Ok(text)
    }
}

pub(super) fn from_file(file: &Path) -> Result<serde_json::Value> {
    let content = super::input::file(file)?;
    answers::plan(content.as_bytes()).map_err(|problem| {
        let what = format!(
            "{} {}: expected {{\"tasks\": [...]}}, each task with at least `key` and `idea`",
            file.display(),
            text::clean(&problem)
        );
        Problem::new(ProblemKind::Usage, what)
            .hint("`researchloop task import` reads a list that you have written")
    })
}

/// Makes the tasks, or only tries to.
fn create(store: &mut Store, study: &str, drafts: &[Draft], keep: bool) -> Result<Vec<String>> {
    let change = store.change()?;
    let ids = task::create_all(&change, study, drafts, "plan").map_err(|error| match error {
        ImportError::Problems(problems) => refused(&problems),
        ImportError::Task(error) => error.into(),
    })?;
    if keep {
        change.commit()?;
    }
    Ok(ids.iter().map(ToString::to_string).collect())
}

fn refused(problems: &[String]) -> Problem {
    let problems: Vec<String> = problems.iter().map(|problem| text::clean(problem)).collect();
    Problem::new(
        ProblemKind::Usage,
        format!(
            "{} problem(s) in the plan; no task was added\n{}",
            problems.len(),
            problems.join("\n")
        ),
    )
}

fn show(ui: &Ui, study: &str, drafts: &[Draft]) {
    ui.line(
        &ui.style()
            .bold()
            .apply_to(format!("plan for {study}: {} task(s)", drafts.len()))
            .to_string(),
    );
    let lines = plan::tree(drafts);
    let name = |place: usize| {
        drafts[place].key.as_deref().map_or_else(|| format!("task {}", place + 1), text::clean)
    };
    let width = lines
        .iter()
        .map(|(branch, place, _)| console::measure_text_width(&format!("{branch}{}", name(*place))))
        .max()
        .unwrap_or(0)
        .min(40);
    for (branch, place, needs) in &lines {
        let draft = &drafts[*place];
        let priority = if draft.priority == Priority::P1 { "  " } else { draft.priority.as_str() };
        let needs =
            if needs.is_empty() { String::new() } else { format!("[{}] ", text::clean(needs)) };
        let line = format!(
            "  {} {priority} {needs}{}",
            text::padded(&format!("{branch}{}", name(*place)), width),
            text::clean(&draft.idea)
        );
        ui.line(&text::short(&line, ui.width()));
    }
}

impl From<PlanError> for Problem {
    fn from(error: PlanError) -> Self {
        match error {
            PlanError::Unknown(error) => error.into(),
            PlanError::Store(error) => error.into(),
            PlanError::FrontEnd(_) => Self::new(ProblemKind::Conflict, error.to_string())
                .hint("--job asks in a short job on the study's cluster; --here asks Claude on this machine all the same"),
            other => Self::failed(other.to_string()),
        }
    }
}
