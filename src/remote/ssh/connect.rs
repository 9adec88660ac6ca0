//! Opens the connection: finds the address, greets the host, and checks its key. Hides
//! that libssh2 knows neither deadlines nor patterns in known_hosts: every step runs
//! without blocking, and the waiting between the tries is done here.

use std::net::{SocketAddr, TcpStream, ToSocketAddrs as _};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use ssh2::{CheckResult, ErrorCode, KnownHostFileKind, MethodType, Session};

use super::clean;
use super::config::Route;
use super::known_hosts::{HostKey, KnownHosts, Verdict};
use crate::platform::clock;
use crate::remote::RemoteError;

/// The longest that one wait takes: a bound for whatever libssh2 fails to tell us.
const MAX_WAIT: Duration = Duration::from_secs(1);

/// How long until that moment.
pub(super) fn left(end: Instant) -> Duration {
    end.saturating_duration_since(clock::instant())
}

/// Why a step did not work.
#[derive(Debug)]
pub(super) enum Fault {
    /// The deadline came first.
    Late,
    /// What libssh2 says.
    Library(ssh2::Error),
}

impl Fault {
    /// What happened, in words for a person.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Late => "no answer in time".to_owned(),
            Self::Library(error) if is_closed(error) => "the host closed the connection".to_owned(),
            Self::Library(error) => clean(error.message().as_bytes()),
        }
    }

    /// The number of libssh2's error, if it is one.
    pub(super) fn code(&self) -> Option<i32> {
        match self {
            Self::Library(error) => match error.code() {
                ErrorCode::Session(code) => Some(code),
                ErrorCode::SFTP(_) => None,
            },
            Self::Late => None,
        }
    }
}

/// Sending or receiving failed, or the host said good-bye.
fn is_closed(error: &ssh2::Error) -> bool {
    matches!(error.code(), ErrorCode::Session(-7 | -13 | -43 | -45))
}

/// "Come again when there is something to read or room to write."
fn would_block(error: &ssh2::Error) -> bool {
    error.code() == ErrorCode::Session(-37)
}

/// One connection.
pub(super) struct Link {
    pub(super) session: Session,
    stream: TcpStream,
    /// Another thread may hold the session for ever: do not touch it any more.
    pub(super) abandoned: bool,
}

impl Link {
    /// Repeats a step until it is done, has failed, or it is too late.
    pub(super) fn drive<T>(
        &self,
        end: Instant,
        step: impl FnMut(&Session) -> Result<T, ssh2::Error>,
    ) -> Result<T, Fault> {
        drive(&self.session, &self.stream, end, step)
    }

    /// Another handle of the connection, for a thread that runs steps on its own.
    pub(super) fn handles(&self) -> std::io::Result<(Session, TcpStream)> {
        Ok((self.session.clone(), self.stream.try_clone()?))
    }

    /// Waits for something to read, or also for room to write. Tells whether something
    /// can be read.
    pub(super) fn wait(&self, time: Duration, for_room: bool) -> bool {
        wait(&self.stream, time, for_room).0
    }

    /// Whether a short message can be sent at once. libssh2 cannot finish some of its own
    /// messages once they are stuck half-way.
    pub(super) fn has_room(&self) -> bool {
        wait(&self.stream, Duration::ZERO, true).1
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        if !self.abandoned {
            self.session.set_blocking(false);
            let _ = self.session.disconnect(None, "bye", None);
        }
        // A host that is gone must not hold us up while libssh2 tidies up.
        let _ = self.stream.shutdown(std::net::Shutdown::Both);
    }
}

pub(super) fn drive<T>(
    session: &Session,
    stream: &TcpStream,
    end: Instant,
    mut step: impl FnMut(&Session) -> Result<T, ssh2::Error>,
) -> Result<T, Fault> {
    loop {
        match step(session) {
            Ok(value) => return Ok(value),
            Err(error) if !would_block(&error) => return Err(Fault::Library(error)),
            Err(_) => {}
        }
        let time = left(end);
        if time.is_zero() {
            return Err(Fault::Late);
        }
        let for_room = matches!(
            session.block_directions(),
            ssh2::BlockDirections::Outbound | ssh2::BlockDirections::Both
        );
        wait(stream, time, for_room);
    }
}

/// Tells whether something can be read, and whether there is room to write.
fn wait(stream: &TcpStream, time: Duration, for_room: bool) -> (bool, bool) {
    let wanted = if for_room { PollFlags::IN | PollFlags::OUT } else { PollFlags::IN };
    let time = time.min(MAX_WAIT);
    let timeout =
        Timespec { tv_sec: time.as_secs().cast_signed(), tv_nsec: time.subsec_nanos().into() };
    let mut polled = [PollFd::new(stream, wanted)];
    // An interrupted wait is a short one: everybody asks again.
    let _ = poll(&mut polled, Some(&timeout));
    let [polled] = polled;
    let events = polled.revents();
    (
        events.intersects(PollFlags::IN | PollFlags::HUP | PollFlags::ERR),
        events.contains(PollFlags::OUT),
    )
}

