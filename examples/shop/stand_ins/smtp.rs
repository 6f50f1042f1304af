//! The stand-in for the mail server: the few verbs of SMTP that a client needs, deduplicating by Message-ID.

use std::io;
use std::sync::Arc;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufStream};
use tokio::net::{TcpListener, TcpStream};

use super::memory::{Mail, Memory, Seen};

/// Serves for ever, one task for each connection.
pub(crate) async fn serve(listener: TcpListener, memory: Arc<Memory>) -> io::Result<()> {
    loop {
        let (connection, _) = listener.accept().await?;
        let memory = memory.clone();
        tokio::spawn(async move {
            // A client that hangs up in the middle, perhaps because it was killed, is nothing to report.
            let _ = Session { connection: BufStream::new(connection), memory }.talk().await;
        });
    }
}

struct Session {
    connection: BufStream<TcpStream>,
    memory: Arc<Memory>,
}

impl Session {
    async fn talk(mut self) -> io::Result<()> {
        let mut to = Vec::new();
        self.say("220 stand-in ESMTP").await?;
        while let Some(line) = self.line().await? {
            match verb(&line).as_str() {
                "EHLO" | "HELO" => self.say("250 stand-in").await?,
                "MAIL" | "RSET" => {
                    to.clear();
                    self.say("250 2.1.0 Ok").await?;
                }
                "RCPT" => {
                    to.push(address(&line));
                    self.say("250 2.1.5 Ok").await?;
                }
                "DATA" => {
                    self.say("354 End data with <CR><LF>.<CR><LF>").await?;
                    let message = self.message().await?;
                    let answer = self.accept(&message, std::mem::take(&mut to))?;
                    self.say(answer).await?;
                }
                "NOOP" => self.say("250 2.0.0 Ok").await?,
                "QUIT" => return self.say("221 2.0.0 Bye").await,
                _ => self.say("502 5.5.2 Command not known here").await?,
            }
        }
        Ok(())
    }

    async fn say(&mut self, line: &str) -> io::Result<()> {
        self.connection.write_all(line.as_bytes()).await?;
        self.connection.write_all(b"\r\n").await?;
        self.connection.flush().await
    }

    /// A client sends a mail and its final dot in two pieces, and holds the second one back until the first is acknowledged.
    /// Linux takes 40 ms for that unless it is told to hurry, again and again.
    fn acknowledge_at_once(&self) {
        #[cfg(target_os = "linux")]
        let _ = self.connection.get_ref().set_quickack(true);
    }

    async fn line(&mut self) -> io::Result<Option<String>> {
        self.acknowledge_at_once();
        let mut line = Vec::new();
        self.connection.read_until(b'\n', &mut line).await?;
        let text = String::from_utf8_lossy(&line);
        Ok((!line.is_empty()).then(|| text.trim_end_matches(['\r', '\n']).to_owned()))
    }

    /// The lines up to the lonely dot; a dot that was doubled on the way is single again.
    async fn message(&mut self) -> io::Result<Vec<String>> {
        let mut lines = Vec::new();
        loop {
            match self.line().await? {
                None => return Err(io::ErrorKind::UnexpectedEof.into()),
                Some(line) if line == "." => return Ok(lines),
                Some(line) => lines.push(line.strip_prefix('.').map_or(line.clone(), str::to_owned)),
            }
        }
    }

    fn accept(&self, message: &[String], to: Vec<String>) -> io::Result<&'static str> {
        let message_id = header(message, "Message-ID");
        let key = header(message, "Idempotency-Key");
        let subject = header(message, "Subject").unwrap_or_default();
        self.memory.remember(|world| {
            let duplicate = message_id.is_some() && world.mails.iter().any(|mail| mail.message_id == message_id);
            let answer = if duplicate { "250 2.0.0 Ok: known already" } else { "250 2.0.0 Ok: queued" };
            (Seen::Mail(Mail { message_id, key, to, subject, duplicate }), answer)
        })
    }
}

fn verb(line: &str) -> String {
    line.split_whitespace().next().unwrap_or_default().to_ascii_uppercase()
}

/// What stands between the angle brackets of `RCPT TO:<..>`.
fn address(line: &str) -> String {
    let inner = line.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    inner.map_or(line, |(address, _)| address).to_owned()
}

/// A header's value, put together again if it was folded over several lines.
fn header(message: &[String], name: &str) -> Option<String> {
    let headers = message.iter().position(String::is_empty).map_or(message, |end| &message[..end]);
    let start = headers
        .iter()
        .position(|line| line.split_once(':').is_some_and(|(known, _)| known.trim_end().eq_ignore_ascii_case(name)))?;
    let mut value = headers[start].split_once(':')?.1.trim().to_owned();
    for folded in headers[start + 1..].iter().take_while(|line| line.starts_with([' ', '\t'])) {
        value.push(' ');
        value.push_str(folded.trim());
    }
    Some(value.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn headers_are_found_whatever_their_case_and_unfolded() {
        let message = lines("Subject: a long\n  one\nmessage-id: <1@x>\n\nIdempotency-Key: in the body");
        assert_eq!(header(&message, "Subject").unwrap(), "a long one");
        assert_eq!(header(&message, "Message-ID").unwrap(), "<1@x>");
        assert_eq!(header(&message, "Idempotency-Key"), None);
    }

    #[test]
    fn an_address_stands_between_the_brackets() {
        assert_eq!(address("RCPT TO:<a@b.example> NOTIFY=NEVER"), "a@b.example");
    }
}
