//! What the scheduler scripts share on the login node, and how their answers look.
//!
//! A scheduler command runs through `rl_run` or `rl_apart`, which keep its output and its
//! complaints apart although a section mixes them: first the output, then a line `!STATUS`,
//! then what it said on standard error. Small awk programs reduce that to lines of ours, each
//! with a word at its head, so that what another user's job is called never matters.
//!
//! Hidden here: what counts as a complaint of the scheduler. Its programs may print an error
//! and exit with 0; profiles, modules, wrappers and locales print on the same standard error
//! and mean nothing.

use std::collections::BTreeMap;

use super::PollError;
use crate::domain::text::spaced;
use crate::domain::{JobId, Seen};

/// The exit status that stands for 0 with a complaint of the scheduler.
pub(super) const COMPLAINED: i32 = 98;
/// The exit status that stands for 0 with lines that are no rows, and none that is.
pub(super) const NO_ROWS: i32 = 97;
/// The exit status of a look-up when the queue lists no such job, and the accounting gave no whole answer.
pub(super) const QUEUE_ALONE: i32 = 3;
/// The exit status of a submission whose program is not on the login node: nothing was run.
pub(super) const NOT_THERE: i32 = 93;

/// Prints what the queue's text has found.
pub(super) const SHOW_SEEN: &str = r#"printf '%s\n' "$RL_SEEN""#;

/// Shell text that finds the scheduler's programs and defines what the texts use:
/// - `rl_limit SECONDS COMMAND ...`
/// - `rl_left SECONDS`: prints so many seconds, or fewer when the request has no more left
/// - `rl_run SECONDS COMMAND ...`: a question. Its status is 98 when it was 0 with a complaint
/// - `rl_apart COMMAND ...`: an order, whose status is its own
/// - `rl_data`, `rl_why NAME`: of such an answer, the output, or why there is none
/// - `rl_told WORD NAME`: of an answer that awk has read, why it is not sound; `rl_status WORD`: its status
///
/// What is kept of an answer is bounded: one that goes on and on is none.
///
/// What surrounds the programs is prepared in `surroundings`.
macro_rules! prelude {
    ($tool:literal) => {
        concat!(
            r#"rl_limit() {
if command -v timeout >/dev/null 2>&1; then timeout "$@"; else shift; "$@"; fi
}
rl_left() {
rl_now=$(date +%s 2>/dev/null)
case $RL_BEGAN:$rl_now:$RL_PATIENCE in *[!0-9:]* | :* | *: | *::*) echo "$1"; return ;; esac
rl_now=$((RL_PATIENCE - rl_now + RL_BEGAN))
if [ "$rl_now" -lt 1 ]; then rl_now=1; fi
if [ "$rl_now" -lt "$1" ]; then echo "$rl_now"; else echo "$1"; fi
}
rl_complaints() {
awk '{ l = tolower($0) }
l ~ /unrecognized key|deprecated|obsolete|ignored|ignoring|defunct|remove it from slurm.conf|nodenames=|resetting|reset to|match no sockets/ { next }
l ~ /munge encode failed|if munged is up|retrying|couldn.t make tres_list/ { next }
l ~ /(^|[ \/])(squeue|sacct|scancel|scontrol|qstat|qacct|qdel): (error|fatal|critical)/ { print; next }
l ~ /(^|[ :])slurm_[a-z0-9_]+ (error|failed)/ { print; next }
l ~ /unable to contact slurm controller|socket timed out on send|zero bytes were transmitted|could not establish a configuration source/ { print; next }
l ~ /protocol authentication error|incompatible versions of client and server|problem talking to the database|unable to connect to database/ { print; next }
l ~ /^critical error: |commlib error|unable to (contact|send message to) qmaster|failed receiving gdi request/ { print; next }
l ~ /^(error: )?denied: |^error: (getting configuration|unable to initialize environment|cell directory|can.t resolve host|please set the environment variable sge_)/ { print }'
}
rl_take() {
{ rl_said=$({ { { "$@" </dev/null 2>&4 3>&- 4>&-; printf '!rl %s\n' "$?" >&4; } | { head -c "$RL_MOST"; cat >/dev/null; } >&3; } 4>&1 | { head -c 32768; tail -c 32768; }; }); } 3>&1
rl_status=${rl_said##*!rl } rl_said=$(printf '%s' "${rl_said%!rl *}")
rl_status=${rl_status%%[!0-9]*}
}
rl_tell() {
case $rl_status in 126 | 127) if [ -n "$rl_login_said" ]; then rl_status=1 rl_said="it was not found on the login node: $rl_login_said"; fi ;; esac
printf '\n!%s\n%s\n' "$rl_status" "$rl_said"
return "$rl_status"
}
rl_apart() { RL_MOST=65536; rl_take "$@"; if rl_again; then rl_take "$@"; fi; rl_tell; }
rl_run() {
rl_all=$(RL_MOST=67108865; rl_take rl_limit "$@"; if rl_again; then rl_take rl_limit "$@"; fi; rl_tell)
rl_status=$?
if [ "${#rl_all}" -gt 67108864 ]; then rl_status=98 rl_said='the answer is longer than 64 MB'; rl_tell; return 98; fi
case $rl_status:$rl_all in 0:*[Ee]rror* | 0:*ERROR* | 0:*fatal* | 0:*enied* | 0:*nable* | 0:*ailure* | 0:*ytes* | 0:*imed*)
# What stands in the answer itself is a complaint when it is no row of it.
rl_said=$(printf '%s\n' "$rl_all" | sed '1,/^![0-9][0-9]*$/{/[|<]/d;}' | rl_complaints)
if [ -n "$rl_said" ]; then rl_status=98; printf '%s\n' "$rl_all" | rl_data; rl_tell; return 98; fi ;;
esac
printf '%s\n' "$rl_all"
return "$rl_status"
}
rl_data() { sed -n '/^![0-9][0-9]*$/q
/./p'; }
rl_why() {
rl_text=$(sed '1,/^![0-9][0-9]*$/d' | head -n 20)
printf '%s\n' "${rl_text:-$1 gave no answer}"
}
rl_status() { sed -n "s/^$1 //p" | tail -n 1; }
rl_told() { awk -v word="$1" -v name="$2" '
sub(/^! /, "") { said = said $0 "\n"; next }
$1 == word && $2 == 97 { printf "%s gave no list of jobs, but said: %s", name, said; exit }
$1 == word && said != "" { printf "%s", said; exit }
$1 == word && $2 == 124 { print name " did not answer in time"; exit }
$1 == word && $2 == 127 { print name " was not found on the login node"; exit }
$1 == word && $2 == "-1" { print "the answer of " name " was cut off"; exit }
$1 == word { print name " ended with exit status " $2; exit }
/^(queue|accounting) / { said = "" }'
}
"#,
            surroundings!(),
            "rl_need ",
            $tool,
            "\n"
        )
    };
}

