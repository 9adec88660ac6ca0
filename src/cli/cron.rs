//! `researchloop cron ...`

use clap::{Args, Subcommand};

use super::exit::{Exit, Result};
use super::ui::Ui;
use super::{Global, text};
use crate::app::App;
use crate::cron::{self, Log, Schedule};
use crate::domain::duration;
use crate::platform::clock;
use crate::problem::{Problem, ProblemKind};
use crate::tick;

/// Let cron run `tick`, so that everything goes on while you are away
#[derive(Debug, Subcommand)]
pub enum CronCommand {
    /// Put a line for this project into your crontab, after a try in cron's own environment
    Install(InstallArgs),
    /// Take the line of this project out of your crontab
    Remove,
    /// Show the line, the last good tick, and what went wrong since
    Show,
}

#[derive(Debug, Args)]
pub struct InstallArgs {
    /// How often: minutes that divide an hour, or hours that divide a day
    #[arg(long, default_value = "5m", value_name = "TIME")]
    every: String,
    /// Install it although the try has failed
    #[arg(long)]
    force: bool,
}

/// Runs one of them.
pub fn run(global: &Global, ui: &Ui, command: &CronCommand) -> Result {
    let app = global.app(ui)?;
    match command {
        CronCommand::Install(args) => install(&app, ui, args),
        CronCommand::Remove => remove(&app, ui),
        CronCommand::Show => show(&app, ui),
    }
}

fn install(app: &App, ui: &Ui, args: &InstallArgs) -> Result {
    let usage = |message: String| Problem::new(ProblemKind::Usage, format!("--every: {message}"));
    let seconds = duration::parse_seconds(&args.every).map_err(|error| usage(error.to_string()))?;
    let schedule = Schedule::new(seconds).map_err(|error| usage(error.to_string()))?;
    let marker = cron::marker_of(app)?;
    let line =
        cron::line(schedule, &cron::command_of(app)?, &marker).map_err(cron::CronError::from)?;
    let with_ours = |crontab: &[u8]| -> Result<Vec<u8>> {
        Ok(cron::with_line(&cron::without_other_spelling(app, crontab)?, &marker, &line))
    };
    // Before the try, which takes longer: nothing can be installed without it.
    let wanted = with_ours(&cron::read()?)?;
    let spinner = ui.spinner("one tick as cron runs it");
    let trial = cron::trial(app, &wanted, &marker);
    spinner.finish_and_clear();
    let trial = trial?;
    for warning in &trial.warnings {
        ui.warning(&clean(warning));
    }
    if let Some(first) = trial.problems.first() {
        if !args.force {
            let mut failure =
                Problem::failed(format!("a tick that cron runs would fail: {}", clean(first)));
            for more in &trial.problems[1..] {
                failure.message.push_str(&format!("\n{}", clean(more)));
            }
            for hint in hints(app, &trial) {
                failure = failure.hint(hint);
            }
            return Err(failure.hint("nothing was installed; --force installs it all the same"));
        }
        for problem in &trial.problems {
            ui.warning(&clean(problem));
        }
    }
    let lock = cron::Lock::take();
    // Again: somebody may have changed it during the try.
    let before = cron::read()?;
    let was_there = cron::find(&before, &marker).map(<[u8]>::to_vec);
    let wanted = with_ours(&before)?;
    if wanted != before {
        cron::write(&wanted)?;
        // Another program may have written it at the same time, and holds no lock of ours.
        if cron::find(&cron::read()?, &marker) != Some(&line[..]) {
            return Err(Problem::failed("the line is not in your crontab after it was written: somebody else has changed it at the same time")
                .hint("`researchloop cron install` once more; `crontab -l` shows what is there"));
        }
    }
    drop(lock);
    set_every(app, &seconds.to_string())?;
    let shown = String::from_utf8_lossy(&line).into_owned();
    if ui.json {
        ui.json(&serde_json::json!({
            "installed": true, "changed": was_there.as_deref() != Some(&line[..]), "line": shown, "every_seconds": seconds, "log": cron::log_path(app),
            "problems": trial.problems, "warnings": trial.warnings,
        }));
        return Ok(Exit::Success);
    }
    ui.line(&shown);
    ui.status(&match was_there {
        None => format!("Installed: a tick every {}.", duration::human(seconds)),
        Some(same) if same == line => "It was installed already.".to_owned(),
        Some(_) => format!("Replaced the earlier line: a tick every {}.", duration::human(seconds)),
    });
    ui.hint("`researchloop status` shows the last tick; this machine has to be awake for it");
    Ok(Exit::Success)
}

