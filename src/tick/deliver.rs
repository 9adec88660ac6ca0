//! Takes answers and notes to the sprints that they are for: files in their inboxes.
//!
//! A file has the message's own name, so one that is brought twice, because somebody was killed
//! in between, is the same file.

use crate::app::App;
use crate::bundle::FORMAT_VERSION;
use crate::bundle::formats::InboxFile;
use crate::config::Cluster;
use crate::remote::{Payload, Remote, RemoteError, Script};
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
pub(super) fn deliver(app: &App, store: &mut Store, remote: &mut dyn Remote, cluster: &Cluster) -> Result<Vec<String>, Undelivered> {
    let due = store.messages_due(cluster.name.as_str())?;
    if due.is_empty() {
        return Ok(Vec::new());
    }
    let mut script = Script::new();
    for (message, sprint) in &due {
        script.set("DIR", &sprint.remote_dir).set("NAME", &format!("{}.json", message.id)).section_with_input(
            &message.id,
            Payload::Bytes(serde_json::to_vec(&file(message)).unwrap_or_default()),
            RECEIVE,
        );
    }
    let reply = remote.run(script, app.limits(cluster)).map_err(Undelivered::Remote)?;
    let mut problems = Vec::new();
    let change = store.change()?;
    for (message, sprint) in &due {
        match reply.section(&message.id) {
            Some(section) if section.status == 0 => change.message_delivered(&message.id)?,
            section => {
                let said: String = section.map(|section| section.text().chars().filter(|c| !c.is_control()).take(200).collect()).unwrap_or_default();
                problems.push(format!("{}: {} could not be brought: {said}", sprint.id, message.id));
            }
        }
    }
    change.commit()?;
    Ok(problems)
}

fn file(message: &MessageRow) -> InboxFile {
    let is_note = message.kind == "note";
    InboxFile {
        v: FORMAT_VERSION,
        id: message.id.clone(),
        answers: message.name.clone().filter(|_| !is_note),
        question: Some(message.text.clone()).filter(|_| !is_note),
        text: if is_note { message.text.clone() } else { message.answer.clone().unwrap_or_default() },
    }
}

/// No link is followed, and what is not whole is not put in place.
const RECEIVE: &str = r#"
cd "$DIR" && [ -d .researchloop ] && [ ! -L .researchloop ] || { echo 'the directory is not there'; exit 3; }
mkdir -p .researchloop/inbox && [ ! -L .researchloop/inbox ] && cd .researchloop/inbox || { echo 'the inbox cannot be made'; exit 3; }
[ ! -d "$NAME" ] || { echo 'a folder is in the way'; exit 3; }
rm -f ".$NAME.new"
(set -C; cat >".$NAME.new") && [ "$(wc -c <".$NAME.new")" -eq "$RL_LEN" ] && mv -f ".$NAME.new" "$NAME""#;
