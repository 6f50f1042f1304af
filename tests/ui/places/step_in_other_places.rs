use prose::{Ctx, flow};

#[flow]
async fn places(ctx: Ctx, input: u32) -> Result<u32, String> {
    let later = async {
        #[step]
        let one: u32 = input;
        one
    };
    fn helper() {
        #[step]
        'inside: {}
    }
    println!("{}", {
        #[step]
        let three: u32 = 3;
        three
    });
    #[step]
    'outer: {
        #[step]
        'inner: {}
    }
    drop(later);
    Ok(input)
}

fn main() {}
