//! The only place that speaks HTTP as a client. TLS is OpenSSL with the system's certificates;
//! a proxy of the environment is used.

use std::time::Duration;

/// Sends a JSON text. `token` goes along as a bearer token. The answer counts only by its status.
///
/// # Errors
/// What went wrong, in one line that names neither address nor token.
pub fn post_json(url: &str, token: Option<&str>, body: &str, limit: Duration) -> Result<(), String> {
    use ureq::tls::{RootCerts, TlsConfig, TlsProvider};
    let tls = TlsConfig::builder().provider(TlsProvider::NativeTls).root_certs(RootCerts::PlatformVerifier).build();
    let config = ureq::Agent::config_builder().timeout_global(Some(limit)).tls_config(tls).http_status_as_error(false).build();
    let mut request = config.new_agent().post(url).header("Content-Type", "application/json");
    if let Some(token) = token {
        request = request.header("Authorization", format!("Bearer {token}"));
    }
    let response = request.send(body).map_err(|error| match error {
        ureq::Error::Timeout(_) => format!("no answer within {} s", limit.as_secs()),
        ureq::Error::HostNotFound => "the host is not known".to_owned(),
        ureq::Error::Io(error) => error.to_string(),
        ureq::Error::BadUri(_) => "the address cannot be read".to_owned(),
        other => other.to_string(),
    })?;
    let status = response.status();
    if status.is_success() { Ok(()) } else { Err(format!("the server answered {status}")) }
}
