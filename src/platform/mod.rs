//! The ground floor: what the operating system gives us, behind names that
//! the rest of the program can use without asking the system itself.

pub mod clock;
pub mod file_system;
pub mod http;
pub mod nss;
pub mod private;
pub mod process;
pub mod random;
