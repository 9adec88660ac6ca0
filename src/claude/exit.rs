//! How a process exited, in the words of the operating system.
//!
//! Hides that a signal shows in two ways: the process died of it, or it (or a shell
//! around it) caught it and reported 128 + its number. Numbers are those of Linux.

/// How the process exited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// By itself, with this code.
    Code(i32),
    /// Killed by this signal.
    Signal(i32),
}

impl Exit {
    /// The signal that ended it, if one did.
    pub fn signal(self) -> Option<i32> {
        match self {
            Self::Signal(number) => Some(number),
            Self::Code(code @ 129..=192) => Some(code - 128),
            Self::Code(_) => None,
        }
    }
}

/// Signals a program brings upon itself.
pub(super) fn is_crash(signal: i32) -> bool {
    matches!(signal, 4..=8 | 11 | 31)
}

pub(super) fn signal_name(signal: i32) -> String {
    let name = match signal {
        1 => "SIGHUP",
        2 => "SIGINT",
        3 => "SIGQUIT",
        4 => "SIGILL",
        6 => "SIGABRT",
        7 => "SIGBUS",
        9 => "SIGKILL",
        10 => "SIGUSR1",
        11 => "SIGSEGV",
        12 => "SIGUSR2",
        13 => "SIGPIPE",
        15 => "SIGTERM",
        24 => "SIGXCPU",
        other => return format!("signal {other}"),
    };
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caught_signal_is_a_signal_too() {
        assert_eq!(Exit::Code(143).signal(), Some(15));
        assert_eq!(Exit::Code(129).signal(), Some(1));
        assert_eq!(Exit::Signal(10).signal(), Some(10));
        for code in [0, 1, 126, 127, 128, 255, -1] {
            assert_eq!(Exit::Code(code).signal(), None, "{code}");
        }
    }
}
