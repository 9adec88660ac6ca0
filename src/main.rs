//! The program's entry.

use std::process::ExitCode;

fn main() -> ExitCode {
    // Before anything else: a static binary must not load the machine's name services.
    researchloop::platform::nss::use_built_in_services();
    ExitCode::from(researchloop::cli::run())
}