/// The head of each awk program that reads `rl_run`: `RL_IDS` are the numbers that matter, each with the
/// name of its job behind `=`. What is no row of the answer is counted in `odd`, and what is one in `rows`:
/// an answer of lines that are no rows, and of none that is, is not an empty list.
///
/// Values come through the environment, because awk takes a backslash in one that is assigned for the
/// beginning of an escape: some names of users have one.
macro_rules! awk_head {
    () => {
        r#"
BEGIN {
    status = -1
    count = split(ENVIRON["RL_IDS"], list, /[ ,]+/)
    for (i = 1; i <= count; i++) { at = index(list[i], "="); if (at) { want[substr(list[i], 1, at - 1)] = substr(list[i], at + 1); list[i] = substr(list[i], 1, at - 1) } ours[list[i]] = 1 }
}
function complain(text) { if (text != "" && ++complaints <= 20) print "! " substr(text, 1, 400) }
# A number is given anew when they have all been used, or when the records were begun anew.
function fits(id, name) { return (id in ours) && (want[id] == "" || name == "" || name == want[id]) }
function odd_line(text) { if (text != "" && ++odd <= 5) strange[odd] = text }
function verdict() {
    if ((status == "0" || status == "98") && odd && !rows) {
        status = 97
        for (i = 1; i <= odd && i <= 5; i++) complain(strange[i])
    }
    return status
}
said { complain($0); next }
/^![0-9]+$/ { said = 1; status = substr($0, 2); next }
"#
    };
}

