//! The HTTP client that this program's services share.

use std::time::Duration;

use reqwest::Client;

/// A client for a service at `base`.
pub(crate) fn client(base: &str) -> reqwest::Result<Client> {
    // Of the crates that can do the cryptography of TLS, ring builds quickest. Installing it twice fails, and does no harm.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut client = Client::builder().connect_timeout(Duration::from_secs(5));
    if base.starts_with("http://") {
        client = client.tls_certs_only([]); // no TLS, so do not look for this machine's root certificates: it may have none
    }
    client.build()
}

/// reqwest says "error sending request" and keeps the reason in its sources.
pub(crate) fn with_causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
