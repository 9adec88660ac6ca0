//! Finds, in what a program printed before it failed, the line that says why.
//!
//! Hides that the last line often does not: a version, a summary, a stack frame, advice. The text comes
//! from any program in any language, so the words decide only which of its own lines is shown.

/// Words at the end of what stands before a colon, in lower case: the line names an error itself.
const NAMES: &[&str] = &["error", "exception", "fatal", "panic", "critical", "failure"];
/// What a shell or the kernel says of a process that is gone.
const ENDS: &[&str] = &[
    "segmentation fault",
    "bus error",
    "illegal instruction",
    "core dumped",
    "panicked at",
    "terminate called",
    "oom-kill",
    "oom_kill",
];
/// A line with one of them speaks of a failure, in lower case.
const SPEAKS: &[&str] = &[
    "error",
    "exception",
    "fatal",
    "fail",
    "cannot",
    "can't",
    "can not",
    "could not",
    "couldn't",
    "unable",
    "not found",
    "no such",
    "not a valid",
    "denied",
    "refused",
    "not permitted",
    "not allowed",
    "forbidden",
    "unauthorized",
    "out of memory",
    "no space",
    "timed out",
    "timeout",
    "exceeded",
    "invalid",
    "unknown",
    "unrecognized",
    "unexpected",
    "corrupt",
    "killed",
    "aborted",
    "missing",
    "too large",
    "too long",
    "unreachable",
    "please set",
];
/// A line with one of them only tells that something else has failed, in lower case.
const FOLLOWS: &[&str] = &[
    "exit code",
    "exit status",
    "exited with",
    "returned non-zero",
    "aborting due to",
    "could not compile",
    "make: ***",
    "npm err!",
    "elifecycle",
    "previous error",
    "command failed",
    "job step aborted",
];
/// How a line begins that is a part of a stack, of a program's text, or of the log of what went well.
const NOISE: &[&str] = &[
    "at ",
    "file \"",
    "throw ",
    "raise ",
    "return ",
    "node.js v",
    "traceback (most recent",
    "during handling of",
    "the above exception",
    "note: ",
    "hint: ",
    "help: ",
    "info",
    "debug",
    "[info",
    "[debug",
    "stack backtrace",
    "for help",
    "see ",
    "try ",
];

/// The line of a program's last words that names what went wrong; the last one that says anything where
/// none does. Empty when nothing was said.
pub fn telling(text: &str) -> String {
    let lines: Vec<&str> = text
        .lines()
        .map(str::trim)
        .filter(|line| line.chars().any(char::is_alphanumeric) || is_pointer(line))
        .collect();
    let mut best: Option<(u8, usize)> = None;
    for (at, line) in lines.iter().enumerate() {
        if is_pointer(line) {
            continue;
        }
        let is_code = lines.get(at + 1).is_some_and(|next| is_pointer(next));
        let weight = if is_code { 0 } else { weight(line) };
        if best.is_none_or(|(most, _)| weight >= most) {
            best = Some((weight, at));
        }
    }
    let Some((_, at)) = best else { return String::new() };
    let line = lines[at];
    // What went wrong may stand in the line behind.
    match lines.get(at + 1).filter(|next| line.ends_with(':') && !is_pointer(next)) {
        Some(next) => format!("{line} {next}"),
        None => line.to_owned(),
    }
}

/// Marks below a line of a program's text: `^~~~`.
fn is_pointer(line: &str) -> bool {
    !line.is_empty()
        && line.chars().all(|c| matches!(c, '^' | '~' | ' ' | '|'))
        && line.contains('^')
}

fn weight(line: &str) -> u8 {
    let lower = line.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    if NOISE.iter().any(|begin| lower.starts_with(begin)) {
        return 0;
    }
    // Not the one that follows: a text of its own may hold colons.
    let is_warning = lower.split(':').take(3).any(|part| {
        part.trim_end_matches(']').ends_with("warning") || part.trim().starts_with("warn")
    });
    if is_warning {
        return 1;
    }
    let parts: Vec<&str> = lower.split(':').collect();
    let names = parts[..parts.len() - 1].iter().any(|part| {
        let word = part.trim().rsplit([' ', '.', '(']).next().unwrap_or_default();
        let word = word.split('[').next().unwrap_or_default().trim_end_matches([']', ')']);
        NAMES.iter().any(|name| word.ends_with(name))
    });
    // The name of an exception may stand alone: `MemoryError`, `KeyboardInterrupt`.
    let is_name = !lower.contains(char::is_whitespace)
        && (lower.ends_with("error") || lower.ends_with("exception"));
    // `bash: line 1: 4711 Killed    python train.py`
    let is_killed = lower == "killed" || line.contains(" Killed");
    match () {
        () if says(FOLLOWS) => 2,
        () if names || is_name || is_killed || says(ENDS) => 4,
        () if says(SPEAKS) => 3,
        () => 1,
    }
}