/// What an awk program calls for a job: prints it when it carries a name that we give, or the one that is
/// asked for (`RL_WANTED`).
macro_rules! awk_listed {
    () => {
        r#"
function listed(id, word, name) {
    if (name != "" && name == ENVIRON["RL_WANTED"] || name ~ /^rl-sp-[0-9a-f]+-[0-9]+$/ && shown++ < 1000) print "s " id "|" word "|" name
}
"#
    };
}

pub(super) use {awk_head, awk_listed, prelude};

/// What came of one scheduler command.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Outcome {
    /// Its exit status.
    pub(super) status: i32,
    /// What it said on standard error, in one line.
    pub(super) said: String,
}

/// The answer of an `ask` script.
#[derive(Debug, Clone, Default)]
pub(super) struct Answer<'a> {
    rows: Vec<(&'a str, &'a str)>,
    outcomes: BTreeMap<&'a str, Outcome>,
}

impl<'a> Answer<'a> {
    /// Takes the lines `WORD REST` of one answer; lines `! TEXT` belong to the next line
    /// `queue STATUS` or `accounting STATUS`.
    pub(super) fn parse(lines: impl IntoIterator<Item = &'a str>) -> Self {
        let mut answer = Self::default();
        let mut said = Vec::new();
        for line in lines {
            let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
            match word {
                "!" => said.push(rest),
                "queue" | "accounting" => {
                    // A command without a status was cut off.
                    let status = rest.trim().parse().unwrap_or(-1);
                    answer
                        .outcomes
                        .insert(word, Outcome { status, said: useful(&said.join("\n")) });
                    said.clear();
                }
                _ => answer.rows.push((word, rest)),
            }
        }
        answer
    }

    /// The rest of each line with this word, in order.
    pub(super) fn rows(&self, word: &str) -> impl Iterator<Item = &'a str> {
        self.rows.iter().filter(move |(known, _)| *known == word).map(|(_, rest)| *rest)
    }

    /// What came of the command that this word stands for; `None` when it was not run.
    pub(super) fn outcome(&self, word: &str) -> Option<&Outcome> {
        self.outcomes.get(word)
    }
}

/// Why the queue's answer is not sound, though it answered: it complained, or printed something else than
/// its rows.
///
/// # Errors
/// When it did not answer.
pub(super) fn doubt(answer: &Answer<'_>, program: &str) -> Result<Option<String>, PollError> {
    let queue = answer
        .outcome("queue")
        .ok_or_else(|| PollError(format!("the answer of {program} is not complete")))?;
    match queue.status {
        0 => Ok(None),
        COMPLAINED | NO_ROWS => Ok(Some(queue.problem(program))),
        _ => Err(PollError(queue.problem(program))),
    }
}

/// What is to be said of a job that neither the queue's rows nor the accounting's know.
pub(super) fn absent(
    answer: &Answer<'_>,
    number: &str,
    doubt: Option<&str>,
    program: &str,
    answered: impl Fn(&Outcome) -> bool,
) -> Seen {
    let other =
        answer.rows("n").filter_map(|row| row.split_once('|')).find(|(id, _)| *id == number);
    if let Some((_, name)) = other {
        return Seen::Unclear(format!(
            "the job of this number in the queue is called {:?}",
            useful(name)
        ));
    }
    match (doubt, answer.outcome("accounting")) {
        (Some(doubt), _) => Seen::Unclear(doubt.to_owned()),
        (None, Some(outcome)) if answered(outcome) => Seen::Absent,
        (None, Some(outcome)) => Seen::Unclear(outcome.problem(program)),
        (None, None) => Seen::Unclear(format!("the answer of {program} is missing")),
    }
}

impl Outcome {
    /// Why the command `name` did not answer, for a person.
    pub(super) fn problem(&self, name: &str) -> String {
        match (self.status, self.said.as_str()) {
            (124, _) => format!("{name} did not answer in time"),
            (COMPLAINED, said) => format!("{name}: {said}"),
            (NO_ROWS, said) => format!("{name} gave no list of jobs, but said: {said}"),
            (127, _) => format!(
                "{name} was not found on the login node: put it in the PATH of your login shell"
            ),
            (-1, _) => format!("the answer of {name} was cut off"),
            (status, "") => format!("{name} ended with exit status {status}"),
            (_, said) => format!("{name}: {said}"),
        }
    }
}

/// Output and complaints of one command, apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Apart<'a> {
    /// What it printed.
    pub(super) out: &'a str,
    /// What it said on standard error.
    pub(super) said: &'a str,
}

