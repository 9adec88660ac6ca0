//! Logs in with a key. Decides which keys are tried, in which order, and how many: hosts
//! end a connection after a few wrong ones, and some lock an account.
//!
//! Nothing is tried twice, and nothing is tried again after it failed.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use super::agent::{self, Identity};
use super::certificate::{Certificate, Says};
use super::clean;
use super::config::Route;
use super::connect::{Fault, Link};
use super::keys::KeyFile;
use super::known_hosts::type_of;
use crate::domain::Secret;
use crate::platform::clock;
use crate::remote::RemoteError;

/// How many keys are offered: sshd gives up after six failures.
const MAX_ATTEMPTS: usize = 5;
/// How many of them are kept for key files, when the agent holds many keys.
const KEPT_FOR_FILES: usize = 2;

/// One key, and where its secret part is.
enum Candidate {
    Agent(Identity),
    File { key: KeyFile, certificate: Option<Certificate> },
}

impl Candidate {
    fn name(&self, user: &str) -> String {
        let doubted = |says: &Says| {
            says.doubt(user, clock::now()).map(|doubt| format!(": {doubt}")).unwrap_or_default()
        };
        match self {
            Self::Agent(key) => {
                let doubt = Says::of(&key.blob).map(|says| doubted(&says)).unwrap_or_default();
                format!(
                    "the agent's key {} ({}){doubt}",
                    key.comment,
                    type_of(&key.blob).unwrap_or("unknown type")
                )
            }
            Self::File { key, certificate: Some(certificate) } => {
                format!(
                    "{} with its certificate {}{}",
                    key.path.display(),
                    certificate.path.display(),
                    doubted(&certificate.says)
                )
            }
            Self::File { key, .. } => key.path.display().to_string(),
        }
    }

    fn is_file(&self) -> bool {
        matches!(self, Self::File { .. })
    }
}

/// What came of one attempt.
enum Outcome {
    In,
    Refused(&'static str),
    /// The key is good, and the host wants something more.
    Partial(String),
    /// It could not even be offered.
    Unusable(String),
    Ended(Fault),
}

/// The attempt to log in, with what is known so far.
struct Login<'a> {
    link: &'a mut Link,
    route: &'a Route,
    end: Instant,
    /// What the host accepts: `publickey,password`.
    accepted: String,
    tried: Vec<String>,
    notes: Vec<String>,
}

/// Logs in.
///
/// # Errors
/// `Login` says what was tried; `Passphrase` names the key that needs one.
pub(super) fn login(
    link: &mut Link,
    route: &Route,
    passphrase: Option<&Secret>,
    end: Instant,
) -> Result<(), RemoteError> {
    let place = route.place();
    let accepted = match methods(link, &route.user, end) {
        Ok(Some(accepted)) => accepted,
        Ok(None) => return Ok(()),
        Err(fault) => {
            return Err(RemoteError::Unreachable {
                place,
                problem: format!("before the login: {}", fault.text()),
            });
        }
    };
    let mut login = Login { link, route, end, accepted, tried: Vec::new(), notes: Vec::new() };
    if !login.takes_keys() {
        return Err(login.failure(
            "this host takes no keys, and nothing else is supported yet by the built-in transport",
        ));
    }
    login.run(passphrase)
}

