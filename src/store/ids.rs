//! How ids are written to the database and read from it.
//!
//! What is no id of its kind was not written by this program: it is refused where it is read, with the row
//! that has it.

use std::fmt::Display;

use rusqlite::Row;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};

use super::StoreError;
use crate::domain::id::InvalidName;
use crate::domain::{LoopId, MessageId, SprintId, TaskId};

macro_rules! stored_as_text {
    ($($id:ident),*) => {$(
        impl ToSql for $id {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                Ok(self.as_str().into())
            }
        }

        impl FromSql for $id {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                Self::new(value.as_str()?).map_err(|error| FromSqlError::Other(Box::new(error)))
            }
        }
    )*};
}

stored_as_text!(LoopId, MessageId, SprintId, TaskId);

/// What is wrong with a stored id, when it is that which could not be read.
pub(super) fn mistake(error: &rusqlite::Error) -> Option<&InvalidName> {
    match error {
        rusqlite::Error::FromSqlConversionFailure(_, _, inner) => inner.downcast_ref(),
        _ => None,
    }
}

/// An id in the row of something else: a mistake in it is told with that.
pub(super) fn id_in<T: FromSql>(
    row: &Row<'_>,
    column: usize,
    of: &impl Display,
) -> Result<T, StoreError> {
    row.get(column).map_err(|error| match mistake(&error) {
        Some(mistake) => StoreError::Unexpected(format!("{of}: {mistake}")),
        None => error.into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{NewSprint, Store};

    #[test]
    fn what_is_no_id_is_told_with_the_row_that_has_it() {
        let mut store = Store::in_memory().expect("a database");
        let id = SprintId::of("sp-000001");
        let change = store.change().expect("begun");
        assert!(change.create_sprint(&NewSprint::example(&id)).expect("made"));
        change.raw("UPDATE sprints SET task_id = 'x'").expect("written");
        let told = change.sprint(&id).expect_err("no task has such an id").to_string();
        assert!(told.contains("unexpected: sp-000001: \"x\" is not a task id"), "{told}");
        change.raw("UPDATE sprints SET task_id = NULL, id = 'sp-x'").expect("written");
        change.commit().expect("kept");
        let told = store.live_sprints().expect_err("no sprint has such an id").to_string();
        assert!(told.contains("unexpected: \"sp-x\" is not a sprint id"), "{told}");
    }
}
