//! Works out where a connection goes and what it uses: the values of researchloop first,
//! then what the user's own ssh configuration says, then what ssh itself would take.
//! The rest of the transport does not know which of the three a value came from.
//!
//! The ssh configuration is not read here: `ssh -G` gives the answer that ssh itself
//! would use, with its patterns, inclusions and `Match` blocks.

use std::ffi::OsStr;
use std::io::Read;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use super::known_hosts::HostNames;
use super::tokens::{self, Tokens};
use super::{SshTarget, clean};
use crate::platform::{clock, process};
use crate::remote::RemoteError;

/// How long `ssh -G` may take. It may run commands of the user (`Match exec`).
const ASK_DEADLINE: Duration = Duration::from_secs(5);

/// The keys that ssh tries by itself, those that we like best first.
const DEFAULT_KEYS: [&str; 3] = ["id_ed25519", "id_ecdsa", "id_rsa"];

/// All names that some ssh tries by itself: `ssh -G` lists them when nothing is configured.
const NAMES_OF_SSH: [&str; 7] =
    ["id_rsa", "id_dsa", "id_ecdsa", "id_ecdsa_sk", "id_ed25519", "id_ed25519_sk", "id_xmss"];

/// What the ssh configuration says about one host. Empty when it says nothing.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct HostConfig {
    hostname: Option<String>,
    user: Option<String>,
    port: Option<u16>,
    identity_files: Vec<String>,
    certificate_files: Vec<String>,
    identities_only: bool,
    identity_agent: Option<String>,
    user_known_hosts: Vec<String>,
    global_known_hosts: Vec<String>,
    host_key_alias: Option<String>,
    revoked_host_keys: Option<String>,
    family: Family,
    /// What ssh fills in for the tokens that only it knows.
    told: Option<[String; 4]>,
    /// Settings that matter to a login and are not used here: `PKCS11Provider /lib/x.so`.
    unused: Vec<String>,
    /// `ProxyJump NAME` or `ProxyCommand TEXT`.
    proxy: Option<String>,
}

/// Which addresses are connected to.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    #[default]
    Any,
    Four,
    Six,
}

impl Family {
    pub(super) fn takes(self, address: &std::net::SocketAddr) -> bool {
        match self {
            Self::Any => true,
            Self::Four => address.is_ipv4(),
            Self::Six => address.is_ipv6(),
        }
    }
}

impl HostConfig {
    /// One configured key may have a default name too, but ssh's own list is longer.
    fn lists_only_default_keys(&self) -> bool {
        let default = |file: &String| {
            file.strip_prefix("~/.ssh/").is_some_and(|name| NAMES_OF_SSH.contains(&name))
        };
        self.identity_files.is_empty()
            || self.identity_files.len() > 2 && self.identity_files.iter().all(default)
    }
}

/// Where a connection goes, with everything decided.
#[derive(Debug)]
pub(super) struct Route {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) user: String,
    /// The names under which known_hosts may know this host.
    pub(super) names: HostNames,
    pub(super) known_hosts: Vec<PathBuf>,
    /// Key files, the best first. They need not exist.
    pub(super) keys: Vec<PathBuf>,
    /// Whether somebody named these files: those that ssh tries by itself need not be there.
    pub(super) named_keys: bool,
    /// Whether the only key file was named in the configuration of researchloop.
    pub(super) explicit_key: bool,
    /// Certificate files that were named: each is for one of the keys.
    pub(super) certificates: Vec<PathBuf>,
    /// A file with host keys that are refused.
    pub(super) revoked: Option<PathBuf>,
    pub(super) family: Family,
    /// What the ssh configuration says and is not used, and why: told when something fails.
    pub(super) unused: Vec<String>,
    /// The socket of the agent, if it is to be asked.
    pub(super) agent: Option<PathBuf>,
    /// Whether only those keys of the agent count that are also key files.
    pub(super) identities_only: bool,
}

