//! What the file system of a folder can do: whether file locks work there, and whether other machines
//! see it too.

use std::path::Path;

use rustix::fs::{FlockOperation, fcntl_lock};

use super::{private, random};

/// Why no lock can be had for a file in this folder, when that is so. It tries a file of its own: to
/// close another handle of somebody's file would drop the locks that this process has on it. Where no
/// file can be made, nothing is said.
pub fn no_locks(folder: &Path) -> Option<String> {
    let path = folder.join(format!(".researchloop-locks-{}", random::hex(8)));
    let file = private::new_file(&path).ok()?;
    let tried = fcntl_lock(&file, FlockOperation::NonBlockingLockExclusive);
    let _ = std::fs::remove_file(&path);
    tried.err().map(|error| std::io::Error::from(error).to_string())
}

/// What a network file system is called, when the path lies on one. Only Linux tells.
#[cfg(target_os = "linux")]
pub fn on_network(path: &Path) -> Option<&'static str> {
    // From include/uapi/linux/magic.h, and of those outside of the kernel.
    const KINDS: [(u32, &str); 12] = [
        (0x6969, "NFS"),
        (0x517b, "SMB"),
        (0xff53_4d42, "SMB"),
        (0xfe53_4d42, "SMB"),
        (0x0bd0_0bd0, "Lustre"),
        (0x4750_4653, "GPFS"),
        (0x1983_0326, "BeeGFS"),
        (0x00c3_6400, "Ceph"),
        (0x5346_414f, "AFS"),
        (0x0116_1970, "GFS2"),
        (0x7461_636f, "OCFS2"),
        (0xaad7_aaea, "PanFS"),
    ];
    let found = rustix::fs::statfs(path).ok()?.f_type;
    KINDS
        .iter()
        .find(|(number, _)| i64::from(*number) == found & 0xffff_ffff)
        .map(|(_, name)| *name)
}

/// What a network file system is called, when the path lies on one. Only Linux tells.
#[cfg(not(target_os = "linux"))]
pub fn on_network(_path: &Path) -> Option<&'static str> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_of_this_machine_has_locks() {
        let folder = tempfile::tempdir().expect("a folder");
        assert_eq!(no_locks(folder.path()), None);
        assert_eq!(std::fs::read_dir(folder.path()).expect("read").count(), 0, "nothing is left");
        assert_eq!(no_locks(&folder.path().join("missing")), None, "nothing can be said");
        assert_eq!(on_network(Path::new("/proc")), None);
    }
}
