//! The only place that speaks HTTP as a client. TLS is OpenSSL with the system's certificates;
//! a proxy of the environment is used.

use std::time::Duration;

/// Sends a JSON text. `token` goes along as a bearer token. The answer counts only by its status.
///
/// # Errors
/// What went wrong, in one line that names neither address nor token.
pub fn post_json(
    url: &str,
    token: Option<&str>,
    body: &str,
    limit: Duration,
) -> Result<(), String> {
    use ureq::tls::{RootCerts, TlsConfig, TlsProvider};
    let tls = TlsConfig::builder()
        .provider(TlsProvider::NativeTls)
        .root_certs(RootCerts::PlatformVerifier)
        .build();
    let config = ureq::Agent::config_builder()
        .timeout_global(Some(limit))
        .max_redirects(0)
        .tls_config(tls)
        .http_status_as_error(false)
        .build();
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
    match status {
        _ if status.is_success() => Ok(()),
        // A client that followed would ask for a page there, and tell nothing.
        _ if status.is_redirection() => Err(format!(
            "the server answered {status}, which redirects: set the address that it redirects to"
        )),
        _ => Err(format!("the server answered {status}")),
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};

    use super::*;

    #[test]
    fn who_is_sent_elsewhere_has_told_nobody() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        std::thread::spawn(move || {
            for answer in ["302 Found\r\nLocation: /login", "200 OK"] {
                let (mut stream, _) = listener.accept().expect("a caller");
                let _ = stream.read(&mut [0; 4096]);
                let _ = write!(
                    stream,
                    "HTTP/1.1 {answer}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                );
            }
        });
        let said =
            post_json(&url, None, "{}", Duration::from_secs(5)).expect_err("it went nowhere");
        assert!(said.contains("302"), "{said}");
    }
}
