use prose::{Ctx, flow};

#[flow]
async fn ask(ctx: Ctx, input: Vec<u32>) -> Result<(), String> {
    if {
        #[step]
        let asked: bool = true;
        asked
    } {
        #[step]
        'yes: {}
    }
    match {
        #[step]
        let asked: u32 = 1;
        asked
    } {
        _ => {
            #[step]
            'any: {}
        }
    }
    for one in {
        #[step]
        let asked: Vec<u32> = input.clone();
        asked
    } {
        #[step(name = "one")]
        'one: {
            drop(one);
        }
    }
    Ok(())
}

fn main() {}
