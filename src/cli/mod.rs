//! The door for people: commands, what they print, how they fail.

mod cluster;
mod cluster_defaults;
mod config;
mod cron;
mod demo;
mod failure;
mod find;
mod findings;
mod generate;
mod inbox;
mod init;
mod input;
mod job;
mod leaderboard;
mod loops;
mod plan;
mod plan_job;
mod plot;
mod screen;
mod sprint;
mod sprint_run;
mod status;
mod storage;
mod study;
mod task;
mod task_claim;
mod task_find;
mod task_graph;
mod task_show;
mod text;
mod tick;
mod ui;
mod watch;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{CommandFactory as _, Parser, Subcommand, ValueEnum};

use self::failure::{Failure, Result};
use self::ui::Ui;
use crate::app::App;
use crate::config::{Config, Environment};
use crate::domain::Secret;

/// Turn research ideas into finished, red-teamed, reported experiments on SLURM and SGE clusters
#[derive(Debug, Parser)]
#[command(name = "researchloop", version, max_term_width = 100)]
#[command(after_help = "Start with `researchloop demo`: it needs no cluster, no Claude and no network.")]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// Options of every command.
#[derive(Debug, Clone, clap::Args)]
pub struct Global {
    /// Use this configuration file
    #[arg(short, long, global = true, value_name = "FILE", help_heading = "Global options")]
    config: Option<PathBuf>,
    /// Print JSON on standard output, and errors as JSON
    #[arg(long, global = true, help_heading = "Global options")]
    json: bool,
    /// Print only what was asked for
    #[arg(short, long, global = true, help_heading = "Global options")]
    quiet: bool,
    /// When to use colour: auto, always or never
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", hide_possible_values = true, help_heading = "Global options")]
    color: Color,
}

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a complete sprint on this machine with a scripted agent: no cluster, no Claude, no network
    Demo(demo::DemoArgs),
    /// Make a project: a commented configuration, folders, a first study
    Init(init::InitArgs),
    /// Look at the configuration
    #[command(subcommand)]
    Config(config::ConfigCommand),
    /// Look at studies, make one
    #[command(subcommand)]
    Study(study::StudyCommand),
    /// Look at clusters, check and prepare them
    #[command(subcommand)]
    Cluster(cluster::ClusterCommand),
    /// Run sprints, watch them, bring back their results
    #[command(subcommand)]
    Sprint(sprint::SprintCommand),
    /// The backlog: ideas, what they need, and who works on them
    #[command(subcommand)]
    Task(task::TaskCommand),
    /// Plan a study: one call to Claude, here or in a short job, or a plan from a file, becomes tasks
    Plan(plan::PlanArgs),
    /// Turn tasks and ideas into sprints, one after the other, within limits
    #[command(subcommand)]
    Loop(loops::LoopCommand),
    /// Show what waits for you: questions, proposed ideas, tasks that failed for good, notes not read yet
    Inbox(inbox::InboxArgs),
    /// Answer a message of the inbox, or send a note to a sprint
    Reply(inbox::ReplyArgs),
    /// Let cron run `tick`, so that everything goes on while you are away
    #[command(subcommand)]
    Cron(cron::CronCommand),
    /// Show what runs, what waits, what needs you, and what has been spent
    Status(status::StatusArgs),
    /// Look at all clusters once: take in what happened, do what is due
    Tick(tick::TickArgs),
    /// Print a completion script for a shell
    Completions(generate::CompletionsArgs),
    /// Write the manual pages
    Man(generate::ManArgs),
    /// Run the pipeline of a sprint, inside its job
    #[command(hide = true)]
    JobRun(job::JobRunArgs),
    /// Tell the environment and the limits that a profile has set
    #[command(hide = true)]
    JobEnvironment,
    /// Play the part of Claude by a script, for demonstrations
    #[command(hide = true)]
    DemoAgent(demo::AgentArgs),
    /// Answer what is new in the files of sprints
    #[command(hide = true)]
    FilesRead,
    /// Send the files of a sprint
    #[command(hide = true)]
    FilesResults,
}

