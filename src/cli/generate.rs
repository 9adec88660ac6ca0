//! `researchloop completions` and `researchloop man`

use std::path::PathBuf;

use clap::Args;
use clap_complete::Shell;
use clap_complete::env::Shells;

use super::complete::VARIABLE;
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

/// Prints a completion script: it asks this program for what may be meant.
pub fn completions(ui: &Ui, args: &CompletionsArgs) -> Result {
    let shells = Shells::builtins();
    let name = args.shell.to_string();
    let mut script = Vec::new();
    let written = shells.completer(&name).map(|shell| {
        shell.write_registration(
            VARIABLE,
            "researchloop",
            "researchloop",
            "researchloop",
            &mut script,
        )
    });
    match written {
        Some(Ok(())) => ui.line(String::from_utf8_lossy(&script).trim_end()),
        _ => return Err(Problem::failed(format!("there is no completion for {name}"))),
    }
    Ok(Exit::Success)
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
