//! Worlds built by hand, and the identities that the specification gives them.

mod bad_input;
mod findings;
mod gaps;
mod incremental;
mod irsa;
mod large;
mod network;
mod next;
mod node_role;
mod now;
mod permission;
mod pod_identity;
mod reach;
mod rows;
mod rules;
mod source;
mod state;
mod story;
mod template;
mod turn;
mod unread;
mod world;
