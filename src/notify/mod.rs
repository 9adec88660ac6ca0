//! Sends notices to people: to an ntfy topic, and to a command of the user's. Each channel sends
//! each notice once, as far as it can know; one that fails is tried again for a day and holds up
//! neither the other nor a tick.

mod text;

use std::time::Duration;

use crate::app::App;
use crate::config::Ntfy;
use crate::domain::action;
use crate::platform::{clock, http, process};
use crate::store::{Notice, Store, StoreError};

pub use text::{Told, told};

/// How long a server may take.
const HTTP_LIMIT: Duration = Duration::from_secs(10);
/// How long a command may take.
const COMMAND_LIMIT: Duration = Duration::from_secs(30);
/// A tick does not go on for ever: what is due then waits for the next one.
const MOST_AT_ONCE: usize = 50;
const PASS_LIMIT: Duration = Duration::from_secs(20);

/// Why a notice was not sent.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Unsent {
    problem: String,
    /// All the time was used up: the next notice would take as long.
    is_slow: bool,
}

fn timed(limit: Duration, send: impl FnOnce() -> Result<(), String>) -> Result<(), Unsent> {
    let began = clock::instant();
    send().map_err(|problem| Unsent { problem, is_slow: clock::since(began) >= limit })
}

/// A way to people.
enum Channel<'a> {
    Ntfy(&'a Ntfy),
    Command(&'a [String]),
}

impl Channel<'_> {
    fn name(&self) -> &'static str {
        match self {
            Self::Ntfy(_) => "ntfy",
            Self::Command(_) => "notify_command",
        }
    }

    fn send(&self, app: &App, notice: &Notice) -> Result<(), Unsent> {
        let mut data = notice.data.clone();
        action::render_in(&mut data, &app.say);
        let told = told(&notice.kind, &data, app.say);
        match self {
            Self::Ntfy(ntfy) => {
                // As JSON and not in headers, which take plain ASCII only.
                let body = serde_json::json!({
                    "topic": ntfy.topic.reveal(), "title": told.title, "message": told.message, "priority": told.priority, "tags": [told.tag],
                });
                let token = ntfy.token.as_ref().map(crate::domain::Secret::reveal);
                timed(HTTP_LIMIT, || {
                    http::post_json(&ntfy.url, token, &body.to_string(), HTTP_LIMIT)
                })
            }
            Self::Command(words) => {
                let words: Vec<String> = words.iter().map(|word| process::at_home(word)).collect();
                let Some((program, arguments)) = words.split_first() else { return Ok(()) };
                let mut command = process::command(program);
                command.args(arguments).current_dir(&app.config.root);
                for name in crate::config::secret_variables() {
                    command.env_remove(name);
                }
                let body = serde_json::json!({
                    "key": notice.key, "kind": notice.kind, "time": notice.created_at, "title": told.title, "message": told.message,
                    "data": data,
                });
                timed(COMMAND_LIMIT, || {
                    process::run_quietly(command, format!("{body}\n").into_bytes(), COMMAND_LIMIT)
                })
            }
        }
    }
}

/// Sends what is due, through every channel that is configured. Returns what went wrong, a
/// sentence each: none of it is lost, and none of it is a reason to stop.
pub fn send_due(app: &App) -> Vec<String> {
    let ntfy = app.config.ntfy.as_ref().map(Channel::Ntfy);
    let command = app.config.notify_command.as_deref().map(Channel::Command);
    let channels: Vec<Channel<'_>> = ntfy.into_iter().chain(command).collect();
    std::thread::scope(|scope| {
        let threads: Vec<_> =
            channels.iter().map(|channel| scope.spawn(move || through(app, channel))).collect();
        let ended = threads.into_iter().map(|thread| {
            thread.join().unwrap_or_else(|_| Ok(Some("ended by a fault of the program".to_owned())))
        });
        let name = |(channel, problem): (&Channel<'_>, Option<String>)| {
            problem.map(|problem| format!("{}: {problem}", channel.name()))
        };
        channels
            .iter()
            .zip(ended.map(|ended| ended.unwrap_or_else(|error| Some(error.to_string()))))
            .filter_map(name)
            .collect()
    })
}

/// Sends what is due beside what its owner does: a screen waits for no server.
#[derive(Debug, Default)]
pub struct Beside {
    pass: Option<std::thread::JoinHandle<Vec<String>>>,
    unsent: Option<String>,
}

