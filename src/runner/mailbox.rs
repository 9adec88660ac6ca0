//! What the agent asks of people, and what people say to it.
//!
//! Both are files in the sprint's own folder: the agent leaves questions in `ask/`, and answers
//! and notes come to `inbox/` from outside. Everything in there may have been written by a model:
//! it is opened without following links, read within bounds, and is text, never a path.

use std::io;
use std::path::{Path, PathBuf};

use super::journal::Journal;
use super::progress::Progress;
use crate::bundle::answers::{self, MAX_SMALL};
use crate::bundle::folder::{Entry as Kind, Folder, Refused};
use crate::bundle::formats::{self, InboxFile};
use crate::bundle::journal::{Entry, Question};
use crate::domain::message::{MAX_ASKED, MAX_CHOICES, MAX_QUESTION, MAX_QUESTIONS, MAX_SAID};
use crate::domain::text::number_of;
use crate::domain::text::{paragraph, typed};
use crate::domain::{Masker, MessageId, MessageKind};

/// How many files are looked at.
pub const MAX_FILES: usize = 2000;
/// How many messages are told at once.
const MAX_MESSAGES: usize = 50;

/// What the agent has asked.
#[derive(Debug)]
pub enum Asks {
    /// Nothing.
    Nothing,
    /// A person has to answer before the step goes on.
    Parked(Vec<Question>),
    /// Nothing that can be used: what is wrong, a sentence each.
    Wrong(Vec<String>),
}

/// The two folders of a run.
#[derive(Debug)]
pub struct Mailbox {
    own: PathBuf,
    /// The files of the questions that the run ends with.
    pending: PendingQuestions,
    /// Names of questions that earlier jobs have asked.
    asked_before: Vec<String>,
}

impl Mailbox {
    /// The mailbox in our folder of a sprint.
    pub fn open(own: &Path, asked_before: Vec<String>) -> Self {
        prepare(own);
        Self { own: own.to_path_buf(), pending: PendingQuestions::default(), asked_before }
    }

    /// Takes the new questions. What cannot be used is noted in the journal and removed; the files of
    /// the questions themselves are removed by [`Mailbox::forget`], once the end of the run is recorded.
    pub fn questions(
        &mut self,
        journal: &mut Journal,
        progress: &mut Progress,
    ) -> io::Result<Asks> {
        let pending = look(&self.own, &progress.state.asked, &journal.masker);
        for problem in pending.problems.iter().take(MAX_QUESTIONS) {
            journal.write(&Entry::Note { text: problem.clone() })?;
        }
        if pending.questions.is_empty() {
            forget(&self.own, &pending);
        } else {
            let names = pending.questions.iter().map(|question| question.name.clone());
            progress.state.asked.extend(names);
            progress.save(journal)?;
        }
        self.pending = pending;
        Ok(if !self.pending.questions.is_empty() {
            Asks::Parked(self.pending.questions.clone())
        } else if !self.pending.problems.is_empty() {
            Asks::Wrong(self.pending.problems.clone())
        } else {
            Asks::Nothing
        })
    }

    /// Removes the files of the questions that were taken last.
    pub fn forget(&self) {
        forget(&self.own, &self.pending);
    }

    /// What people have said, oldest first.
    pub fn inbox(&self) -> Vec<InboxFile> {
        inbox(&self.own)
    }

    /// What the agent was not `told` yet.
    pub fn news(&self, told: &[String]) -> Vec<InboxFile> {
        let news = self.inbox().into_iter().filter(|message| !told.contains(&message.id));
        news.take(MAX_MESSAGES).collect()
    }

    /// Removes answers to questions that are only now asked: nobody but the agent can have written
    /// them. Its processes have ended, so that it writes no others before the answers come. What was
    /// asked before may have an answer that this job did not see yet.
    pub fn remove_forged(&self, questions: &[Question]) {
        remove_forged(&self.own, questions, &self.asked_before);
    }

    /// Removes answers to a question that nobody was asked before.
    pub fn remove_answers_to(&self, question: &Question) {
        remove_forged(&self.own, std::slice::from_ref(question), &[]);
    }
}

/// Makes the two folders, so that nobody has to.
fn prepare(own: &Path) {
    for name in ["ask", "inbox"] {
        let _ = std::fs::create_dir(own.join(name));
    }
}

/// What the agent has left in `ask/`.
#[derive(Debug, Default)]
struct PendingQuestions {
    /// New questions.
    questions: Vec<Question>,
    /// What could not be used, one sentence each.
    problems: Vec<String>,
    /// The names of all that was looked at.
    files: Vec<String>,
}

