//! The door for people: commands, what they print, how they fail.

pub(crate) mod action;
mod answer;
mod auto;
mod check;
mod cluster;
mod complete;
mod config;
mod cron;
mod demo;
mod exit;
mod generate;
mod help;
mod inbox;
mod init;
mod input;
mod job;
mod live;
mod loops;
mod open;
mod plan;
mod plot;
mod render;
mod reply;
mod request;
mod screen;
mod sparkline;
mod sprint;
mod status;
mod study;
mod table;
mod task;
mod text;
mod tick;
mod tone;
mod ui;
mod values;
mod watch;
mod which;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{CommandFactory as _, Parser, Subcommand, ValueEnum};

use self::exit::{Exit, Result};
use self::sprint::SprintCommand;
use self::ui::Ui;
use crate::app::App;
use crate::config::{Config, Environment};
use crate::domain::Secret;
use crate::problem::Problem;

/// Turn research ideas into finished, red-teamed, reported experiments on SLURM and SGE clusters
#[derive(Debug, Parser)]
#[command(name = "researchloop", version, max_term_width = 100)]
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
    /// When to use color: auto, always or never
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        default_value = "auto",
        hide_possible_values = true,
        help_heading = "Global options"
    )]
    color: Color,
}

/// When to use color.
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
    /// Run a whole sprint on this machine with a scripted agent
    Demo(demo::DemoArgs),
    /// Make a project: a commented configuration, a first study
    Init(init::InitArgs),
    /// Run one idea as a sprint
    Run(sprint::RunArgs),
    /// Show a live screen until a sprint ends; Ctrl-C leaves the job running
    Watch(which::WhichArgs),
    /// List sprints, newest first
    Ls(sprint::ListArgs),
    /// Show one sprint: its state, its cost, and what to do next
    Show(which::WhichArgs),
    /// Show what came of a sprint as a page in your browser, or as text
    Open(open::OpenArgs),
    /// Print what happened in a sprint, line by line
    Log(sprint::LogArgs),
    /// End a sprint and everything that it has started
    Cancel(sprint::CancelArgs),
    /// Check the configuration and all clusters
    Check(config::check::CheckArgs),
    /// Look at the configuration
    #[command(subcommand)]
    Config(config::ConfigCommand),
    /// List studies, create one
    #[command(subcommand)]
    Study(study::StudyCommand),
    /// List, check and set up clusters
    #[command(subcommand)]
    Cluster(cluster::ClusterCommand),
    /// Run and watch sprints, fetch their results
    #[command(subcommand)]
    Sprint(SprintCommand),
    /// The backlog: ideas, what they need, and who works on them
    #[command(subcommand)]
    Task(task::TaskCommand),
    /// Plan a study: one call to Claude, or a file, becomes tasks
    Plan(plan::PlanArgs),
    /// Turn tasks and ideas into sprints, one by one, within limits
    #[command(subcommand)]
    Loop(loops::LoopCommand),
    /// Show what waits for you: questions, ideas, failed tasks, notes
    Inbox(inbox::InboxArgs),
    /// Answer a message of the inbox, or send a note to a sprint
    Reply(reply::ReplyArgs),
    /// Let everything go on by itself while you are away
    #[command(subcommand)]
    Auto(auto::AutoCommand),
    /// Let cron run `tick`, so that all goes on while you are away
    #[command(subcommand)]
    Cron(cron::CronCommand),
    /// Show what runs, what waits, what needs you, and what has been spent
    Status(status::StatusArgs),
    /// Check all clusters once: record what happened and do what is due
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
    if complete::is_answered() {
        return Exit::Success.code();
    }
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let cli = match Cli::try_parse_from(&arguments) {
        Ok(cli) => cli,
        Err(error) => return ui::print_usage(with_help(error, &arguments), &arguments),
    };
    let ui = Ui::new(&cli.global);
    let code = match dispatch(&cli.global, &ui, cli.command) {
        Ok(exit) => exit.code(),
        Err(failure) => ui.fail(&failure),
    };
    ui.end(code)
}

/// The same with the whole help, if it is help: that is put together only for who asks for it.
fn with_help(error: clap::Error, arguments: &[OsString]) -> clap::Error {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            command().try_get_matches_from(arguments).err().unwrap_or(error)
        }
        _ => error,
    }
}

