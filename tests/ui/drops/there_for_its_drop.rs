use prose::{Ctx, flow};

struct Opened(u32);

impl Drop for Opened {
    fn drop(&mut self) {
        println!("closed {}", self.0);
    }
}

fn open(till: u32) -> Opened {
    Opened(till)
}

fn tried() -> Option<Opened> {
    Some(Opened(8))
}

macro_rules! opened {
    ($till:expr) => {
        Opened($till)
    };
}

#[flow]
async fn sell(ctx: Ctx, input: u32) -> Result<u32, String> {
    let _first = open(1);
    let _second = opened!(2);
    let _third = Some(Opened(3));
    let _declared: Opened = open(5);
    let _list: Vec<(u32, Opened)> = Vec::from([(6, open(6))]);
    let _one = tried().unwrap();
    let _many = vec![7].into_iter().map(open).collect::<Vec<_>>();
    for till in 0..input {
        let _till = open(till);
        #[step]
        let _sold: u32 = till;
    }
    let _behind = open(4);
    Ok(input)
}

fn main() {}
