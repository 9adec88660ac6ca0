//! What lies in a sprint's directory: the formats that the two sides share, how the
//! job script is made, and how files there are opened by somebody who does not trust
//! what wrote them.
//!
//! A sprint's directory is written by a model. Everything here that reads from it
//! treats it so. The formats are contracts, described in `docs/formats.md`.

pub mod answers;
pub mod context;
pub mod folder;
pub mod formats;
pub mod journal;
pub mod outcome;
pub mod points;
pub mod prompts;
pub mod reduce;
pub mod review;
pub mod script;
pub mod templates;
pub mod transfer;

/// The folder inside a sprint's directory that is ours.
pub const OWN_FOLDER: &str = ".researchloop";

/// Whether the study has an evaluator, as a value that pipelines name; and the step of ours that runs it.
pub const EVALUATE: &str = "evaluate";
/// The same of the task's verification.
pub const VERIFY: &str = "verify";

/// The page that is made of a sprint's results, in its folder on this machine.
pub const PAGE_FILE: &str = "index.html";

/// Folders of what an agent has programmed.
pub const CODE_FOLDERS: &[&str] = &["code", "src", "scripts"];

/// Whether a file of this name in the sprint's own directory is a program.
pub fn is_code_file(name: &str) -> bool {
    let ends = ["py", "sh", "r", "R", "jl", "m", "c", "cc", "cpp", "cu", "h", "rs", "awk", "ipynb"];
    name != "run_sprint.sh" && name.rsplit_once('.').is_some_and(|(_, end)| ends.contains(&end))
}

/// The file in which the job of a plan leaves it.
pub const PLAN_FILE: &str = "plan.json";

/// The version of all formats that this program writes. A newer one is refused.
pub const FORMAT_VERSION: u32 = 1;