impl Login<'_> {
    fn takes_keys(&self) -> bool {
        self.accepted.split(',').any(|method| method == "publickey")
    }

    fn run(&mut self, passphrase: Option<&Secret>) -> Result<(), RemoteError> {
        let user = &self.route.user;
        let identities = self.identities();
        let files = self.files(&identities);
        for file in files.iter().filter(|file| {
            file.public_only
                && !identities.iter().any(|key| file.public.as_ref() == Some(&key.blob))
        }) {
            self.notes.push(format!(
                "{} is a public key, and the agent does not hold its private part",
                file.path.display()
            ));
        }
        let (candidates, left_out) =
            order(identities, files, self.route.explicit_key, self.route.identities_only);
        if left_out > 0 {
            self.notes.push(format!(
                "{left_out} more keys of the agent were not tried: name one with `key_path`"
            ));
        }
        let mut locked = None;
        for candidate in candidates {
            let outcome = match &candidate {
                Candidate::Agent(key) => {
                    let Some(socket) = &self.route.agent else { continue };
                    let result = agent::login(self.link, socket, &self.route.user, key, self.end);
                    self.judge(result)
                }
                Candidate::File { key, certificate } if key.locked && passphrase.is_none() => {
                    locked.get_or_insert_with(|| key.path.display().to_string());
                    if certificate.is_none() {
                        self.notes.push(format!("{} needs a passphrase", candidate.name(user)));
                    }
                    continue;
                }
                Candidate::File { key, certificate } => {
                    let result = self.with_file(key, certificate.as_ref(), passphrase);
                    // A locked key is opened here before the host hears of it.
                    if key.locked
                        && certificate.is_none()
                        && matches!(result.as_ref().err().and_then(Fault::code), Some(-16 | -48))
                    {
                        locked.get_or_insert_with(|| key.path.display().to_string());
                        self.notes
                            .push(format!("{} needs another passphrase", candidate.name(user)));
                        continue;
                    }
                    self.judge(result)
                }
            };
            let name = candidate.name(user);
            match outcome {
                Outcome::In => return Ok(()),
                Outcome::Refused("") => self.tried.push(name),
                Outcome::Refused(why) => self.tried.push(format!("{name} ({why})")),
                Outcome::Unusable(problem) => {
                    self.notes.push(format!("{name} cannot be used: {problem}"))
                }
                Outcome::Partial(accepted) => {
                    self.tried.push(format!("{name} (accepted)"));
                    self.accepted = accepted;
                    if !self.takes_keys() {
                        return Err(
                            self.failure("the key is good, but the host wants a second factor, which is not supported yet by the built-in transport")
                        );
                    }
                }
                Outcome::Ended(fault) => {
                    self.tried.push(name);
                    return Err(self.failure(&fault.text()));
                }
            }
        }
        match locked {
            Some(key) if self.route.explicit_key || self.tried.is_empty() => {
                Err(RemoteError::Passphrase { key })
            }
            _ => Err(self.failure("")),
        }
    }

    /// The keys of the agent that can be used, if there is one. One that fails is noted, and what it holds
    /// that cannot be used.
    fn identities(&mut self) -> Vec<Identity> {
        let Some(socket) = &self.route.agent else { return Vec::new() };
        let mut keys = agent::list(socket).unwrap_or_else(|problem| {
            self.notes.push(format!("the agent at {} cannot be used: {problem}", socket.display()));
            Vec::new()
        });
        keys.retain(|key| {
            let unusable = key.unusable();
            self.notes.extend(
                unusable.map(|why| {
                    format!("the agent's key {} was left out: it is {why}", key.comment)
                }),
            );
            unusable.is_none()
        });
        keys
    }

    /// The key files that are there, each with its certificates. What was named, or is there, and cannot be
    /// used is noted with the reason.
    fn files(&mut self, identities: &[Identity]) -> Vec<KeyFile> {
        let mut files = Vec::new();
        for path in &self.route.keys {
            match KeyFile::look(path) {
                Ok(key) => files.push(key),
                Err(problem) if self.route.named_keys || path.exists() => {
                    self.notes.push(format!("{} was left out: {problem}", path.display()))
                }
                Err(_) => {}
            }
        }
        for path in &self.route.certificates {
            let certificate = match Certificate::look(path) {
                Ok(certificate) => certificate,
                Err(problem) => {
                    self.notes.push(format!(
                        "the certificate {} was left out: {problem}",
                        path.display()
                    ));
                    continue;
                }
            };
            let mut is_taken = false;
            for file in files.iter_mut().filter(|file| file.takes(&certificate)) {
                is_taken = true;
                if file.certificates.iter().all(|known| known.path != certificate.path) {
                    file.certificates.insert(0, certificate.clone());
                }
            }
            // The agent may hold the certificate as well: then it is tried with the agent's keys.
            let of_agent =
                |key: &Identity| Says::of(&key.blob).is_some_and(|says| says == certificate.says);
            if !is_taken && !identities.iter().any(of_agent) {
                let whose = if identities.iter().any(|key| key.blob == certificate.says.key) {
                    "its key is in the agent alone: `ssh-add` the key with the certificate beside it as KEY-cert.pub, or set IdentityFile to the key's file"
                } else {
                    "none of the key files is its key (set IdentityFile, or `key_path`)"
                };
                self.notes
                    .push(format!("the certificate {} was left out: {whose}", path.display()));
            }
        }
        for file in &files {
            if let Some(mode) = file.open_mode {
                self.notes.push(format!(
                    "{} can be read by others (mode {mode:o}): ssh would not use it",
                    file.path.display()
                ));
            }
        }
        files
    }

    fn with_file(
        &self,
        key: &KeyFile,
        certificate: Option<&Certificate>,
        passphrase: Option<&Secret>,
    ) -> Result<(), Fault> {
        let public = certificate.map(|certificate| certificate.path.as_path());
        let passphrase = passphrase.map(Secret::reveal);
        self.link.drive(self.end, |session| {
            session.userauth_pubkey_file(&self.route.user, public, &key.path, passphrase)
        })
    }

    fn judge(&mut self, result: Result<(), Fault>) -> Outcome {
        let fault = match result {
            Ok(()) if self.link.session.authenticated() => return Outcome::In,
            Ok(()) => return Outcome::Refused(""),
            Err(fault) => fault,
        };
        match fault.code() {
            Some(-18) => Outcome::Refused(""),
            // This stands for several things: the signature failed, the connection
            // ended, or the key was accepted and something else is wanted as well.
            // Only asking again tells them apart.
            Some(-19) => match methods(self.link, &self.route.user, self.end) {
                Ok(None) => Outcome::In,
                Ok(Some(now)) if now != self.accepted => Outcome::Partial(now),
                Ok(Some(_)) if fault.text().starts_with("Callback") => {
                    Outcome::Refused("it would not sign")
                }
                Ok(Some(_)) => Outcome::Refused(""),
                Err(fault) => Outcome::Ended(fault),
            },
            None | Some(-7 | -13 | -43 | -45) => Outcome::Ended(fault),
            Some(_) => Outcome::Unusable(fault.text()),
        }
    }

    fn failure(&self, reason: &str) -> RemoteError {
        let mut parts = Vec::new();
        if !reason.is_empty() {
            parts.push(reason.to_owned());
        }
        parts.push(if self.tried.is_empty() {
            "no key was offered".to_owned()
        } else {
            format!("tried {}", self.tried.join(", "))
        });
        parts.extend(self.notes.iter().cloned());
        parts.extend(
            self.route
                .unused
                .iter()
                .map(|setting| format!("not used of the ssh configuration: {setting}")),
        );
        parts.push(format!("the host accepts {}", self.accepted.replace(',', ", ")));
        RemoteError::Login { place: self.route.place(), problem: parts.join("; ") }
    }
}

