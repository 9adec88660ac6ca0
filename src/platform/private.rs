//! Files and folders that nobody else may read, whatever the umask is.
//!
//! Ideas, results, logs and the configuration are the researcher's: who wants to share them changes the
//! mode of what is there.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

/// Makes a folder, and those above it, where they are not there.
pub fn make_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Makes a file; never over one that is there.
pub fn new_file(path: &Path) -> io::Result<File> {
    options().write(true).create_new(true).open(path)
}

/// Writes a new file.
pub fn write_new(path: &Path, text: &[u8]) -> io::Result<()> {
    new_file(path)?.write_all(text)
}

/// For opening a file that is made when it is not there.
pub fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.mode(0o600);
    options
}
