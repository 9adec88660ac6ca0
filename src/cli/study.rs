//! `researchloop study ...`

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::exit::{Exit, Result};
use super::findings::{self, FindingsArgs};
use super::leaderboard::{self, LeaderboardArgs};
use super::ui::Ui;
use super::{Global, screen, text};
use crate::app::App;
use crate::config::Study;
use crate::domain::StudyName;
use crate::domain::placeholder::CLAUDE_MD;
use crate::platform::private;
use crate::problem::{Problem, ProblemKind};
use crate::store::{SprintFilter, Store};
use crate::study::{PROGRAM_FILE, PROGRAM_TEMPLATE, Program};
use crate::view;

/// Look at studies, make one
#[derive(Debug, Subcommand)]
pub enum StudyCommand {
    /// List the studies of the configuration
    List,
    /// Show one study and its newest sprints
    Show(ShowArgs),
    /// Rank the sprints of a study by its metric, and draw how it developed
    Leaderboard(LeaderboardArgs),
    /// List what the sprints of a study found, newest first
    Findings(FindingsArgs),
    /// Write a CLAUDE.md and a program.md for a new study, and say what to add to the configuration
    Init(InitArgs),
}

#[derive(Debug, Args)]
pub struct ShowArgs {
    /// Its name
    name: String,
}

