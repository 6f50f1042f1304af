//! Where events go: over HTTP to `EVENTS_URL`, one address for each channel.

use std::time::Duration;

use prose::{EventRecord, PublishError, Publisher};
use reqwest::Client;

use crate::shop::http::{self, with_causes};

const TIMEOUT: Duration = Duration::from_secs(10);

/// Posts each event, as CloudEvents JSON, to `{url}/{channel}`.
#[derive(Debug)]
pub(crate) struct HttpPublisher {
    http: Client,
    url: String,
}

impl HttpPublisher {
    pub(crate) fn new(url: &str) -> reqwest::Result<Self> {
        Ok(Self { http: http::client(url)?, url: url.trim_end_matches('/').to_owned() })
    }

    async fn post(&self, channel: &str, event: &EventRecord) -> reqwest::Result<()> {
        let answer = self.http.post(format!("{}/{channel}", self.url)).json(event).timeout(TIMEOUT).send().await?;
        answer.error_for_status()?;
        Ok(())
    }
}

impl Publisher for HttpPublisher {
    fn publish<'a>(
        &'a self,
        channel: &'a str,
        event: &'a EventRecord,
    ) -> prose::store::BoxFuture<'a, Result<(), PublishError>> {
        Box::pin(async move {
            let posted = self.post(channel, event).await;
            posted.map_err(|error| PublishError::with_source(with_causes(&error), error))
        })
    }
}
