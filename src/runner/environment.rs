//! The surroundings of the agent's process: its environment, and a folder for temporary files.

use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::FlockOperation;

use super::reaper;
use crate::bundle::folder::{Folder, Refused};
use crate::domain::Masker;
use crate::platform::{private, random};

/// The file of variables is smaller than this.
const MAX_ENV: u64 = 64 << 20;

/// The variable with the name of that folder, by which the job script finds it when this program was
/// killed.
const NAME: &str = "RESEARCHLOOP_TMP";

/// A folder for temporary files.
#[derive(Debug)]
pub struct Temporary {
    /// The folder.
    pub folder: PathBuf,
    /// What could not be used, and why.
    pub trouble: Option<String>,
    /// Nothing can be made where `TMPDIR` says: others should not try it either.
    pub replaces: bool,
    /// Says, as long as it is open, that the folder is in use.
    _held: Option<File>,
}

/// A private folder with a short name: names of sockets in it end at 108 bytes. It lies where
/// `TMPDIR` says, or in `/tmp`, or as the last resort among our own files.
pub fn temporary_folder(own: &Path, variables: &[(String, String)]) -> io::Result<Temporary> {
    let wanted = value_of(variables, "TMPDIR").filter(|base| !base.is_empty());
    let given = std::env::var(NAME).ok().filter(|name| {
        name.len() == 11 && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    });
    let names = [given.unwrap_or_else(random_name), random_name()];
    let mut trouble = None;
    let mut replaces = false;
    let mut last = io::Error::other("no folder to try");
    for base in wanted
        .iter()
        .map(|base| Path::new(base).to_path_buf())
        .chain([PathBuf::from("/tmp"), own.to_path_buf()])
    {
        // A longer one is good for everything else.
        if base.as_os_str().len() > 50 && base.is_dir() && base != own {
            continue;
        }
        match make(&base, &names) {
            Ok(folder) => {
                remove_old(&base);
                let held = hold(&folder).ok();
                return Ok(Temporary { folder, trouble, replaces, _held: held });
            }
            Err(error) => {
                replaces |= wanted.as_deref() == base.to_str();
                trouble = trouble.or_else(|| {
                    Some(format!("{} is not used for temporary files: {error}", base.display()))
                });
                last = error;
            }
        }
    }
    Err(last)
}

/// How long nothing has changed in a folder that a lost job has left, in seconds.
const OLD: u64 = 14 * 86_400;
/// How many of its entries are looked at.
const MAX_LOOKED_AT: usize = 2000;

/// The file in the folder that a job holds locked. It names the machine's start: a lock says nothing to
/// other machines.
const HELD: &str = ".held";

fn boot() -> io::Result<String> {
    Ok(std::fs::read_to_string("/proc/sys/kernel/random/boot_id")?.trim().to_owned())
}

/// Locks it before it gets its name, so that nobody finds it free.
fn hold(folder: &Path) -> io::Result<File> {
    use std::io::Write as _;
    let temporary = folder.join(format!("{HELD}.tmp"));
    let mut file = private::new_file(&temporary)?;
    file.write_all(boot()?.as_bytes())?;
    let held =
        rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive).map_err(io::Error::from);
    held.and_then(|()| std::fs::rename(&temporary, folder.join(HELD)))
        .inspect_err(|_| drop(std::fs::remove_file(&temporary)))?;
    Ok(file)
}

/// Whether the job that made it is gone without removing it, on this machine and since its start.
fn is_let_go(folder: &Path) -> bool {
    let Ok(bytes) =
        Folder::open(folder).map_err(drop).and_then(|folder| folder.read(HELD, 100).map_err(drop))
    else {
        return false;
    };
    let is_of_this_boot = boot().is_ok_and(|boot| boot.as_bytes() == bytes);
    is_of_this_boot
        && File::open(folder.join(HELD)).is_ok_and(|file| {
            rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok()
        })
}

/// Removes a folder in which an agent has worked: what it has closed is opened first.
pub fn remove(folder: &Path) {
    if std::fs::remove_dir_all(folder).is_err() {
        open_up(folder);
        let _ = std::fs::remove_dir_all(folder);
    }
}

fn open_up(folder: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    if !folder.symlink_metadata().is_ok_and(|found| found.is_dir()) {
        return;
    }
    let _ = std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700));
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        open_up(&entry.path());
    }
}

