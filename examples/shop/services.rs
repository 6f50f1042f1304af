//! Which servers a run talks to: those of the environment, or stand-ins for what is not set there.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use crate::shop::stand_ins::StandIns;

/// The addresses, and the stand-ins behind some of them, which live as long as this does.
#[derive(Debug)]
pub(crate) struct Services {
    pub(crate) stripe_api_base: String,
    pub(crate) stripe_secret_key: String,
    pub(crate) smtp_url: String,
    /// Where events go; `None`: to the log.
    pub(crate) events_url: Option<String>,
    _stand_ins: Option<StandIns>,
}

impl Services {
    /// Looks into the environment. Stand-ins are started if the payment service or the mail server is not set there.
    pub(crate) fn find(db: &Path) -> io::Result<Self> {
        let stripe_secret_key = variable("STRIPE_SECRET_KEY").unwrap_or_else(|| "sk_test_stand_in".to_owned());
        let events_url = variable("EVENTS_URL");
        match (variable("STRIPE_API_BASE"), variable("SMTP_URL")) {
            (Some(stripe_api_base), Some(smtp_url)) => {
                Ok(Self { stripe_api_base, stripe_secret_key, smtp_url, events_url, _stand_ins: None })
            }
            (stripe_api_base, smtp_url) => {
                let stand_ins = StandIns::start(&memory_beside(db))?;
                let there = stand_ins.addresses.clone();
                Ok(Self {
                    stripe_api_base: stripe_api_base.unwrap_or(there.stripe_api_base),
                    stripe_secret_key,
                    smtp_url: smtp_url.unwrap_or(there.smtp_url),
                    events_url: events_url.or(Some(there.events_url)),
                    _stand_ins: Some(stand_ins),
                })
            }
        }
    }
}

/// The stand-ins of a killed run are gone with it. Their memory stays beside the database, for those of the next call.
pub(crate) fn memory_beside(db: &Path) -> PathBuf {
    let mut name = OsString::from(db);
    name.push(".world.jsonl");
    PathBuf::from(name)
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
