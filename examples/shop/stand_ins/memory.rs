//! What the stand-ins remember: a file of JSON lines, one for each thing they were asked, so that no crash makes them forget.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One thing that the outside world was asked.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum Seen {
    /// `POST /v1/payment_intents`.
    Payment(Payment),
    /// A mail that was handed over by SMTP.
    Mail(Mail),
    /// A published event.
    Event(Published),
}

/// A request to the payment service, and what it was answered.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Payment {
    pub(crate) key: Option<String>,
    pub(crate) amount: u64,
    pub(crate) currency: String,
    pub(crate) customer: String,
    pub(crate) status: u16,
    pub(crate) answer: Value,
    /// The answer to an earlier request with the same key was given again: no money has moved.
    pub(crate) replayed: bool,
}

/// A mail, and whether its Message-ID was known already.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Mail {
    pub(crate) message_id: Option<String>,
    pub(crate) key: Option<String>,
    pub(crate) to: Vec<String>,
    pub(crate) subject: String,
    pub(crate) duplicate: bool,
}

/// An event as it arrived, with its channel.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Published {
    pub(crate) channel: String,
    pub(crate) event: Value,
}

/// All that the outside world was asked, in order.
#[derive(Clone, Debug, Default)]
pub(crate) struct World {
    pub(crate) payments: Vec<Payment>,
    pub(crate) mails: Vec<Mail>,
    pub(crate) events: Vec<Published>,
}

impl World {
    /// Reads a memory without writing to it; a file that does not exist has seen nothing.
    pub(crate) fn read(path: &Path) -> io::Result<Self> {
        let mut world = Self::default();
        match File::open(path) {
            Ok(file) => world.add_lines(&read_locked(file)?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        Ok(world)
    }

    /// The requests that moved money.
    pub(crate) fn charges(&self) -> impl Iterator<Item = &Payment> {
        self.payments.iter().filter(|payment| payment.status == 200 && !payment.replayed)
    }

    /// The mails that a customer would find in the inbox.
    pub(crate) fn accepted_mails(&self) -> impl Iterator<Item = &Mail> {
        self.mails.iter().filter(|mail| !mail.duplicate)
    }

    /// The world as JSON, for people and tests.
    pub(crate) fn to_json(&self) -> Value {
        serde_json::json!({
            "payment_requests": self.payments,
            "charges": self.charges().collect::<Vec<_>>(),
            "mails_seen": self.mails,
            "mails_accepted": self.accepted_mails().collect::<Vec<_>>(),
            "events": self.events,
        })
    }

    /// A line that is no JSON was torn by a kill in the middle of its writing: nobody was answered, so it did not happen.
    fn add_lines(&mut self, lines: &str) {
        for seen in lines.lines().filter_map(|line| serde_json::from_str(line).ok()) {
            match seen {
                Seen::Payment(payment) => self.payments.push(payment),
                Seen::Mail(mail) => self.mails.push(mail),
                Seen::Event(event) => self.events.push(event),
            }
        }
    }
}

/// Who adds a line holds the file's lock, so none is seen half written.
fn read_locked(mut file: File) -> io::Result<String> {
    let mut lines = String::new();
    file.lock_shared()?;
    file.read_to_string(&mut lines)?;
    Ok(lines)
}

/// A memory that can be added to. Several processes may share its file: each request is handled under the file's lock.
#[derive(Debug)]
pub(crate) struct Memory {
    opened: Mutex<Opened>,
}

#[derive(Debug)]
struct Opened {
    file: File,
    /// How much of the file is in `world` already.
    read: u64,
    world: World,
}

impl Memory {
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
        Ok(Self { opened: Mutex::new(Opened { file, read: 0, world: World::default() }) })
    }

    /// Looks at what was seen so far.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&World) -> T) -> io::Result<T> {
        self.locked(|opened| Ok(look(&opened.world)))
    }

    /// Decides on an answer in view of what was seen so far, and remembers it before anybody hears of it.
    pub(crate) fn remember<T>(&self, decide: impl FnOnce(&World) -> (Seen, T)) -> io::Result<T> {
        self.locked(|opened| {
            let (seen, answer) = decide(&opened.world);
            opened.append(&seen)?;
            Ok(answer)
        })
    }

    fn locked<T>(&self, work: impl FnOnce(&mut Opened) -> io::Result<T>) -> io::Result<T> {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        opened.file.lock()?;
        let result = opened.catch_up().and_then(|()| work(&mut opened));
        opened.file.unlock()?;
        result
    }
}

impl Opened {
    /// Reads what other processes have added.
    fn catch_up(&mut self) -> io::Result<()> {
        let mut added = String::new();
        self.file.seek(SeekFrom::Start(self.read))?;
        self.file.read_to_string(&mut added)?;
        if !added.is_empty() && !added.ends_with('\n') {
            self.file.write_all(b"\n")?; // a torn line: close it, so that the next one stands alone
            added.push('\n');
        }
        self.read += added.len() as u64;
        self.world.add_lines(&added);
        Ok(())
    }

    fn append(&mut self, seen: &Seen) -> io::Result<()> {
        let line = serde_json::to_string(seen)? + "\n";
        self.file.write_all(line.as_bytes())?;
        self.catch_up()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail(id: &str) -> Seen {
        Seen::Mail(Mail { message_id: Some(id.to_owned()), ..Mail::default() })
    }

    #[test]
    fn two_openings_of_one_file_see_each_other() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("world.jsonl");
        let (a, b) = (Memory::open(&path).unwrap(), Memory::open(&path).unwrap());
        a.remember(|_| (mail("1"), ())).unwrap();
        assert_eq!(b.remember(|world| (mail("2"), world.mails.len())).unwrap(), 1);
        assert_eq!(a.look(|world| world.mails.len()).unwrap(), 2);
        assert_eq!(World::read(&path).unwrap().mails.len(), 2);
    }

    #[test]
    fn a_torn_line_is_forgotten_and_harms_no_other() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("world.jsonl");
        std::fs::write(&path, r#"{"kind":"mail","message"#).unwrap();
        let memory = Memory::open(&path).unwrap();
        memory.remember(|_| (mail("1"), ())).unwrap();
        assert_eq!(memory.look(|world| world.mails.len()).unwrap(), 1);
        assert_eq!(World::read(&path).unwrap().mails.len(), 1);
    }

    #[test]
    fn reading_a_file_that_does_not_exist_does_not_make_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("world.jsonl");
        assert!(World::read(&path).unwrap().payments.is_empty());
        assert!(!path.exists());
    }
}
