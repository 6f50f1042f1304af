//! Ten transactions on SQLite.

use prose::{Ctx, flow};
use prose_sqlite::SqliteDatabase;

use super::Counted;

#[flow]
pub(super) async fn count(ctx: Ctx<Counted<SqliteDatabase>>, input: (usize, usize)) -> Result<(), sqlx::Error> {
    let (run, steps) = input;
    for step in 0..steps {
        #[transaction(tx = ctx.deps.db)]
        'raise: {
            ctx.deps.beats.mark(run, step);
            let n: i64 = sqlx::query_scalar("select n from counter").fetch_one(&mut **tx).await?;
            sqlx::query("update counter set n = ?").bind(n + 1).execute(&mut **tx).await?;
        }
    }
    Ok(())
}
