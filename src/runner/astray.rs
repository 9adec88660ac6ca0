//! Questions that the agent has put where nobody looks for them.

use super::job_context::Paths;
use super::mailbox::{MAX_FILES, asks};
use super::outputs::stamp;
use crate::bundle::OWN_FOLDER;
use crate::bundle::answers::MAX_SMALL;
use crate::bundle::folder::{Entry as Kind, Folder, Refused};
use crate::domain::text::paragraph;

/// Where questions are put that nobody finds, below the working directory. None of it is taken: other
/// files may bear these names.
pub fn questions_astray(paths: &Paths) -> Vec<(String, String)> {
    const FILES: &[&str] = &[
        "ask.json",
        "ask.txt",
        "ask.md",
        "question.json",
        "question.txt",
        "question.md",
        "questions.json",
        "questions.txt",
        "questions.md",
    ];
    let mut found = Vec::new();
    let mut look = |folder: Result<Folder, Refused>, prefix: &str, only: Option<&[&str]>| {
        let Ok(folder) = folder else { return };
        for (name, kind) in folder.list(MAX_FILES).unwrap_or_default().entries {
            let Kind::File(size) = kind else { continue };
            let is_named = only.map_or_else(
                || [".json", ".txt", ".md"].iter().any(|end| name.ends_with(end)),
                |names| names.contains(&name.as_str()),
            );
            if is_named && size <= MAX_SMALL && asks(&folder, &name) {
                found.push((
                    format!("{prefix}{}", paragraph(&name.escape_default().to_string(), 40)),
                    stamp(&folder, &name).unwrap_or_default(),
                ));
            }
        }
    };
    let work = || Folder::open(&paths.work);
    look(work(), "", Some(FILES));
    look(work().and_then(|folder| folder.folder("ask")), "ask/", None);
    look(
        work().and_then(|folder| folder.folder(OWN_FOLDER)),
        &format!("{OWN_FOLDER}/"),
        Some(FILES),
    );
    if paths.work != paths.dir {
        look(
            work().and_then(|folder| folder.folder(OWN_FOLDER)).and_then(|own| own.folder("ask")),
            &format!("{OWN_FOLDER}/ask/"),
            None,
        );
    }
    found
}
