//! `researchloop completions` and `researchloop man`

use std::path::PathBuf;

use clap::Args;
use clap_complete::Shell;

use super::exit::{Exit, Result};
use super::ui::Ui;
use crate::problem::Problem;

#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell
    shell: Shell,
}

#[derive(Debug, Args)]
pub struct ManArgs {
    /// The folder to write them to
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
}

/// Prints a completion script.
pub fn completions(ui: &Ui, args: &CompletionsArgs) -> Result {
    let mut script = Vec::new();
    clap_complete::generate(
        args.shell,
        &mut without_hidden(&super::command()),
        "researchloop",
        &mut script,
    );
    ui.line(String::from_utf8_lossy(&script).trim_end());
    Ok(Exit::Success)
}

/// The command line without the commands that nobody types.
fn without_hidden(command: &clap::Command) -> clap::Command {
    let shown = command.get_subcommands().filter(|below| !below.is_hide_set()).cloned();
    let mut copy = clap::Command::new("researchloop")
        .args(command.get_arguments().cloned())
        .subcommands(shown);
    copy = copy
        .about(command.get_about().cloned().unwrap_or_default())
        .version(env!("CARGO_PKG_VERSION"));
    copy
}

/// Writes a manual page for each command.
pub fn man(ui: &Ui, args: &ManArgs) -> Result {
    let failed = |error: std::io::Error| {
        Problem::failed(format!("cannot write manual pages to {}: {error}", args.to.display()))
    };
    std::fs::create_dir_all(&args.to).map_err(failed)?;
    clap_mangen::generate_to(super::command(), &args.to).map_err(failed)?;
    ui.status(&format!("Manual pages are in {}", args.to.display()));
    Ok(Exit::Success)
}