impl Route {
    /// Decides everything. `program` is the ssh that is asked for the configuration.
    pub(super) fn find(target: &SshTarget, program: &OsStr) -> Result<Self, RemoteError> {
        let unreachable =
            |problem: String| RemoteError::Unreachable { place: target.place(), problem };
        let plain = |text: &str| {
            !text.is_empty()
                && !text.starts_with('-')
                && !text.contains(|c: char| c.is_control() || c.is_whitespace())
        };
        if !plain(&target.host) {
            return Err(unreachable("this is not a host name".to_owned()));
        }
        if target.user.as_deref().is_some_and(|user| !plain(user)) {
            return Err(unreachable("this is not a user name".to_owned()));
        }
        let config = ask(program, target).map_err(|problem| {
            unreachable(format!("asking `ssh -G` for its configuration: {problem}"))
        })?;
        if let Some(proxy) = &config.proxy {
            return Err(unreachable(format!(
                "its ssh configuration says {proxy}, which is not supported yet by the built-in transport"
            )));
        }
        let host = config
            .hostname
            .clone()
            .filter(|name| plain(name))
            .unwrap_or_else(|| target.host.clone());
        let port = target.port.or(config.port).unwrap_or(22);
        let local_user = || {
            ["USER", "LOGNAME"]
                .into_iter()
                .find_map(|name| std::env::var(name).ok().filter(|value| plain(value)))
        };
        let user = target
            .user
            .clone()
            .or(config.user.clone().filter(|name| plain(name)))
            .or_else(local_user);
        let user = user.ok_or_else(|| RemoteError::Login {
            place: target.place(),
            problem: "no user name is set".to_owned(),
        })?;
        let alias = config.host_key_alias.clone().unwrap_or_else(|| target.host.clone());
        let tokens = Tokens {
            asked: target.host.clone(),
            host: host.clone(),
            port,
            user: user.clone(),
            alias,
            of_ssh: config.told.clone(),
        };
        let mut unused = config.unused.clone();
        let mut paths = |keyword: &str, texts: &[String]| -> Vec<PathBuf> {
            let mut found = Vec::new();
            for text in texts.iter().filter(|text| !is_none(text)) {
                match tokens.expand(text) {
                    Ok(path) => found.push(path),
                    Err(why) => unused.push(format!("{keyword} {}: {why}", clean(text.as_bytes()))),
                }
            }
            found
        };
        let own = |name: &str| format!("~/.ssh/{name}");

        let default_keys = config.lists_only_default_keys();
        let keys = match &target.key_path {
            Some(path) => vec![path.clone()],
            None if default_keys => paths("IdentityFile", &DEFAULT_KEYS.map(own)),
            None => paths("IdentityFile", &config.identity_files),
        };
        let certificates = paths("CertificateFile", &config.certificate_files);
        let known_hosts = match &target.known_hosts {
            Some(path) => vec![path.clone()],
            None if config.user_known_hosts.is_empty() => {
                paths("UserKnownHostsFile", &[own("known_hosts")])
                    .into_iter()
                    .chain([PathBuf::from("/etc/ssh/ssh_known_hosts")])
                    .collect()
            }
            None => {
                let mut all = paths("UserKnownHostsFile", &config.user_known_hosts);
                all.extend(paths("GlobalKnownHostsFile", &config.global_known_hosts));
                all
            }
        };
        let revoked = match &config.revoked_host_keys {
            Some(text) if !is_none(text) => Some(tokens.expand(text).map_err(|why| {
                unreachable(format!("its ssh configuration says RevokedHostKeys {text}: {why}"))
            })?),
            _ => None,
        };
        let variable = |name: &str| {
            std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
        };
        let agent = match config.identity_agent.as_deref() {
            _ if !target.agent => None,
            None | Some("SSH_AUTH_SOCK") => variable("SSH_AUTH_SOCK"),
            Some(text) => match text.strip_prefix('$').filter(|name| !name.starts_with('{')) {
                Some(name) => {
                    let socket = variable(name);
                    if socket.is_none() {
                        unused
                            .push(format!("IdentityAgent ${name}: the variable {name} is not set"));
                    }
                    socket
                }
                None => paths("IdentityAgent", &[text.to_owned()]).pop(),
            },
        };
        let names = HostNames::new(&host, port, config.host_key_alias.as_deref());
        Ok(Self {
            host,
            port,
            user,
            names,
            known_hosts,
            keys,
            named_keys: target.key_path.is_some() || !default_keys,
            explicit_key: target.key_path.is_some(),
            certificates,
            revoked,
            family: config.family,
            unused,
            agent,
            identities_only: config.identities_only,
        })
    }

