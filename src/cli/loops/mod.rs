//! `researchloop loop ...`

use clap::{Args, Subcommand};

use super::exit::{Exit, Result};
use super::sprint_run::{JobArgs, request, warn_of_context, warn_of_options};
use super::ui::Ui;
use super::{Global, find, text};
use crate::app::App;
use crate::auto_loop::{self, Advanced, Edit, Order};
use crate::domain::auto_loop::StopRule;
use crate::platform::clock;
use crate::problem::{Problem, ProblemKind};
use crate::sprint::{self, Deferral, Submitted};
use crate::store::{LoopRow, LoopStatus, Store};
use crate::view;

/// Turn tasks and ideas into sprints, one after the other, within limits
#[derive(Debug, Subcommand)]
pub enum LoopCommand {
    /// Start a loop on a study
    Start(StartArgs),
    /// List loops, the running ones first
    #[command(visible_alias = "status")]
    List(ListArgs),
    /// Show one loop: what it did, what it has used, why it ended
    Show(OneArgs),
    /// Change what a loop does from now on
    Edit(EditArgs),
    /// Stop a loop; jobs that run go on, unless --now
    Stop(StopArgs),
    /// Let a loop that has ended run again; what it has done and used counts on
    Resume(EditArgs),
}

#[derive(Debug, Args)]
pub struct OrderArgs {
    /// How many sprints are to complete; 3 unless the study's program.md says otherwise
    #[arg(short = 'n', long = "count", value_name = "COUNT")]
    count: Option<u32>,
    /// What ideas are wanted
    #[arg(short = 'm', long = "context", visible_alias = "message", value_name = "TEXT")]
    context: Option<String>,
    /// What all its sprints may cost, in US dollars; `none` for no limit
    #[arg(long, value_name = "USD")]
    max_cost: Option<String>,
    /// What all its jobs may use, GPUs times hours; `none` for no limit
    #[arg(long, value_name = "HOURS")]
    max_gpu_hours: Option<String>,
    /// Begin no sprint after this time: 12h, 2026-12-24, "2026-12-24 18:00" (UTC); a number alone is hours from now; `none` for no limit
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Stop when a metric is reached: accuracy>=0.95, loss<=0.1; one run is enough, and is told as such; `none` for no target
    #[arg(long, value_name = "METRIC")]
    target: Option<String>,
    /// Stop after so many measured sprints without an improvement beyond the noise; a new best that may be luck does not count; `none` for never
    #[arg(long, value_name = "SPRINTS")]
    patience: Option<String>,
    /// How many sprints at once
    #[arg(long, value_name = "N")]
    parallel: Option<u32>,
    /// Ask you before an idea that a job has found is worked on
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    approve: Option<bool>,
    /// Try only tasks of the backlog, and end when none is left
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    tasks_only: Option<bool>,
}

#[derive(Debug, Args)]
pub struct StartArgs {
    /// The study
    #[arg(short, long)]
    study: String,
    #[command(flatten)]
    order: OrderArgs,
    #[command(flatten)]
    job: JobArgs,
}

#[derive(Debug, Args)]
pub struct EditArgs {
    /// The loop's id, or the beginning of it
    id: String,
    #[command(flatten)]
    order: OrderArgs,
    #[command(flatten)]
    job: JobArgs,
}

#[derive(Debug, Args)]
pub struct ListArgs {
    /// Only of this study
    #[arg(short, long)]
    study: Option<String>,
    /// Only those that run
    #[arg(long)]
    running: bool,
    /// At most so many
    #[arg(short = 'n', long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
}

#[derive(Debug, Args)]
pub struct OneArgs {
    /// The loop's id, or the beginning of it
    id: String,
}

#[derive(Debug, Args)]
pub struct StopArgs {
    /// The loop's id, or the beginning of it
    id: String,
    /// Cancel its jobs too
    #[arg(long)]
    now: bool,
}

/// Runs one of them.
pub fn run(global: &Global, ui: &Ui, command: LoopCommand) -> Result {
    let app = global.app(ui)?;
    match command {
        LoopCommand::Start(args) => start(&app, ui, &args),
        LoopCommand::List(args) => list(&app, ui, &args),
        LoopCommand::Show(args) => show(&app, ui, &args.id),
        LoopCommand::Edit(args) => edit(&app, ui, &args),
        LoopCommand::Stop(args) => stop(&app, ui, &args),
        LoopCommand::Resume(args) => resume(&app, ui, &args),
    }
}