/// Removes what earlier jobs of ours have left here: those that were killed with all that would have
/// cleared up, and those whose node was lost. A folder whose name a process knows is in use, and so is
/// one that is held, or in which something has changed.
fn remove_old(base: &Path) {
    let is_name = |name: &str| {
        name.strip_prefix("rl-")
            .is_some_and(|hex| hex.len() == 8 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()))
    };
    for entry in std::fs::read_dir(base).into_iter().flatten().flatten() {
        let Ok(name) = entry.file_name().into_string() else { continue };
        let is_ours = || {
            entry.metadata().is_ok_and(|found| {
                found.is_dir() && found.uid() == rustix::process::geteuid().as_raw()
            })
        };
        let is_left = |path: &Path| is_let_go(path) || is_old(path, &mut MAX_LOOKED_AT.clone());
        if is_name(&name)
            && is_ours()
            && is_left(&entry.path())
            && !reaper::is_known_to_a_process(&name)
        {
            remove(&entry.path());
        }
    }
}

/// Whether nothing in it has changed for long. One with more than can be looked at is not.
fn is_old(path: &Path, left: &mut usize) -> bool {
    *left = left.saturating_sub(1);
    let Ok(found) = path.symlink_metadata() else { return false };
    let is_still = *left > 0
        && found.modified().is_ok_and(|time| time.elapsed().is_ok_and(|age| age.as_secs() > OLD));
    is_still
        && (!found.is_dir()
            || std::fs::read_dir(path)
                .is_ok_and(|inner| inner.flatten().all(|entry| is_old(&entry.path(), left))))
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

fn value_of(variables: &[(String, String)], name: &str) -> Option<String> {
    variables.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
}

/// The agent's environment: the job's, the user's values, and the mark. With it comes what hides the
/// user's values in everything that is told.
pub fn environment(
    own: &Folder,
    of_job: &[(String, String)],
    mark: &str,
) -> io::Result<(Vec<(String, String)>, Masker)> {
    // What is meant for this program itself is not for the agent: a passphrase may be among it.
    let mut variables: Vec<(String, String)> =
        of_job.iter().filter(|(name, _)| !name.starts_with("RESEARCHLOOP_")).cloned().collect();
    let given = given(own)?;
    set_all(&mut variables, given.clone());
    let expanded =
        variables.iter().filter(|(name, _)| given.iter().any(|(known, _)| known == name));
    let masker = masker(given.iter().chain(expanded));
    set_all(&mut variables, vec![(reaper::MARK.to_owned(), mark.to_owned())]);
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

/// Sets `TMPDIR`, unless it is another one than the job's own.
pub fn replace_tmpdir(
    variables: &mut Vec<(String, String)>,
    of_job: &[(String, String)],
    folder: &Path,
) {
    let own = value_of(of_job, "TMPDIR");
    if variables.iter().any(|(name, value)| name == "TMPDIR" && own.as_ref() == Some(value)) {
        set_all(variables, vec![("TMPDIR".to_owned(), folder.display().to_string())]);
    }
}

/// Sets variables one after another: a later one may name an earlier one.
fn set_all(variables: &mut Vec<(String, String)>, given: Vec<(String, String)>) {
    for (name, value) in given {
        let value =
            expand(&value, |name| value_of(variables, name).or_else(|| std::env::var(name).ok()));
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
    use crate::platform::clock;

    #[test]
    fn what_a_lost_node_has_left_is_removed_by_a_later_job() {
        let temp = tempfile::tempdir().expect("a folder");
        let age = |path: &Path, days: u64| {
            let time = std::time::SystemTime::UNIX_EPOCH
                + std::time::Duration::from_secs(
                    clock::now().as_second().unsigned_abs() - days * 86_400,
                );
            File::open(path).and_then(|file| file.set_modified(time)).expect("set");
        };
        let left = |name: &str, days: u64| {
            let folder = temp.path().join(name);
            std::fs::create_dir(&folder).expect("made");
            std::fs::write(folder.join("file"), "text").expect("written");
            age(&folder.join("file"), days);
            age(&folder, 30);
            folder
        };
        let [old, young, used, other] = [
            left("rl-0000aaaa", 30),
            left("rl-0000bbbb", 3),
            left("rl-0000cccc", 30),
            left("rl-results", 30),
        ];
        let link = temp.path().join("rl-0000dddd");
        std::os::unix::fs::symlink(&other, &link).expect("linked");
        let stranger = left("rl-0000eeee", 30);
        let is_root = std::os::unix::fs::chown(&stranger, Some(12_345), None).is_ok();
        let mut process = crate::platform::process::command("sleep")
            .arg("60")
            .env("CLAUDE_CODE_TMPDIR", &used)
            .spawn()
            .expect("started");
        remove_old(temp.path());
        process.kill().and_then(|()| process.wait()).expect("ended");
        assert!(!old.exists());
        assert!(
            young.exists() && used.exists() && other.exists() && link.symlink_metadata().is_ok()
        );
        assert!(!is_root || stranger.exists());
        remove_old(temp.path());
        assert!(!used.exists(), "nobody knows it any more");
    }

    #[test]
    fn what_a_killed_job_has_left_is_removed_by_the_next_one_and_nothing_that_is_in_use() {
        let temp = tempfile::tempdir().expect("a folder");
        let variables = [("TMPDIR".to_owned(), temp.path().display().to_string())];
        let make = || temporary_folder(Path::new("/nowhere"), &variables).expect("made");
        let (at_work, killed, used) = (make(), make(), make());
        // An agent may close what it has made.
        let closed = killed.folder.join("a/b");
        std::fs::create_dir_all(&closed).expect("made");
        std::fs::write(closed.join("file"), "text").expect("written");
        std::fs::set_permissions(&closed, std::os::unix::fs::PermissionsExt::from_mode(0o500))
            .expect("set");
        let stranger = temp.path().join("rl-00001111");
        std::fs::create_dir(&stranger).expect("made");
        let elsewhere = make();
        std::fs::write(elsewhere.folder.join(HELD), "another start of a machine").expect("written");
        let mut process = crate::platform::process::command("sleep")
            .arg("60")
            .env("CLAUDE_CODE_TMPDIR", &used.folder)
            .spawn()
            .expect("started");
        let let_go = |temporary: Temporary| temporary.folder.clone();
        let (killed, used, elsewhere) = (let_go(killed), let_go(used), let_go(elsewhere));
        let next = make();
        // A process that another test starts holds every open file until it has become its program.
        let end = clock::instant() + std::time::Duration::from_secs(600);
        while killed.exists() && clock::instant() < end {
            clock::pause(std::time::Duration::from_millis(10));
            remove_old(temp.path());
        }
        process.kill().and_then(|()| process.wait()).expect("ended");
        assert!(!killed.exists());
        assert!(
            at_work.folder.exists()
                && used.exists()
                && stranger.exists()
                && elsewhere.exists()
                && next.folder.exists()
        );
        remove_old(temp.path());
        assert!(!used.exists(), "nobody knows it any more");
        assert!(at_work.folder.exists() && next.folder.exists());
    }

    #[test]
    fn only_names_are_expanded() {
        let value_of = |name: &str| (name == "HOME").then(|| "/home/u".to_owned());
        for (text, expanded) in [
            ("$HOME/x:${HOME}y", "/home/u/x:/home/uy"),
            ("$NO-${NO}", "-"),
            ("$(id) `id` $1 $$ ${a b} 5$", "$(id) `id` $1 $$ ${a b} 5$"),
        ] {
            assert_eq!(expand(text, value_of), expanded);
        }
    }

    #[test]
    fn a_value_may_name_one_that_was_set_before_it() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let mut variables = vec![pair("PATH", "/bin"), pair("DATA", "/old")];
        let given = vec![
            pair("TRAIN", "$DATA/early"),
            pair("DATA", "/scratch/x"),
            pair("TEST", "${DATA}/test"),
            pair("PATH", "/opt:$PATH"),
        ];
        set_all(&mut variables, given);
        let set = [
            pair("TRAIN", "/old/early"),
            pair("DATA", "/scratch/x"),
            pair("TEST", "/scratch/x/test"),
            pair("PATH", "/opt:/bin"),
        ];
        assert_eq!(variables, set);
    }

    #[test]
    fn a_folder_is_found_where_one_can_be_made() {
        let temp = tempfile::tempdir().expect("a folder");
        let names = ["rl-00000000".to_owned(), "rl-11111111".to_owned()];
        let first = make(temp.path(), &names).expect("made");
        assert_eq!(
            (first, make(temp.path(), &names).expect("made")),
            (temp.path().join(&names[0]), temp.path().join(&names[1]))
        );
        assert!(make(temp.path(), &names).is_err());
        assert!(make(Path::new("/proc"), &names).is_err());
    }
}