#[derive(Debug, Args)]
pub struct InitArgs {
    /// Its name
    name: String,
    /// Write below this folder, into studies/NAME; below the configuration's otherwise
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

/// Runs one of them.
pub fn run(global: &Global, ui: &Ui, command: &StudyCommand) -> Result {
    match command {
        StudyCommand::List => list(&global.app(ui)?, ui),
        StudyCommand::Show(args) => show(&global.app(ui)?, ui, &args.name),
        StudyCommand::Leaderboard(args) => leaderboard::run(&global.app(ui)?, ui, args),
        StudyCommand::Findings(args) => findings::run(&global.app(ui)?, ui, args),
        StudyCommand::Init(args) => init(&global.app(ui)?, ui, args),
    }
}

fn shown(store: &Store, studies: &[Study]) -> Result<Vec<view::Study>> {
    let counts = store.study_counts()?;
    // Of sprints that were deleted, too: limits are held against the same sum.
    let money = store.money_by_study()?;
    Ok(studies
        .iter()
        .map(|study| {
            let name = study.name.as_str();
            let (sprints, active) = counts
                .iter()
                .find(|(known, ..)| known == name)
                .map_or((0, 0), |(_, sprints, active)| (*sprints, *active));
            let spent = money
                .iter()
                .find(|(known, _)| known == name)
                .map(|(_, spent)| *spent)
                .unwrap_or_default();
            view::Study {
                name: study.name.to_string(),
                cluster: study.cluster.to_string(),
                description: study.description.clone(),
                sprints,
                active,
                cost_usd: spent.cost_usd,
                spent: view::Money::from(&spent),
                max_study_cost_usd: study.max_study_cost_usd,
                max_study_gpu_hours: study.max_study_gpu_hours,
                allow_loop: study.allow_loop,
                max_sprint_duration_hours: f64::from(
                    u32::try_from(study.max_sprint_duration).unwrap_or(u32::MAX),
                ) / 3600.0,
                red_team_max_rounds: study.red_team_max_rounds,
            }
        })
        .collect())
}

fn list(app: &App, ui: &Ui) -> Result {
    let studies = shown(&app.store()?, &app.config.studies)?;
    if ui.json {
        ui.json(&serde_json::json!({ "studies": studies }));
        return Ok(Exit::Success);
    }
    if studies.is_empty() {
        ui.status("The configuration has no study.");
        ui.hint("`researchloop study init NAME` begins one");
        return Ok(Exit::Success);
    }
    let rows: Vec<Vec<String>> = studies
        .iter()
        .map(|study| {
            vec![
                study.name.clone(),
                study.cluster.clone(),
                study.sprints.to_string(),
                study.active.to_string(),
                text::cost(
                    study.cost_usd,
                    study.spent.cost_estimated,
                    study.spent.cost_unknown.then_some(study.spent.cost_unknown_usd),
                ),
                text::clean(&study.description),
            ]
        })
        .collect();
    for line in text::table(
        &["NAME", "CLUSTER", "SPRINTS", "ACTIVE", "COST", "DESCRIPTION"],
        &rows,
        ui.width(),
        ui.style_is_on(),
    ) {
        ui.line(&line);
    }
    Ok(Exit::Success)
}

fn show(app: &App, ui: &Ui, name: &str) -> Result {
    let study = app.config.study(name)?;
    let store = app.store()?;
    let whole = shown(&store, std::slice::from_ref(study))?;
    let rows =
        store.sprints(&SprintFilter { study: Some(name), limit: 10, ..SprintFilter::default() })?;
    let sprints: Vec<view::Sprint> = rows.iter().map(view::sprint).collect();
    let program = view::program(&Program::load(&app.config, study));
    for mistake in &program.mistakes {
        ui.warning(mistake);
    }
    if ui.json {
        ui.json(
            &serde_json::json!({ "study": whole.first(), "program": program, "sprints": sprints }),
        );
        return Ok(Exit::Success);
    }
    for study in &whole {
        ui.line(&ui.style().bold().apply_to(&study.name).to_string());
        ui.line(&format!("cluster:     {}", study.cluster));
        if !study.description.is_empty() {
            ui.line(&format!("about:       {}", text::clean(&study.description)));
        }
        ui.line(&format!(
            "sprints:     {} ({} active), {}",
            study.sprints,
            study.active,
            text::whole_cost(
                study.cost_usd,
                study.spent.cost_estimated,
                study.spent.cost_unknown.then_some(study.spent.cost_unknown_usd)
            )
        ));
        if study.spent.wall_seconds > 0 {
            ui.line(&format!("used:        {}", screen::used(&study.spent)));
        }
        for line in bounds(study) {
            ui.line(&line);
        }
        ui.line(&format!(
            "time limit:  {} h, {} of red team at most",
            study.max_sprint_duration_hours,
            text::number_of(study.red_team_max_rounds, "round")
        ));
    }
    for line in steering(&program) {
        ui.line(&text::short(&line, ui.width()));
    }
    if !sprints.is_empty() {
        ui.line("");
        let cells: Vec<Vec<String>> = sprints
            .iter()
            .map(|sprint| {
                vec![
                    sprint.id.clone(),
                    screen::status(ui, sprint),
                    text::time(&sprint.created_at),
                    text::clean(sprint.idea.as_deref().unwrap_or("-")),
                ]
            })
            .collect();
        for line in text::table(
            &["ID", "STATUS", "CREATED (UTC)", "IDEA"],
            &cells,
            ui.width(),
            ui.style_is_on(),
        ) {
            ui.line(&line);
        }
    }
    Ok(Exit::Success)
}

/// The study's own limits, and what is left of them.
fn bounds(study: &view::Study) -> Vec<String> {
    let hours = |seconds: u64| f64::from(u32::try_from(seconds).unwrap_or(u32::MAX)) / 3600.0;
    let spent = &study.spent;
    let usd = study.max_study_cost_usd.map(|max| {
        let (used, reserved) = (
            text::whole_cost(
                spent.cost_usd,
                spent.cost_estimated,
                spent.cost_unknown.then_some(spent.cost_unknown_usd),
            ),
            text::money(spent.reserved_usd, false),
        );
        format!(
            "{used} of {} used, {reserved} reserved (`max_study_cost_usd`)",
            text::money(max, false)
        )
    });
    let gpu = study.max_study_gpu_hours.map(|max| {
        let (used, reserved) = (
            text::figure(hours(spent.gpu_seconds)),
            text::figure(hours(spent.reserved_gpu_seconds)),
        );
        format!(
            "{used} of {} GPU-hours used, {reserved} reserved (`max_study_gpu_hours`)",
            text::figure(max)
        )
    });
    usd.into_iter().chain(gpu).map(|bound| format!("the study:   {bound}")).collect()
}

/// What the study is after, a line for each thing that is said.
fn steering(program: &view::Program) -> Vec<String> {
    let mut lines = Vec::new();
    let mut fact = |name: &str, value: Option<String>| {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            lines.push(format!(
                "{} {}",
                text::padded(&format!("{name}:"), 12),
                text::clean(&value)
            ));
        }
    };
    fact(
        "metric",
        program
            .metric
            .as_ref()
            .map(|name| format!("{name}, {} is better", program.better.unwrap_or_default())),
    );
    fact("evaluator", program.evaluator.clone());
    fact("target", program.target.clone());
    let bounds = [
        program.count.map(|count| text::number_of(count, "sprint")),
        program.max_cost_usd.map(|usd| text::money(usd, false)),
        program.max_gpu_hours.map(|hours| format!("{} GPU-hours", text::figure(hours))),
        program.until.as_deref().map(|time| format!("until {}", text::time(time))),
        program.patience.map(|patience| {
            format!(
                "{} without an improvement beyond the noise",
                text::number_of(patience, "sprint")
            )
        }),
    ];
    fact("a loop", Some(bounds.into_iter().flatten().collect::<Vec<_>>().join(", ")));
    fact("program", program.file.clone());
    lines
}

