//! `researchloop init`

use std::path::{Path, PathBuf};

use clap::Args;

use super::exit::{Exit, Result};
use super::ui::Ui;
use crate::bundle::templates;
use crate::config::FILE_NAME;
use crate::platform::private;
use crate::problem::{Problem, ProblemKind};

#[derive(Debug, Args)]
pub struct InitArgs {
    /// The project's folder
    #[arg(short, long, default_value = ".", value_name = "DIR")]
    path: PathBuf,
}

/// Makes a project.
pub fn run(ui: &Ui, args: &InitArgs) -> Result {
    let file = args.path.join(FILE_NAME);
    if file.exists() {
        return Err(Problem::new(
            ProblemKind::Conflict,
            format!("{} is there already", file.display()),
        )
        .hint("it was left as it is; `researchloop config check` looks at it"));
    }
    let made = !args.path.join(".gitignore").exists();
    let missing = make(&args.path, templates::INIT_CONFIG)?;
    let study = args.path.join("studies").join("my-study").join("CLAUDE.md");
    if !study.exists() {
        crate::study::write_context(&study, "my-study")?;
    }
    if ui.json {
        ui.json(&serde_json::json!({ "config": file, "study": study }));
    }
    match missing.as_slice() {
        _ if made => {
            ui.status(&format!("Made {}, {} and a .gitignore.", file.display(), study.display()))
        }
        [] => ui.status(&format!("Made {} and {}.", file.display(), study.display())),
        missing => {
            ui.status(&format!(
                "Made {} and {}; .gitignore was left as it is.",
                file.display(),
                study.display()
            ));
            ui.hint(&format!("add to .gitignore: {}", missing.join(" ")));
        }
    }
    ui.hint("`researchloop sprint run \"my first idea\" -s my-study --watch` runs on this machine; Claude must be logged in");
    ui.hint("describe your cluster in researchloop.toml, then `researchloop cluster setup NAME`");
    Ok(Exit::Success)
}

/// What of a project is nothing for git: results, the database, the log of ticks.
const IGNORED: [&str; 3] = ["/artifacts/", "/researchloop.db*", "/.researchloop/"];

/// Makes the folders and the configuration of a project. Returns what is missing in a .gitignore that
/// is there already; it is left as it is.
pub fn make(path: &Path, config: &str) -> Result<Vec<&'static str>> {
    let failed = |error: std::io::Error| {
        Problem::failed(format!("cannot make a project in {}: {error}", path.display()))
    };
    private::make_folder(&path.join("artifacts")).map_err(failed)?;
    private::make_folder(&path.join("studies")).map_err(failed)?;
    let ignore = path.join(".gitignore");
    let missing = match std::fs::read_to_string(&ignore) {
        Ok(text) => IGNORED
            .into_iter()
            .filter(|line| {
                !text.lines().any(|known| known.trim().trim_matches('/') == line.trim_matches('/'))
            })
            .collect(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            private::write_new(&ignore, format!("{}\n", IGNORED.join("\n")).as_bytes())
                .map_err(failed)?;
            Vec::new()
        }
        Err(error) => return Err(failed(error)),
    };
    // It may come to hold secrets.
    private::write_new(&path.join(FILE_NAME), config.as_bytes()).map_err(failed)?;
    Ok(missing)
}
