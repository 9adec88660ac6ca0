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
