//! Puts the runner on a cluster: once for each version, under a name that is its hash.

use std::io::Read as _;
use std::path::PathBuf;

use sha2::{Digest as _, Sha256};

use crate::bundle::script::OURS;
use crate::config::Cluster;
use crate::remote::{Limits, Payload, Remote, RemoteError, Reply, Script};

/// The runner's file on this machine.
#[derive(Debug, Clone)]
pub struct RunnerHere {
    /// Where.
    pub path: PathBuf,
    /// Its SHA-256 in hexadecimal.
    pub hash: String,
    /// Its size.
    pub len: u64,
    /// What it runs on, as `uname -sm` prints it.
    pub platform: String,
}

impl RunnerHere {
    /// Reads the file.
    pub fn read(path: PathBuf) -> std::io::Result<Self> {
        let mut file = std::fs::File::open(&path)?;
        let mut hash = Sha256::new();
        let mut head = Vec::new();
        let mut len = 0;
        let mut buffer = vec![0_u8; 1 << 20];
        loop {
            let count = file.read(&mut buffer)?;
            if count == 0 {
                break;
            }
            if head.is_empty() {
                head = buffer[..count.min(64)].to_vec();
            }
            hash.update(&buffer[..count]);
            len += count as u64;
        }
        let hash = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Self { path, hash, len, platform: platform(&head) })
    }

    /// The runner that lies beside this program for machines of another architecture, when that is `why`
    /// the cluster has no use for this one. What is configured is taken as it is.
    pub fn for_other_machine(&self, why: &str, cluster: &Cluster) -> Option<Self> {
        let (platform, machine) = other_machine(why, cluster)?;
        // A link on the PATH may lead to the program.
        let program = self.path.canonicalize().ok()?;
        let beside = program.with_file_name(format!("researchloop-runner-{machine}"));
        Self::read(beside).ok().filter(|runner| runner.platform == platform)
    }
}

/// The machines that a release is made for: what `uname -sm` prints there, the number in an executable
/// file, and the name.
const MACHINES: [(&str, [u8; 2], &str); 2] =
    [("Linux x86_64", [62, 0], "x86_64"), ("Linux aarch64", [183, 0], "aarch64")];

/// The machine that is `why` a cluster has no use for this runner, when a release has one for it: what it
/// calls itself, and its name. What is configured is no runner of a release.
fn other_machine(why: &str, cluster: &Cluster) -> Option<(&'static str, &'static str)> {
    let there = why.strip_prefix("platform ").filter(|_| cluster.runner.is_none())?;
    let known = MACHINES.iter().find(|(platform, ..)| *platform == there);
    known.map(|(platform, _, machine)| (*platform, *machine))
}

/// What an executable file runs on, from its first bytes.
fn platform(head: &[u8]) -> String {
    let machine = match (head.get(..4), head.get(18..20)) {
        (Some(b"\x7fELF"), Some([21, 0])) => Some("Linux ppc64le"),
        (Some(b"\x7fELF"), Some(number)) => {
            MACHINES.iter().find(|(_, known, _)| known == number).map(|(platform, ..)| *platform)
        }
        (Some([0xcf, 0xfa, 0xed, 0xfe]), _) => Some("Darwin"),
        _ => None,
    };
    machine.unwrap_or("unknown").to_owned()
}

/// Shell text that defines `rl_home`: a path as it is configured, with the home folder in it.
pub const HOME_OF: &str = r#"rl_home() { case $1 in '~') printf %s "$HOME" ;; '~/'*) printf '%s/%s' "$HOME" "${1#??}" ;; *) printf %s "$1" ;; esac; }"#;

/// The beginning of every script that needs the runner: finds out whether it is there. Sets
/// `RL_RUNNER` and `RL_GO` (1 when all is well, otherwise 0 and `RL_WHY`). What is there and ours, but
/// damaged or open to others, counts as absent: sending it puts it right.
pub const FIND_RUNNER: &str = r#"
RL_GO=1 RL_WHY=
RL_WORK=$(rl_home "$WORK")
RL_RUNNER=$RL_WORK/.researchloop/bin/$HASH
if [ "$(uname -sm)" != "$PLATFORM" ]; then
  RL_RUNNER=$(command -v researchloop)
  if RL_WHY=$(rl_unfit "$RL_RUNNER"); then
    case $(rl_enter "$RL_RUNNER" && "./${RL_RUNNER##*/}" --version 2>/dev/null) in
      "researchloop $VERSION"*) ;;
      *) RL_GO=0 RL_WHY="platform $(uname -sm)" ;;
    esac
  else
    RL_GO=0
    [ "$RL_WHY" != absent ] || RL_WHY="platform $(uname -sm)"
  fi
