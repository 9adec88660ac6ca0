//! What one process of the agent has used.
//!
//! Hides that the meaning of the totals changed: up to 2.1.240 they cover the process,
//! in 2.1.329 the whole session, carried over on resume, with a second field for the
//! calls since the last result. Adding up [`Spent::cost_usd`] over all processes of a
//! session is right on all of them.

use std::collections::HashMap;

use super::event::ResultLine;
use super::price::{list_price, weight};

/// What one process has used. Dollars are list prices, not a bill.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Spent {
    /// US dollars of this process; `None` if it ended before it told.
    pub cost_usd: Option<f64>,
    /// There were calls that no result line covers (the process was killed, or still
    /// runs). `cost_usd` lacks them, see [`Spent::dollars`]. The tokens hold what is known of
    /// them: input is exact, output is guessed from the text that was written, because a reply is
    /// reported while it begins.
    pub estimated: bool,
    /// Nothing was told of what some calls have cost, neither dollars nor tokens.
    pub uncounted: bool,
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
    /// The calls that no result line covers, in tokens of fresh input that cost as much.
    pub untold: f64,
}

impl Spent {
    /// US dollars with an estimate for what no result line covers. `rate`: what a token of fresh
    /// input has cost so far; without it the model's list price is taken, and a high one for a model
    /// that is not known.
    pub fn dollars(&self, rate: Option<f64>, model: Option<&str>) -> f64 {
        self.untold.mul_add(rate.unwrap_or_else(|| list_price(model)), self.cost_usd.unwrap_or(0.0))
    }
}

/// What a token of fresh input has cost in calls that told, from their dollars and all their tokens.
pub fn rate(
    dollars: f64,
    input: u64,
    output: u64,
    cache_read: u64,
    cache_write: u64,
) -> Option<f64> {
    let weight = weight(Tokens { input, output, cache_read, cache_write });
    // A figure outside of what any model costs says that one of the numbers means something else.
    (weight > 1000.0).then(|| dollars / weight).filter(|rate| (1e-7..=1e-4).contains(rate))
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
/// Bytes of a reply that are at least one token.
const BYTES_PER_TOKEN: u64 = 3;
/// What a first request costs that was not answered: the program's own instructions, written to
/// the cache.
const FIRST_REQUEST: f64 = 25_000.0;

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
    /// Of results that did not tell what they have cost.
    untold: Tokens,
    open_turns: u64,
    replies: HashMap<String, (Tokens, u64)>,
    /// A request may be under way that is paid for though its answer never comes.
    asked: bool,
    /// What the main conversation's last request read.
    context: Tokens,
    /// A result told neither dollars nor tokens.
    uncounted: bool,
}

/// No process of one step costs as much as this.
const MOST_DOLLARS: f64 = 1e6;

/// Whether a result tells what its calls have cost. Where tokens were used, nothing is not credible:
/// the program does not know the price.
fn is_told(result: &ResultLine, used: Tokens) -> bool {
    let told = result.since_last.map(|(dollars, _)| dollars).or(result.total_cost_usd);
    told.is_some_and(|dollars| {
        (0.0..MOST_DOLLARS).contains(&dollars) && (dollars > 0.0 || is_little(used))
    })
}

/// So few tokens may cost nothing: a login that failed has asked for none.
pub(super) fn is_little(tokens: Tokens) -> bool {
    weight(tokens) < 1000.0
}

impl Ledger {
    /// A line of a reply, or news of its usage. Lines of one reply repeat its usage; each brings a
    /// part of its text, of so many bytes.
    pub(super) fn reply(&mut self, id: Option<&str>, tokens: Tokens, is_turn: bool, written: u64) {
        if is_turn {
            self.asked = false;
            self.context = Tokens { output: 0, ..tokens };
        }
        let Some(id) = id else {
            self.open
                .add(Tokens { output: tokens.output.max(written / BYTES_PER_TOKEN), ..tokens });
            return;
        };
        if self.replies.len() >= REMEMBERED {
            self.replies.clear();
        }
        let (known, bytes) = self.replies.entry(id.to_owned()).or_insert_with(|| {
            self.open_turns = self.open_turns.saturating_add(u64::from(is_turn));
            (Tokens::default(), 0)
        });
        let before = *known;
        *bytes = bytes.saturating_add(written);
        known.combine(
            Tokens { output: tokens.output.max(*bytes / BYTES_PER_TOKEN), ..tokens },
            u64::max,
        );
        let mut grown = *known;
        grown.combine(before, u64::saturating_sub);
        self.open.add(grown);
    }