fn order(args: &OrderArgs) -> Order {
    Order {
        count: args.count,
        guidance: args.context.clone(),
        max_cost_usd: args.max_cost.clone(),
        max_gpu_hours: args.max_gpu_hours.clone(),
        until: args.until.clone(),
        target: args.target.clone(),
        patience: args.patience.clone(),
        parallel: args.parallel,
        approve: args.approve,
        tasks_only: args.tasks_only,
    }
}

fn start(app: &App, ui: &Ui, args: &StartArgs) -> Result {
    let mut store = app.store()?;
    let request = request(&args.job)?;
    warn_of_options(app, ui, &args.study, &request)?;
    let id = auto_loop::start(app, &mut store, &args.study, &order(&args.order), &request)?;
    ui.status(&format!("{id}: started on the study {}", args.study));
    warn_of_others(ui, &store, &id.to_string(), &args.study)?;
    warn_of_context(app, ui, &args.study)?;
    go_on(app, ui, &mut store, id.as_str())
}

/// Says what is probably not as it was meant in a loop's limits.
fn warn(app: &App, ui: &Ui, store: &mut Store, row: &LoopRow) -> Result<()> {
    for doubt in auto_loop::doubts(app, store, row)? {
        ui.warning(&text::clean(&doubt));
        ui.hint(&format!("`researchloop loop edit {} --target ...` changes the target", row.id));
    }
    Ok(())
}

/// Two loops of a study share its backlog and its money: nobody has that without being told.
fn warn_of_others(ui: &Ui, store: &Store, id: &str, study: &str) -> Result<()> {
    for other in
        store.loops(Some(study), true, u32::MAX)?.iter().filter(|other| other.id.as_str() != id)
    {
        ui.warning(&format!(
            "{} runs on this study, too: both take from the same backlog and the same limits of the study; if that was not meant: `researchloop loop stop {id}`",
            other.id
        ));
    }
    Ok(())
}

/// Begins what the loop may begin now, so that nobody has to wait for the next tick.
fn go_on(app: &App, ui: &Ui, store: &mut Store, id: &str) -> Result {
    let row = find::auto_loop(store, id)?;
    warn(app, ui, store, &row)?;
    let mut advanced = Advanced::default();
    auto_loop::advance_one(app, store, id, &mut advanced)?;
    for (sprint, cluster) in &advanced.made {
        let mut remote = app.remote(app.config.cluster(cluster)?);
        let spinner = ui.spinner(&format!("submitting {sprint} to {cluster}"));
        let submitted = sprint::submit(app, store, remote.as_mut(), sprint.as_str());
        spinner.finish_and_clear();
        // Whatever comes of it, a later tick goes on from there.
        match submitted {
            Ok(Submitted::Accepted { job }) => {
                ui.status(&format!("{sprint}: submitted to {cluster} as job {job}"))
            }
            Ok(Submitted::Deferred { why, because: Deferral::NoSlot }) => {
                ui.status(&format!("{sprint}: waits: {why}"))
            }
            Ok(Submitted::Deferred { why, because }) => {
                ui.warning(&format!("{sprint}: {}", text::clean(&why)));
                // The others go the same way: nobody tries in vain again and again.
                if matches!(because, Deferral::NoAnswer(_)) {
                    break;
                }
            }
            Ok(Submitted::Refused { why }) => {
                ui.warning(&format!("{sprint}: {}", text::clean(&why)));
            }
            Err(error) => ui.warning(&format!("{sprint}: {error}")),
        }
    }
    let row = find::auto_loop(store, id)?;
    for problem in &advanced.problems {
        ui.warning(&text::clean(problem));
    }
    if ui.json {
        print_json(ui, store, &row)?;
    } else if row.status != LoopStatus::Running {
        ui.status(&format!("{id}: ended: {}", text::clean(&row.detail)));
    } else if !row.note.is_empty() {
        ui.status(&format!("{id}: {}", text::clean(&row.note)));
    }
    ui.hint(&format!(
        "it goes on with every `researchloop tick`; `researchloop cron install` runs one every few minutes; `researchloop loop show {id}` shows it"
    ));
    Ok(Exit::Success)
}

fn whole(store: &Store, row: &LoopRow) -> Result<view::Loop> {
    let id = row.id.as_str();
    Ok(view::auto_loop(row, &store.loop_sprints(id)?, &store.money_of_loop(id)?))
}

