//! What generated code asks of an expression, so that rustc says once what is wrong with it, and there.
//!
//! A bound alone would be told again of all that is done with the value. So the value goes through a call that gives its type as
//! an associated one. There are two ways to that: rustc takes the one that is left, and if none is, it does not know the type,
//! and has no more to say.

use crate::database::Database;
use crate::event::IntoEvents;

/// The way of what is as it should be.
#[derive(Debug)]
pub struct AsItself;

/// The other way, which leads nowhere.
#[derive(Debug)]
pub struct AsNothing;

/// Nothing is.
pub trait Nothing {}

/// A [`Database`], in `tx = ..`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a database that a transaction can use",
    label = "`#[transaction(tx = ..)]` takes a `prose::Database`, because its commit and the step's are one",
    note = "on SQLite that is `store.database()`, on Postgres `prose_postgres::PostgresDatabase::new(pool)`; not a pool, and not a connection"
)]
pub trait Transactional<Way> {
    /// This type.
    type Itself;
    /// This database.
    fn itself(&self) -> &Self::Itself;
}

#[diagnostic::do_not_recommend]
impl<D: Database> Transactional<AsItself> for D {
    type Itself = Self;
    fn itself(&self) -> &Self {
        self
    }
}

#[diagnostic::do_not_recommend]
impl<N: Nothing> Transactional<AsNothing> for N {
    type Itself = Self;
    fn itself(&self) -> &Self {
        self
    }
}

/// Takes a database, and nothing else.
pub fn database<D: Transactional<Way, Itself = I>, Way, I>(database: &D) -> &I {
    database.itself()
}

/// One event, none, or several: what an `#[event(..)]` stands on.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an event",
    label = "`#[event(..)]` publishes an `Event`, an `Option` or a `Vec` of one",
    note = "derive it: `#[derive(serde::Serialize, prose::Event)] #[event(type = \"order.confirmed\")]`"
)]
pub trait Publishable<Way> {
    /// This type.
    type Itself;
    /// These events.
    fn itself(self) -> Self::Itself;
}

#[diagnostic::do_not_recommend]
impl<E: IntoEvents> Publishable<AsItself> for E {
    type Itself = Self;
    fn itself(self) -> Self {
        self
    }
}

#[diagnostic::do_not_recommend]
impl<N: Nothing> Publishable<AsNothing> for N {
    type Itself = Self;
    fn itself(self) -> Self {
        self
    }
}

/// Takes events, and nothing else.
pub fn events<E: Publishable<Way, Itself = I>, Way, I>(events: E) -> I {
    events.itself()
}