    /// `user@host:port`, without the port that everybody uses.
    pub(super) fn place(&self) -> String {
        place(Some(&self.user), &self.host, Some(self.port))
    }
}

/// `user@host:port`, as far as it is known.
pub(super) fn place(user: Option<&str>, host: &str, port: Option<u16>) -> String {
    let user = user.map(|user| format!("{user}@")).unwrap_or_default();
    match port {
        Some(port) if port != 22 && host.contains(':') => format!("{user}[{host}]:{port}"),
        Some(port) if port != 22 => format!("{user}{host}:{port}"),
        _ => format!("{user}{host}"),
    }
}

/// The word by which ssh says "no file", in any case.
fn is_none(text: &str) -> bool {
    text.eq_ignore_ascii_case("none")
}

/// Asks ssh. No ssh, or one that is too old to answer, says nothing.
fn ask(program: &OsStr, target: &SshTarget) -> Result<HostConfig, String> {
    let mut command = process::command(program);
    command.args(["-G", "-o", tokens::ASKED]);
    if let Some(port) = target.port {
        command.args(["-p", &port.to_string()]);
    }
    if let Some(user) = &target.user {
        command.args(["-l", user]);
    }
    command
        .args(["--", &target.host])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(problem) if problem.kind() == std::io::ErrorKind::NotFound => {
            return Ok(HostConfig::default());
        }
        Err(problem) => return Err(problem.to_string()),
    };
    let end = clock::instant() + ASK_DEADLINE;
    let (output, errors) = (collect(child.stdout.take()), collect(child.stderr.take()));
    let output = receive(&output, end);
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) if output.is_some() => break Some(status),
            Ok(None) if output.is_some() && clock::instant() < end => {
                clock::pause(Duration::from_millis(2))
            }
            _ => break None,
        }
    };
    let (Some(output), Some(status)) = (output, status) else {
        let _ = child.kill();
        let _ = child.wait();
        return Err(format!("no answer within {} s", ASK_DEADLINE.as_secs()));
    };
    if status.success() {
        return Ok(parse(&String::from_utf8_lossy(&output)));
    }
    let errors = receive(&errors, end).unwrap_or_default();
    let errors = clean(&errors);
    if errors.contains("option -- G") || errors.contains("illegal option") {
        return Ok(HostConfig::default());
    }
    Err(errors)
}

fn collect(pipe: Option<impl Read + Send + 'static>) -> mpsc::Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    if let Some(pipe) = pipe {
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            let _ = pipe.take(1 << 20).read_to_end(&mut bytes);
            let _ = sender.send(bytes);
        });
    }
    receiver
}

fn receive(from: &mpsc::Receiver<Vec<u8>>, end: Instant) -> Option<Vec<u8>> {
    from.recv_timeout(end.saturating_duration_since(clock::instant())).ok()
}

/// The files of a list that `ssh -G` prints with blanks between. A blank inside of a path looks the same:
/// what does not begin as a path goes on the one before.
fn files(value: &str) -> Vec<String> {
    let mut files: Vec<String> = Vec::new();
    for word in value.split(' ') {
        match files.last_mut() {
            Some(last) if !word.starts_with(['/', '~', '%', '$']) && !is_none(last) => {
                last.push(' ');
                last.push_str(word);
            }
            _ => files.push(word.to_owned()),
        }
    }
    files.iter().map(|file| file.trim().to_owned()).filter(|file| !file.is_empty()).collect()
}