/// Looks for questions. Names that the run has used before are changed, so that each is unique.
fn look(own: &Path, used: &[String], masker: &Masker) -> PendingQuestions {
    let mut asked = PendingQuestions::default();
    let folder = match Folder::open(own).and_then(|folder| folder.folder("ask")) {
        Ok(folder) => folder,
        Err(Refused::Missing) => return asked,
        Err(problem) => {
            asked.problems.push(format!("the folder for questions {problem}"));
            return asked;
        }
    };
    let listed = folder.list(MAX_FILES).unwrap_or_default();
    let mut left_out = 0;
    for (name, kind) in listed.entries {
        let Some(stem) = stem(&folder, &name, kind) else { continue };
        asked.files.push(name.clone());
        if asked.questions.len() >= MAX_QUESTIONS {
            left_out += 1;
            continue;
        }
        // Its name goes out, and comes back with the answer.
        let stem = masker.text(stem);
        let shown = paragraph(&stem.escape_default().to_string(), 40);
        match read_question(&folder, &name, kind) {
            Ok(mut question) => {
                let names: Vec<&String> =
                    used.iter().chain(asked.questions.iter().map(|other| &other.name)).collect();
                question.name =
                    unique(&plain(&stem), |name| names.iter().any(|known| *known == name));
                asked.questions.push(question);
            }
            Err(problem) => asked.problems.push(format!("the question {shown} {problem}")),
        }
    }
    if left_out > 0 {
        asked.problems.push(format!(
            "more than {MAX_QUESTIONS} questions at once: {} left out",
            number_of(left_out, "file")
        ));
    }
    asked
}

/// The name of a question by that of its file; none for a file that is none. It should end with `.json`,
/// but a plain text that asks something is a question as well.
fn stem<'a>(folder: &Folder, name: &'a str, kind: Kind) -> Option<&'a str> {
    if let Some(stem) = name.strip_suffix(".json") {
        return Some(stem);
    }
    let is_small = matches!(kind, Kind::File(size) if size <= MAX_SMALL);
    let stem = name.strip_suffix(".txt").or_else(|| name.strip_suffix(".md")).unwrap_or(name);
    (is_small && !stem.is_empty() && !stem.contains('.') && asks(folder, name)).then_some(stem)
}

/// Whether a file asks something.
pub fn asks(folder: &Folder, name: &str) -> bool {
    folder
        .read(name, MAX_SMALL)
        .is_ok_and(|bytes| String::from_utf8_lossy(&bytes).contains(['?', '？', '؟']))
}

fn read_question(folder: &Folder, name: &str, kind: Kind) -> Result<Question, String> {
    if let Kind::File(size) = kind
        && size > MAX_SMALL
    {
        return Err(format!("is {size} bytes; at most {MAX_SMALL}"));
    }
    let bytes = folder.read(name, MAX_SMALL).map_err(|problem| problem.to_string())?;
    let ask = answers::ask(&bytes).map_err(|problem| paragraph(&problem, 200))?;
    let text = paragraph(&ask.question, MAX_QUESTION);
    if text.is_empty() {
        return Err("asks nothing".to_owned());
    }
    let (count, length) = MAX_CHOICES;
    let choices = ask
        .choices
        .iter()
        .map(|choice| paragraph(&paragraph(choice, usize::MAX).replace('\n', " "), length))
        .filter(|choice| !choice.is_empty());
    Ok(Question {
        name: String::new(),
        kind: MessageKind::Question,
        text,
        choices: choices.take(count).collect(),
        proposal: None,
    })
}

/// A name of plain characters. Those of approvals are kept free.
fn plain(stem: &str) -> String {
    let plain: String = stem
        .chars()
        .take(60)
        .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.') { c } else { '-' })
        .collect();
    if plain.is_empty() || plain.starts_with("idea-") { format!("ask-{plain}") } else { plain }
}

/// The name, with a number where it is taken.
pub fn unique(name: &str, is_taken: impl Fn(&str) -> bool) -> String {
    let numbered = (2_u32..).map(|number| format!("{name}-{number}"));
    std::iter::once(name.to_owned())
        .chain(numbered)
        .find(|name| !is_taken(name))
        .unwrap_or_default()
}

/// Removes what was looked at.
fn forget(own: &Path, asked: &PendingQuestions) {
    for name in &asked.files {
        let path = own.join("ask").join(name);
        if std::fs::remove_file(&path).is_err() {
            let _ = std::fs::remove_dir_all(&path);
        }
    }
}