impl Beside {
    /// Begins to send what is due, unless it is being sent already.
    pub fn send(&mut self, app: &App) {
        if self.is_sending() {
            return;
        }
        self.take_in();
        let app = app.clone();
        self.pass = Some(std::thread::spawn(move || send_due(&app)));
    }

    /// Whether something is being sent now.
    pub fn is_sending(&self) -> bool {
        self.pass.as_ref().is_some_and(|pass| !pass.is_finished())
    }

    /// What went wrong the last time.
    pub fn problem(&mut self) -> Option<String> {
        if !self.is_sending() {
            self.take_in();
        }
        self.unsent.clone()
    }

    fn take_in(&mut self) {
        if let Some(pass) = self.pass.take() {
            self.unsent = pass.join().unwrap_or_default().into_iter().next();
        }
    }
}

/// Sends through one channel until nothing is due or it fails.
fn through(app: &App, channel: &Channel<'_>) -> Result<Option<String>, StoreError> {
    pass(&mut app.store()?, channel.name(), PASS_LIMIT, |notice| channel.send(app, notice))
}

fn pass(
    store: &mut Store,
    channel: &str,
    limit: Duration,
    send: impl Fn(&Notice) -> Result<(), Unsent>,
) -> Result<Option<String>, StoreError> {
    let began = clock::instant();
    for number in 0..MOST_AT_ONCE {
        if number > 0 && clock::since(began) >= limit {
            break;
        }
        let Some(notice) = claim(store, channel)? else { break };
        let unsent = send(&notice).err();
        let change = store.change()?;
        change.notice_sent(
            notice.id,
            channel,
            unsent.as_ref().map(|unsent| unsent.problem.as_str()),
        )?;
        if unsent.as_ref().is_some_and(|unsent| unsent.is_slow) {
            change.rest_channel(channel, notice.next_at)?;
        }
        change.commit()?;
        if let Some(Unsent { problem, .. }) = unsent {
            return Ok(Some(format!("a notice was not sent: {problem}; it is tried again later")));
        }
    }
    Ok(None)
}

fn claim(store: &mut Store, channel: &str) -> Result<Option<Notice>, StoreError> {
    let change = store.change()?;
    let notice = change.claim_notice(channel)?;
    change.commit()?;
    Ok(notice)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::domain::NoticeKind;

    #[test]
    fn a_channel_that_does_not_answer_is_left_alone_for_a_while() {
        let mut store = Store::in_memory().expect("a database");
        let change = store.change().expect("a change");
        for number in 0..3 {
            change
                .notice(
                    &format!("started:sp-{number}"),
                    NoticeKind::Started,
                    &serde_json::json!({}),
                )
                .expect("noted");
        }
        change.commit().expect("kept");
        let tried = Cell::new(0);
        let mut tick = |is_slow: bool| {
            let send = |_: &Notice| {
                tried.set(tried.get() + 1);
                Err(Unsent { problem: "no".to_owned(), is_slow })
            };
            pass(&mut store, "ntfy", PASS_LIMIT, send).expect("tried").is_some()
        };
        assert!(tick(false) && tick(true), "what fails at once holds up no other notice");
        assert!(!tick(true), "and what takes all the time does");
        assert_eq!(tried.get(), 2);
        assert!(
            pass(&mut store, "notify_command", PASS_LIMIT, |_| Ok(())).expect("sent").is_none(),
            "the other channel goes on"
        );
    }

    #[test]
    fn a_slow_channel_sends_what_it_can_and_leaves_the_rest_to_the_next_tick() {
        let mut store = Store::in_memory().expect("a database");
        let change = store.change().expect("a change");
        for number in 0..3 {
            change
                .notice(
                    &format!("started:sp-{number}"),
                    NoticeKind::Started,
                    &serde_json::json!({}),
                )
                .expect("noted");
        }
        change.commit().expect("kept");
        let sent = Cell::new(0);
        let mut tick = |limit: Duration| {
            let send = |_: &Notice| {
                sent.set(sent.get() + 1);
                Ok(())
            };
            assert_eq!(pass(&mut store, "ntfy", limit, send).expect("sent"), None);
            sent.get()
        };
        assert_eq!(tick(Duration::ZERO), 1, "one at least");
        assert_eq!(tick(Duration::from_secs(60)), 3, "each once");
    }
}
