//! The shell texts that look for jobs by their names, for both schedulers.
//!
//! They stand behind what defines `rl_queue` and `rl_named` for a scheduler: what its queue lists, and
//! what its accounting knows of names. Hidden here: which of the two is believed, when only one was heard.

/// Prints the ids of the jobs named `$RL_NAME`, by what defines `rl_queue` and `rl_named`; those last that
/// are still there. Whatever one of the two witnesses finds is there, whether the other answers or not.
macro_rules! look_up {
    ($queue:literal, $accounting:literal, $($ended:tt)*) => {
        concat!(
            r#"rl_ids() { awk 'sub(/^s /, "") { split($0, field, "|"); if (field[3] != ENVIRON["RL_WANTED"]) next
if (field[2] ~ /^("#,
            $($ended)*,
            r#")/) print field[1]; else live = live field[1] "\n" }
END { printf "%s", live }'; }
RL_WANTED=$RL_NAME; export RL_WANTED
rl_seen=$(rl_queue '')
rl_found=$(printf '%s\n' "$rl_seen" | rl_ids)
if [ -n "$rl_found" ]; then printf '%s\n' "$rl_found"; exit 0; fi
"#,
            behind_the_queue!($queue, $accounting),
            r#"rl_accounted=$(rl_named "$RL_NAME")
rl_found=$(printf '%s\n' "$rl_accounted" | rl_ids)
if [ -n "$rl_found" ]; then printf '%s\n' "$rl_found"; exit 0; fi
"#,
            behind_the_accounting!($accounting),
        )
    };
}

/// Lists the jobs of ours in the queue, and what the accounting knows of the names in `$RL_NAMES`.
macro_rules! look_up_all {
    ($queue:literal, $accounting:literal) => {
        concat!(
            r#"rl_seen=$(rl_queue '')
printf '%s\n' "$rl_seen" | sed -n '/^s /p'
"#,
            behind_the_queue!($queue, $accounting),
            r#"rl_accounted=$(rl_named "$RL_NAMES")
printf '%s\n' "$rl_accounted" | sed -n 's/^s \([^|]*\)|[^|]*|/s \1|-|/p'
"#,
            behind_the_accounting!($accounting),
        )
    };
}

macro_rules! behind_the_queue {
    ($queue:literal, $accounting:literal) => {
        concat!(
            r#"rl_why=
if [ "$(printf '%s\n' "$rl_seen" | rl_status queue)" != 0 ]; then rl_why=$(printf '%s\n' "$rl_seen" | rl_told queue "#,
            $queue,
            r#"); fi
if [ -n "$RL_QUEUE_ONLY" ] || ! command -v "#,
            $accounting,
            r#" >/dev/null 2>&1; then
if [ -n "$rl_why" ]; then printf '%s\n' "$rl_why"; exit 1; fi
exit 0
fi
"#
        )
    };
}

macro_rules! behind_the_accounting {
    ($accounting:literal) => {
        concat!(
            r#"if [ -n "$rl_why" ]; then printf '%s\n' "$rl_why"; exit 1; fi
if [ "$(printf '%s\n' "$rl_accounted" | rl_status accounting)" = 0 ]; then exit 0; fi
printf '%s\n' "$rl_accounted" | rl_told accounting "#,
            $accounting,
            "\nexit 3"
        )
    };
}

pub(super) use {behind_the_accounting, behind_the_queue, look_up, look_up_all};
