//! Checks the file system on which the sprints lie: whether it has what a sprint needs, and whether
//! it looks like a disk of the login node alone.

use crate::domain::{SchedulerKind, text};
use crate::remote::Section;
use crate::view::Check;

/// File systems that no other machine sees by itself, as `stat -f` calls them. One that the login node
/// hands on to its nodes may be among them.
const OF_ONE_MACHINE: [&str; 14] = [
    "tmpfs",
    "ramfs",
    "overlayfs",
    "aufs",
    "ext2/ext3",
    "xfs",
    "btrfs",
    "zfs",
    "f2fs",
    "jfs",
    "reiserfs",
    "msdos",
    "exfat",
    "squashfs",
];

/// Tries the folder WORK: a line for its kind, and one for each thing that it cannot do. Nothing when
/// nothing can be made there, which is told already.
pub(super) const SCRIPT: &str = r#"case $WORK in '~') WORK=$HOME ;; '~/'*) WORK=$HOME/${WORK#'~/'} ;; esac
rl_probe=.researchloop-check.$$.d
cd "$WORK" 2>/dev/null && mkdir -m 700 "$rl_probe" 2>/dev/null && cd "./$rl_probe" || exit 0
echo "type $(stat -f -c %T . 2>/dev/null)"
rl_said=$(ln -s target link 2>&1) && [ "$(readlink link)" = target ] || echo "links $rl_said"
printf '#!/bin/sh\nexit 0\n' >program
chmod 700 program 2>/dev/null
[ -z "$(find program -prune \( -perm -040 -o -perm -004 -o ! -perm -700 \) 2>/dev/null)" ] || echo modes
rl_said=$(./program 2>&1) || echo "exec $rl_said"
[ ! -e PROGRAM ] || echo case
cd .. && rm -rf "$rl_probe""#;

/// Reads the answer. Nothing when it says nothing.
pub(super) fn check(section: &Section, scheduler: SchedulerKind) -> Option<Check> {
    let told = |ok, detail: &str, hint| {
        let detail = text::lines(detail).join("\n");
        Check { check: "storage", ok, detail, hint }
    };
    let text = section.text();
    let rest = |word: &str| {
        text.lines().find_map(|line| line.trim_end().strip_prefix(word)).map(str::trim)
    };
    let kind = rest("type ").unwrap_or_default().to_owned();
    let named = if kind.is_empty() { "its file system".to_owned() } else { kind.clone() };
    let mut wrong = Vec::new();
    if let Some(said) = rest("links") {
        wrong.push(format!("{named} has no symbolic links, which a submission needs ({said})"));
    }
    if rest("modes").is_some() {
        wrong.push(format!("{named} does not keep modes: others could read what is only for you"));
    }
    if let Some(said) = rest("exec") {
        wrong.push(format!("no program can be run there ({said})"));
    }
    if !wrong.is_empty() {
        let hint =
            "choose a `working_dir` on another file system (your home, scratch or project folder)"
                .to_owned();
        return Some(told(false, &wrong.join("\n"), Some(hint)));
    }
    let is_alone = scheduler != SchedulerKind::Local && OF_ONE_MACHINE.contains(&kind.as_str());
    let hint = is_alone.then(|| {
        format!("{kind} is a file system of one machine: jobs fail (`runner_missing`) unless the nodes have this folder too, under the same path")
    });
    let case = if rest("case").is_some() {
        ", and upper case and lower case are the same to it"
    } else {
        ""
    };
    (!kind.is_empty()).then(|| told(true, &format!("{kind}{case}"), hint))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(kind: SchedulerKind, text: &str) -> Option<Check> {
        check(
            &Section { name: "storage".to_owned(), status: 0, output: text.as_bytes().to_vec() },
            kind,
        )
    }

    #[test]
    fn a_disk_of_the_login_node_is_told_and_fails_nothing() {
        let alone = of(SchedulerKind::Slurm, "type tmpfs\n").expect("told");
        assert!(
            alone.ok
                && alone.hint.expect("a hint").contains("unless the nodes have this folder too")
        );
        for (kind, text) in [
            (SchedulerKind::Local, "type tmpfs\n"),
            (SchedulerKind::Sge, "type lustre\n"),
            (SchedulerKind::Slurm, "type UNKNOWN (0x42)\n"),
        ] {
            let found = of(kind, text).expect("told");
            assert!(found.ok && found.hint.is_none(), "{text}");
        }
        assert!(
            of(SchedulerKind::Slurm, "type nfs\ncase\n")
                .expect("told")
                .detail
                .contains("upper case")
        );
        assert!(
            of(SchedulerKind::Slurm, "").is_none() && of(SchedulerKind::Slurm, "type \n").is_none()
        );
    }

    #[test]
    fn what_a_file_system_cannot_do_is_named() {
        let found = of(SchedulerKind::Slurm, "type exfat\nlinks ln: link: Function not implemented\nmodes\nexec sh: ./program: Permission denied\n")
            .expect("told");
        assert!(!found.ok && found.hint.is_some());
        for said in [
            "exfat has no symbolic links",
            "Function not implemented",
            "does not keep modes",
            "no program can be run there",
        ] {
            assert!(found.detail.contains(said), "{said}: {}", found.detail);
        }
    }
}
