//! The version of the tables, and the way from one version to the next. `schema.sql` has the tables of version 1,
//! `schema_outbox.sql` and `schema_engine.sql` what versions 2 and 3 have added.

use prose::StoreError;
use sqlx::{Connection, PgConnection};

use crate::error::{code, refused, unavailable};
use crate::names::Schema;

/// What leads from each version to the next. Steps are only ever added: schemas of every version exist.
const STEPS: [&str; 3] =
    [include_str!("schema.sql"), include_str!("schema_outbox.sql"), include_str!("schema_engine.sql")];

const VERSIONS: &str = "create table {s}.schema_version (version bigint not null, \
    migrated_at timestamptz not null default clock_timestamp())";

/// Makes sure that the schema has the tables of this version: creates or migrates them, or says why not.
pub(crate) async fn prepare(sql: &mut PgConnection, schema: &Schema, place: &str) -> Result<(), StoreError> {
    let found = version(sql, schema).await.map_err(|error| unavailable(place, error))?;
    if known(found, schema, place)? == STEPS.len() {
        return Ok(());
    }
    migrate(sql, schema, place).await
}

/// Others may start at the same moment: who comes second waits, and finds the work done.
async fn migrate(sql: &mut PgConnection, schema: &Schema, place: &str) -> Result<(), StoreError> {
    let failed = |error| unavailable(place, error);
    let mut tx = sql.begin().await.map_err(failed)?;
    sqlx::query("select pg_advisory_xact_lock(hashtextextended('prose.schema.' || $1, 0))")
        .bind(schema.name())
        .execute(&mut *tx)
        .await
        .map_err(failed)?;
    let found = version(&mut tx, schema).await.map_err(failed)?;
    let done = known(found, schema, place)?;
    if found.is_none() {
        create(&mut tx, schema).await.map_err(|error| not_created(schema, place, error))?;
    }
    for step in STEPS.iter().skip(done) {
        let step = schema.sql(step);
        sqlx::raw_sql(step).execute(&mut *tx).await.map_err(|error| not_created(schema, place, error))?;
    }
    if done < STEPS.len() {
        sqlx::query(schema.sql("update {s}.schema_version set version = $1, migrated_at = clock_timestamp()"))
            .bind(STEPS.len() as i64)
            .execute(&mut *tx)
            .await
            .map_err(failed)?;
    }
    tx.commit().await.map_err(failed)
}

/// The schema, where it is missing: who may not create one may use one that is there. And the table of the version.
async fn create(sql: &mut PgConnection, schema: &Schema) -> Result<(), sqlx::Error> {
    let there: bool = sqlx::query_scalar("select exists (select from pg_namespace where nspname = $1)")
        .bind(schema.name())
        .fetch_one(&mut *sql)
        .await?;
    if !there {
        sqlx::raw_sql(schema.sql("create schema {s}")).execute(&mut *sql).await?;
    }
    sqlx::raw_sql(schema.sql(VERSIONS)).execute(&mut *sql).await?;
    sqlx::raw_sql(schema.sql("insert into {s}.schema_version (version) values (0)")).execute(sql).await?;
    Ok(())
}

/// What the schema says; `None` where there is no table of ours.
async fn version(sql: &mut PgConnection, schema: &Schema) -> Result<Option<i64>, sqlx::Error> {
    let found: bool = sqlx::query_scalar(
        "select exists (select from pg_class table_ join pg_namespace schema on schema.oid = table_.relnamespace \
         where schema.nspname = $1 and table_.relname = 'schema_version')",
    )
    .bind(schema.name())
    .fetch_one(&mut *sql)
    .await?;
    if !found {
        return Ok(None);
    }
    sqlx::query_scalar(schema.sql("select version from {s}.schema_version")).fetch_optional(sql).await
}

/// How many steps the schema has behind it.
fn known(found: Option<i64>, schema: &Schema, place: &str) -> Result<usize, StoreError> {
    let name = schema.name();
    match found.map(usize::try_from) {
        None => Ok(0),
        Some(Ok(version)) if version <= STEPS.len() => Ok(version),
        _ => Err(refused(format!(
            "schema `{name}` of {place} was written by a newer prose-postgres (schema version {}; this one knows up to {}); \
             upgrade prose-postgres here. Nothing was changed",
            found.unwrap_or_default(),
            STEPS.len()
        ))),
    }
}

fn not_created(schema: &Schema, place: &str, error: sqlx::Error) -> StoreError {
    let name = schema.name();
    if code(&error).is_some_and(|code| code == "42P07" || code == "42P06") {
        return StoreError::unavailable(
            format!(
                "schema `{name}` of {place} has a table of somebody else by a name that the store needs; give the store a \
                 schema of its own (`.schema(\"..\")`). Nothing was changed ({error})"
            ),
            error,
        );
    }
    unavailable(place, error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_is_ours_new_or_refused() {
        let schema = Schema::new("prose").unwrap();
        let known = |found| known(found, &schema, "here").map_err(|error| error.to_string());
        assert_eq!((known(None), known(Some(0)), known(Some(1))), (Ok(0), Ok(0), Ok(1)));
        for found in [1 + STEPS.len() as i64, -1] {
            assert!(known(Some(found)).unwrap_err().contains("newer"));
        }
    }
}
