//! Where a run is kept, seen from a database: in it, or elsewhere.

use std::collections::HashMap;
use std::sync::{Arc, MutexGuard, PoisonError};

use prose::{DatabaseError, Store, TransactionStep};
use sqlx::PgPool;

use super::PostgresDatabase;
use crate::core::Core;
use crate::error::code;
use crate::store::PostgresStore;
use crate::text::escape;

/// What a transaction is committed with.
#[derive(Clone, Debug)]
pub(super) enum Partner {
    /// Nothing: there is no store.
    None,
    /// The run's next commit: its store is in the same database.
    Store(Arc<Core>),
    /// A receipt.
    Receipt {
        /// The run's uid, as it stands in the table.
        uid: String,
        /// The step, likewise.
        step: String,
    },
}

impl PostgresDatabase {
    pub(super) async fn partner(&self, step: TransactionStep<'_>) -> Result<Partner, DatabaseError> {
        if let Some(store) = step.store.as_any().downcast_ref::<PostgresStore>()
            && self.is_home_of(store.core()).await?
        {
            return Ok(Partner::Store(Arc::clone(store.core())));
        }
        Ok(Partner::Receipt { uid: escape(step.uid).into_owned(), step: escape(step.name).into_owned() })
    }

    /// Whether a store is in this database. Asked once: the random name that the store has written there must be found here.
    async fn is_home_of(&self, core: &Core) -> Result<bool, DatabaseError> {
        if let Some(known) = self.pairs().get(&core.instance.id).copied() {
            return Ok(known);
        }
        let found = self.finds(core).await?;
        self.pairs().insert(core.instance.id.clone(), found);
        Ok(found)
    }

    /// Whether it was found to be.
    pub(super) fn is_known_home_of(&self, store: &dyn Store) -> bool {
        let store = store.as_any().downcast_ref::<PostgresStore>();
        store.is_some_and(|store| self.pairs().get(&store.core().instance.id) == Some(&true))
    }

    /// A panic cannot have left the map half-changed.
    fn pairs(&self) -> MutexGuard<'_, HashMap<String, bool>> {
        self.0.pairs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn finds(&self, core: &Core) -> Result<bool, DatabaseError> {
        match knows(core, &self.0.pool).await {
            Ok(true) => return Ok(true),
            // There may be a store of another database here, and tables by these names, or none.
            Ok(false) => {}
            Err(error) if code(&error).is_some_and(|code| code == "42P01" || code == "3F000" || code == "42703") => {}
            Err(error) if code(&error).is_some_and(|code| code == "42501") => return Err(self.may_not(core, error)),
            Err(error) => return Err(self.failed(error)),
        }
        // Not found here: so it is elsewhere, if it is anywhere.
        let there = knows(core, &core.pool).await.map_err(|error| self.failed(error))?;
        if there {
            // It may have come in between: a pair that was taken for none would use receipts, and others would not.
            return knows(core, &self.0.pool).await.or_else(|error| match code(&error) {
                Some(code) if code == "42P01" || code == "3F000" || code == "42703" => Ok(false),
                _ => Err(self.failed(error)),
            });
        }
        let what = format!("{} is not connected right now, and was not asked where it is; try again", core.place);
        Err(DatabaseError::failed(what, sqlx::Error::RowNotFound))
    }

    fn may_not(&self, core: &Core, error: sqlx::Error) -> DatabaseError {
        let (place, schema) = (&self.0.place, core.schema.name());
        let what = format!(
            "{place} does not let the pool's user see schema `{schema}`, so the transaction cannot be committed together with \
             the step; `grant usage on schema {schema} to ..` and `grant select, insert, update on all tables in schema \
             {schema} to ..`, or use the store's user ({error})"
        );
        DatabaseError::failed(what, error)
    }
}

async fn knows(core: &Core, pool: &PgPool) -> Result<bool, sqlx::Error> {
    let sql = core.schema.sql("select exists (select from {s}.instances where instance = $1)");
    sqlx::query_scalar(sql).bind(&core.instance.id).fetch_one(pool).await
}
