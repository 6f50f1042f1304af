use prose::{Ctx, flow};

struct Timer(u32);

impl Drop for Timer {
    fn drop(&mut self) {
        println!("stopped {}", self.0);
    }
}

fn start() -> Result<Timer, String> {
    Ok(Timer(1))
}

#[flow]
async fn sell(ctx: Ctx, input: u32) -> Result<u32, String> {
    let _timer = match start() {
        Ok(timer) => timer,
        Err(error) => return Err(error),
    };
    #[step]
    let sold: u32 = input;
    Ok(sold)
}

fn main() {}
