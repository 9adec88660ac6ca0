//! Keeps a static glibc binary from loading name-service modules.
//!
//! A statically linked glibc still loads the modules that the machine's
//! `nsswitch.conf` names (`resolve`, `myhostname`, `sss`, ...). They were built for
//! that machine's glibc, and on another release the first look-up crashes the
//! program. So the look-up order is fixed, before anything else runs, to the two
//! services that are inside the binary (glibc 2.34 and later).

/// Fixes the look-up order. Must be the first thing that `main` does.
#[cfg(all(target_os = "linux", target_env = "gnu", target_feature = "crt-static"))]
#[expect(unsafe_code, reason = "glibc offers this only as a C function")]
pub fn use_built_in_services() {
    use std::ffi::{c_char, c_int};
    unsafe extern "C" {
        fn __nss_configure_lookup(database: *const c_char, services: *const c_char) -> c_int;
    }
    for (database, services) in [
        (c"hosts", c"files dns"),
        (c"passwd", c"files"),
        (c"group", c"files"),
        (c"services", c"files"),
    ] {
        // SAFETY: both are NUL-terminated and live for ever; no other thread exists yet.
        unsafe { __nss_configure_lookup(database.as_ptr(), services.as_ptr()) };
    }
}

/// Nothing to do: a dynamically linked program matches its machine's modules.
#[cfg(not(all(target_os = "linux", target_env = "gnu", target_feature = "crt-static")))]
pub fn use_built_in_services() {}