/// Asks what the host accepts. `None`: nothing more, we are in.
fn methods(link: &Link, user: &str, end: Instant) -> Result<Option<String>, Fault> {
    let list = link.drive(end, |session| {
        // The library panics over a list that is no UTF-8.
        let asked =
            catch_unwind(AssertUnwindSafe(|| session.auth_methods(user).map(str::to_owned)));
        asked.unwrap_or_else(|_| Ok(String::from("methods that cannot be read")))
    })?;
    Ok((!link.session.authenticated()).then(|| clean(list.as_bytes())))
}

/// Which keys are tried, in which order, and how many of the agent's are left out.
fn order(
    agent: Vec<Identity>,
    files: Vec<KeyFile>,
    explicit: bool,
    only_files: bool,
) -> (Vec<Candidate>, usize) {
    let is_file = |key: &Identity| files.iter().any(|file| file.public.as_ref() == Some(&key.blob));
    let (of_files, others): (Vec<_>, Vec<_>) = agent.into_iter().partition(is_file);
    // The agent may hold an opened key whose file is locked, so it goes first with it; but not with the
    // certificates that lie in files.
    let of_file = |file: &KeyFile, certificate: Option<&Certificate>| Candidate::File {
        key: file.clone(),
        certificate: certificate.cloned(),
    };
    let is_open = |file: &KeyFile| {
        file.public.is_some() && of_files.iter().any(|key| file.public.as_ref() == Some(&key.blob))
    };
    let certified = |file: &KeyFile| {
        file.certificates.iter().map(|one| of_file(file, Some(one))).collect::<Vec<_>>()
    };
    let mut candidates: Vec<_> =
        files.iter().filter(|file| is_open(file)).flat_map(certified).collect();
    let rest: Vec<_> = files.iter().filter(|file| !is_open(file)).collect();
    let from_file = |file: &KeyFile| certified(file).into_iter().chain([of_file(file, None)]);
    // A file with the public part alone says which of the agent's keys is meant.
    let from_files: Vec<_> =
        rest.into_iter().filter(|file| !file.public_only).flat_map(from_file).collect();
    candidates.extend(of_files.into_iter().map(Candidate::Agent));
    let others: Vec<_> = others.into_iter().filter(|_| !only_files).map(Candidate::Agent).collect();
    let mut left_out = 0;
    if explicit {
        candidates.extend(from_files);
        candidates.extend(others);
    } else {
        let room =
            MAX_ATTEMPTS.saturating_sub(candidates.len() + from_files.len().min(KEPT_FOR_FILES));
        left_out = others.len().saturating_sub(room);
        candidates.extend(others.into_iter().take(room));
        candidates.extend(from_files);
    }
    left_out +=
        candidates.iter().skip(MAX_ATTEMPTS).filter(|candidate| !candidate.is_file()).count();
    candidates.truncate(MAX_ATTEMPTS);
    (candidates, left_out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identities(names: &[&str]) -> Vec<Identity> {
        names
            .iter()
            .map(|name| Identity { blob: name.as_bytes().to_vec(), comment: (*name).to_owned() })
            .collect()
    }

    fn files(names: &[&str]) -> Vec<KeyFile> {
        let file = |name: &&str| KeyFile {
            path: name.into(),
            public: Some(name.as_bytes().to_vec()),
            locked: false,
            certificates: Vec::new(),
            open_mode: None,
            public_only: name.ends_with(".pub"),
        };
        names.iter().map(file).collect()
    }

    fn names(agent: &[&str], paths: &[&str], explicit: bool, only: bool) -> (String, usize) {
        let (candidates, left_out) = order(identities(agent), files(paths), explicit, only);
        let name = |candidate: &Candidate| match candidate {
            Candidate::Agent(key) => format!("agent:{}", key.comment),
            Candidate::File { key, .. } => key.path.display().to_string(),
        };
        (candidates.iter().map(name).collect::<Vec<_>>().join(" "), left_out)
    }

    #[test]
    fn a_named_key_goes_first() {
        assert_eq!(names(&["a", "b"], &["k"], true, false), ("k agent:a agent:b".to_owned(), 0));
        assert_eq!(
            names(&["a", "k"], &["k"], true, false),
            ("agent:k agent:a".to_owned(), 0),
            "the agent has it open"
        );
    }

    #[test]
    fn without_a_named_key_the_agent_goes_first() {
        assert_eq!(
            names(&["a", "k"], &["k", "l"], false, false),
            ("agent:k agent:a l".to_owned(), 0)
        );
        assert_eq!(
            names(&["a", "k"], &["k", "l"], false, true),
            ("agent:k l".to_owned(), 0),
            "IdentitiesOnly"
        );
    }

    #[test]
    fn a_public_key_picks_one_of_the_agent() {
        assert_eq!(
            names(&["a", "k.pub"], &["k.pub"], false, true),
            ("agent:k.pub".to_owned(), 0),
            "IdentitiesOnly"
        );
        assert_eq!(
            names(&["a", "k.pub"], &["k.pub"], true, false),
            ("agent:k.pub agent:a".to_owned(), 0)
        );
        assert_eq!(
            names(&["a"], &["k.pub"], false, true),
            (String::new(), 0),
            "its private part is nowhere"
        );
    }

    #[test]
    fn a_full_agent_leaves_room_for_the_files() {
        let many = ["a", "b", "c", "d", "e", "f", "g"];
        assert_eq!(
            names(&many, &["k", "l", "m"], false, false),
            ("agent:a agent:b agent:c k l".to_owned(), 4)
        );
        assert_eq!(
            names(&many, &[], false, false),
            ("agent:a agent:b agent:c agent:d agent:e".to_owned(), 2)
        );
        assert_eq!(
            names(&many, &["k"], true, false),
            ("k agent:a agent:b agent:c agent:d".to_owned(), 3)
        );
        assert_eq!(
            names(&many, &many, false, false),
            ("agent:a agent:b agent:c agent:d agent:e".to_owned(), 2)
        );
    }

    #[test]
    fn a_certificate_is_tried_before_its_bare_key() {
        let mut file = files(&["k"]);
        file[0].certificates =
            vec![Certificate { path: "k-cert.pub".into(), says: Says::of_key(b"k") }];
        let tried = |agent: &[&str]| -> Vec<String> {
            let (candidates, _) = order(identities(agent), file.clone(), true, false);
            candidates.iter().map(|one| one.name("bob")).collect()
        };
        assert_eq!(tried(&[]), ["k with its certificate k-cert.pub", "k"]);
        // The agent has the key, but not the certificate.
        assert_eq!(
            tried(&["k"]),
            ["k with its certificate k-cert.pub", "the agent's key k (unknown type)"]
        );
    }
}
