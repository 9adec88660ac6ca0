//! Finds the configuration file: the one that was named, else the nearest one above
//! the working directory, else the user's own.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::environment::Environment;
use super::error::{ConfigError, Unreadable};

/// The name of the file.
pub const FILE_NAME: &str = "researchloop.toml";

/// Finds the file. `explicit` is what `-c` says; without it `RESEARCHLOOP_CONFIG`
/// counts. `start` is the working directory.
///
/// A file that another user put into a folder that anyone can write to, such as
/// `/tmp`, is passed over: it could name any command. Naming it is still possible.
pub fn find(
    explicit: Option<&Path>,
    start: &Path,
    environment: &Environment,
) -> Result<PathBuf, ConfigError> {
    let named = explicit
        .map(Path::to_owned)
        .or_else(|| environment.get("RESEARCHLOOP_CONFIG").map(PathBuf::from));
    if let Some(file) = named {
        return match std::fs::metadata(&file) {
            Ok(_) => Ok(file),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                Err(ConfigError::NotFound {
                    looked: vec![file],
                    distrusted: Vec::new(),
                    named: true,
                })
            }
            Err(error) => Err(ConfigError::Unreadable { file, reason: Unreadable::Io(error) }),
        };
    }
    let above = start.ancestors().map(|dir| dir.join(FILE_NAME));
    let own = environment.config_dirs().iter().map(|dir| dir.join("researchloop").join(FILE_NAME));
    let mut looked = Vec::new();
    let mut distrusted = Vec::new();
    for file in above.chain(own) {
        match std::fs::metadata(&file) {
            Ok(found) if !found.is_file() => {}
            Ok(found) if is_planted(&file, &found) => distrusted.push(file.clone()),
            Ok(_) => return Ok(file),
            Err(_) => {}
        }
        looked.push(file);
    }
    Err(ConfigError::NotFound { looked, distrusted, named: false })
}

fn is_planted(file: &Path, found: &std::fs::Metadata) -> bool {
    const WRITABLE_BY_ANYONE: u32 = 0o002;
    let is_ours = found.uid() == rustix::process::geteuid().as_raw() || found.uid() == 0;
    let folder_is_open = || {
        file.parent()
            .and_then(|dir| std::fs::metadata(dir).ok())
            .is_some_and(|dir| dir.mode() & WRITABLE_BY_ANYONE != 0)
    };
    !is_ours && folder_is_open()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::action::Action;

    fn file_in(dir: &Path) -> PathBuf {
        std::fs::create_dir_all(dir).expect("a folder");
        let file = dir.join(FILE_NAME);
        std::fs::write(&file, "").expect("a file");
        file
    }

    #[test]
    fn the_nearest_file_above_wins_then_the_users_own() {
        let temp = tempfile::tempdir().expect("a folder");
        let own = file_in(&temp.path().join("home/.config/researchloop"));
        let environment =
            Environment::new([("HOME", temp.path().join("home").to_str().expect("UTF-8"))]);
        let deep = temp.path().join("a/b/c");
        std::fs::create_dir_all(&deep).expect("folders");
        assert_eq!(find(None, &deep, &environment).expect("found"), own);
        let above = file_in(&temp.path().join("a"));
        assert_eq!(find(None, &deep, &environment).expect("found"), above);
        std::fs::create_dir(temp.path().join("a/b").join(FILE_NAME))
            .expect("a folder of that name is passed over");
        assert_eq!(find(None, &deep, &environment).expect("found"), above);
    }

    #[test]
    fn a_named_file_is_taken_or_missed_by_name() {
        let temp = tempfile::tempdir().expect("a folder");
        let above = file_in(temp.path());
        let other = temp.path().join("other.toml");
        std::fs::write(&other, "").expect("a file");
        let environment =
            Environment::new([("RESEARCHLOOP_CONFIG", other.to_str().expect("UTF-8"))]);
        assert_eq!(find(None, temp.path(), &environment).expect("found"), other);
        assert_eq!(find(Some(&above), temp.path(), &environment).expect("found"), above);
        let missing =
            find(Some(Path::new("/no/such.toml")), temp.path(), &environment).expect_err("missing");
        assert_eq!(missing.to_string(), "there is no /no/such.toml");
    }

    #[test]
    fn not_found_tells_where_it_looked_and_what_to_do() {
        let temp = tempfile::tempdir().expect("a folder");
        let error = find(None, temp.path(), &Environment::new([("HOME", "/nowhere")]))
            .expect_err("nothing there");
        assert_eq!(error.to_string(), "no researchloop.toml found");
        let hints = error.hints().join("\n");
        assert!(hints.contains(&Action::Init.to_string()), "{hints}");
        assert!(
            hints.contains(temp.path().to_str().expect("UTF-8"))
                && hints.contains("/nowhere/.config/researchloop/"),
            "{hints}"
        );
    }

    #[test]
    fn a_file_that_a_stranger_left_in_an_open_folder_is_passed_over() {
        use std::os::unix::fs::PermissionsExt;
        let temp = tempfile::tempdir().expect("a folder");
        let file = file_in(temp.path());
        if std::os::unix::fs::chown(&file, Some(12_345), None).is_err() {
            return; // Only root can make a stranger's file.
        }
        let environment = Environment::default();
        assert!(
            find(None, temp.path(), &environment).is_ok(),
            "a closed folder is a colleague's project"
        );
        std::fs::set_permissions(temp.path(), std::fs::Permissions::from_mode(0o1777))
            .expect("open");
        let error = find(None, temp.path(), &environment).expect_err("passed over");
        assert!(
            error.hints().iter().any(|hint| hint.contains("another user")),
            "{:?}",
            error.hints()
        );
        assert!(find(Some(&file), temp.path(), &environment).is_ok(), "it can be named");
    }
}
