//! The signals that ask a runner to stop.
//!
//! Schedulers announce the end of a job with several: SLURM with TERM (and USR1 or another
//! when asked for), Grid Engine with USR1, USR2 or XCPU. Some of them would kill Claude at
//! once and leave its training processes alive, so all of them end here, and Claude gets TERM.

use std::io;
use std::time::Instant;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGUSR2, SIGXCPU};
use signal_hook::iterator::Signals;

use crate::platform::clock;

const CAUGHT: [i32; 6] = [SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2, SIGXCPU];

/// Catches the signals for as long as it lives.
#[derive(Debug)]
pub struct StopSignals {
    signals: Signals,
    first: Option<(&'static str, Instant)>,
}

impl StopSignals {
    /// Begins to catch them.
    pub fn catch() -> io::Result<Self> {
        Ok(Self { signals: Signals::new(CAUGHT)?, first: None })
    }

    /// Whether a signal is one of them.
    pub fn catches(signal: i32) -> bool {
        CAUGHT.contains(&signal)
    }

    /// The first signal that has come, if any. Once one has come, this stays so.
    pub fn seen(&mut self) -> Option<&'static str> {
        if self.first.is_none() {
            self.first = self.signals.pending().next().map(|signal| (name(signal), clock::instant()));
        }
        self.first.map(|(name, _)| name)
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
