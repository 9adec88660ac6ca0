//! Takes answers and notes to the sprints that they are for: files in their inboxes.
//!
//! A file has the message's own name, so one that is brought twice, because somebody was killed
//! in between, is the same file.

use std::collections::BTreeSet;

use crate::app::App;
use crate::bundle::FORMAT_VERSION;
use crate::bundle::formats::InboxFile;
use crate::config::Cluster;
use crate::domain::text;
use crate::domain::{MessageKind, SprintId, State};
use crate::remote::{Payload, Remote, RemoteError, Script, Section};
use crate::sprint;
use crate::store::{MessageRow, Store, StoreError};

/// Why nothing was brought.
pub(super) enum Undelivered {
    Store(StoreError),
    Remote(RemoteError),
}

impl From<StoreError> for Undelivered {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Brings what is due, in one request. Returns what went wrong with single messages.
pub(super) fn deliver(
    app: &App,
    store: &mut Store,
    remote: &mut dyn Remote,
    cluster: &Cluster,
) -> Result<Vec<String>, Undelivered> {
    let due = store.messages_due(cluster.name.as_str())?;
    if due.is_empty() {
        return Ok(Vec::new());
    }
    let mut script = Script::new();
    script.section("time", "date +%s");
    for (message, sprint) in &due {
        script
            .set("DIR", &sprint.remote_dir)
            .set("NAME", &format!("{}.json", message.id))
            .section_with_input(
                message.id.as_str(),
                Payload::Bytes(serde_json::to_vec(&file(message)).unwrap_or_default()),
                RECEIVE,
            );
    }
    let reply = remote.run(script, app.limits(cluster)).map_err(Undelivered::Remote)?;
    let time = reply.section("time").and_then(|section| section.text().trim().parse::<i64>().ok());
    let mut problems = Vec::new();
    let mut gone: BTreeSet<&SprintId> = BTreeSet::new();
    let change = store.change()?;
    for (message, row) in &due {
        match reply.section(message.id.as_str()) {
            Some(section) if section.status == 0 => {
                change.message_delivered(&message.id)?;
                if matches!(row.state, State::Parked { .. }) {
                    change.count_missing(&row.id, None)?;
                }
            }
            section => {
                if let (Some(GONE), Some(time)) = (section.map(|section| section.status), time)
                    && gone.insert(&row.id)
                    && sprint::mark_lost(&change, row, time)?
                {
                    continue;
                }
                let text = section.map(Section::text).unwrap_or_default();
                let said: String = text::line(text.trim()).chars().take(200).collect();
                problems.push(format!("{}: {} could not be brought: {said}", row.id, message.id));
            }
        }
    }
    change.commit()?;
    Ok(problems)
}

fn file(message: &MessageRow) -> InboxFile {
    let is_note = message.kind == MessageKind::Note;
    InboxFile {
        v: FORMAT_VERSION,
        id: message.id.to_string(),
        answers: message.name.clone().filter(|_| !is_note),
        question: Some(message.text.clone()).filter(|_| !is_note),
        text: if is_note {
            message.text.clone()
        } else {
            message.answer.clone().unwrap_or_default()
        },
    }
}

/// The exit status for a directory that is gone from a folder that is there.
const GONE: i32 = 4;

/// No link is followed, and what is not whole is not put in place.
const RECEIVE: &str = r#"
if ! cd "$DIR" 2>/dev/null; then
  echo 'the directory is not there'
  [ ! -e "$DIR" ] && [ ! -L "$DIR" ] && cd "$(dirname "$DIR")" 2>/dev/null && exit 4
  exit 3
fi
[ -e .researchloop ] || [ -L .researchloop ] || { echo 'the directory is empty'; exit 4; }
[ -d .researchloop ] && [ ! -L .researchloop ] || { echo 'its own folder is no folder'; exit 3; }
mkdir -p .researchloop/inbox && [ ! -L .researchloop/inbox ] && cd .researchloop/inbox || { echo 'the inbox cannot be made'; exit 3; }
[ ! -d "$NAME" ] || { echo 'a folder is in the way'; exit 3; }
rm -f ".$NAME.new"
(set -C; cat >".$NAME.new") && [ "$(wc -c <".$NAME.new")" -eq "$RL_LEN" ] && mv -f ".$NAME.new" "$NAME""#;
