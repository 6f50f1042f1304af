//! The order flow on Postgres, as an application has it.

use bench_order::{self as shop, INSERT_ORDER_POSTGRES, ORDERS_TABLE, Order, OrderConfirmed, OrderError, Receipt};
use prose::{Ctx, Event, Relay, TracingPublisher, flow};
use prose_postgres::{PostgresDatabase, PostgresStore};

struct Shop {
    db: PostgresDatabase,
}

#[derive(serde::Serialize, Event)]
#[event(type = "order.confirmed")]
struct Confirmed(OrderConfirmed);

#[derive(Debug, thiserror::Error)]
enum Failed {
    #[error(transparent)]
    Order(#[from] OrderError),
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}

impl Failed {
    fn is_transient(&self) -> bool {
        matches!(self, Self::Order(error) if error.is_transient())
    }
}

#[flow]
async fn process(ctx: Ctx<Shop>, order: Order) -> Result<Receipt, Failed> {
    #[validate]
    'validate: {
        shop::validate(&order)?;
    }

    #[step(retry(max_attempts = 3, delay = "500ms", backoff = 2.0, when = Failed::is_transient))]
    let receipt: Receipt = shop::charge(&order, ctx.idempotency_key()).await?;

    #[transaction(tx = ctx.deps.db)]
    'persist: {
        let insert = sqlx::query(INSERT_ORDER_POSTGRES).bind(&order.id).bind(&order.user_id).bind(receipt.cents as i64);
        insert.execute(&mut **tx).await?;
    }

    #[step]
    'mail: {
        shop::mail(&order.user_id, &receipt, ctx.idempotency_key()).await?;
    }

    #[event("orders")]
    Confirmed(shop::confirmed(&order, &receipt));

    Ok(receipt)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let url = std::env::args().nth(1).ok_or("usage: order_flow POSTGRES_URL")?;
    let store = PostgresStore::connect(&url).await?;
    let db = PostgresDatabase::new(sqlx::PgPool::connect(&url).await?);
    sqlx::query(ORDERS_TABLE).execute(db.pool()).await?;
    let relay = Relay::start(&store, TracingPublisher);
    let receipt = process(shop::order(1)).deps(Shop { db }).durable(&store, "ord_1").await?;
    println!("{receipt:?}");
    relay.stop().await;
    Ok(())
}
