//! The real thing: the program over a real sshd to a real SLURM and a real Grid Engine.

mod cancel;
mod cron;
mod endings;
mod faults;
mod found;
mod gpus;
mod loops;
mod many;
mod ssh;
mod support;
mod suspension;
mod watching;
mod way;
mod whole;