/// Connects and returns the host's key, which nobody has checked yet.
pub(super) fn greet(
    route: &Route,
    known: Option<&KnownHosts>,
    limit: Duration,
) -> Result<(Link, Vec<u8>), RemoteError> {
    let unreachable = |problem: String| RemoteError::Unreachable { place: route.place(), problem };
    let end = clock::instant() + limit;
    let late = || format!("no answer within {} s", limit.as_secs_f32().ceil());
    let addresses =
        addresses(route, end).map_err(|problem| unreachable(problem.unwrap_or_else(late)))?;
    let mut problems: Vec<String> = Vec::new();
    for (number, address) in addresses.iter().enumerate() {
        // Every address gets its share of the time, the last one all that is left.
        let share = left(end) / u32::try_from(addresses.len() - number).unwrap_or(1);
        let problem = match TcpStream::connect_timeout(address, share.max(Duration::from_millis(1)))
        {
            Ok(stream) => match handshake(stream, known, end.min(clock::instant() + share)) {
                Ok(link) => match link.session.host_key().map(|(key, _)| key.to_vec()) {
                    Some(key) => return Ok((link, key)),
                    None => "it showed no host key".to_owned(),
                },
                Err(Fault::Late) => late(),
                Err(fault) => explain(&fault),
            },
            Err(problem) if problem.kind() == std::io::ErrorKind::TimedOut => late(),
            Err(problem) => problem.to_string(),
        };
        problems.push(if addresses.len() > 1 { format!("{address}: {problem}") } else { problem });
        if left(end).is_zero() {
            break;
        }
    }
    problems.extend(
        route
            .unused
            .iter()
            .filter(|setting| setting.starts_with("Bind"))
            .map(|setting| format!("{setting} of the ssh configuration is not used")),
    );
    Err(unreachable(problems.join("; ")))
}

/// Looks the name up. The system's own look-up has no deadline, so it runs aside.
fn addresses(route: &Route, end: Instant) -> Result<Vec<SocketAddr>, Option<String>> {
    let (host, port) = (route.host.as_str(), route.port);
    let (sender, found) = mpsc::channel();
    let question = host.to_owned();
    std::thread::spawn(move || {
        let _ = sender
            .send((question.as_str(), port).to_socket_addrs().map(Iterator::collect::<Vec<_>>));
    });
    let mut addresses = found
        .recv_timeout(left(end))
        .map_err(|_| None)?
        .map_err(|problem| Some(problem.to_string()))?;
    addresses.dedup();
    addresses.retain(|address| route.family.takes(address));
    if addresses.is_empty() {
        Err(Some(format!("there is no address for {host}")))
    } else {
        Ok(addresses)
    }
}

fn handshake(stream: TcpStream, known: Option<&KnownHosts>, end: Instant) -> Result<Link, Fault> {
    let io = |_| Fault::Library(ssh2::Error::from_errno(ErrorCode::Session(-45)));
    stream.set_nodelay(true).map_err(io)?;
    let mut session = Session::new().map_err(Fault::Library)?;
    session.set_tcp_stream(stream.try_clone().map_err(io)?);
    session.set_blocking(false);
    let link = Link { session, stream, abandoned: false };
    let offered = link.session.supported_algs(MethodType::HostKey).map_err(Fault::Library)?;
    let wanted = preference(&known.map(KnownHosts::key_types).unwrap_or_default(), &offered);
    link.session.method_pref(MethodType::HostKey, &wanted).map_err(Fault::Library)?;
    link.drive(end, |session| session.clone().handshake())?;
    Ok(link)
}

/// Which host keys to ask for: those that are known come first, else the host would show
/// another of its keys and look like somebody else. Certificates are never asked for.
fn preference(known: &[&str], offered: &[&str]) -> String {
    let usable =
        || offered.iter().copied().filter(|name| !name.contains("-cert-") && *name != "ssh-dss");
    let is_known = |name: &str| {
        known
            .iter()
            .any(|known| *known == name || *known == "ssh-rsa" && name.starts_with("rsa-sha2-"))
    };
    usable()
        .filter(|name| is_known(name))
        .chain(usable().filter(|name| !is_known(name)))
        .collect::<Vec<_>>()
        .join(",")
}

fn explain(fault: &Fault) -> String {
    match fault.code() {
        Some(-13 | -43 | -2) => {
            format!(
                "the host ended the connection before the ssh greeting (too many logins at once, or no ssh server): {}",
                raw(fault)
            )
        }
        Some(-5 | -8) => format!("no common cipher (key exchange failed): {}", raw(fault)),
        _ => fault.text(),
    }
}