fn init(app: &App, ui: &Ui, args: &InitArgs) -> Result {
    let name = StudyName::new(&args.name)
        .map_err(|error| Problem::new(ProblemKind::Usage, error.to_string()))?;
    let root = &app.config.root;
    let below = match &args.dir {
        Some(dir) => std::path::absolute(dir)
            .map_err(|error| Problem::failed(format!("{}: {error}", dir.display())))?,
        None => root.clone(),
    };
    let folder = below.join("studies").join(name.as_str());
    let context = folder.join("CLAUDE.md");
    let program = folder.join(PROGRAM_FILE);
    // Of a study that was begun earlier, what is there stays as it is.
    if program.exists() || !context.exists() {
        write_context(&context, name.as_str())?;
        ui.status(&format!("Wrote {}: describe the study there.", context.display()));
    }
    if !program.exists() {
        write_new(&program, &PROGRAM_TEMPLATE.replace("NAME", name.as_str()))?;
        ui.status(&format!(
            "Wrote {}: say there what is wanted, how it is measured, and what it may cost.",
            program.display()
        ));
    }
    let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
    let path = quoted(&context.strip_prefix(root).unwrap_or(&context).display().to_string());
    let known = app.config.study(name.as_str()).ok();
    let section = match known {
        // Files that nobody would read.
        Some(study) => (study.claude_md_path.as_deref() != Some(context.as_path()))
            .then(|| format!("claude_md_path = {path}")),
        None => {
            let cluster =
                app.config.clusters.first().map_or("CLUSTER", |cluster| cluster.name.as_str());
            Some(format!(
                "[[study]]\nname = \"{name}\"\ncluster = {}\nclaude_md_path = {path}",
                quoted(cluster)
            ))
        }
    };
    if ui.json {
        ui.json(&serde_json::json!({ "study_name": name.as_str(), "claude_md_path": context, "program": program, "add_to_config": section }));
    } else if let Some(section) = section {
        let file = app.config.file.display();
        ui.status(&match known.map(|study| &study.claude_md_path) {
            None => format!("Then add this to {file}, with your cluster's name:"),
            Some(None) => format!(
                "Then add this to the [[study]] of {name} in {file}, which does not read it yet:"
            ),
            Some(Some(other)) => format!(
                "Then put this into the [[study]] of {name} in {file}, which reads {} so far:",
                other.display()
            ),
        });
        ui.line(&format!("\n{section}"));
    }
    Ok(Exit::Success)
}

/// Writes the first version of a study's context; never over an existing file.
pub fn write_context(file: &Path, name: &str) -> Result<()> {
    write_new(file, &CLAUDE_MD.replace("NAME", name))
}

fn write_new(file: &Path, text: &str) -> Result<()> {
    let failed = |error: std::io::Error| {
        let is_there = error.kind() == std::io::ErrorKind::AlreadyExists;
        let failure = Problem::new(
            if is_there { ProblemKind::Conflict } else { ProblemKind::Failed },
            if is_there {
                format!("{} is there already", file.display())
            } else {
                format!("{}: {error}", file.display())
            },
        );
        if is_there { failure.hint("it was left as it is") } else { failure }
    };
    if let Some(folder) = file.parent() {
        private::make_folder(folder).map_err(failed)?;
    }
    private::write_new(file, text.as_bytes()).map_err(failed)
}
