//! Puts the runner on a cluster: once for each version, under a name that is its hash.

use std::io::Read as _;
use std::path::PathBuf;

use sha2::{Digest as _, Sha256};

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
}

/// What an executable file runs on, from its first bytes.
fn platform(head: &[u8]) -> String {
    let machine = match (head.get(..4), head.get(18..20)) {
        (Some(b"\x7fELF"), Some([62, 0])) => "Linux x86_64",
        (Some(b"\x7fELF"), Some([183, 0])) => "Linux aarch64",
        (Some(b"\x7fELF"), Some([21, 0])) => "Linux ppc64le",
        (Some([0xcf, 0xfa, 0xed, 0xfe]), _) => "Darwin",
        _ => "unknown",
    };
    machine.to_owned()
}

/// Shell text that defines `rl_home`: a path as it is configured, with the home folder in it.
pub const HOME_OF: &str =
    r#"rl_home() { case $1 in '~') printf %s "$HOME" ;; '~/'*) printf '%s/%s' "$HOME" "${1#??}" ;; *) printf %s "$1" ;; esac; }"#;

/// The beginning of every script that needs the runner: finds out whether it is there. Sets
/// `RL_RUNNER` and `RL_GO` (1 when all is well, otherwise 0 and `RL_WHY`).
pub const FIND_RUNNER: &str = r#"
RL_GO=1 RL_WHY=
RL_WORK=$(rl_home "$WORK")
RL_BIN=$RL_WORK/.researchloop/bin
RL_RUNNER=$RL_BIN/$HASH
if [ "$(uname -sm)" != "$PLATFORM" ]; then
  RL_RUNNER=$(command -v researchloop)
  case $("${RL_RUNNER:-false}" --version 2>/dev/null) in
    "researchloop $VERSION"*) ;;
    *) RL_GO=0 RL_WHY="platform $(uname -sm)" ;;
  esac
elif [ ! -f "$RL_RUNNER" ] || [ "$(wc -c <"$RL_RUNNER")" -ne "$LEN" ]; then
  RL_GO=0 RL_WHY=absent
elif [ ! -x "$RL_RUNNER" ]; then
  chmod 700 "$RL_RUNNER" 2>/dev/null
fi
"#;

/// Reads the runner from the input and puts it in place.
const RECEIVE_RUNNER: &str = r#"
mkdir -p "$RL_WORK" && mkdir -p -m 700 "$RL_WORK/.researchloop" "$RL_BIN" || exit 70
if [ ! -O "$RL_BIN" ]; then echo "$RL_BIN belongs to somebody else"; exit 70; fi
chmod 700 "$RL_WORK/.researchloop" "$RL_BIN" || exit 70
new=$RL_BIN/.new.$$
cat >"$new" || { rm -f "$new"; exit 70; }
sum=$(sha256sum <"$new" 2>/dev/null || openssl dgst -sha256 -r <"$new")
if [ "${sum%% *}" != "$HASH" ]; then rm -f "$new"; echo "it arrived damaged"; exit 70; fi
chmod 700 "$new" && mv -f "$new" "$RL_BIN/$HASH"
"#;

/// Sets the variables that [`FIND_RUNNER`] needs, and adds it.
pub fn find_runner(script: &mut Script, cluster: &Cluster, runner: &RunnerHere) {
    script
        .set("WORK", cluster.working_dir.trim_end_matches('/'))
        .set("HASH", &runner.hash)
        .set("LEN", &runner.len.to_string())
        .set("PLATFORM", &runner.platform)
        .set("VERSION", env!("CARGO_PKG_VERSION"))
        .plain(HOME_OF)
        .plain(FIND_RUNNER);
}

/// Adds the sending of the runner. Behind it, `RL_GO` is 1 when the runner is there.
pub fn send_runner(script: &mut Script, runner: &RunnerHere) {
    let payload = Payload::File { path: runner.path.clone(), len: runner.len };
    script.section_with_input("runner", payload, RECEIVE_RUNNER);
    script.plain(r#"if [ -f "$RL_RUNNER" ]; then RL_GO=1; else RL_GO=0; RL_WHY="runner could not be placed"; fi"#);
}

/// What came of placing a runner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Placed {
    /// It was there already.
    There(String),
    /// It was sent.
    Sent(String),
    /// It cannot be; why.
    Refused(String),
}

/// Puts the runner on the cluster unless it is there.
pub fn place_runner(remote: &mut dyn Remote, cluster: &Cluster, runner: &RunnerHere, limits: Limits) -> Result<Placed, RemoteError> {
    let mut look = Script::new();
    find_runner(&mut look, cluster, runner);
    look.section("found", r#"printf '%s\n%s\n' "$RL_RUNNER" "$RL_WHY"; [ "$RL_GO" = 1 ]"#);
    let (there, path, why) = found(&remote.run(look, limits)?);
    if there {
        return Ok(Placed::There(path));
    }
    if why != "absent" {
        return Ok(Placed::Refused(explain(&why, runner, cluster)));
    }
    let mut send = Script::new();
    find_runner(&mut send, cluster, runner);
    send_runner(&mut send, runner);
    send.section("found", r#"printf '%s\n%s\n' "$RL_RUNNER" "$RL_WHY"; [ "$RL_GO" = 1 ]"#);
    let reply = remote.run(send, limits)?;
    let (there, path, why) = found(&reply);
    if there {
        return Ok(Placed::Sent(path));
    }
    let said = reply.section("runner").map(|section| section.text().trim().to_owned()).unwrap_or_default();
    Ok(Placed::Refused(format!("{}: {said}", explain(&why, runner, cluster))))
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
    match why.strip_prefix("platform ") {
        Some(there) => format!(
            "the cluster {} is {there}, but this program is for {}: set `runner = \"PATH\"` of the cluster to a researchloop {} that was built for {there}, or install that one on the cluster's PATH",
            cluster.name,
            runner.platform,
            env!("CARGO_PKG_VERSION"),
        ),
        None => format!("the runner could not be placed in {}/.researchloop/bin on {}", cluster.working_dir, cluster.name),
    }
}

/// A path on the cluster as shell text: `~/` becomes the home folder there, the rest is quoted.
pub fn shell_path(path: &str) -> String {
    match path.strip_prefix("~/") {
        Some(rest) => format!("\"$HOME\"/{}", crate::remote::quoted(rest)),
        None => crate::remote::quoted(path),
    }
}
