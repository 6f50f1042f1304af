use prose::{Ctx, flow};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Meter {
    readings: Vec<u64>,
}

impl Meter {
    fn last(&self) -> u64 {
        self.readings.len() as u64
    }

    fn first(&self) -> Option<String> {
        None
    }

    fn iter(&self) -> Vec<u64> {
        self.readings.clone()
    }
}

#[flow]
async fn read(ctx: Ctx, input: Meter) -> Result<u64, String> {
    let last = input.last();
    if let Some(first) = input.first() {
        #[step]
        let _length: usize = first.len();
    }
    for reading in input.iter() {
        #[step]
        let _double: u64 = reading * last;
    }
    Ok(last)
}

fn main() {}
