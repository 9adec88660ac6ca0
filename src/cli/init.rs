//! `researchloop init`

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::cluster::make_known;
use super::exit::{Exit, Result};
use super::render::Render;
use super::ui::Ui;
use super::{Global, text};
use crate::cluster::{self, Address, Discovered, Unclear};
use crate::config::{Config, Environment};
use crate::domain::SchedulerKind;
use crate::problem::{Problem, ProblemKind};
use crate::project;
use crate::view::{GitIgnore, NewProject};

#[derive(Debug, Args)]
pub struct InitArgs {
    /// A folder for the project, which is made; without it this folder
    #[arg(value_name = "NAME")]
    name: Option<PathBuf>,
    /// The same, as an option
    #[arg(short, long, value_name = "DIR", conflicts_with = "name")]
    path: Option<PathBuf>,
    /// Ask this login node what it offers, and describe it: HOST, USER@HOST:PORT, or a name of ~/.ssh/config
    #[arg(long, value_name = "HOST")]
    host: Option<String>,
    /// The scheduler there, where more than one or none answers
    #[arg(long, value_enum, requires = "host")]
    scheduler: Option<Kind>,
    /// Accept the host key with this fingerprint without asking: SHA256:...
    #[arg(long, value_name = "FINGERPRINT", requires = "host")]
    accept_host_key: Option<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Kind {
    Slurm,
    Sge,
    /// None: sprints run on the host itself
    Local,
}

/// Makes a project.
pub fn run(ui: &Ui, args: &InitArgs) -> Result {
    let folder = args.name.as_deref().or(args.path.as_deref()).unwrap_or(Path::new("."));
    // Before anybody is asked anything.
    let file = project::new_file(folder)?;
    let described = match &args.host {
        Some(host) => {
            let address = Address::parse(host)?;
            let found = ask(ui, args, &address, &file)?;
            tell(ui, &found);
            let text = cluster::describe(&address, &found);
            // What would not be read is not written.
            load(&file, &text)?;
            Some((text, address.cluster_name()))
        }
        None => None,
    };
    let made = project::init(folder, described.as_ref().map(|(text, _)| text.as_str()))?;
    ui.answer(&made);
    let (config, study) = (made.config.display(), made.study.display());
    match &made.git_ignore {
        GitIgnore::Made => ui.status(&format!("Made {config}, {study} and a .gitignore.")),
        GitIgnore::Left { lacks } if lacks.is_empty() => {
            ui.status(&format!("Made {config} and {study}."));
        }
        GitIgnore::Left { lacks } => {
            ui.status(&format!("Made {config} and {study}; .gitignore was left as it is."));
            ui.hint(&format!("add to .gitignore: {}", lacks.join(" ")));
        }
    }
    if folder != Path::new(".") {
        ui.hint(&format!("`cd {}` first", text::shell_word(&folder.display().to_string())));
    }
    match described {
        Some((_, cluster)) => {
            ui.hint(&format!(
                "look at {config}: the choices that {cluster} has stand there as comments"
            ));
            ui.hint(&format!(
                "`researchloop cluster setup {cluster}` puts the runner there and checks it"
            ));
            ui.hint("`researchloop run \"my first idea\" --watch`");
        }
        None => {
            ui.hint("`researchloop run \"my first idea\" --watch` runs on this machine; Claude must be logged in");
            ui.hint("describe your cluster in researchloop.toml, then `researchloop cluster setup NAME`");
        }
    }
    Ok(Exit::Success)
}

fn load(file: &Path, text: &str) -> Result<Config> {
    let environment = Environment::of_process();
    Ok(crate::config::load_text(file, text, &environment, &project::check_options)?)
}

/// Asks the host what it is.
fn ask(ui: &Ui, args: &InitArgs, address: &Address, file: &Path) -> Result<Discovered> {
    let app = Global::app_of(ui, load(file, &address.to_ask())?);
    let Some(cluster) = app.config.clusters.first() else {
        return Err(Problem::failed("the host could not be described".to_owned()));
    };
    let again = |more: &str| {
        let name = args.name.as_deref().or(args.path.as_deref());
        let name = name.map(|name| format!(" {}", text::shell_word(&name.display().to_string())));
        let host = text::shell_word(args.host.as_deref().unwrap_or_default());
        format!("researchloop init{} --host {host} {more}", name.unwrap_or_default())
    };
    make_known(&app, ui, cluster, args.accept_host_key.clone(), &|key| {
        again(&format!("--accept-host-key {key}"))
    })?;
    let wanted = args.scheduler.map(|kind| match kind {
        Kind::Slurm => SchedulerKind::Slurm,
        Kind::Sge => SchedulerKind::Sge,
        Kind::Local => SchedulerKind::Local,
    });
    let waiting = ui.spinner(&format!("asking {}", text::clean(&address.host)));
    let found = cluster::discover(&app, cluster, wanted);
    waiting.finish_and_clear();
    found.map_err(|unclear| match unclear {
        Unclear::Failed(problem) => problem,
        Unclear::Several => Problem::new(
            ProblemKind::Conflict,
            format!("{} has SLURM and Grid Engine", text::clean(&address.host)),
        )
        .hint(format!("say which one: `{}`", again("--scheduler slurm")))
        .hint(format!("or: `{}`", again("--scheduler sge"))),
        Unclear::NoScheduler => {
            let what = match args.scheduler {
                Some(Kind::Slurm) => "no SLURM",
                Some(Kind::Sge) => "no Grid Engine",
                _ => "neither SLURM nor Grid Engine",
            };
            Problem::failed(format!(
                "{} has {what}: scontrol and qconf are neither on the PATH of non-interactive shells nor on that of the login profile",
                text::clean(&address.host)
            ))
            .hint("is it the login node? Nothing was written")
            .hint(format!("to run sprints on the host itself: `{}`", again("--scheduler local")))
        }
    })
}

/// Says what was found.
fn tell(ui: &Ui, found: &Discovered) {
    let scheduler = match found.scheduler {
        SchedulerKind::Slurm => "SLURM",
        SchedulerKind::Sge => "Grid Engine",
        SchedulerKind::Local => "no scheduler is used",
    };
    ui.status(&format!("{}: {scheduler}", text::clean(&found.place)));
    let closed = found.offer.queues.len() - found.offer.open().count();
    for queue in found.offer.open() {
        ui.status(&format!("  {}: {}", queue.name, queue.about()));
        if !queue.gpus.is_empty() {
            ui.status(&format!("    GPUs: {}", queue.gpus.join(", ")));
        }
    }
    if closed > 0 {
        ui.status(&format!("  and {closed} that may not take your jobs"));
    }
    for room in &found.folders {
        ui.status(&format!("  {}: {}", text::clean(&room.path), room.about));
    }
    if !found.has_claude {
        ui.caution("Claude was not found on the login node: install Claude Code there, or set `claude_command`");
    }
}

impl Render for NewProject {}
