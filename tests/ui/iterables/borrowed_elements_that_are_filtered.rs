use prose::{Ctx, flow};

#[flow]
async fn ship(ctx: Ctx, input: Vec<u32>) -> Result<(), String> {
    for count in input.iter().filter(|count| **count > 0) {
        #[step]
        'pick: {
            println!("{count}");
        }
    }
    Ok(())
}

fn main() {}