/// Whether a complaint says that memory of the machine, or the address space that a process may have, was
/// used up. The memory of a graphics card is another matter.
pub fn is_of_memory(line: &str) -> bool {
    const WORDS: &[&str] = &[
        "out of memory",
        "outofmemory",
        "cannot allocate",
        "can't allocate",
        "could not allocate",
        "couldn't allocate",
        "unable to allocate",
        "failed to allocate",
        "allocation failed",
        "memory allocation of",
        "memoryerror",
        "bad_alloc",
        "enomem",
        "heap limit",
        "oom-kill",
        "oom_kill",
        "memory exhausted",
        "could not reserve",
        "failed to reserve",
        "failed to map",
    ];
    const CARDS: &[&str] = &["cuda", "gpu", "hip ", "cudnn", "xla", "device memory", "mps "];
    let lower = line.to_lowercase();
    WORDS.iter().any(|word| lower.contains(word)) && !CARDS.iter().any(|word| lower.contains(word))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_line_that_names_the_error_is_found_in_what_programs_print() {
        for (text, told) in [
            (
                "node:internal/x:5829\n      return await WebAssembly.instantiate(mod, {\n               ^\n\nRangeError: WebAssembly.instantiate(): Out of memory: Cannot allocate Wasm memory for new instance\n    at lazyllhttp (node:internal/x:5829:32)\n\nNode.js v22.13.0\n",
                "RangeError: WebAssembly.instantiate(): Out of memory: Cannot allocate Wasm memory for new instance",
            ),
            (
                "Traceback (most recent call last):\n  File \"t.py\", line 3, in <module>\n    raise ValueError('bad')\nValueError: bad\n",
                "ValueError: bad",
            ),
            (
                "Traceback (most recent call last):\n  File \"t.py\", line 3, in f\n    x = open(p)\n        ^^^^^^^\nFileNotFoundError: [Errno 2] No such file or directory: 'data.csv'\n\nDuring handling of the above exception, another exception occurred:\n\nTraceback (most recent call last):\n  File \"t.py\", line 9\nRuntimeError: no data\nsrun: error: node1: task 0: Exited with exit code 1\n",
                "RuntimeError: no data",
            ),
            (
                "/bin/claude: /lib64/libc.so.6: version `GLIBC_2.28' not found (required by /bin/claude)\n",
                "/bin/claude: /lib64/libc.so.6: version `GLIBC_2.28' not found (required by /bin/claude)",
            ),
            (
                "Loading modules ...\nError: Cannot find module 'x'\nRequire stack:\n- /a/b.js\n\nNode.js v18.2.0",
                "Error: Cannot find module 'x'",
            ),
            (
                "thread 'main' panicked at src/main.rs:2:5:\nboom\nnote: run with `RUST_BACKTRACE=1` environment variable to display a backtrace\n",
                "thread 'main' panicked at src/main.rs:2:5: boom",
            ),
            (
                "bash: line 1: 12345 Killed                  python train.py\nfinished at 12:03\n",
                "bash: line 1: 12345 Killed                  python train.py",
            ),
            (
                "warning: error reporting is off\nerror: unknown option '--x'\n\n",
                "error: unknown option '--x'",
            ),
            (
                "make[1]: x\nfatal: not a git repository\nmake: *** [all] Error 128\n",
                "fatal: not a git repository",
            ),
            (
                "\nClaude configuration file at /h/.claude.json is corrupted: JSON Parse error: Unexpected EOF\nThe corrupted file has been backed up to: /h/x\n\nConfiguration error in /h/.claude.json: JSON Parse error: Unexpected EOF\nNo backup of this file was found.\nFix the JSON in /h/.claude.json, or move the file aside to start with default settings.\n",
                "Configuration error in /h/.claude.json: JSON Parse error: Unexpected EOF",
            ),
            (
                "Exception in thread \"main\" java.lang.OutOfMemoryError: Java heap space\n\tat A.b(A.java:3)\n",
                "Exception in thread \"main\" java.lang.OutOfMemoryError: Java heap space",
            ),
            ("MemoryError\n", "MemoryError"),
            (
                "--dangerously-skip-permissions cannot be used with root/sudo privileges for security reasons\n",
                "--dangerously-skip-permissions cannot be used with root/sudo privileges for security reasons",
            ),
            ("one\ntwo\n\n", "two"),
            (" \n---\n", ""),
            ("", ""),
        ] {
            assert_eq!(telling(text), told, "{text}");
        }
    }

    #[test]
    fn memory_is_told_from_the_memory_of_a_card() {
        for line in [
            "RangeError: WebAssembly.instantiate(): Out of memory: x",
            "MemoryError",
            "std::bad_alloc",
            "fork: Cannot allocate memory",
        ] {
            assert!(is_of_memory(line), "{line}");
        }
        for line in [
            "torch.cuda.OutOfMemoryError: CUDA out of memory.",
            "error: unknown option",
            "no memory of it",
        ] {
            assert!(!is_of_memory(line), "{line}");
        }
    }

    proptest! {
        #[test]
        fn what_is_told_was_said(text in "(?s).{0,400}") {
            for part in telling(&text).split_whitespace() {
                prop_assert!(text.contains(part));
            }
        }
    }
}
