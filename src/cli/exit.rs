//! How commands end: exit codes.

use crate::problem::Problem;

/// How a command ended that did what it should.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0.
    Success,
    /// 1: it worked, and the answer is bad (a failed sprint, a cluster that is down).
    Bad,
    /// 6: it waits for something.
    Waiting,
    /// 128 + a signal.
    Signal(u8),
    /// As the runner says.
    Runner(u8),
}

impl Exit {
    /// The exit code.
    pub fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Bad => 1,
            Self::Waiting => 6,
            Self::Signal(number) => 128 + number,
            Self::Runner(code) => code,
        }
    }
}

/// What a command returns.
pub type Result<T = Exit> = std::result::Result<T, Problem>;