/// What people have said, oldest first.
fn inbox(own: &Path) -> Vec<InboxFile> {
    let Ok(folder) = Folder::open(own).and_then(|folder| folder.folder("inbox")) else {
        return Vec::new();
    };
    let mut found: Vec<(std::time::SystemTime, InboxFile)> = Vec::new();
    for (name, _) in folder.list(MAX_FILES).unwrap_or_default().entries {
        let Some(id) = name.strip_suffix(".json").filter(|id| MessageId::new(id).is_ok()) else {
            continue;
        };
        let time = folder.file(&name).and_then(|(file, _)| {
            file.metadata().and_then(|metadata| metadata.modified()).map_err(Refused::Io)
        });
        let (Ok(time), Ok(bytes)) = (time, folder.read(&name, MAX_SMALL * 4)) else { continue };
        if let Ok(message) = formats::read::<InboxFile>(&name, &bytes)
            && message.id == id
        {
            let text = typed(&message.text).chars().take(MAX_SAID).collect();
            let question =
                message.question.as_deref().map(|question| paragraph(question, MAX_ASKED));
            found.push((time, InboxFile { text, question, ..message }));
        }
    }
    found.sort_by(|(one, first), (other, second)| {
        one.cmp(other).then_with(|| first.id.cmp(&second.id))
    });
    found.into_iter().map(|(_, message)| message).collect()
}

