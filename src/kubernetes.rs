//! The Kubernetes side: kubeconfig, connection, watches and the few writes. The only importer of
//! `kube`. It tells what the API server says, as `domain` changes; it decides nothing and knows
//! neither AWS nor screens.

pub mod connect;
pub mod context;
pub mod object;
pub mod rollout;
pub mod template;
pub mod token;
pub mod watch;

mod bearer;
mod decode;
mod failure;
mod identify;
mod intern;
mod plugin;
mod request;

#[cfg(test)]
mod tests;
