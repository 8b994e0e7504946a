//! The imperative shell: terminal, loop, tasks, signals, clock, journal and log. It performs
//! what the app describes and decides nothing about the world.

pub mod access;
pub mod backend;
pub mod clock;
pub mod deeds;
pub mod explorer;
pub mod hand;
pub mod ink;
pub mod input;
pub mod journal;
pub mod log;
pub mod neighbours;
pub mod outing;
pub mod outside;
pub mod perform;
pub mod prove;
pub mod read;
pub mod reload;
pub mod run;
pub mod settings;
pub mod signal;
mod source;
pub mod start;
pub mod survey;
pub mod terminal;
pub mod trail;
mod turns;
pub mod worlds;