/// Removes answers to these questions, but for those that were asked `before`.
fn remove_forged(own: &Path, questions: &[Question], before: &[String]) {
    let is_new = |name: &String| {
        questions.iter().any(|question| question.name == *name) && !before.contains(name)
    };
    for message in inbox(own) {
        if message.answers.as_ref().is_some_and(is_new) {
            let _ = std::fs::remove_file(own.join("inbox").join(format!("{}.json", message.id)));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn ask(own: &Path, name: &str, text: &str) {
        std::fs::write(own.join("ask").join(name), text).expect("written");
    }

    #[test]
    fn hostile_files_are_told_and_never_read() {
        let temp = tempfile::tempdir().expect("a folder");
        let own = temp.path();
        prepare(own);
        std::fs::write(own.join("secret"), r#"{"v":1,"question":"the secret"}"#).expect("written");
        symlink("../secret", own.join("ask/link.json")).expect("linked");
        std::fs::create_dir(own.join("ask/folder.json")).expect("made");
        let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
        rustix::fs::mknodat(
            rustix::fs::CWD,
            own.join("ask/pipe.json"),
            rustix::fs::FileType::Fifo,
            mode,
            0,
        )
        .expect("made");
        std::fs::File::create(own.join("ask/huge.json"))
            .expect("made")
            .set_len(3 << 30)
            .expect("long");
        ask(own, "newer.json", r#"{"v":2,"question":"x"}"#);
        ask(own, "half.json", r#"{"v":1,"quest"#);
        ask(own, "empty.json", r#"{"v":1,"question":" \u001b\n"}"#);
        ask(own, "none.json", r#"{"v":1,"why":"I must know"}"#);
        ask(own, "deep.json", &"[".repeat(60_000));
        ask(own, "no-question.txt", "not ours");
        symlink("../secret", own.join("ask/link.txt")).expect("linked");
        let asked = look(own, &[], &Masker::default());
        assert_eq!(asked.questions, []);
        assert_eq!(asked.problems.len(), 9, "{:#?}", asked.problems);
        for words in [
            "a symbolic link",
            "a named pipe",
            "a folder",
            "3221225472 bytes",
            "format version 2",
            "is broken",
            "asks nothing",
            "no text `question`",
        ] {
            assert!(
                asked.problems.iter().any(|problem| problem.contains(words)),
                "{words}: {:#?}",
                asked.problems
            );
        }
        forget(own, &asked);
        let left: Vec<_> = std::fs::read_dir(own.join("ask"))
            .expect("read")
            .flatten()
            .map(|entry| entry.file_name())
            .collect();
        assert_eq!(left.len(), 2, "{left:?}");
        assert!(own.join("secret").exists());
    }

    #[test]
    fn a_small_mistake_loses_no_question() {
        let temp = tempfile::tempdir().expect("a folder");
        let own = temp.path();
        prepare(own);
        ask(
            own,
            "a.json",
            r#"{"question":"May I delete the 3 TB checkpoint folder?","choices":["yes","no"]}"#,
        );
        ask(own, "b.json", r#"{"v":1,"question":"May I?","choices":"yes | no"}"#);
        ask(own, "c.json", r#"{"v":1,"question":"How many?","choices":[1,2.5,true,null,["x"]]}"#);
        ask(own, "d.json", r#"{"question":"Which?","choices":{"a":1},"why":"it matters"}"#);
        ask(own, "e.json", "```json\n{'text': 'May I?', 'options': ['now', 'never',],}\n```");
        let asked = look(own, &[], &Masker::default());
        assert_eq!(asked.problems, Vec::<String>::new());
        let choices: Vec<String> =
            asked.questions.iter().map(|question| question.choices.join("/")).collect();
        assert_eq!(choices, ["yes/no", "yes/no", "1/2.5/true", "", "now/never"]);
    }

    #[test]
    fn a_text_that_asks_is_a_question_whatever_its_name_ends_with() {
        let temp = tempfile::tempdir().expect("a folder");
        let own = temp.path();
        prepare(own);
        ask(own, "data.txt", "A or B?\n");
        ask(own, "split.md", r#"{"question":"Old or new?"}"#);
        ask(own, "plain", "Which seed?");
        ask(own, "run.log", "what?");
        ask(own, "notes.txt", "none");
        let asked = look(own, &[], &Masker::default());
        let told: Vec<(&str, &str)> =
            asked.questions.iter().map(|one| (one.name.as_str(), one.text.as_str())).collect();
        assert_eq!(told, [("data", "A or B?"), ("plain", "Which seed?"), ("split", "Old or new?")]);
        forget(own, &asked);
        assert_eq!(std::fs::read_dir(own.join("ask")).expect("read").count(), 2);
    }

    #[test]
    fn a_question_is_bounded_and_has_a_name_of_its_own() {
        let temp = tempfile::tempdir().expect("a folder");
        let own = temp.path();
        prepare(own);
        let choices =
            format!("[{}\"\\u0007\", \"y\\nes\"]", format!("\"{}\",", "c".repeat(300)).repeat(12));
        ask(
            own,
            "data.json",
            &format!(
                r#"{{"v":1,"question":"Which \u001b[2Jdata?{}","choices":{choices}}}"#,
                "?".repeat(9000)
            ),
        );
        ask(own, "idea-1.json", r#"{"v":1,"question":"May I?"}"#);
        ask(own, "a b;$(c)\u{1f600}.json", r#"{"v":1,"question":"And this?"}"#);
        let asked = look(own, &["data".to_owned(), "data-2".to_owned()], &Masker::default());
        let names: Vec<&str> =
            asked.questions.iter().map(|question| question.name.as_str()).collect();
        assert_eq!(names, ["a-b---c--", "data-3", "ask-idea-1"]);
        let data = &asked.questions[1];
        assert!(data.text.starts_with("Which [2Jdata?") && data.text.chars().count() == 4000);
        assert_eq!((data.choices.len(), data.choices[0].chars().count()), (10, 200));
    }

    #[test]
    fn of_a_thousand_questions_a_few_are_asked() {
        let temp = tempfile::tempdir().expect("a folder");
        let own = temp.path();
        prepare(own);
        for number in 0..1000 {
            ask(own, &format!("q{number:04}.json"), r#"{"v":1,"question":"?"}"#);
        }
        let asked = look(own, &[], &Masker::default());
        assert_eq!((asked.questions.len(), asked.problems.len()), (5, 1));
        assert!(asked.problems[0].contains("995"), "{:?}", asked.problems);
        forget(own, &asked);
        assert_eq!(std::fs::read_dir(own.join("ask")).expect("read").count(), 0);
    }

    #[test]
    fn only_messages_under_their_own_id_are_read() {
        let temp = tempfile::tempdir().expect("a folder");
        let own = temp.path();
        prepare(own);
        let write = |name: &str, text: &str| {
            std::fs::write(own.join("inbox").join(name), text).expect("written")
        };
        write(
            "m-00000a.json",
            r#"{"v":1,"id":"m-00000a","answers":"data","question":"Which?","text":"the \u001b[31msecond"}"#,
        );
        write(
            "m-00000e.json",
            r#"{"v":1,"id":"m-00000e","text":" \u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645\u0007"}"#,
        );
        write("m-00000b.json", r#"{"v":1,"id":"m-00000a","text":"under another name"}"#);
        write("x.json", r#"{"v":1,"id":"x","text":"no message"}"#);
        write(".m-00000c.json.new", r#"{"v":1,"id":"m-00000c","text":"half"}"#);
        symlink("m-00000a.json", own.join("inbox/m-00000d.json")).expect("linked");
        let question = |name: &str| Question {
            name: name.to_owned(),
            kind: MessageKind::Approval,
            text: String::new(),
            choices: Vec::new(),
            proposal: None,
        };
        remove_forged(own, &[question("idea-1"), question("data")], &["data".to_owned()]);
        let found = inbox(own);
        assert_eq!(
            found
                .iter()
                .map(|message| (message.id.as_str(), message.text.as_str()))
                .collect::<Vec<_>>(),
            [
                ("m-00000a", "the [31msecond"),
                ("m-00000e", "\u{645}\u{6cc}\u{200c}\u{62e}\u{648}\u{627}\u{647}\u{645}")
            ]
        );
        remove_forged(own, &[question("idea-1"), question("data")], &[]);
        assert_eq!(inbox(own).len(), 1);
    }
}
