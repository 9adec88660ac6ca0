//! The templates that are part of the program, and those of a project that replace them.

use std::collections::BTreeMap;
use std::path::Path;

/// The pipeline that a sprint runs.
pub const PIPELINE: &str = include_str!("../../templates/pipelines/research.yaml");

/// The pipeline of a follow-up to a sprint that has ended.
pub const TWEAK_PIPELINE: &str = include_str!("../../templates/pipelines/tweak.yaml");

/// The pipeline of a sprint that makes a plan.
pub const PLAN_PIPELINE: &str = include_str!("../../templates/pipelines/plan.yaml");

/// The scripted agent of the demonstration.
pub const DEMO_AGENT: &str = include_str!("../../templates/demo/agent.sh");

/// The configuration of the demonstration. Its first line tells it from every other one.
pub const DEMO_CONFIG: &str = include_str!("../../templates/demo/researchloop.toml");

/// The configuration that `init` writes.
pub const INIT_CONFIG: &str = include_str!("../../templates/init/researchloop.toml");

const SKILLS: &[(&str, &str)] = &[
    ("idea.md.j2", include_str!("../../templates/skills/idea.md.j2")),
    ("tweak.md.j2", include_str!("../../templates/skills/tweak.md.j2")),
    ("plan.md.j2", include_str!("../../templates/skills/plan.md.j2")),
    ("_messages.md.j2", include_str!("../../templates/skills/_messages.md.j2")),
    ("research.md.j2", include_str!("../../templates/skills/research.md.j2")),
    ("red_team.md.j2", include_str!("../../templates/skills/red_team.md.j2")),
    ("fix.md.j2", include_str!("../../templates/skills/fix.md.j2")),
    ("report.md.j2", include_str!("../../templates/skills/report.md.j2")),
    ("summarize.md.j2", include_str!("../../templates/skills/summarize.md.j2")),
    ("repair.md.j2", include_str!("../../templates/skills/repair.md.j2")),
    ("continue.md.j2", include_str!("../../templates/skills/continue.md.j2")),
    ("_long_running.md.j2", include_str!("../../templates/skills/_long_running.md.j2")),
];

/// Returns the prompt templates by file name. A file of the same name in
/// `templates/skills` of the project replaces one of ours.
///
/// # Errors
/// When such a file is there but cannot be read as text.
pub fn skills(project: &Path) -> std::io::Result<BTreeMap<String, String>> {
    let folder = project.join("templates").join("skills");
    let mut templates = BTreeMap::new();
    for (name, ours) in SKILLS {
        let text = match std::fs::read_to_string(folder.join(name)) {
            Ok(theirs) => theirs,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => (*ours).to_owned(),
            Err(error) => {
                return Err(std::io::Error::new(
                    error.kind(),
                    format!("{}: {error}", folder.join(name).display()),
                ));
            }
        };
        templates.insert((*name).to_owned(), text);
    }
    Ok(templates)
}