/// What helps against what usually differs.
fn hints(app: &App, trial: &cron::Trial) -> Vec<String> {
    let text = trial.problems.join("\n").to_ascii_lowercase();
    let mut hints = Vec::new();
    if text.contains("passphrase") {
        hints.push(
            "cron has nobody to ask for a passphrase: give the cluster a `key_path` of a key without one, best of all a key for this purpose only"
                .to_owned(),
        );
    } else if ["authenticat", "agent", "no key", "denied", "refused the key"]
        .iter()
        .any(|word| text.contains(word))
    {
        if std::env::var_os("SSH_AUTH_SOCK").is_some() {
            hints.push("your key agent works in this session only: give the cluster a `key_path` of a key without a passphrase".to_owned());
        } else {
            hints
                .push("cron logs in with key files only: give the cluster a `key_path`".to_owned());
        }
    }
    if text.contains("not found") || text.contains("on the path") {
        hints.push(format!(
            "cron's PATH is {}; a program elsewhere must be named by its full path, or a line `PATH=...` in your crontab must name its folder",
            trial.path
        ));
    }
    if std::env::var_os("RESEARCHLOOP_KEY_PASSPHRASE").is_some() {
        hints.push("RESEARCHLOOP_KEY_PASSPHRASE is set here, and not in cron".to_owned());
    }
    hints.push(format!(
        "or keep this open in a terminal: `researchloop -c {} tick --watch`",
        app.config.file.display()
    ));
    hints
}

fn remove(app: &App, ui: &Ui) -> Result {
    let marker = cron::marker_of(app)?;
    let lock = cron::Lock::take();
    let before = cron::read()?;
    let without = cron::without_line(&cron::without_other_spelling(app, &before)?, &marker);
    let was_there = without != before;
    if was_there {
        cron::write(&without)?;
        if cron::find(&cron::read()?, &marker).is_some() {
            return Err(Problem::failed(
                "the line is still in your crontab: somebody else has changed it at the same time",
            ));
        }
    }
    drop(lock);
    set_every(app, "")?;
    if ui.json {
        ui.json(&serde_json::json!({ "removed": was_there }));
    }
    ui.status(if was_there {
        "Removed: nothing ticks by itself now."
    } else {
        "Your crontab has no line for this project."
    });
    Ok(Exit::Success)
}

fn set_every(app: &App, value: &str) -> std::result::Result<(), Problem> {
    let mut store = app.store()?;
    let change = store.change()?;
    change.set_fact(cron::EVERY, value)?;
    change.commit()?;
    Ok(())
}

fn show(app: &App, ui: &Ui) -> Result {
    let crontab = cron::read()?;
    let line = cron::find(&crontab, &cron::marker_of(app)?)
        .map(|line| String::from_utf8_lossy(line).into_owned());
    let store = app.store()?;
    let (last, good) = tick::last_ticks(&store)?;
    let words = cron::command_of(app)?;
    let mut problems: Vec<String> =
        last.as_ref().map(|mark| mark.problems.clone()).unwrap_or_default();
    if let Some(line) = &line {
        let wanted = cron::line(Schedule { seconds: 300 }, &words, &cron::marker_of(app)?)
            .map_err(cron::CronError::from)?;
        let command = |line: &str| line.split_whitespace().skip(5).collect::<Vec<_>>().join(" ");
        if command(line) != command(&String::from_utf8_lossy(&wanted)) {
            problems.push("the line runs another program or project than this one: `researchloop cron install` renews it".to_owned());
        }
    } else if store.fact(cron::EVERY)?.is_some_and(|every| !every.is_empty()) {
        problems.push(
            "it was installed, but the line is gone from your crontab: `researchloop cron install`"
                .to_owned(),
        );
    }
    let path = cron::log_path(app);
    let tail = Log::at(&path).tail(5);
    if ui.json {
        ui.json(&serde_json::json!({
            "installed": line.is_some(), "line": line, "log": path, "log_tail": tail, "problems": problems,
            "last_tick": last, "last_good_tick": good,
        }));
        return Ok(Exit::Success);
    }
    match &line {
        Some(line) => ui.line(&text::clean(line)),
        None => ui.line("Your crontab has no line for this project."),
    }
    let now = clock::now();
    let ago = |mark: &tick::Mark| {
        duration::human(u64::try_from(now.as_second() - mark.time.as_second()).unwrap_or(0))
    };
    let by = |mark: &tick::Mark| if mark.by == "cron" { "by cron" } else { "by hand" };
    match &good {
        Some(mark) => ui.line(&format!("last good tick: {} ago, {}", ago(mark), by(mark))),
        None => ui.line("last good tick: none yet"),
    }
    if let Some(mark) =
        last.as_ref().filter(|mark| good.as_ref().is_none_or(|good| good.time != mark.time))
    {
        ui.line(&format!("last tick:      {} ago, {}", ago(mark), by(mark)));
    }
    for problem in &problems {
        ui.line(&format!("problem:        {}", text::clean(problem)));
    }
    if !tail.is_empty() {
        ui.line(&format!("log:            {}", path.display()));
        for line in &tail {
            ui.line(&format!(
                "  {}",
                text::short(&text::clean(line), ui.width().saturating_sub(2))
            ));
        }
    }
    if line.is_none() {
        ui.hint("`researchloop cron install` lets cron run a tick every 5 minutes");
    }
    Ok(Exit::Success)
}

/// Several lines, each harmless.
fn clean(text: &str) -> String {
    text::clean_lines(text).join("\n")
}