fn dispatch(global: &Global, ui: &Ui, command: Command) -> Result {
    match command {
        Command::Demo(args) => demo::run(global, ui, &args),
        Command::Init(args) => init::run(ui, &args),
        Command::Run(args) => sprint::run(global, ui, SprintCommand::Run(args)),
        Command::Watch(args) => sprint::run(global, ui, SprintCommand::Watch(args)),
        Command::Ls(args) => sprint::run(global, ui, SprintCommand::List(args)),
        Command::Show(args) => sprint::run(global, ui, SprintCommand::Show(args)),
        Command::Open(args) => open::run(&global.app(ui)?, ui, &args),
        Command::Log(args) => sprint::run(global, ui, SprintCommand::Log(args)),
        Command::Cancel(args) => sprint::run(global, ui, SprintCommand::Cancel(args)),
        Command::Check(args) => check::run(global, ui, &args),
        Command::Config(command) => config::run(global, ui, &command),
        Command::Study(command) => study::run(global, ui, &command),
        Command::Cluster(command) => cluster::run(global, ui, &command),
        Command::Sprint(command) => sprint::run(global, ui, command),
        Command::Task(command) => task::run(global, ui, &command),
        Command::Plan(args) => plan::run(global, ui, &args),
        Command::Loop(command) => loops::run(global, ui, command),
        Command::Auto(command) => auto::run(global, ui, command),
        Command::Cron(command) => cron::run(global, ui, &command),
        Command::Inbox(args) => inbox::run(global, ui, &args),
        Command::Reply(args) => reply::run(global, ui, &args),
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
    fn load(&self, ui: &Ui) -> std::result::Result<Config, Problem> {
        let config = self.load_quietly()?;
        match config.warnings.as_slice() {
            [] => {}
            [one] => ui.caution(&one.warning_text()),
            many => {
                ui.caution(&format!(
                    "{} has {} warnings: `researchloop config check` shows them",
                    config.file.display(),
                    many.len()
                ));
            }
        }
        Ok(config)
    }

    /// Finds and reads the configuration, with no word about warnings.
    fn load_quietly(&self) -> std::result::Result<Config, Problem> {
        self.load_with(&|_, _| Vec::new())
    }

    /// Finds and reads the configuration, and has job options checked, too.
    fn load_with(
        &self,
        check_options: &crate::config::CheckOptions,
    ) -> std::result::Result<Config, Problem> {
        let environment = Environment::of_process();
        let here = std::env::current_dir().map_err(|error| {
            Problem::failed(format!("cannot find out the working directory: {error}"))
        })?;
        let file = crate::config::find(self.config.as_deref(), &here, &environment)?;
        Ok(crate::config::load_with(&file, &environment, check_options)?)
    }

    /// Everything that a verb needs.
    fn app(&self, ui: &Ui) -> std::result::Result<App, Problem> {
        Ok(Self::app_of(ui, self.load(ui)?))
    }

    /// The same, with job options checked, too; warnings are left to who shows them all.
    fn app_with(
        &self,
        ui: &Ui,
        check_options: &crate::config::CheckOptions,
    ) -> std::result::Result<App, Problem> {
        Ok(Self::app_of(ui, self.load_with(check_options)?))
    }

    fn app_of(ui: &Ui, config: Config) -> App {
        let passphrase = std::env::var("RESEARCHLOOP_KEY_PASSPHRASE")
            .ok()
            .filter(|text| !text.is_empty())
            .map(Secret::new);
        let app = App { passphrase, say: action::command, ..App::new(config) };
        if let Some(behind) = app.behind() {
            ui.warn_last(&behind.to_string());
        }
        app
    }
}

/// The command line as clap knows it: for completions, manual pages, and tests of both.
pub fn command() -> clap::Command {
    help::with_help(Cli::command())
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use clap::error::ErrorKind;

    fn files(folder: &Path, ends: &[&str], found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                files(&path, ends, found);
            } else if ends.iter().any(|end| path.to_string_lossy().ends_with(end)) {
                found.push(path);
            }
        }
    }

    /// A command as it stands in a text of ours, with something in each place that is filled in.
    fn filled(command: &str) -> Vec<String> {
        let mut text = String::new();
        let mut rest = command;
        while let Some((before, behind)) = rest.split_once('{') {
            let (name, after) = behind.split_once('}').unwrap_or((behind, ""));
            text.push_str(before);
            text.push_str(
                if name.starts_with("row.limits")
                    || before.ends_with("-n ")
                    || before.ends_with("--token ")
                {
                    "3"
                } else {
                    "x1"
                },
            );
            rest = after;
        }
        text.push_str(rest);
        let word = |word: &str| match word {
            "COUNT" | "N" | "USD" | "HOURS" => "3".to_owned(),
            "TIME" => "4h".to_owned(),
            "SHELL" => "bash".to_owned(),
            word => word.to_owned(),
        };
        shell_words::split(&text)
            .unwrap_or_else(|_| vec![text.clone()])
            .iter()
            .map(|one| word(one))
            .collect()
    }

    #[test]
    fn every_command_that_we_name_can_be_given() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut found = Vec::new();
        files(&root.join("src"), &[".rs"], &mut found);
        files(&root.join("docs"), &[".md"], &mut found);
        files(&root.join("templates"), &[""], &mut found);
        found.push(root.join("README.md"));
        let (mut count, mut wrong) = (0, Vec::new());
        for file in found {
            let text = std::fs::read_to_string(&file).expect("read");
            // As it is once it is compiled: quotes, and lines that go on.
            let mut text = text.replace("\\\"", "\"");
            while let Some(at) = text.find("\\\n") {
                let behind = text[at + 2..].trim_start().to_owned();
                text.truncate(at);
                text.push_str(&behind);
            }
            for (at, _) in text.match_indices("`researchloop ") {
                let Some((command, _)) =
                    text[at + 1..].split_once('`').filter(|(command, _)| !command.contains('\n'))
                else {
                    continue;
                };
                // All commands of a kind, and what a shell does with what one prints.
                if command.ends_with(" ...") {
                    continue;
                }
                let command = command.split(" | ").next().unwrap_or_default();
                count += 1;
                if let Err(error) = super::command().try_get_matches_from(filled(command))
                    // The name of a command alone.
                    && !matches!(
                        error.kind(),
                        ErrorKind::MissingRequiredArgument
                            | ErrorKind::MissingSubcommand
                            | ErrorKind::DisplayHelp
                            | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
                    )
                {
                    wrong.push(format!(
                        "{}: {command}: {}",
                        file.display(),
                        error.to_string().lines().next().unwrap_or_default()
                    ));
                }
            }
        }
        assert!(count > 100, "{count}");
        assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n"));
    }

    #[test]
    fn the_command_line_is_sound() {
        super::command().debug_assert();
    }
}
