//! Opens files in a folder that somebody else writes to, while they write to it.
//!
//! Only regular files are opened, and no symbolic link is followed in any component
//! below the folder: a job can put a link, a pipe or a device in the place of any of
//! its files, also between a check and the opening.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::os::fd::OwnedFd;
use std::path::Path;

use crate::domain::text;
use rustix::fs::{AtFlags, FileType, Mode, OFlags, fstat, openat, statat};

/// A folder whose content is not trusted.
#[derive(Debug)]
pub struct Folder(OwnedFd);

/// Why a name is not opened.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// There is no such file.
    #[error("is not there")]
    Missing,
    /// It is something else than a regular file, or a link leads to it.
    #[error("is {0}, not a regular file; skipped")]
    NotRegular(&'static str),
    /// It lies in something that is no folder.
    #[error("lies in {0}, which is {1}, not a folder; skipped")]
    Inside(String, &'static str),
    /// The name would lead out of the folder, or cannot be shown.
    #[error("has a name that is not used here; skipped")]
    Name,
    /// Something else.
    #[error("cannot be read: {0}")]
    Io(io::Error),
}

impl Folder {
    /// Opens the folder itself. It must not be a link.
    pub fn open(path: &Path) -> Result<Self, Refused> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        rustix::fs::open(path, flags, Mode::empty()).map(Self).map_err(refusal)
    }

    /// Opens a folder in it.
    pub fn folder(&self, name: &str) -> Result<Self, Refused> {
        check_name(name)?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        openat(&self.0, name, flags, Mode::empty()).map(Self).map_err(|error| {
            match self.kind(name) {
                // The system says the same of a link and of a file.
                Some(what) if what != FileType::Directory && error == rustix::io::Errno::NOTDIR => {
                    Refused::NotRegular(kind(what))
                }
                _ => refusal(error),
            }
        })
    }

    fn kind(&self, name: &str) -> Option<FileType> {
        statat(&self.0, name, AtFlags::SYMLINK_NOFOLLOW)
            .ok()
            .map(|stat| FileType::from_raw_mode(stat.st_mode))
    }

    /// Opens a regular file by its relative path for reading, and tells its size.
    pub fn file(&self, path: &str) -> Result<(File, u64), Refused> {
        let mut parts: Vec<&str> = path.split('/').collect();
        let Some(name) = parts.pop() else { return Err(Refused::Name) };
        check_name(name)?;
        let mut below: Option<Self> = None;
        for part in parts {
            below =
                Some(below.as_ref().unwrap_or(self).folder(part).map_err(
                    |refused| match refused {
                        Refused::NotRegular(kind) => Refused::Inside(part.to_owned(), kind),
                        other => other,
                    },
                )?);
        }
        let folder = below.as_ref().unwrap_or(self);
        // Without waiting: opening a pipe would wait for its other end.
        let flags =
            OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY;
        let descriptor = openat(&folder.0, name, flags, Mode::empty()).map_err(refusal)?;
        let stat = fstat(&descriptor).map_err(refusal)?;
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile => {
                Ok((File::from(descriptor), u64::try_from(stat.st_size).unwrap_or(0)))
            }
            other => Err(Refused::NotRegular(kind(other))),
        }
    }

    /// Reads a regular file that is at most `max` bytes; a longer one is cut there.
    pub fn read(&self, path: &str, max: u64) -> Result<Vec<u8>, Refused> {
        let (file, _) = self.file(path)?;
        let mut bytes = Vec::new();
        file.take(max).read_to_end(&mut bytes).map_err(Refused::Io)?;
        Ok(bytes)
    }

    /// Reads the last `max` bytes of a regular file.
    pub fn tail(&self, path: &str, max: u64) -> Result<Vec<u8>, Refused> {
        let (mut file, size) = self.file(path)?;
        file.seek(SeekFrom::Start(size.saturating_sub(max))).map_err(Refused::Io)?;
        let mut bytes = Vec::new();
        file.take(max).read_to_end(&mut bytes).map_err(Refused::Io)?;
        Ok(bytes)
    }

    /// Where a symbolic link leads, as text. It is not followed.
    pub fn link(&self, name: &str) -> Option<String> {
        check_name(name).ok()?;
        rustix::fs::readlinkat(&self.0, name, Vec::new()).ok()?.into_string().ok()
    }

    /// Tells whether there is a regular file with something in it.
    pub fn has_content(&self, path: &str) -> bool {
        self.file(path).is_ok_and(|(_, size)| size > 0)
    }

    /// When a regular file in it changed last, in seconds since 1970. Nothing is opened.
    pub fn changed(&self, name: &str) -> Option<i64> {
        check_name(name).ok()?;
        let stat = statat(&self.0, name, AtFlags::SYMLINK_NOFOLLOW).ok()?;
        (FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile).then_some(stat.st_mtime)
    }

    /// When one of its regular files changed last, of at most `max`. Nothing in it is opened.
    pub fn newest(&self, max: usize) -> Option<i64> {
        let entries = rustix::fs::Dir::read_from(&self.0).ok()?;
        entries
            .take(max)
            .filter_map(|entry| self.changed(entry.ok()?.file_name().to_str().ok()?))
            .max()
    }

    /// Lists what lies in it, in order of names, at most `max` entries.
    pub fn list(&self, max: usize) -> io::Result<Listed> {
        let Listed { mut entries, mut odd, mut cut } = Listed::default();
        for entry in rustix::fs::Dir::read_from(&self.0)? {
            let entry = entry?;
            let Ok(name) = entry.file_name().to_str() else {
                odd += 1;
                continue;
            };
            if name == "." || name == ".." {
                continue;
            }
            let Ok(stat) = statat(&self.0, name, AtFlags::SYMLINK_NOFOLLOW) else { continue };
            let what = match FileType::from_raw_mode(stat.st_mode) {
                FileType::RegularFile => Entry::File(u64::try_from(stat.st_size).unwrap_or(0)),
                FileType::Directory => Entry::Folder,
                other => Entry::Other(kind(other)),
            };
            if entries.len() >= max {
                cut = true;
                break;
            }
            entries.push((name.to_owned(), what));
        }
        entries.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(Listed { entries, odd, cut })
    }
}