    /// The model is asked now.
    pub(super) fn asks(&mut self) {
        self.asked = true;
    }

    pub(super) fn result(&mut self, result: &ResultLine) {
        self.results = self.results.saturating_add(1);
        self.asked = false;
        self.duration_api_ms = result.duration_api_ms;
        let used = result
            .since_last
            .map(|(_, tokens)| tokens)
            .filter(|tokens| *tokens != Tokens::default())
            .unwrap_or(result.turn);
        if !is_told(result, used) {
            // Its calls stay open: they are paid for all the same.
            let lost = if weight(used) > weight(self.open) { used } else { self.open };
            self.uncounted |= lost == Tokens::default();
            self.untold.add(lost);
            self.open = Tokens::default();
            return;
        }
        // A running total covers what results before it did not tell.
        if result.since_last.is_none() {
            self.untold = Tokens::default();
        }
        if let Some((dollars, tokens)) = result.since_last {
            let sum = self.since_last.get_or_insert_default();
            sum.0 += dollars;
            sum.1.add(tokens);
        }
        self.total = result.total_cost_usd.or(self.total);
        self.running_total = result.running_total.or(self.running_total);
        self.turn_sum.add(result.turn);
        self.turns = self.turns.saturating_add(result.turns);
        self.open = Tokens::default();
        self.open_turns = 0;
    }