fn print_json(ui: &Ui, store: &Store, row: &LoopRow) -> Result<()> {
    ui.json(&view::OneLoop { auto_loop: whole(store, row)? });
    Ok(())
}

fn list(app: &App, ui: &Ui, args: &ListArgs) -> Result {
    if let Some(study) = &args.study {
        app.config.study(study)?;
    }
    let store = app.store()?;
    let mut loops = Vec::new();
    for row in store.loops(args.study.as_deref(), args.running, args.limit)? {
        loops.push(whole(&store, &row)?);
    }
    if ui.json {
        ui.json(&serde_json::json!({ "loops": loops }));
        return Ok(Exit::Success);
    }
    if loops.is_empty() {
        ui.status("There is no loop.");
        ui.hint("`researchloop loop start -s STUDY` starts one");
        return Ok(Exit::Success);
    }
    // What a loop waits for matters more than when it was made.
    let wide = ui.width() >= 120;
    let rows: Vec<Vec<String>> = loops
        .iter()
        .map(|one| {
            let mut cells = vec![
                one.id.clone(),
                text::clean(&one.study_name),
                one.status.to_owned(),
                format!("{}/{}", one.completed_count, one.total_count),
                one.current_sprint_id.clone().unwrap_or_else(|| "-".to_owned()),
                text::cost(
                    one.cost_usd,
                    one.cost_estimated,
                    one.cost_unknown.then_some(one.cost_unknown_usd),
                ),
            ];
            if wide {
                cells.push(text::time(&one.created_at));
            }
            cells.push(text::clean(if one.status == "running" { &one.note } else { &one.detail }));
            cells
        })
        .collect();
    let headers: &[&str] = if wide {
        &["ID", "STUDY", "STATUS", "PROGRESS", "CURRENT SPRINT", "COST", "CREATED (UTC)", "NOTE"]
    } else {
        &["ID", "STUDY", "STATUS", "PROGRESS", "CURRENT SPRINT", "COST", "NOTE"]
    };
    for line in text::table(headers, &rows, ui.width(), ui.style_is_on()) {
        ui.line(&line);
    }
    Ok(Exit::Success)
}

