//! Everything that is known of the Claude Code command line: how one call of it is
//! written, what its event stream says, what that cost, and how it ended.
//!
//! Nothing outside this folder knows a flag, a field or a message of that program.
//! It is pure: text goes in, values come out; nobody here starts a process, reads a
//! file or looks at a clock. The stream is written by a program whose fields change
//! with its version, about work done by a model, so every reader here is total: a
//! missing, unknown or wrongly typed field is left out, never an error.

mod call;
mod cost;
mod dead_end;
mod event;
mod exit;
mod fold;
mod notice;
mod price;
mod text;
mod tools;
mod verdict;
mod whole;

#[cfg(test)]
mod hostile_tests;
#[cfg(test)]
mod sample_tests;

pub use call::{Call, Permissions, Session, arguments, environment, instructs};
pub use cost::{Spent, rate};
pub use dead_end::DeadEnd;
pub use exit::Exit;
pub use fold::Fold;
pub use notice::{Limit, LimitStatus, Notice, Window};
pub use verdict::{OwnLimit, Unbegun, Verdict};
pub use whole::is_damage as is_session_damage;

/// Text for `bash -c`, with the program behind it: looks for the program as a job does, with the
/// user's profile and the places that the job script adds.
pub const LOOK_UP: &str = r#"look() { PATH=$HOME/.local/bin:$HOME/.claude/bin:$PATH:/usr/local/bin:/usr/bin:/bin; command -v "$1" >/dev/null; }
program=$0
case $(for profile in ~/.bashrc ~/.profile; do [ -f "$profile" ] || continue; . "$profile" >/dev/null 2>&1 </dev/null; break; done
if look "$program"; then printf found; else printf absent; fi) in
*found*) exit 0 ;;
*absent*) exit 1 ;;
esac
look "$program""#;