fn raw(fault: &Fault) -> String {
    match fault {
        Fault::Library(error) => clean(error.message().as_bytes()),
        Fault::Late => fault.text(),
    }
}

/// Connects, and goes on only if the host's key is the known one, or the accepted one.
pub(super) fn connect(
    route: &Route,
    accepted: Option<&str>,
    limit: Duration,
) -> Result<Link, RemoteError> {
    let place = route.place();
    let known = known_hosts(route)?;
    let (link, key) = greet(route, Some(&known), limit)?;
    let offered = HostKey::new(&key, &route.names);
    let fingerprint = offered
        .map(|key| key.fingerprint)
        .unwrap_or_else(|| "a key that cannot be read".to_owned());
    match known.judge(&key) {
        Verdict::Known => Ok(link),
        Verdict::Refused(known_hosts) => {
            Err(RemoteError::HostKeyChanged { place, fingerprint, known_hosts })
        }
        Verdict::Revoked(known_hosts) => {
            Err(RemoteError::HostKeyRevoked { place, fingerprint, known_hosts })
        }
        Verdict::Unknown if accepted == Some(fingerprint.as_str()) => Ok(link),
        Verdict::Unknown => Err(RemoteError::HostKeyUnknown { place, fingerprint }),
    }
}

/// What the known_hosts files say about the host.
pub(super) fn known_hosts(route: &Route) -> Result<KnownHosts, RemoteError> {
    let session = Session::new().map_err(|error| RemoteError::Unreachable {
        place: route.place(),
        problem: clean(error.message().as_bytes()),
    })?;
    let mut known = KnownHosts::load(&route.known_hosts, &route.names, &|pattern, name| {
        hashed_name(&session, pattern, name)
    });
    if let Some(file) = &route.revoked {
        // As ssh does: what cannot be looked into refuses every host.
        known.revoke(file).map_err(|why| RemoteError::Unreachable {
            place: route.place(),
            problem: format!("RevokedHostKeys {} of the ssh configuration: {why}", file.display()),
        })?;
    }
    Ok(known)
}

/// Whether a hashed name of a known_hosts file is this name. Only libssh2 has the hash
/// function at hand, and it compares names together with keys: so both get the same one.
pub(super) fn hashed_name(session: &Session, pattern: &str, name: &str) -> bool {
    const KEY: &[u8] = b"no key, only bytes";
    const KEY_TEXT: &str = "bm8ga2V5LCBvbmx5IGJ5dGVz";
    if name.contains('\0') || pattern.contains('\0') {
        return false;
    }
    let Ok(mut hosts) = session.known_hosts() else { return false };
    hosts.read_str(&format!("{pattern} ssh-ed25519 {KEY_TEXT}"), KnownHostFileKind::OpenSSH).is_ok()
        && matches!(hosts.check(name, KEY), CheckResult::Match)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFFERED: [&str; 6] = [
        "ssh-ed25519-cert-v01@openssh.com",
        "ssh-ed25519",
        "ecdsa-sha2-nistp256",
        "rsa-sha2-512",
        "rsa-sha2-256",
        "ssh-dss",
    ];

    #[test]
    fn the_host_is_asked_for_the_key_that_is_known() {
        assert_eq!(
            preference(&[], &OFFERED),
            "ssh-ed25519,ecdsa-sha2-nistp256,rsa-sha2-512,rsa-sha2-256"
        );
        assert_eq!(
            preference(&["ssh-rsa"], &OFFERED),
            "rsa-sha2-512,rsa-sha2-256,ssh-ed25519,ecdsa-sha2-nistp256"
        );
        assert_eq!(preference(&["ssh-unheard-of"], &OFFERED), preference(&[], &OFFERED));
    }

    #[test]
    fn the_library_may_be_used_by_many_threads() {
        // OpenSSL leaves its locks out when it is configured with `-static`: then this
        // crashes sooner or later.
        let work = || {
            for _ in 0..2000 {
                let session = Session::new().expect("a session");
                assert!(!hashed_name(
                    &session,
                    "|1|WhkZQL7pnzRfR/cPf57Cq/y+v0c=|toCz13Opvj07ajiKWX3/fdgKpA8=",
                    "other"
                ));
            }
        };
        let threads: Vec<_> = (0..8).map(|_| std::thread::spawn(work)).collect();
        for thread in threads {
            thread.join().expect("no panic");
        }
    }

    #[test]
    fn the_library_knows_the_key_types_that_we_ask_for() {
        let offered =
            Session::new().expect("a session").supported_algs(MethodType::HostKey).expect("a list");
        for name in ["ssh-ed25519", "ecdsa-sha2-nistp256", "rsa-sha2-512"] {
            assert!(offered.contains(&name), "{name} in {offered:?}");
        }
    }
}
