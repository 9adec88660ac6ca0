//! Loops and people share the money of a study: whoever comes first, and whatever ends when, nothing is
//! ever spent or reserved above a limit.

use proptest::prelude::*;

use super::{Advanced, advance_one};
use crate::app::App;
use crate::bundle::formats::Money;
use crate::domain::loop_limits::Limits;
use crate::domain::transition::Event;
use crate::domain::{Ending, JobId, LoopId, Reason, SprintId, Status};
use crate::sprint::{self, CreateError, NewSprintSpec, Request};
use crate::store::{SprintFilter, Store};

const STUDY_USD: f64 = 10.0;
const LOOPS: [(&str, Option<f64>); 3] =
    [("loop-000001", Some(4.0)), ("loop-000002", Some(7.5)), ("loop-000003", None)];

/// What can happen next.
#[derive(Debug, Clone)]
enum Deed {
    /// A tick advances this loop.
    Advance(usize),
    /// A person starts a sprint that may cost so much.
    ByHand(Option<f64>),
    /// The job of a sprint has spent this part of what it may.
    Spend(usize, f64),
    /// A sprint ends.
    End(usize, bool),
    /// A sprint is deleted once it is over.
    Delete(usize),
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        4 => (0..3_usize).prop_map(Deed::Advance),
        1 => proptest::option::of((1..600_u32).prop_map(|cents| f64::from(cents) / 100.0))
            .prop_map(Deed::ByHand),
        4 => (0..40_usize, 0.0..=1.0_f64).prop_map(|(place, part)| Deed::Spend(place, part)),
        3 => (0..40_usize, any::<bool>()).prop_map(|(place, done)| Deed::End(place, done)),
        1 => (0..40_usize).prop_map(Deed::Delete),
    ]
}

fn app(folder: &std::path::Path) -> App {
    let of_study = format!("max_study_cost_usd = {STUDY_USD}\nmax_cost_usd = 3.0");
    App::example(folder, "", &of_study)
}

fn loops(store: &mut Store) {
    let change = store.change().expect("begun");
    for (id, max_cost_usd) in LOOPS {
        let limits: Limits =
            serde_json::from_str(r#"{"count":1000,"parallel":3}"#).expect("limits");
        let limits = Limits { max_cost_usd, ..limits };
        assert!(change.create_loop(&LoopId::of(id), "s", "", "{}", &limits).expect("made"));
    }
    change.commit().expect("kept");
}

/// The id of a sprint, by its place in the list.
fn at(store: &Store, place: usize) -> Option<(SprintId, Status)> {
    let filter = SprintFilter { limit: 1000, ..SprintFilter::default() };
    let rows = store.sprints(&filter).expect("read");
    let row = rows.get(place % rows.len().max(1))?;
    Some((row.id.clone(), row.state.status()))
}

fn submit(store: &mut Store, id: &SprintId) {
    let change = store.change().expect("begun");
    if let Some(attempt) = change.begin_submission(id, "").expect("begun") {
        change.accept(id, attempt, &JobId::parse("7").expect("digits"), "/d").expect("taken");
        change.apply(id, Event::Runs).expect("runs");
    }
    change.commit().expect("kept");
}

fn happen(app: &App, store: &mut Store, deed: &Deed) {
    match deed {
        Deed::Advance(place) => {
            advance_one(app, store, &LoopId::of(LOOPS[*place].0), &mut Advanced::default())
                .expect("advanced");
        }
        Deed::ByHand(max_cost_usd) => {
            let request = Request { max_cost_usd: *max_cost_usd, ..Request::default() };
            match sprint::create(
                app,
                store,
                &NewSprintSpec::new("s", "an idea of a person", request),
            ) {
                Ok(_) | Err(CreateError::Limit { .. }) => {}
                Err(error) => panic!("{error}"),
            }
        }
        Deed::Spend(place, part) => {
            let Some((id, status)) = at(store, *place) else { return };
            if status.is_terminal() {
                return;
            }
            submit(store, &id);
            let change = store.change().expect("begun");
            let row = change.sprint(&id).expect("read").expect("there");
            let left = (row.budget_usd.expect("bounded") - row.cost_usd).max(0.0);
            let cost_usd = row.cost_usd + left * part;
            change.set_money(&id, &Money { cost_usd, ..Money::default() }).expect("set");
            change.commit().expect("kept");
        }
        Deed::End(place, done) => {
            let Some((id, _)) = at(store, *place) else { return };
            submit(store, &id);
            let ending = if *done {
                Ending::completed()
            } else {
                Ending::failed(Reason::StepFailed, "no", "")
            };
            let change = store.change().expect("begun");
            change.apply(&id, Event::Over(ending)).expect("applied");
            change.commit().expect("kept");
        }
        Deed::Delete(place) => {
            let Some((id, status)) = at(store, *place) else { return };
            if status.is_terminal() {
                let change = store.change().expect("begun");
                change.delete_sprint(&id).expect("deleted");
                change.commit().expect("kept");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn no_limit_is_passed_whoever_comes_first(deeds in proptest::collection::vec(deed(), 1..60)) {
        let folder = tempfile::tempdir().expect("a folder");
        let app = app(folder.path());
        let mut store = Store::in_memory().expect("a database");
        loops(&mut store);
        for deed in &deeds {
            happen(&app, &mut store, deed);
            let used = store.money_of_study("s").expect("a sum");
            prop_assert!(used.cost_usd + used.reserved_usd <= STUDY_USD + 1e-6, "{:?}: {:?}", deed, used);
            for (id, most) in LOOPS {
                let used = store.money_of_loop(&LoopId::of(id)).expect("a sum");
                let sum = used.cost_usd + used.reserved_usd;
                prop_assert!(most.is_none_or(|most| sum <= most + 1e-6), "{:?} {}: {:?}", deed, id, used);
            }
        }
    }
}

#[test]
fn the_money_is_used_up_and_not_left_over() {
    let folder = tempfile::tempdir().expect("a folder");
    let app = app(folder.path());
    let mut store = Store::in_memory().expect("a database");
    loops(&mut store);
    for _ in 0..40 {
        for place in 0..LOOPS.len() {
            happen(&app, &mut store, &Deed::Advance(place));
        }
        for place in 0..9 {
            happen(&app, &mut store, &Deed::Spend(place, 1.0));
            happen(&app, &mut store, &Deed::End(place, true));
        }
    }
    let used = store.money_of_study("s").expect("a sum");
    assert!(used.cost_usd > STUDY_USD - 0.5, "{used:?}");
}