elif ! RL_WHY=$(rl_unfit "$RL_RUNNER" 1); then
  RL_GO=0
  case $RL_WHY in 'not ours: '*) ;; *) RL_WHY=absent ;; esac
elif [ ! -x "$RL_RUNNER" ]; then
  (rl_enter "$RL_RUNNER" && chmod 700 "./$HASH") >/dev/null 2>&1
fi
"#;

/// Reads the runner from the input and puts it in place.
const RECEIVE_RUNNER: &str = r#"
rl_make() {
  if [ -L "$1" ]; then printf '%s\n' "$2 is a symbolic link"; exit 70; fi
  [ -d "$1" ] || mkdir -m 700 "$1" || exit 70
  cd "$1" || exit 70
  if [ ! -O . ]; then printf '%s\n' "$2 belongs to somebody else"; exit 70; fi
  chmod 700 . || exit 70
}
mkdir -p "$RL_WORK" && cd "$RL_WORK" || exit 70
rl_make ./.researchloop "$RL_WORK/.researchloop"
rl_make ./bin "$RL_WORK/.researchloop/bin"
new=./.new.$(uname -n).$$
rm -rf "$new"
(set -C; cat >"$new") || { rm -f "$new"; exit 70; }
if [ "$(rl_sum "$new")" != "$HASH" ]; then rm -f "$new"; echo "it arrived damaged"; exit 70; fi
chmod 700 "$new" && mv -f "$new" "./$HASH"
"#;

/// Defines `rl_start`, which starts the runner. Its section ends with 127 when there is none that may be used.
const RUN_RUNNER: &str = r#"
rl_start() {
  rl_enter "$RUNNER" "$VERIFY" && [ -x "./${RUNNER##*/}" ] || { printf '%s\n' "$rl_bad"; exit 127; }
  "./${RUNNER##*/}" "$@"
}"#;

/// Defines `rl_start` for the sections behind: it starts the runner with its arguments. Its section ends
/// with 127 when there is none that may be used: [`install_runner`] puts it right, or tells why not.
///
/// That the runner is ours alone is checked each time. `verify` has its hash checked, too, before the
/// first use in a series of requests. Later it is still the same: nobody else may write there.
pub fn use_runner(script: &mut Script, runner: &str, verify: bool) {
    script
        .plain(OURS)
        .plain(RUN_RUNNER)
        .set("RUNNER", runner)
        .set("VERIFY", if verify { "1" } else { "" });
}

/// Sets the variables that [`FIND_RUNNER`] needs, and adds it.
pub fn find_runner(script: &mut Script, cluster: &Cluster, runner: &RunnerHere) {
    script
        .set("WORK", cluster.working_dir.trim_end_matches('/'))
        .set("HASH", &runner.hash)
        .set("PLATFORM", &runner.platform)
        .set("VERSION", env!("CARGO_PKG_VERSION"))
        .plain(HOME_OF)
        .plain(OURS)
        .plain(FIND_RUNNER);
}

/// Adds the sending of the runner. Behind it, `RL_GO` is 1 when the runner is there.
pub fn send_runner(script: &mut Script, runner: &RunnerHere) {
    let payload = Payload::File { path: runner.path.clone(), len: runner.len };
    script.section_with_input("runner", payload, RECEIVE_RUNNER);
    // What was received has the right hash.
    script.plain(
        r#"if RL_WHY=$(rl_unfit "$RL_RUNNER" "$([ "$RL_RC" = 0 ] || echo 1)"); then RL_GO=1; else RL_GO=0; fi"#,
    );
}

/// What came of placing a runner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InstallOutcome {
    /// It was there already.
    There(String),
    /// It was sent.
    Sent(String),
    /// It cannot be; why.
    Refused(String),
}

