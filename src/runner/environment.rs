//! The surroundings of the agent's process: its environment, and a folder for temporary files.

use std::io;
use std::path::{Path, PathBuf};

use super::sweep;
use crate::bundle::folder::{Folder, Refused};
use crate::domain::Masker;
use crate::platform::random;

/// The file of variables is smaller than this.
const MAX_ENV: u64 = 64 << 20;

/// The variable with the name of that folder, by which the job script finds it when this program was
/// killed.
const NAME: &str = "RESEARCHLOOP_TMP";

/// A folder for temporary files.
pub struct Temporary {
    /// The folder.
    pub folder: PathBuf,
    /// What could not be used, and why.
    pub trouble: Option<String>,
    /// Nothing can be made where `TMPDIR` says: others should not try it either.
    pub replaces: bool,
}

/// A private folder with a short name: names of sockets in it end at 108 bytes. It lies where
/// `TMPDIR` says, or in `/tmp`, or as the last resort among our own files.
pub fn temporary_folder(own: &Path) -> io::Result<Temporary> {
    let wanted = std::env::var("TMPDIR").ok().filter(|base| !base.is_empty());
    let given = std::env::var(NAME).ok().filter(|name| name.len() == 11 && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'));
    let names = [given.unwrap_or_else(random_name), random_name()];
    let mut trouble = None;
    let mut replaces = false;
    let mut last = io::Error::other("no folder to try");
    for base in wanted.iter().map(|base| Path::new(base).to_path_buf()).chain([PathBuf::from("/tmp"), own.to_path_buf()]) {
        // A longer one is good for everything else.
        if base.as_os_str().len() > 50 && base.is_dir() && base != own {
            continue;
        }
        match make(&base, &names) {
            Ok(folder) => return Ok(Temporary { folder, trouble, replaces }),
            Err(error) => {
                replaces |= wanted.as_deref() == base.to_str();
                trouble = trouble.or_else(|| Some(format!("{} is not used for temporary files: {error}", base.display())));
                last = error;
            }
        }
    }
    Err(last)
}

fn random_name() -> String {
    format!("rl-{}", random::hex(4))
}

fn make(base: &Path, names: &[String]) -> io::Result<PathBuf> {
    use std::os::unix::fs::DirBuilderExt as _;
    let mut made = Err(io::ErrorKind::AlreadyExists.into());
    for name in names {
        let folder = base.join(name);
        made = std::fs::DirBuilder::new().mode(0o700).create(&folder).map(|()| folder);
        if !made.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::AlreadyExists) {
            break;
        }
    }
    made
}

/// The agent's environment: this process's own, the user's values, and the mark. With it comes what
/// hides the user's values in everything that is told.
pub fn environment(own: &Folder, mark: &str) -> io::Result<(Vec<(String, String)>, Masker)> {
    // What is meant for this program itself is not for the agent: a passphrase may be among it.
    let mut variables: Vec<(String, String)> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .filter(|(name, _)| !name.starts_with("RESEARCHLOOP_"))
        .collect();
    let given = given(own)?;
    set_all(&mut variables, given.clone());
    let expanded = variables.iter().filter(|(name, _)| given.iter().any(|(known, _)| known == name));
    let masker = masker(given.iter().chain(expanded));
    set_all(&mut variables, vec![(sweep::MARK.to_owned(), mark.to_owned())]);
    Ok((variables, masker))
}

fn given(own: &Folder) -> io::Result<Vec<(String, String)>> {
    match own.read("env", MAX_ENV) {
        Ok(bytes) => Ok(serde_json::from_slice(&bytes)?),
        Err(Refused::Missing) => Ok(Vec::new()),
        Err(problem) => Err(io::Error::other(problem.to_string())),
    }
}

fn masker<'a>(variables: impl Iterator<Item = &'a (String, String)>) -> Masker {
    Masker::new(variables.map(|(name, value)| (name.as_str(), value.as_str())))
}

/// What hides the user's values, where they are not set for this process.
pub fn masker_of(own: &Folder) -> Masker {
    masker(given(own).unwrap_or_default().iter())
}

/// Sets `TMPDIR`, unless it is another one than this program's own.
pub fn replace_tmpdir(variables: &mut Vec<(String, String)>, folder: &Path) {
    let own = std::env::var("TMPDIR").ok();
    if variables.iter().any(|(name, value)| name == "TMPDIR" && own.as_ref() == Some(value)) {
        set_all(variables, vec![("TMPDIR".to_owned(), folder.display().to_string())]);
    }
}

/// Sets variables one after another: a later one may name an earlier one.
fn set_all(variables: &mut Vec<(String, String)>, given: Vec<(String, String)>) {
    for (name, value) in given {
        let known = |name: &str| variables.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
        let value = expand(&value, |name| known(name).or_else(|| std::env::var(name).ok()));
        variables.retain(|(known, _)| *known != name);
        variables.push((name, value));
    }
}

/// Puts values in the place of `$NAME` and `${NAME}`. Nothing else is expanded.
fn expand(text: &str, value_of: impl Fn(&str) -> Option<String>) -> String {
    let mut expanded = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        expanded.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let (name, behind) = match after.strip_prefix('{').and_then(|inner| inner.split_once('}')) {
            Some((name, behind)) if !name.is_empty() && name.chars().all(is_name) => (name, behind),
            _ => after.split_at(after.find(|c| !is_name(c)).unwrap_or(after.len())),
        };
        if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
            expanded.push('$');
            rest = after;
        } else {
            expanded.push_str(&value_of(name).unwrap_or_default());
            rest = behind;
        }
    }
    expanded.push_str(rest);
    expanded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_are_expanded() {
        let value_of = |name: &str| (name == "HOME").then(|| "/home/u".to_owned());
        for (text, expanded) in
            [("$HOME/x:${HOME}y", "/home/u/x:/home/uy"), ("$NO-${NO}", "-"), ("$(id) `id` $1 $$ ${a b} 5$", "$(id) `id` $1 $$ ${a b} 5$")]
        {
            assert_eq!(expand(text, value_of), expanded);
        }
    }

    #[test]
    fn a_value_may_name_one_that_was_set_before_it() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let mut variables = vec![pair("PATH", "/bin"), pair("DATA", "/old")];
        let given = vec![pair("TRAIN", "$DATA/early"), pair("DATA", "/scratch/x"), pair("TEST", "${DATA}/test"), pair("PATH", "/opt:$PATH")];
        set_all(&mut variables, given);
        let set = [pair("TRAIN", "/old/early"), pair("DATA", "/scratch/x"), pair("TEST", "/scratch/x/test"), pair("PATH", "/opt:/bin")];
        assert_eq!(variables, set);
    }

    #[test]
    fn a_folder_is_found_where_one_can_be_made() {
        let temp = tempfile::tempdir().expect("a folder");
        let names = ["rl-00000000".to_owned(), "rl-11111111".to_owned()];
        let first = make(temp.path(), &names).expect("made");
        assert_eq!((first, make(temp.path(), &names).expect("made")), (temp.path().join(&names[0]), temp.path().join(&names[1])));
        assert!(make(temp.path(), &names).is_err());
        assert!(make(Path::new("/proc"), &names).is_err());
    }
}
