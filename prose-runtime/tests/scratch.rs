use prose::{Ctx, MemoryStore, Store, flow};
use std::time::{Duration, Instant, SystemTime};
#[derive(serde::Serialize, serde::Deserialize, Debug)]
pub struct Approval {
    by: String,
}

#[flow]
async fn waits(ctx: Ctx, input: Vec<u64>) -> Result<String, String> {
    let mut all = String::new();
    let mut pause = 1;
    for n in &input {
        #[sleep]
        Duration::from_millis(n + pause);
        pause += 1;
        #[step]
        let s: String = format!("{n} {pause};");
        all.push_str(&s);
    }
    #[sleep(name = "past")]
    SystemTime::UNIX_EPOCH;
    #[signal]
    let approval: Approval;
    #[signal(timeout = "50ms")]
    let mut second: Option<Approval>;
    if second.is_none() {
        second = Some(Approval { by: "x".into() });
    }
    #[step]
    let done: String = format!("{all} {approval:?} {second:?}");
    Ok(done)
}

#[tokio::test]
async fn a() {
    fn local() {}
    local();
    #[derive(serde::Serialize, serde::Deserialize, Debug)]
    struct Here(u8);
    #[flow]
    async fn inner(ctx: Ctx, input: u8) -> Result<u8, String> {
        #[signal(name = "type", timeout = "1m")]
        let r#match: Option<Here>;
        #[step]
        let one: u8 = input;
        let Some(Here(x)) = r#match else { return Ok(one) };
        Ok(x + one)
    }
    let store = MemoryStore::new();
    let run = tokio::spawn(inner(3).durable(&store, "i"));
    inner::signals::r#type(&store, "i", Here(4)).keep_for(Duration::from_secs(3)).await.unwrap();
    assert_eq!(run.await.unwrap().unwrap(), 7);
    let state = store.load_typed::<inner::Flow>("i").await.unwrap().unwrap();
    assert_eq!(state.r#match().unwrap().unwrap().unwrap().0, 4);
    let before = Instant::now();
    let run = tokio::spawn(waits(vec![3, 4, 5]).durable(&store, "w"));
    for _ in 0..2 {
        waits::signals::approval(&store, "w", Approval { by: "me".into() })
            .id("1")
            .keep_for(Duration::from_secs(3))
            .await
            .unwrap();
    }
    println!("{:?} {:?}", run.await.unwrap(), before.elapsed());
    println!("{}", waits::GRAPH.to_mermaid());
}