/// Puts the runner on the cluster unless it is there. On a machine of another architecture, `runner`
/// becomes the one for it.
pub fn install_runner(
    remote: &mut dyn Remote,
    cluster: &Cluster,
    runner: &mut RunnerHere,
    limits: Limits,
) -> Result<InstallOutcome, RemoteError> {
    let mut look = |runner: &RunnerHere| {
        let mut script = Script::new();
        find_runner(&mut script, cluster, runner);
        script.section("found", r#"printf '%s\n%s\n' "$RL_RUNNER" "$RL_WHY"; [ "$RL_GO" = 1 ]"#);
        Ok::<_, RemoteError>(found(&remote.run(script, limits)?))
    };
    let (mut there, mut path, mut why) = look(runner)?;
    if let Some(other) = runner.for_other_machine(&why, cluster) {
        *runner = other;
        (there, path, why) = look(runner)?;
    }
    if there {
        return Ok(InstallOutcome::There(path));
    }
    if why != "absent" {
        return Ok(InstallOutcome::Refused(explain(&why, runner, cluster)));
    }
    let mut send = Script::new();
    find_runner(&mut send, cluster, runner);
    send_runner(&mut send, runner);
    send.section("found", r#"printf '%s\n%s\n' "$RL_RUNNER" "$RL_WHY"; [ "$RL_GO" = 1 ]"#);
    let reply = remote.run(send, limits)?;
    let (there, path, why) = found(&reply);
    if there {
        return Ok(InstallOutcome::Sent(path));
    }
    let said =
        reply.section("runner").map(|section| section.text().trim().to_owned()).unwrap_or_default();
    Ok(InstallOutcome::Refused(format!("{}: {said}", explain(&why, runner, cluster))))
}

fn found(reply: &Reply) -> (bool, String, String) {
    let section = reply.section("found");
    let text = section.map(|section| section.text().into_owned()).unwrap_or_default();
    let mut lines = text.lines();
    let mut next = || lines.next().unwrap_or_default().to_owned();
    (section.is_some_and(|section| section.status == 0), next(), next())
}

/// Says why a runner is not usable, and what helps.
pub fn explain(why: &str, runner: &RunnerHere, cluster: &Cluster) -> String {
    if let Some(what) = why.strip_prefix("not ours: ") {
        return format!(
            "the runner on {} is not used: {what}; what is in its place may be another user's program: set `working_dir` to a folder that only you may write to",
            cluster.name
        );
    }
    match why.strip_prefix("platform ") {
        Some(there) => {
            let version = env!("CARGO_PKG_VERSION");
            let beside = other_machine(why, cluster)
                .map(|(_, machine)| {
                    format!("put `researchloop-runner-{machine}` of the release archive of researchloop {version} beside this program, or ")
                })
                .unwrap_or_default();
            format!(
                "the cluster {} is {there}, but {} is for {}: {beside}set `runner = \"PATH\"` of the cluster to a researchloop {version} that was built for {there}, or install that one on the cluster's PATH",
                cluster.name,
                if cluster.runner.is_some() { "its `runner`" } else { "this program" },
                runner.platform,
            )
        }
        None => format!(
            "the runner could not be placed in {}/.researchloop/bin on {}",
            cluster.working_dir, cluster.name
        ),
    }
}

/// A path on the cluster as shell text: `~/` becomes the home folder there, the rest is quoted.
pub fn shell_path(path: &str) -> String {
    match path.strip_prefix("~/") {
        Some(rest) => format!("\"$HOME\"/{}", crate::remote::quoted(rest)),
        None => crate::remote::quoted(path),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::domain::{JobId, SchedulerKind};
    use crate::scheduler::scheduler;

    /// The functions that a shell text defines.
    fn functions(text: &str) -> BTreeSet<String> {
        let name = |line: &str| line.trim_start().split_once("()").map(|(name, _)| name.to_owned());
        text.lines()
            .filter_map(name)
            .filter(|name| {
                name.starts_with("rl_") && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
            })
            .collect()
    }

    /// The first bytes of a program for this machine.
    fn program_for(number: u8) -> Vec<u8> {
        let mut head = vec![0; 64];
        head[..4].copy_from_slice(b"\x7fELF");
        head[18] = number;
        head
    }

    #[test]
    fn a_cluster_of_another_architecture_gets_the_runner_beside_the_program() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir(at("links")).expect("made");
        std::os::unix::fs::symlink(at("researchloop"), at("links/researchloop")).expect("linked");
        let cluster = |more| {
            let app = crate::app::App::example(folder.path(), more, "");
            app.config.clusters[0].clone()
        };
        let (plain, configured) = (cluster(""), cluster("runner = \"researchloop\""));
        for (here, there, machine) in [(62, 183, "aarch64"), (183, 62, "x86_64")] {
            let beside = at(&format!("researchloop-runner-{machine}"));
            let why = format!("platform Linux {machine}");
            std::fs::write(at("researchloop"), program_for(here)).expect("written");
            let program = RunnerHere::read(at("links/researchloop")).expect("read");
            let other = |why: &str, cluster| {
                program.for_other_machine(why, cluster).map(|runner| runner.path)
            };
            assert_eq!(other(&why, &plain), None, "there is none");
            let said = explain(&why, &program, &plain);
            for word in [
                "this program is for Linux",
                &format!("`researchloop-runner-{machine}` of the release archive"),
                "`runner = ",
            ] {
                assert!(said.contains(word), "{word}: {said}");
            }
            std::fs::write(&beside, program_for(here)).expect("written");
            assert_eq!(other(&why, &plain), None, "it is for this machine");
            std::fs::write(&beside, program_for(there)).expect("written");
            let path = beside.canonicalize().expect("there");
            assert_eq!(other(&why, &plain), Some(path));
            assert_eq!(other(&why, &configured), None, "what is configured wins");
            assert!(explain(&why, &program, &configured).contains("its `runner` is for"));
            for why in ["", "absent", "platform Linux riscv64", "platform Linux ../../x", &why[9..]]
            {
                assert_eq!(other(why, &plain), None, "{why}");
            }
        }
    }

    /// A login node whose machines take turns is asked no more than once for each.
    #[test]
    fn the_other_runner_is_looked_for_once() {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, number) in [
            ("researchloop", 62),
            ("researchloop-runner-aarch64", 183),
            ("researchloop-runner-x86_64", 62),
        ] {
            std::fs::write(folder.path().join(name), program_for(number)).expect("written");
        }
        let app = crate::app::App::example(folder.path(), "", "");
        let (cluster, remote) = (&app.config.clusters[0], crate::remote::FakeRemote::default());
        let mut runner = RunnerHere::read(folder.path().join("researchloop")).expect("read");
        remote.answers([("found", 1, "\nplatform Linux aarch64\n")]);
        remote.answers([("found", 1, "\nplatform Linux x86_64\n")]);
        let placed = install_runner(&mut remote.clone(), cluster, &mut runner, app.limits(cluster));
        assert!(matches!(placed, Ok(InstallOutcome::Refused(_))), "{placed:?}");
        assert_eq!((runner.platform.as_str(), remote.asked().len()), ("Linux aarch64", 2));
    }

    /// A program that says something else, or fails, is none that sums.
    #[test]
    fn a_sum_is_taken_from_the_first_program_that_gives_one() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("file");
        std::fs::write(&file, "abc").expect("written");
        let path = format!("{}:{}", folder.path().display(), std::env::var("PATH").expect("set"));
        let text = format!("{OURS}\nrl_sum {}", crate::remote::quoted(&file.display().to_string()));
        for openssl in ["echo 'Welcome to the cluster'", "exit 1", "echo ABC; exit 1", ""] {
            let program = folder.path().join("openssl");
            std::fs::write(&program, format!("#!/bin/sh\n{openssl}\n")).expect("written");
            std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755))
                .expect("made a program");
            let mut sh = crate::platform::process::command("sh");
            let told = sh.args(["-c", &text]).env("PATH", &path).output().expect("run").stdout;
            assert_eq!(
                String::from_utf8_lossy(&told).trim(),
                "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
                "{openssl}"
            );
        }
    }

    #[test]
    fn no_text_defines_a_function_of_another_one() {
        let ours: BTreeSet<String> = [HOME_OF, OURS, FIND_RUNNER, RECEIVE_RUNNER, RUN_RUNNER]
            .into_iter()
            .flat_map(functions)
            .collect();
        assert!(ours.contains("rl_start") && ours.contains("rl_enter"), "{ours:?}");
        for kind in SchedulerKind::ALL {
            let kind = scheduler(*kind);
            let mut asked = Script::new();
            let jobs = [crate::scheduler::Asked {
                id: JobId::parse("1").expect("an id"),
                name: "rl-sp-a1b2c3-1".to_owned(),
                age: 0,
            }];
            kind.ask(&mut asked, &jobs);
            kind.ask_accounting(&mut asked, &jobs);
            // One request holds several of them: a name that has two meanings would change its meaning
            // in the middle.
            for text in [
                asked.shown(),
                kind.submit(),
                kind.look_up(),
                kind.look_up_all(),
                kind.cancel(),
                kind.probe(),
                kind.message_timeout(),
            ] {
                let both: Vec<String> = functions(text).intersection(&ours).cloned().collect();
                assert!(both.is_empty(), "{both:?}");
            }
        }
    }
}
