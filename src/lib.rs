//! researchloop turns research ideas into finished, red-teamed, reported experiments
//! on SLURM and SGE clusters. `ARCHITECTURE.md` is the map of this code.

pub mod app;
pub mod auto_loop;
pub mod bundle;
pub mod claude;
pub mod cli;
pub mod cluster;
pub mod config;
pub mod cron;
pub mod domain;
pub mod find;
pub mod message;
pub mod notify;
pub mod page;
pub mod pipeline;
pub mod plan;
pub mod platform;
pub mod problem;
pub mod project;
pub mod query;
pub mod remote;
pub mod runner;
pub mod scheduler;
pub mod sprint;
pub mod store;
pub mod study;
pub mod task;
pub mod tick;
pub mod view;
