//! What ssh fills in for tokens (`%h`), variables (`${HOME}`) and `~` in the paths of its configuration.

use std::path::{Path, PathBuf};

/// What the tokens of one connection stand for.
#[derive(Debug, Clone, Default)]
pub(super) struct Tokens {
    /// `%n`: the name that was asked for.
    pub(super) asked: String,
    /// `%h`: the name that is connected to.
    pub(super) host: String,
    /// `%p`
    pub(super) port: u16,
    /// `%r`: the account.
    pub(super) user: String,
    /// `%k`: `HostKeyAlias`, or the name that was asked for.
    pub(super) alias: String,
    /// `%C`, `%L`, `%l` and `%u`, as ssh itself fills them in: a hash, and the names of this machine and
    /// of its user. Missing without an ssh that tells.
    pub(super) of_ssh: Option<[String; 4]>,
}

/// What ssh is asked to fill in: the tokens of [`Tokens::of_ssh`], as the path of a socket that is never made.
pub(super) const ASKED: &str = "ControlPath=/%C/%L/%l/%u";

/// Reads the answer to that.
pub(super) fn told(text: &str) -> Option<[String; 4]> {
    let mut parts = text.strip_prefix('/')?.splitn(4, '/').map(str::to_owned);
    let all = [parts.next()?, parts.next()?, parts.next()?, parts.next()?];
    all.iter().all(|part| !part.is_empty() && !part.starts_with('%')).then_some(all)
}

impl Tokens {
    /// The path that ssh would use.
    ///
    /// # Errors
    /// Why there is none, in words for a person.
    pub(super) fn expand(&self, text: &str) -> Result<PathBuf, String> {
        let text = text.trim_matches('"');
        let mut path = String::new();
        let mut rest = text;
        if let Some(tail) = text.strip_prefix('~') {
            let (name, behind) = tail.split_at(tail.find('/').unwrap_or(tail.len()));
            path = if name.is_empty() { home()? } else { home_of(name)? };
            rest = behind;
        }
        while let Some(at) = rest.find(['%', '$']) {
            path.push_str(&rest[..at]);
            rest = &rest[at..];
            if let Some(tail) = rest.strip_prefix("${") {
                let (name, behind) = tail.split_once('}').ok_or("a `${` without its `}`")?;
                path.push_str(
                    &std::env::var(name).map_err(|_| format!("the variable {name} is not set"))?,
                );
                rest = behind;
            } else if let Some(tail) = rest.strip_prefix('$') {
                path.push('$');
                rest = tail;
            } else {
                let mut letters = rest.chars();
                let letter = letters.nth(1).ok_or("a `%` at its end")?;
                path.push_str(&self.value(letter)?);
                rest = letters.as_str();
            }
        }
        path.push_str(rest);
        if path.is_empty() { Err("it is empty".to_owned()) } else { Ok(PathBuf::from(path)) }
    }

    fn value(&self, letter: char) -> Result<String, String> {
        let of_ssh = |index: usize| {
            let known = self.of_ssh.as_ref().and_then(|all| all.get(index)).cloned();
            known.ok_or_else(|| format!("`%{letter}` is not known: no ssh has told it"))
        };
        Ok(match letter {
            '%' => "%".to_owned(),
            'd' => home()?,
            'h' => self.host.clone(),
            'i' => rustix::process::getuid().as_raw().to_string(),
            // The jump hosts: such a host is not connected to.
            'j' => String::new(),
            'k' => self.alias.clone(),
            'n' => self.asked.clone(),
            'p' => self.port.to_string(),
            'r' => self.user.clone(),
            'C' => of_ssh(0)?,
            'L' => of_ssh(1)?,
            'l' => of_ssh(2)?,
            'u' => of_ssh(3)?,
            _ => return Err(format!("`%{letter}` has no meaning in a path")),
        })
    }
}

fn home() -> Result<String, String> {
    dirs::home_dir()
        .and_then(|home| home.into_os_string().into_string().ok())
        .ok_or_else(|| "there is no home folder".to_owned())
}

/// The home folder of another user of this machine, as far as its list of users has it.
fn home_of(user: &str) -> Result<String, String> {
    let list = std::fs::read_to_string(Path::new("/etc/passwd")).unwrap_or_default();
    let line = list.lines().find(|line| line.split(':').next() == Some(user));
    line.and_then(|line| line.split(':').nth(5))
        .map(str::to_owned)
        .ok_or_else(|| format!("there is no user {user} here"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_token_and_variable_of_ssh_is_filled_in() {
        let tokens = Tokens {
            asked: "hpc".to_owned(),
            host: "login1".to_owned(),
            port: 2222,
            user: "bob".to_owned(),
            alias: "pool".to_owned(),
            of_ssh: told("/0a1b/laptop/laptop.example.org/robert"),
        };
        let home = home().expect("a home");
        let expanded = |text: &str| tokens.expand(text).map(|path| path.display().to_string());
        assert_eq!(
            expanded("/k/%C-%L-%l-%u-%h-%n-%p-%r-%k-%%"),
            Ok("/k/0a1b-laptop-laptop.example.org-robert-login1-hpc-2222-bob-pool-%".to_owned())
        );
        assert_eq!(
            expanded("/%j%i").expect("a path"),
            format!("/{}", rustix::process::getuid().as_raw())
        );
        for text in ["~/k y", "%d/k y", "${HOME}/k y", "\"~/k y\""] {
            assert_eq!(expanded(text), Ok(format!("{home}/k y")), "{text}");
        }
        assert_eq!(expanded("~root/.ssh/k"), Ok("/root/.ssh/k".to_owned()));
        assert_eq!(expanded("/a$b"), Ok("/a$b".to_owned()));
        for (text, why) in [
            ("/${RL_NO_SUCH}/k", "RL_NO_SUCH is not set"),
            ("/k%", "`%` at its end"),
            ("/%T", "`%T` has no meaning"),
            ("${X", "without its"),
            ("", "empty"),
            ("~no-such-user/k", "no user no-such-user"),
        ] {
            assert!(expanded(text).expect_err(text).contains(why), "{text}");
        }
        assert!(
            Tokens::default().expand("/%C").expect_err("unknown").contains("no ssh has told it")
        );
    }

    #[test]
    fn only_a_whole_answer_of_ssh_counts() {
        for text in ["", "none", "/a/b/c", "/%C/%L/%l/%u", "a/b/c/d", "//b/c/d"] {
            assert_eq!(told(text), None, "{text}");
        }
    }
}
