//! What waits for a person.

use crate::app::App;
use crate::problem::Problem;
use crate::view;

/// The messages that wait for a person; with `all`, the others too.
pub fn messages(app: &App, all: bool) -> Result<view::Messages, Problem> {
    Ok(view::Messages { messages: app.store()?.messages(all)?.iter().map(view::message).collect() })
}