/// The entries of a folder.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listed {
    /// Names, and what each is.
    pub entries: Vec<(String, Entry)>,
    /// How many names are no text: they are left out.
    pub odd: usize,
    /// Whether there are more than were wanted.
    pub cut: bool,
}

/// What lies in a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry {
    /// A regular file and its size in bytes.
    File(u64),
    /// A folder.
    Folder,
    /// Something that is not read.
    Other(&'static str),
}

/// A name is one component, and text that can be shown: nothing of it is hidden.
pub fn check_name(name: &str) -> Result<(), Refused> {
    if name.is_empty()
        || name == "."
        || name == ".."
        || name.len() > 255
        || name.contains('/')
        || name.chars().any(text::is_harmful)
    {
        return Err(Refused::Name);
    }
    Ok(())
}

fn kind(file_type: FileType) -> &'static str {
    match file_type {
        FileType::Symlink => "a symbolic link",
        FileType::Fifo => "a named pipe",
        FileType::Socket => "a socket",
        FileType::CharacterDevice | FileType::BlockDevice => "a device",
        FileType::Directory => "a folder",
        FileType::RegularFile => "a file",
        FileType::Unknown => "something unknown",
    }
}

fn refusal(error: rustix::io::Errno) -> Refused {
    use rustix::io::Errno;
    match error {
        Errno::NOENT => Refused::Missing,
        Errno::LOOP | Errno::MLINK => Refused::NotRegular("a symbolic link"),
        Errno::NOTDIR => Refused::NotRegular("a link or a file in the place of a folder"),
        Errno::NXIO => Refused::NotRegular("a socket"),
        other => Refused::Io(other.into()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn only_regular_files_below_the_folder_are_opened() {
        let temp = tempfile::tempdir().expect("a folder");
        let root = temp.path();
        std::fs::create_dir_all(root.join("inner")).expect("made");
        std::fs::write(root.join("inner/file"), "text").expect("written");
        std::fs::write(root.join("secret"), "secret").expect("written");
        symlink("/etc/passwd", root.join("link")).expect("linked");
        symlink("/etc", root.join("linked-folder")).expect("linked");
        rustix::fs::mknodat(
            rustix::fs::CWD,
            root.join("pipe"),
            FileType::Fifo,
            Mode::RUSR | Mode::WUSR,
            0,
        )
        .expect("made");
        let folder = Folder::open(root).expect("opened");
        assert_eq!(folder.read("inner/file", 100).expect("read"), b"text");
        assert_eq!(folder.tail("inner/file", 2).expect("read"), b"xt");
        for (path, words) in [
            ("link", "a symbolic link"),
            (
                "linked-folder/passwd",
                "lies in linked-folder, which is a symbolic link, not a folder",
            ),
            ("secret/x", "lies in secret, which is a file, not a folder"),
            ("pipe", "a named pipe"),
            ("inner", "a folder"),
            ("../secret", "a name"),
            ("inner/../secret", "a name"),
            ("/etc/passwd", "a name"),
            ("", "a name"),
            ("no", "is not there"),
        ] {
            let error = folder.read(path, 100).expect_err(path);
            assert!(error.to_string().contains(words), "{path}: {error}");
        }
        assert!(Folder::open(&root.join("linked-folder")).is_err());
    }
}
