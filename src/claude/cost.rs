//! What one process of the agent has used.
//!
//! Hides that the meaning of the totals changed: up to 2.1.240 they cover the process,
//! in 2.1.329 the whole session, carried over on resume, with a second field for the
//! calls since the last result. Adding up [`Spent::cost_usd`] over all processes of a
//! session is right on all of them.

use std::collections::HashMap;

use super::event::ResultLine;

/// What one process has used. Dollars are list prices, not a bill.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Spent {
    /// US dollars of this process; `None` if it ended before it told.
    pub cost_usd: Option<f64>,
    /// There were calls that no result line covers (the process was killed, or still
    /// runs). `cost_usd` lacks them. The tokens hold what is known of them: input is
    /// exact, output is far too low, because a reply is reported while it begins.
    pub estimated: bool,
    /// Fresh input tokens.
    pub input_tokens: u64,
    /// Output tokens.
    pub output_tokens: u64,
    /// Input tokens read from the cache.
    pub cache_read_tokens: u64,
    /// Input tokens written to the cache.
    pub cache_write_tokens: u64,
    /// Model calls of the main conversation, as the program counts them.
    pub turns: u64,
    /// Time spent in model calls, in milliseconds, **as reported**: in versions that
    /// carry totals over (2.1.329) it includes the session's earlier processes.
    pub duration_api_ms: u64,
    /// `total_cost_usd` of the last result as it came, for the record. Never add these up.
    pub reported_total_usd: Option<f64>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Tokens {
    pub(super) input: u64,
    pub(super) output: u64,
    pub(super) cache_read: u64,
    pub(super) cache_write: u64,
}

impl Tokens {
    pub(super) fn add(&mut self, other: Self) {
        self.combine(other, u64::saturating_add);
    }

    fn combine(&mut self, other: Self, with: impl Fn(u64, u64) -> u64) {
        self.input = with(self.input, other.input);
        self.output = with(self.output, other.output);
        self.cache_read = with(self.cache_read, other.cache_read);
        self.cache_write = with(self.cache_write, other.cache_write);
    }
}

/// Replies remembered at once. Lines of one reply come close together, so that
/// forgetting all of them now and then costs next to nothing in accuracy.
const REMEMBERED: usize = 20_000;

/// The running account of one process.
#[derive(Debug, Clone, Default)]
pub(super) struct Ledger {
    results: u64,
    since_last: Option<(f64, Tokens)>,
    total: Option<f64>,
    running_total: Option<Tokens>,
    turn_sum: Tokens,
    turns: u64,
    duration_api_ms: u64,
    /// Calls that no result covers yet.
    open: Tokens,
    open_turns: u64,
    replies: HashMap<String, Tokens>,
}

impl Ledger {
    /// A line of a reply, or news of its usage. Lines of one reply repeat its usage.
    pub(super) fn reply(&mut self, id: Option<&str>, tokens: Tokens, is_turn: bool) {
        let Some(id) = id else {
            self.open.add(tokens);
            return;
        };
        if self.replies.len() >= REMEMBERED {
            self.replies.clear();
        }
        let known = self.replies.entry(id.to_owned()).or_insert_with(|| {
            self.open_turns = self.open_turns.saturating_add(u64::from(is_turn));
            Tokens::default()
        });
        let before = *known;
        known.combine(tokens, u64::max);
        let mut grown = *known;
        grown.combine(before, u64::saturating_sub);
        self.open.add(grown);
    }

    pub(super) fn result(&mut self, result: &ResultLine) {
        self.results = self.results.saturating_add(1);
        if let Some((dollars, tokens)) = result.since_last {
            let sum = self.since_last.get_or_insert_default();
            sum.0 += dollars;
            sum.1.add(tokens);
        }
        self.total = result.total_cost_usd.or(self.total);
        self.running_total = result.running_total.or(self.running_total);
        self.turn_sum.add(result.turn);
        self.turns = self.turns.saturating_add(result.turns);
        self.duration_api_ms = result.duration_api_ms;
        self.open = Tokens::default();
        self.open_turns = 0;
    }

    pub(super) fn spent(&self) -> Spent {
        let (cost_usd, mut tokens) = match (self.since_last, self.running_total) {
            (Some((dollars, tokens)), _) => (Some(dollars), tokens),
            (None, Some(tokens)) => (self.total, tokens),
            (None, None) => (self.total, self.turn_sum),
        };
        tokens.add(self.open);
        Spent {
            cost_usd,
            estimated: self.results == 0 || self.open != Tokens::default(),
            input_tokens: tokens.input,
            output_tokens: tokens.output,
            cache_read_tokens: tokens.cache_read,
            cache_write_tokens: tokens.cache_write,
            turns: self.turns.saturating_add(self.open_turns),
            duration_api_ms: self.duration_api_ms,
            reported_total_usd: self.total,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(input: u64, output: u64) -> Tokens {
        Tokens { input, output, ..Tokens::default() }
    }

    #[test]
    fn lines_of_one_reply_count_once_and_a_result_settles_them() {
        let mut ledger = Ledger::default();
        ledger.reply(Some("a"), tokens(100, 1), true);
        ledger.reply(Some("helper"), tokens(10, 1), false);
        ledger.reply(Some("a"), tokens(100, 20), true);
        let spent = ledger.spent();
        assert_eq!((spent.input_tokens, spent.output_tokens, spent.turns), (110, 21, 1));
        assert_eq!((spent.cost_usd, spent.estimated), (None, true));

        ledger.result(&ResultLine { since_last: Some((0.5, tokens(110, 30))), total_cost_usd: Some(9.0), turns: 1, ..ResultLine::default() });
        let spent = ledger.spent();
        assert_eq!((spent.cost_usd, spent.estimated), (Some(0.5), false));
        assert_eq!((spent.output_tokens, spent.turns, spent.reported_total_usd), (30, 1, Some(9.0)));

        ledger.reply(Some("b"), tokens(7, 1), true);
        let spent = ledger.spent();
        assert_eq!((spent.cost_usd, spent.estimated, spent.input_tokens, spent.turns), (Some(0.5), true, 117, 2));
    }

    #[test]
    fn without_the_newer_field_the_last_total_is_the_process() {
        let mut ledger = Ledger::default();
        for total in [0.1, 0.3] {
            ledger.result(&ResultLine { total_cost_usd: Some(total), running_total: Some(tokens(50, 5)), ..ResultLine::default() });
        }
        let spent = ledger.spent();
        assert_eq!((spent.cost_usd, spent.input_tokens), (Some(0.3), 50));
    }

    #[test]
    fn endless_replies_take_no_endless_memory() {
        let mut ledger = Ledger::default();
        for number in 0..50_000_u64 {
            ledger.reply(Some(&number.to_string()), tokens(1, 1), true);
        }
        assert_eq!(ledger.spent().input_tokens, 50_000);
        assert!(ledger.replies.len() <= REMEMBERED);
    }
}
