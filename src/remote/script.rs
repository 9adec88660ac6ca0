//! A script for the far side. Only text that is part of this program becomes
//! shell text; everything else goes in as a quoted value or as input.

use std::fmt::Write as _;
use std::path::PathBuf;

/// Bytes that travel behind the script, on its standard input.
#[derive(Debug, Clone)]
pub enum Payload {
    /// Bytes in memory.
    Bytes(Vec<u8>),
    /// A file of this machine, of which exactly so many bytes are sent.
    File {
        /// Where it lies.
        path: PathBuf,
        /// How many bytes are sent.
        len: u64,
    },
}

impl Payload {
    /// How many bytes are sent.
    pub fn len(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::File { len, .. } => *len,
        }
    }

    /// Whether there is nothing to send.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A section's text stands between these: they keep its standard error apart, and its exit status
/// behind that.
const BEFORE: &str = "{ rl_err=$({ {\n";
const AFTER: &str =
    " 2>&1 >&3 3>&-\n}; printf '!rl %s\\n' $?; } | rl_few); } 3>&1\nrl_e \"$rl_err\"";

/// A POSIX shell script, and what it reads. Built from fixed text and quoted values.
#[derive(Debug, Clone, Default)]
pub struct Script {
    text: String,
    payloads: Vec<Payload>,
}

impl Script {
    /// An empty script.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets a shell variable to exactly this value.
    ///
    /// # Panics
    /// When the name is not a plain upper-case shell name: names are program text.
    pub fn set(&mut self, name: &'static str, value: &str) -> &mut Self {
        assert!(
            name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_'),
            "{name}"
        );
        let _ = writeln!(self.text, "{name}={}", quoted(value));
        self
    }

    /// Adds fixed text at top level. Its output is outside of all sections and is lost. `RL_RC` is
    /// the exit status of the section before it.
    pub fn plain(&mut self, text: &'static str) -> &mut Self {
        self.text.push_str(text);
        self.text.push('\n');
        self
    }

    /// Adds a section: runs the text in a subshell without input, and answers with all
    /// that it prints and its exit status. What it says on standard error is no data: it stands behind
    /// that, its first and last lines, and only when the exit status is not 0.
    pub fn section(&mut self, name: &str, text: &'static str) -> &mut Self {
        self.section_of(name, &[text])
    }

    /// Like [`Script::section`], of several texts, one behind the other.
    pub fn section_of(&mut self, name: &str, texts: &[&'static str]) -> &mut Self {
        let _ = writeln!(
            self.text,
            "rl_b {}\n{BEFORE}(\n{}\n) </dev/null{AFTER}",
            quoted(name),
            texts.concat()
        );
        self
    }

    /// Like [`Script::section`], but the text reads the payload from its standard input.
    /// What it leaves over is thrown away before the next section. `RL_LEN` is how many bytes
    /// there should be: fewer come when the connection ends.
    pub fn section_with_input(
        &mut self,
        name: &str,
        payload: Payload,
        text: &'static str,
    ) -> &mut Self {
        let _ = writeln!(
            self.text,
            "rl_b {}\nRL_LEN={}\n{BEFORE}head -c \"$RL_LEN\" | (\n{text}\nrl_rc=$?\ncat >/dev/null\nexit $rl_rc\n){AFTER}",
            quoted(name),
            payload.len()
        );
        self.payloads.push(payload);
        self
    }

    /// The whole script as the far side reads it, for answers framed by `nonce`.
    pub(crate) fn wire_text(&self, nonce: &str) -> String {
        // In braces, so that a script that was cut on the way is no script at all, instead of one
        // whose first half is run.
        format!(
            "{{\numask 077\nLC_ALL=C\nexport LC_ALL\n\
             rl_b() {{ printf '\\n%s + %s\\n' {nonce} \"$1\"; }}\n\
             rl_few() {{ head -c 16384; exec tail -c 16384; }}\n\
             rl_e() {{ RL_RC=${{1##*!rl }}; RL_RC=${{RL_RC%%[!0-9]*}}; case $RL_RC:${{1%!rl *}} in 0:* | *:) ;; *) printf '\\n%s' \"${{1%!rl *}}\" ;; esac; printf '\\n%s = %s\\n' {nonce} \"$RL_RC\"; }}\n\
             {}printf '\\n%s .\\n' {nonce}\n}}\n",
            self.text
        )
    }

    /// What follows the script on its standard input.
    pub fn payloads(&self) -> &[Payload] {
        &self.payloads
    }

    /// The script for a person: what `--dry-run` shows.
    pub fn shown(&self) -> &str {
        &self.text
    }
}

/// One word for a POSIX shell.
pub(crate) fn quoted(value: &str) -> String {
    let value = value.replace('\0', "");
    format!("'{}'", value.replace('\'', r"'\''"))
}
