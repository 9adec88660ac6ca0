//! The signals that ask a runner to stop.
//!
//! Schedulers announce the end of a job with several: SLURM with TERM (and USR1 or another
//! when asked for), Grid Engine with USR2 or XCPU. Some of them would kill Claude at
//! once and leave its training processes alive, so all of them end here, and Claude gets TERM.
//!
//! Grid Engine sends USR1 for something else: before it suspends a job, and at the soft time limit
//! (s_rt). Neither is an end. It comes twice, from the scheduler and from the job script.

use std::io;
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGUSR2, SIGXCPU};
use signal_hook::iterator::Signals;

use crate::platform::clock;

const CAUGHT: [i32; 6] = [SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2, SIGXCPU];
/// The variable in which the job script tells of a signal that came before the runner was there.
const EARLY: &str = "RESEARCHLOOP_SIGNAL";
/// The same warning does not come twice within this time.
const ONE_WARNING: Duration = Duration::from_secs(10);

/// Catches the signals for as long as it lives.
#[derive(Debug)]
pub struct StopSignals {
    signals: Signals,
    first: Option<(&'static str, Instant)>,
    /// USR1 is only a warning.
    warns: bool,
    warned: Option<Instant>,
    warning: Option<&'static str>,
    /// What came before there was a runner: the job script tells.
    early: Option<i32>,
}

impl StopSignals {
    /// Begins to catch them.
    pub fn catch() -> io::Result<Self> {
        let early = std::env::var(EARLY)
            .ok()
            .and_then(|told| CAUGHT.into_iter().find(|signal| name(*signal) == told));
        Ok(Self {
            signals: Signals::new(CAUGHT)?,
            first: None,
            warns: false,
            warned: None,
            warning: None,
            early,
        })
    }

    /// From now on USR1 is a warning, and stops nothing.
    pub fn usr1_warns(&mut self) {
        self.warns = true;
    }

    /// Whether USR1 is a warning: what the runner starts must not die of it either.
    pub fn does_usr1_warn(&self) -> bool {
        self.warns
    }

    /// Whether a signal is one of them.
    pub fn catches(signal: i32) -> bool {
        CAUGHT.contains(&signal)
    }

    /// The first signal that has come, if any. Once one has come, this stays so.
    pub fn seen(&mut self) -> Option<&'static str> {
        if self.first.is_none() {
            let now = clock::instant();
            for signal in self.early.take().into_iter().chain(self.signals.pending()) {
                if signal != SIGUSR1 || !self.warns {
                    self.first = self.first.or(Some((name(signal), now)));
                } else if self
                    .warned
                    .is_none_or(|warned| now.saturating_duration_since(warned) > ONE_WARNING)
                {
                    self.warned = Some(now);
                    self.warning = Some(name(signal));
                }
            }
        }
        self.first.map(|(name, _)| name)
    }

    /// What is to be told of a signal that has come and is no reason to stop; once.
    pub fn warning(&mut self) -> Option<String> {
        self.seen();
        let name = self.warning.take()?;
        Some(format!(
            "signal {name}: Grid Engine is about to suspend the job, or its soft time limit (s_rt) is over; the run goes on"
        ))
    }

    /// When it was seen.
    pub fn since(&mut self) -> Option<Instant> {
        self.seen();
        self.first.map(|(_, at)| at)
    }
}

fn name(signal: i32) -> &'static str {
    match signal {
        SIGTERM => "TERM",
        SIGINT => "INT",
        SIGHUP => "HUP",
        SIGUSR1 => "USR1",
        SIGUSR2 => "USR2",
        SIGXCPU => "XCPU",
        _ => "another",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One test for both: signals come to the whole process.
    #[test]
    fn usr1_stops_a_run_unless_it_is_a_warning() {
        let send = || {
            rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::USR1)
                .expect("sent")
        };
        let mut stops = StopSignals::catch().expect("caught");
        let mut warns = StopSignals::catch().expect("caught");
        warns.usr1_warns();
        send();
        let mut said = None;
        while said.is_none() || stops.seen().is_none() {
            said = said.or_else(|| warns.warning());
        }
        assert_eq!((stops.seen(), warns.seen(), warns.since()), (Some("USR1"), None, None));
        assert!(said.is_some_and(|said| said.starts_with("signal USR1: Grid Engine")));
        // The copy that the job script sends.
        send();
        assert_eq!((warns.seen(), warns.warning()), (None, None));
    }
}
