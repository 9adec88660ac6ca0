//! `researchloop completions` and `researchloop man`

use std::path::PathBuf;

use clap::Args;
use clap_complete::Shell;

use super::complete::without_hidden;
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

/// Prints a completion script. Those for the usual shells ask this program what is there.
pub fn completions(ui: &Ui, args: &CompletionsArgs) -> Result {
    let script = match args.shell {
        Shell::Bash => include_str!("../../completions/researchloop.bash").to_owned(),
        Shell::Zsh => include_str!("../../completions/_researchloop").to_owned(),
        Shell::Fish => include_str!("../../completions/researchloop.fish").to_owned(),
        other => {
            let mut script = Vec::new();
            let mut command = without_hidden(&super::command());
            clap_complete::generate(other, &mut command, "researchloop", &mut script);
            String::from_utf8_lossy(&script).into_owned()
        }
    };
    ui.line(script.trim_end());
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