impl<'a> Apart<'a> {
    /// Reads what `rl_apart` printed. What has no line `!STATUS` may be either.
    pub(super) fn of(answer: &'a str) -> Self {
        let mut at = 0;
        for line in answer.split_inclusive('\n') {
            let end = at + line.len();
            if line.trim_end().strip_prefix('!').is_some_and(|status| {
                !status.is_empty() && status.bytes().all(|b| b.is_ascii_digit())
            }) {
                return Self { out: &answer[..at], said: &answer[end..] };
            }
            at = end;
        }
        Self { out: answer, said: answer }
    }

    /// Both in one line, for a person.
    pub(super) fn told(&self) -> String {
        if self.out == self.said {
            useful(self.out)
        } else {
            useful(&format!("{}\n{}", self.said, self.out))
        }
    }
}

/// One job that carries a name of ours, as the queue lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Listed<'a> {
    pub(super) id: JobId,
    pub(super) word: &'a str,
    pub(super) name: &'a str,
}

/// The lines `s ID|WORD|NAME` of an answer.
pub(super) fn listed(text: &str) -> impl Iterator<Item = Listed<'_>> {
    text.lines().filter_map(|line| {
        let mut fields = line.strip_prefix("s ")?.splitn(3, '|');
        Some(Listed {
            id: JobId::parse(fields.next()?)?,
            word: fields.next()?.trim(),
            name: fields.next()?.trim(),
        })
    })
}

/// The lines of a scheduler's message that a person needs, in one line of at most 500
/// characters, without control characters and without the program's name in front.
pub(super) fn useful(text: &str) -> String {
    const PREFIXES: [&str; 7] =
        ["error: ", "fatal: ", "sbatch: ", "squeue: ", "sacct: ", "scancel: ", "qsub: "];
    let mut lines: Vec<String> = Vec::new();
    for line in text.lines() {
        let clean = spaced(line);
        let mut line = clean.trim();
        while let Some(rest) = PREFIXES.iter().find_map(|prefix| line.strip_prefix(prefix)) {
            line = rest.trim_start();
        }
        if !line.is_empty() && line != "Exiting." && !lines.iter().any(|known| known == line) {
            lines.push(line.to_owned());
        }
    }
    let joined = lines.join("; ");
    match joined.char_indices().nth(500) {
        Some(_) => joined.chars().take(499).chain(['…']).collect(),
        None => joined,
    }
}

/// Splits an exit status of a shell into exit code and signal.
pub(super) fn signal_of(code: i32) -> Option<i32> {
    (129..=192).contains(&code).then(|| code - 128)
}

#[cfg(test)]
pub(super) use super::testing;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_short_clean_and_without_repetition() {
        assert_eq!(
            useful(
                "sbatch: error: invalid partition specified: nope\nsbatch: error: Batch job submission failed: Invalid partition name specified\n"
            ),
            "invalid partition specified: nope; Batch job submission failed: Invalid partition name specified"
        );
        assert_eq!(
            useful("Unable to run job: unknown resource \"nosuch\"\nExiting.\n"),
            "Unable to run job: unknown resource \"nosuch\""
        );
        assert_eq!(useful("a\u{1b}[31mred\u{7}\n\n  a\u{1b}[31mred\u{7}"), "a [31mred");
        let long = useful(&"é".repeat(3000));
        assert_eq!((long.chars().count(), long.ends_with('…')), (500, true));
    }

    #[test]
    fn complaints_belong_to_their_command() {
        let answer = Answer::parse([
            "q 1|RUNNING",
            "! warned",
            "queue 0",
            "! down",
            "accounting 1",
            "",
            "nonsense",
        ]);
        assert_eq!(answer.rows("q").collect::<Vec<_>>(), ["1|RUNNING"]);
        assert_eq!(
            answer.outcome("queue"),
            Some(&Outcome { status: 0, said: "warned".to_owned() })
        );
        assert_eq!(
            answer.outcome("accounting").map(|o| o.problem("sacct")).as_deref(),
            Some("sacct: down")
        );
        assert_eq!(Answer::parse(["queue"]).outcome("queue").map(|o| o.status), Some(-1));
        assert_eq!(Answer::parse([]).outcome("queue"), None);
    }
}
