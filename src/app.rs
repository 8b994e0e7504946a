//! The program as a state machine: model, message, update, effect. Pure: no clock, no I/O, no
//! terminal; time comes with each message, and what is to be done leaves as data.

pub mod availability;
pub mod cluster;
pub mod command;
pub mod compare;
pub mod complete;
pub mod dialog;
pub mod effect;
pub mod field;
pub mod fuzzy;
pub mod hint;
pub mod keys;
pub mod list;
pub mod list_kind;
pub mod lock;
pub mod message;
pub mod model;
pub mod operation;
pub mod row;
pub mod screen;
pub mod settle;
pub mod sort;
pub mod stock;
pub mod subject;
pub mod target;
#[cfg(test)]
mod tests;
pub mod toast;
pub mod trail;
pub mod update;
pub mod wait;
pub mod wake;