fn show(app: &App, ui: &Ui, given: &str) -> Result {
    let store = app.store()?;
    let row = find::auto_loop(&store, given)?;
    let sprints = store.loop_sprints(row.id.as_str())?;
    let whole = view::auto_loop(&row, &sprints, &store.money_of_loop(row.id.as_str())?);
    if ui.json {
        ui.json(&view::OneLoop { auto_loop: whole });
        return Ok(Exit::Success);
    }
    let style = ui.style();
    let colored = match row.status {
        LoopStatus::Running => style.clone().cyan().apply_to(whole.status),
        LoopStatus::Completed => style.clone().green().apply_to(whole.status),
        LoopStatus::Stopped => style.clone().yellow().apply_to(whole.status),
    };
    ui.line(&format!(
        "{}  {colored}  study {}",
        style.clone().bold().apply_to(&whole.id),
        text::clean(&whole.study_name)
    ));
    let width = ui.width();
    let field = |name: &str, value: &str| {
        ui.line(&text::short(&format!("{}{value}", text::padded(name, 13)), width))
    };
    // How sure something is stands at the end of the sentence: it is never cut off.
    let sentence = |name: &str, value: &str| {
        for (at, line) in text::wrap(value, width.saturating_sub(13)).iter().enumerate() {
            ui.line(&format!("{}{line}", text::padded(if at == 0 { name } else { "" }, 13)));
        }
    };
    if !row.detail.is_empty() {
        sentence("ended:", &format!("{} ({})", text::clean(&row.detail), row.reason));
    }
    if !row.note.is_empty() {
        sentence("now:", &text::clean(&row.note));
    }
    if !row.guidance.is_empty() {
        field("wanted:", &text::clean(&row.guidance));
    }
    field(
        "progress:",
        &format!(
            "{} of {} sprints completed, {} not over",
            whole.completed_count, whole.total_count, whole.live_count
        ),
    );
    let of = |max: Option<String>| max.map(|max| format!(" of {max}")).unwrap_or_default();
    let reserved = if whole.reserved_usd > 0.0 {
        format!(", {} reserved", text::money(whole.reserved_usd, false))
    } else {
        String::new()
    };
    field(
        "money:",
        &format!(
            "{}{}{reserved}",
            text::whole_cost(
                whole.cost_usd,
                whole.cost_estimated,
                whole.cost_unknown.then_some(whole.cost_unknown_usd)
            ),
            of(row.limits.max_cost_usd.map(|max| text::money(max, false)))
        ),
    );
    let gpu =
        if whole.gpu_unknown { "not known".to_owned() } else { format!("{:.2}", whole.gpu_hours) };
    field(
        "GPU-hours:",
        &format!("{gpu}{}", of(row.limits.max_gpu_hours.map(|max| format!("{max}")))),
    );
    for (name, value) in limits(&row) {
        field(name, &value);
    }
    if !sprints.is_empty() {
        ui.line("");
        let needs = store.messages(false)?;
        let rows: Vec<Vec<String>> = whole
            .sprints
            .iter()
            .map(|sprint| {
                let what = sprint
                    .verdict
                    .clone()
                    .or_else(|| sprint.reason.map(str::to_owned))
                    .unwrap_or_default();
                let what = if sprint.open_issues.is_some() {
                    format!("{what} ! issues open").trim().to_owned()
                } else {
                    what
                };
                let is_proposed = needs
                    .iter()
                    .any(|one| one.kind == "approval" && one.sprint.as_ref() == Some(&sprint.id));
                let no_idea = if is_proposed {
                    "(an idea waits for your word)"
                } else {
                    "(its job looks for an idea)"
                };
                let idea = text::clean(sprint.idea.as_deref().unwrap_or(no_idea));
                vec![
                    sprint.id.clone(),
                    sprint.status.to_owned(),
                    what,
                    text::cost(
                        sprint.cost_usd,
                        sprint.cost_estimated,
                        sprint.cost_unknown.then_some(sprint.cost_unknown_usd),
                    ),
                    sprint.task_id.clone().unwrap_or_default(),
                    idea,
                ]
            })
            .collect();
        for line in text::table(
            &["SPRINT", "STATUS", "RESULT", "COST", "TASK", "IDEA"],
            &rows,
            width,
            ui.style_is_on(),
        ) {
            ui.line(&line);
        }
    }
    ui.hint(&next_step(&row, whole.completed_count));
    Ok(Exit::Success)
}

fn limits(row: &LoopRow) -> Vec<(&'static str, String)> {
    let limits = &row.limits;
    let mut shown = Vec::new();
    if let Some(time) = limits.until.and_then(|until| jiff::Timestamp::from_second(until).ok()) {
        let left = time.as_second() - clock::now().as_second();
        let left = u64::try_from(left).map_or_else(
            |_| "over".to_owned(),
            |left| format!("{} left", crate::domain::duration::human(left)),
        );
        shown.push(("until:", format!("{} UTC ({left})", time.strftime("%Y-%m-%d %H:%M"))));
    }
    if let Some(target) = &limits.target {
        shown.push(("target:", text::clean(&target.to_string())));
    }
    if let Some(patience) = limits.patience {
        shown.push((
            "patience:",
            format!("{patience} measured sprints without an improvement beyond the noise"),
        ));
    }
    if limits.parallel > 1 {
        shown.push(("parallel:", limits.parallel.to_string()));
    }
    if limits.approve {
        shown.push(("approval:", "you agree to each idea first".to_owned()));
    }
    if limits.tasks_only {
        shown.push(("tasks only:", "it finds no ideas of its own".to_owned()));
    }
    shown
}

fn next_step(row: &LoopRow, completed: u32) -> String {
    let id = &row.id;
    if row.status == LoopStatus::Running {
        return format!(
            "`researchloop loop stop {id}` stops it; `researchloop loop edit {id}` changes its limits"
        );
    }
    match StopRule::parse(&row.reason) {
        // An edit may have raised the count since.
        Some(StopRule::Count) if completed < row.limits.count => {
            format!("`researchloop loop resume {id}` goes on")
        }
        Some(StopRule::Count) => format!(
            "`researchloop loop resume {id} -n {}` goes on with more sprints",
            row.limits.count.saturating_add(3)
        ),
        Some(StopRule::SameFailure | StopRule::Failures) => {
            format!(
                "look at the failed sprints (`researchloop sprint show ID`), mend the cause, then `researchloop loop resume {id}`"
            )
        }
        Some(StopRule::BacklogDone) => format!(
            "`researchloop task add` makes more tasks; then `researchloop loop resume {id}`"
        ),
        Some(StopRule::NoIdeasLeft) => {
            format!(
                "`researchloop loop resume {id} -m \"WHERE TO LOOK\"` goes on with other guidance; `researchloop task add` adds ideas of yours"
            )
        }
        Some(rule) => match (rule.study_key(), rule.widened_by()) {
            (Some(key), _) => format!(
                "raise `{key}` of the study {}, then `researchloop loop resume {id}`",
                text::clean(&row.study)
            ),
            (None, Some(option)) => {
                format!("`researchloop loop resume {id} {option}` goes on, within a wider limit")
            }
            (None, None) => format!("`researchloop loop resume {id}` lets it go on"),
        },
        None => format!("`researchloop loop resume {id}` lets it go on"),
    }
}

