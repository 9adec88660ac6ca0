//! What a program printed, as one text that can be compared.

use std::fmt;

/// Standard output, standard error and the exit code of a program that has ended.
#[derive(Debug, Clone)]
pub struct Output {
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
    /// The exit code; 128 + N for a signal.
    pub code: i32,
}

impl Output {
    /// Asserts an exit code, with everything that was printed in the message.
    #[track_caller]
    pub fn code(self, code: i32) -> Self {
        assert_eq!(self.code, code, "another exit code than expected:\n{self}");
        self
    }

    /// Asserts success.
    #[track_caller]
    pub fn success(self) -> Self {
        self.code(0)
    }

    /// Asserts that a text was printed, on either stream.
    #[track_caller]
    pub fn says(self, text: &str) -> Self {
        assert!(
            self.stdout.contains(text) || self.stderr.contains(text),
            "it does not say {text:?}:\n{self}"
        );
        self
    }

    /// Asserts that a text was not printed.
    #[track_caller]
    pub fn never_says(self, text: &str) -> Self {
        assert!(
            !self.stdout.contains(text) && !self.stderr.contains(text),
            "it says {text:?}:\n{self}"
        );
        self
    }

    /// Standard output as JSON, or null.
    pub fn json_or_null(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_default()
    }

    /// Standard output as JSON.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("no JSON ({error}):\n{self}"))
    }
}

impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}---- stderr ----\n{}[exit status: {}]\n", self.stdout, self.stderr, self.code)
    }
}