    pub(super) fn spent(&self) -> Spent {
        let mut open = self.open;
        open.add(self.untold);
        let (cost_usd, mut tokens) = match (self.since_last, self.running_total) {
            (Some((dollars, tokens)), _) => (Some(dollars), tokens),
            (None, Some(tokens)) => (self.total, tokens),
            (None, None) => (self.total, self.turn_sum),
        };
        tokens.add(open);
        let read = weight(self.context);
        let under_way = if !self.asked {
            0.0
        } else if read > 0.0 {
            read
        } else {
            FIRST_REQUEST
        };
        Spent {
            cost_usd,
            untold: weight(open) + under_way,
            estimated: self.results == 0
                || self.asked
                || self.uncounted
                || open != Tokens::default(),
            uncounted: self.uncounted,
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
        ledger.reply(Some("a"), tokens(100, 1), true, 3);
        ledger.reply(Some("helper"), tokens(10, 1), false, 0);
        ledger.reply(Some("a"), tokens(100, 1), true, 57);
        let spent = ledger.spent();
        assert_eq!((spent.input_tokens, spent.output_tokens, spent.turns), (110, 21, 1));
        assert_eq!((spent.cost_usd, spent.estimated), (None, true));
        // 110 read and 21 written, of which each costs as much as five.
        assert!(
            (spent.dollars(None, Some("claude-opus-5-5")) - 215.0 * 5e-6).abs() < 1e-9,
            "{spent:?}"
        );
        assert!((spent.dollars(Some(1e-6), None) - 215.0 * 1e-6).abs() < 1e-9, "{spent:?}");

        ledger.result(&ResultLine {
            since_last: Some((0.5, tokens(110, 30))),
            total_cost_usd: Some(9.0),
            turns: 1,
            ..ResultLine::default()
        });
        let spent = ledger.spent();
        assert_eq!((spent.cost_usd, spent.estimated), (Some(0.5), false));
        assert_eq!(
            (spent.output_tokens, spent.turns, spent.reported_total_usd),
            (30, 1, Some(9.0))
        );

        ledger.reply(Some("b"), tokens(7, 1), true, 0);
        let spent = ledger.spent();
        assert_eq!(
            (spent.cost_usd, spent.estimated, spent.input_tokens, spent.turns),
            (Some(0.5), true, 117, 2)
        );
    }

    #[test]
    fn a_request_whose_answer_never_came_is_charged_as_well() {
        let mut ledger = Ledger::default();
        assert!(ledger.spent().untold.abs() < 1e-9);
        ledger.asks();
        assert!((ledger.spent().untold - FIRST_REQUEST).abs() < 1e-9);
        ledger.reply(Some("a"), tokens(1000, 1), true, 0);
        assert!((ledger.spent().untold - 1005.0).abs() < 1e-9);
        ledger.asks();
        assert!((ledger.spent().untold - 2005.0).abs() < 1e-9);
        ledger.result(&ResultLine { total_cost_usd: Some(9.0), ..ResultLine::default() });
        assert!(ledger.spent().untold.abs() < 1e-9 && !ledger.spent().estimated);
    }

    #[test]
    fn a_rate_follows_from_what_was_told_if_it_can_be_true() {
        let close = |rate: Option<f64>, expected: f64| {
            rate.is_some_and(|rate| (rate - expected).abs() < 1e-12)
        };
        assert!(close(rate(0.02, 1000, 1000, 0, 0), 0.02 / 6000.0));
        assert_eq!(
            (rate(0.0, 1000, 1000, 0, 0), rate(1.0, 0, 0, 0, 0), rate(f64::NAN, 9000, 0, 0, 0)),
            (None, None, None)
        );
    }

    #[test]
    fn without_the_newer_field_the_last_total_is_the_process() {
        let mut ledger = Ledger::default();
        for total in [0.1, 0.3] {
            ledger.result(&ResultLine {
                total_cost_usd: Some(total),
                running_total: Some(tokens(50, 5)),
                ..ResultLine::default()
            });
        }
        let spent = ledger.spent();
        assert_eq!((spent.cost_usd, spent.input_tokens), (Some(0.3), 50));
    }

    #[test]
    fn a_result_without_credible_dollars_leaves_its_calls_to_be_estimated() {
        for total in [None, Some(-1.0), Some(1e300), Some(f64::NAN), Some(0.0)] {
            let mut ledger = Ledger::default();
            ledger.reply(Some("a"), tokens(100_000, 1000), true, 0);
            ledger.result(&ResultLine {
                total_cost_usd: total,
                turn: tokens(100_000, 1000),
                ..ResultLine::default()
            });
            let spent = ledger.spent();
            assert_eq!(
                (spent.cost_usd, spent.estimated, spent.input_tokens),
                (None, true, 100_000),
                "{total:?}"
            );
            assert!(
                (spent.dollars(None, Some("claude-opus-5-5")) - 105_000.0 * 5e-6).abs() < 1e-9,
                "{total:?}: {spent:?}"
            );
            // The replies may not have been told of.
            let mut silent = Ledger::default();
            silent.result(&ResultLine {
                total_cost_usd: total,
                turn: tokens(100_000, 1000),
                ..ResultLine::default()
            });
            assert!((silent.spent().untold - 105_000.0).abs() < 1e-9, "{total:?}");
            // What was told before stays.
            ledger.result(&ResultLine {
                total_cost_usd: Some(0.7),
                turn: tokens(100_000, 1000),
                ..ResultLine::default()
            });
            assert_eq!(
                (ledger.spent().cost_usd, ledger.spent().estimated),
                (Some(0.7), false),
                "{total:?}"
            );
        }
        let mut nothing = Ledger::default();
        nothing.result(&ResultLine::default());
        assert!(nothing.spent().uncounted && nothing.spent().estimated);
        // A login that failed costs nothing, and says so.
        let mut free = Ledger::default();
        free.result(&ResultLine { total_cost_usd: Some(0.0), ..ResultLine::default() });
        assert_eq!((free.spent().cost_usd, free.spent().estimated), (Some(0.0), false));
    }

    #[test]
    fn endless_replies_take_no_endless_memory() {
        let mut ledger = Ledger::default();
        for number in 0..50_000_u64 {
            ledger.reply(Some(&number.to_string()), tokens(1, 1), true, 0);
        }
        assert_eq!(ledger.spent().input_tokens, 50_000);
        assert!(ledger.replies.len() <= REMEMBERED);
    }
}