/// Reads what `ssh -G` prints: one word in lower case, a blank, and its value.
fn parse(text: &str) -> HostConfig {
    let mut config = HostConfig::default();
    for line in text.lines() {
        let Some((key, value)) = line.trim().split_once(' ') else { continue };
        let value = value.trim();
        match key.to_ascii_lowercase().as_str() {
            "hostname" => config.hostname = Some(value.to_owned()),
            "user" => config.user = Some(value.to_owned()),
            "port" => config.port = value.parse().ok(),
            "identityfile" => config.identity_files.push(value.to_owned()),
            "certificatefile" => config.certificate_files.push(value.to_owned()),
            "identitiesonly" => config.identities_only = value == "yes",
            "identityagent" => config.identity_agent = Some(value.to_owned()),
            "userknownhostsfile" => config.user_known_hosts = files(value),
            "globalknownhostsfile" => config.global_known_hosts = files(value),
            "hostkeyalias" => config.host_key_alias = Some(value.to_owned()),
            "revokedhostkeys" => config.revoked_host_keys = Some(value.to_owned()),
            "addressfamily" => {
                config.family = match value {
                    "inet" => Family::Four,
                    "inet6" => Family::Six,
                    _ => Family::Any,
                }
            }
            "controlpath" => config.told = tokens::told(value),
            "pubkeyauthentication" if matches!(value, "no" | "false") => {
                config.unused.push("PubkeyAuthentication no".to_owned())
            }
            "pkcs11provider" if value != "none" => {
                config.unused.push(format!("PKCS11Provider {}", clean(value.as_bytes())))
            }
            "knownhostscommand" if value != "none" => {
                config.unused.push(format!("KnownHostsCommand {}", clean(value.as_bytes())))
            }
            "bindaddress" => config.unused.push(format!("BindAddress {}", clean(value.as_bytes()))),
            "bindinterface" => {
                config.unused.push(format!("BindInterface {}", clean(value.as_bytes())))
            }
            "proxyjump" if value != "none" => config.proxy = Some(format!("ProxyJump {value}")),
            "proxycommand" if value != "none" => {
                config.proxy = Some(format!("ProxyCommand {value}"))
            }
            _ => {}
        }
    }
    config
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    // From `ssh -G` of OpenSSH 9.2, shortened.
    const ANSWER: &str = "host hpc\nuser bob\nhostname login.example.org\nport 2222\ncanonicalizehostname false\nidentitiesonly yes\n\
        identityfile ~/.ssh/hpc_%h\nidentityfile /keys/100%%\nidentityfile /keys/%C\nglobalknownhostsfile /etc/ssh/ssh_known_hosts /etc/ssh/ssh_known_hosts2\n\
        userknownhostsfile /home/bob/.ssh/known_hosts /home/bob/.ssh/known_hosts2\nhostkeyalias pool\n";

    fn target(host: &str) -> SshTarget {
        SshTarget { host: host.to_owned(), ..SshTarget::default() }
    }

    /// A stand-in for ssh that notes its arguments and runs the text. Another process
    /// writes it: a file that this one has open for writing might not be executable yet.
    fn program(folder: &Path, text: &str) -> PathBuf {
        let path = folder.join("ssh");
        let text = format!("#!/bin/sh\nprintf '%s ' \"$@\" >'{}/args'\n{text}\n", folder.display());
        let written = process::command("sh")
            .args(["-c", r#"printf %s "$1" >"$2" && chmod 755 "$2""#, "sh", &text])
            .arg(&path)
            .status();
        assert!(written.expect("sh runs").success());
        path
    }

    fn route(target: &SshTarget, text: &str) -> (Result<Route, RemoteError>, String) {
        let folder = tempfile::tempdir().expect("a folder");
        let program = program(folder.path(), text);
        let route = Route::find(target, program.as_os_str());
        (route, std::fs::read_to_string(folder.path().join("args")).unwrap_or_default())
    }

    #[test]
    fn an_alias_of_the_ssh_configuration_is_followed() {
        let (route, arguments) = route(&target("hpc"), &format!("cat <<'END'\n{ANSWER}END"));
        let route = route.expect("a route");
        assert_eq!(arguments, format!("-G -o {} -- hpc ", tokens::ASKED));
        assert_eq!(route.place(), "bob@login.example.org:2222");
        assert_eq!(route.names, HostNames::new("login.example.org", 2222, Some("pool")));
        let home = dirs::home_dir().expect("a home");
        assert_eq!(
            route.keys,
            [home.join(".ssh/hpc_login.example.org"), PathBuf::from("/keys/100%")]
        );
        assert_eq!(route.unused, ["IdentityFile /keys/%C: `%C` is not known: no ssh has told it"]);
        assert_eq!(route.known_hosts.len(), 4);
        assert!(route.identities_only && !route.explicit_key);
    }

    #[test]
    fn values_of_researchloop_win() {
        let mut target = target("hpc");
        target.user = Some("alice".to_owned());
        target.port = Some(22);
        target.key_path = Some("/k".into());
        target.known_hosts = Some("/kh".into());
        let (route, arguments) = route(&target, &format!("cat <<'END'\n{ANSWER}END"));
        let route = route.expect("a route");
        assert_eq!(arguments, format!("-G -o {} -p 22 -l alice -- hpc ", tokens::ASKED));
        assert_eq!(route.place(), "alice@login.example.org");
        assert_eq!(
            (route.keys, route.known_hosts, route.explicit_key),
            (vec!["/k".into()], vec!["/kh".into()], true)
        );
    }

    #[test]
    fn the_keys_that_ssh_takes_by_itself_are_tried_best_first() {
        let names = |answer: &str| -> Vec<String> {
            let keys = route(&target("h"), &format!("printf 'user u\\n{answer}'"))
                .0
                .expect("a route")
                .keys;
            keys.iter().filter_map(|key| Some(key.file_name()?.to_str()?.to_owned())).collect()
        };
        let all = "identityfile ~/.ssh/id_rsa\\nidentityfile ~/.ssh/id_ecdsa_sk\\nidentityfile ~/.ssh/id_ed25519\\n";
        assert_eq!(names(all), ["id_ed25519", "id_ecdsa", "id_rsa"]);
        assert_eq!(names(""), ["id_ed25519", "id_ecdsa", "id_rsa"]);
        assert_eq!(
            names("identityfile ~/.ssh/id_rsa\\n"),
            ["id_rsa"],
            "one that was chosen stays alone"
        );
        assert_eq!(names("identityfile ~/.ssh/id_hpc\\n"), ["id_hpc"]);
    }

    /// What ssh does with a word, this does: the real one is asked.
    #[test]
    fn the_real_ssh_tells_what_every_token_stands_for() {
        let folder = tempfile::tempdir().expect("a folder");
        let config = folder.path().join("config");
        let text = "Host hpc\nHostName login1\nUser bob\nPort 2222\nHostKeyAlias pool\nIdentityFile ~/a b/%u_%C\nIdentityFile \"~/x y/%n-%k\"\n\
            IdentityFile ${RL_NO_SUCH_VARIABLE}/k\nIdentityFile none\nCertificateFile ~/certs/%h-%r-%p.pub\nCertificateFile none\n\
            IdentityAgent %d/agent-%i\nRevokedHostKeys ~/revoked\nAddressFamily inet6\nPKCS11Provider /lib/token.so\n\
            UserKnownHostsFile \"~/k h\" ~/kh\n";
        let text = text
            .replace("IdentityFile ~/a b/", "IdentityFile \"~/a b/")
            .replace("%u_%C", "%u_%C\"");
        std::fs::write(&config, text).expect("written");
        let path = std::env::var("PATH").unwrap_or_default();
        let (route, _) = route(
            &target("hpc"),
            &format!("PATH='{path}' exec ssh -F '{}' \"$@\"", config.display()),
        );
        let route = route.expect("a route");
        let home = dirs::home_dir().expect("a home");
        let name = |index: usize| {
            route.keys[index].strip_prefix(&home).expect("at home").display().to_string()
        };
        let (user, hash) = name(0)
            .strip_prefix("a b/")
            .expect("a key")
            .split_once('_')
            .map(|(u, h)| (u.to_owned(), h.to_owned()))
            .expect("two");
        assert!(
            !user.is_empty()
                && hash.len() == 40
                && hash.bytes().all(|byte| byte.is_ascii_hexdigit()),
            "{user} {hash}"
        );
        assert_eq!(name(1), "x y/hpc-pool");
        assert_eq!(route.keys.len(), 2);
        assert_eq!(route.certificates, [home.join("certs/login1-bob-2222.pub")]);
        assert_eq!(
            route.agent,
            Some(home.join(format!("agent-{}", rustix::process::getuid().as_raw())))
        );
        assert_eq!((route.revoked, route.family), (Some(home.join("revoked")), Family::Six));
        assert_eq!(route.known_hosts[..2], [home.join("k h"), home.join("kh")]);
        assert_eq!(
            route.unused,
            [
                "PKCS11Provider /lib/token.so",
                "IdentityFile ${RL_NO_SUCH_VARIABLE}/k: the variable RL_NO_SUCH_VARIABLE is not set"
            ]
        );
    }

    #[test]
    fn none_means_no_file() {
        let (route, _) = route(
            &target("h"),
            "printf 'user u\\nidentityfile none\\nidentityagent none\\nuserknownhostsfile none\\nrevokedhostkeys none\\n'",
        );
        let route = route.expect("a route");
        assert!(
            route.keys.is_empty()
                && route.agent.is_none()
                && route.known_hosts.is_empty()
                && route.revoked.is_none(),
            "{route:?}"
        );
    }

    #[test]
    fn a_jump_host_is_refused_with_its_name() {
        for (line, word) in [
            ("proxyjump gate", "ProxyJump gate"),
            ("proxycommand nc %h %p", "ProxyCommand nc %h %p"),
        ] {
            let error =
                route(&target("h"), &format!("echo '{line}'")).0.expect_err("refused").to_string();
            assert!(
                error.contains(word)
                    && error.contains("not supported yet by the built-in transport"),
                "{error}"
            );
        }
        assert!(
            route(&target("h"), "printf 'proxycommand none\\nproxyjump none\\nuser u\\n'")
                .0
                .is_ok()
        );
    }

    #[test]
    fn without_an_ssh_the_plain_values_count() {
        let mut target = target("h");
        target.user = Some("u".to_owned());
        let route = Route::find(&target, OsStr::new("/nonexistent/ssh")).expect("a route");
        assert_eq!((route.place().as_str(), route.port, route.known_hosts.len()), ("u@h", 22, 2));
        let old =
            self::route(&target, "echo 'unknown option -- G' >&2; exit 255").0.expect("a route");
        assert_eq!(old.host, "h");
    }

    #[test]
    fn a_broken_ssh_configuration_is_shown() {
        let error = route(
            &target("h"),
            "echo '/home/u/.ssh/config: line 3: Bad configuration option: prot' >&2; exit 255",
        )
        .0
        .expect_err("broken");
        assert!(error.to_string().contains("line 3: Bad configuration option: prot"), "{error}");
    }

    #[test]
    fn a_name_that_could_be_an_option_never_reaches_ssh() {
        for name in ["-oProxyCommand=touch /tmp/x", "", "a b", "a\nb", "a\0b"] {
            let (refused, arguments) = route(&target(name), "echo user u");
            assert!(refused.is_err() && arguments.is_empty(), "{name:?}");
        }
        let mut other = target("h");
        other.user = Some("-x".to_owned());
        assert!(route(&other, "echo user u").0.is_err());
    }
}