fn edit(app: &App, ui: &Ui, args: &EditArgs) -> Result {
    let mut store = app.store()?;
    let row = find::auto_loop(&store, &args.id)?;
    let edit = Edit { order: order(&args.order), request: request(&args.job)? };
    if edit == Edit::default() {
        return Err(Problem::new(ProblemKind::Usage, "nothing to change was given")
            .hint("`researchloop loop edit --help` shows what can be changed"));
    }
    warn_of_options(app, ui, &row.study, &edit.request)?;
    let row = auto_loop::edit(app, &mut store, row.id.as_str(), &edit)?;
    if ui.json {
        print_json(ui, &store, &row)?;
    }
    ui.status(&format!("{}: changed; sprints that have begun stay as they are", row.id));
    if edit.order.target.is_some() {
        warn(app, ui, &mut store, &row)?;
    }
    if row.status != LoopStatus::Running {
        ui.hint(&format!("it does not run: `researchloop loop resume {}`", row.id));
    }
    Ok(Exit::Success)
}

fn stop(app: &App, ui: &Ui, args: &StopArgs) -> Result {
    let mut store = app.store()?;
    let row = find::auto_loop(&store, &args.id)?;
    let id = row.id.as_str();
    // `stop --now` after a `stop` ends the jobs that were left running.
    let live = if row.status != LoopStatus::Running && args.now {
        store.loop_sprints(id)?.into_iter().filter(|sprint| !sprint.status.is_terminal()).collect()
    } else {
        auto_loop::stop(
            &mut store,
            id,
            if args.now { "stopped by hand, with its jobs" } else { "stopped by hand" },
        )?
    };
    match row.status {
        LoopStatus::Running => ui.status(&format!("{id}: stopped; it begins no more sprints")),
        status => ui.status(&format!(
            "{id}: it is {} already; sprints that are not over: {}",
            status.as_str(),
            live.len()
        )),
    }
    let mut exit = Exit::Success;
    for sprint in &live {
        if !args.now {
            ui.status(&format!("{}: {}: it goes on to its end", sprint.id, sprint.status.as_str()));
            continue;
        }
        let Some(row) = store.sprint(&sprint.id)? else { continue };
        let cancelled = app.cluster_of(&row).map_err(Into::into).and_then(|cluster| {
            sprint::cancel(app, &mut store, app.remote(cluster).as_mut(), &row.id)
        });
        match cancelled {
            Ok(_) => ui.status(&format!("{}: its job is told to end", sprint.id)),
            Err(error) => {
                exit = Exit::Waiting;
                ui.warning(&format!("{}: {error}", sprint.id));
            }
        }
    }
    if ui.json {
        print_json(ui, &store, &find::auto_loop(&store, id)?)?;
    }
    if !live.is_empty() && !args.now {
        ui.hint(&format!("`researchloop loop stop {id} --now` cancels them, too; `researchloop sprint cancel ID` one of them"));
    }
    Ok(exit)
}

fn resume(app: &App, ui: &Ui, args: &EditArgs) -> Result {
    let mut store = app.store()?;
    let row = find::auto_loop(&store, &args.id)?;
    let edit = Edit { order: order(&args.order), request: request(&args.job)? };
    warn_of_options(app, ui, &row.study, &edit.request)?;
    auto_loop::resume(app, &mut store, row.id.as_str(), &edit)?;
    ui.status(&format!("{}: runs again", row.id));
    warn_of_others(ui, &store, row.id.as_str(), &row.study)?;
    go_on(app, ui, &mut store, row.id.as_str())
}