/// Runs the command that the process was started with, and returns its exit code.
pub fn run() -> u8 {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let cli = match Cli::try_parse_from(&arguments) {
        Ok(cli) => cli,
        Err(error) => return ui::print_usage(&error, &arguments),
    };
    let ui = Ui::new(&cli.global);
    let code = match dispatch(&cli.global, &ui, cli.command) {
        Ok(exit) => exit.code(),
        Err(failure) => ui.fail(&failure),
    };
    ui.end(code)
}

fn dispatch(global: &Global, ui: &Ui, command: Command) -> Result {
    match command {
        Command::Demo(args) => demo::run(global, ui, &args),
        Command::Init(args) => init::run(ui, &args),
        Command::Config(command) => config::run(global, ui, &command),
        Command::Study(command) => study::run(global, ui, &command),
        Command::Cluster(command) => cluster::run(global, ui, &command),
        Command::Sprint(command) => sprint::run(global, ui, command),
        Command::Task(command) => task::run(global, ui, &command),
        Command::Plan(args) => plan::run(global, ui, &args),
        Command::Loop(command) => loops::run(global, ui, command),
        Command::Cron(command) => cron::run(global, ui, &command),
        Command::Inbox(args) => inbox::inbox(global, ui, &args),
        Command::Reply(args) => inbox::reply(global, ui, &args),
        Command::Status(args) => status::run(global, ui, &args),
        Command::Tick(args) => tick::run(global, ui, &args),
        Command::Completions(args) => generate::completions(ui, &args),
        Command::Man(args) => generate::man(ui, &args),
        Command::JobRun(args) => Ok(job::job_run(&args)),
        Command::JobEnvironment => job::job_environment(),
        Command::DemoAgent(args) => demo::agent(&args),
        Command::FilesRead => job::files_read(),
        Command::FilesResults => job::files_results(),
    }
}

impl Global {
    /// Finds and reads the configuration. Warnings that a user lives with are not told whole by
    /// every command.
    fn load(&self, ui: &Ui) -> std::result::Result<Config, Failure> {
        let config = self.load_quietly()?;
        match config.warnings.as_slice() {
            // With --json, standard error is for one error alone; `config check` has them all.
            _ if ui.json => {}
            [] => {}
            [one] => ui.warning(&warning_text(one)),
            many => {
                ui.warning(&format!("{} has {} things to look at: `researchloop config check` shows them", config.file.display(), many.len()));
            }
        }
        Ok(config)
    }

    /// Finds and reads the configuration, with no word about warnings.
    fn load_quietly(&self) -> std::result::Result<Config, Failure> {
        self.load_with(&|_, _| Vec::new())
    }

    /// Finds and reads the configuration, and has job options checked, too.
    fn load_with(&self, check_options: &crate::config::CheckOptions) -> std::result::Result<Config, Failure> {
        let environment = Environment::of_process();
        let here = std::env::current_dir().map_err(|error| Failure::failed(format!("cannot find out the working directory: {error}")))?;
        let file = crate::config::find(self.config.as_deref(), &here, &environment)?;
        Ok(crate::config::load_with(&file, &environment, check_options)?)
    }

    /// Everything that a verb needs.
    fn app(&self, ui: &Ui) -> std::result::Result<App, Failure> {
        let config = self.load(ui)?;
        let passphrase = std::env::var("RESEARCHLOOP_KEY_PASSPHRASE").ok().filter(|text| !text.is_empty()).map(Secret::new);
        Ok(App { config, passphrase, accept_fingerprint: None })
    }
}

/// A warning about the configuration. Its own text says where it stands and that it is a
/// warning; one of the two is enough.
fn warning_text(warning: &crate::config::Problem) -> String {
    warning.to_string().replacen(": warning: ", ": ", 1)
}

/// The command line as clap knows it: for completions, manual pages, and tests of both.
pub fn command() -> clap::Command {
    Cli::command()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_command_line_is_sound() {
        super::command().debug_assert();
    }
}
