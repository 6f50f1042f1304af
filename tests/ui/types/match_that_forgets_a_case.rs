use prose::{Ctx, flow};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
enum Payment {
    Card(String),
    Invoice,
    Cash,
}

#[flow]
async fn pay(ctx: Ctx, input: Payment) -> Result<(), String> {
    match &input {
        Payment::Card(number) => {
            #[step]
            'charge: {
                println!("{number}");
            }
        }
        Payment::Cash => {}
    }
    Ok(())
}

fn main() {}
