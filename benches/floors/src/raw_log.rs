//! A file to which records are appended.

use std::fs::File;
use std::io::Write;

use bench_protocol::{Args, setting};

use crate::Result;
use crate::callers;
use crate::grouped::Group;
use crate::record::Record;

pub(crate) async fn steps(args: &Args) -> Result<()> {
    setting("append, fdatasync");
    let mut file = File::options().create(true).append(true).open(args.dir.join("log"))?;
    let mut bytes = Vec::new();
    let mut write = move |records: &[Record]| -> Result<()> {
        bytes.clear();
        for Record { run, seq, data } in records {
            bytes.extend(run.to_le_bytes());
            bytes.extend(seq.to_le_bytes());
            bytes.extend((data.len() as u32).to_le_bytes());
            bytes.extend(data.as_bytes());
        }
        file.write_all(&bytes)?;
        Ok(file.sync_data()?)
    };
    if args.concurrency == 1 {
        return callers::run_alone(args, |record| write(std::slice::from_ref(record)));
    }
    let group = Group::start(write);
    callers::run(args, move |record| {
        let group = group.clone();
        async move { group.write(record).await }
    })
    .await
}
