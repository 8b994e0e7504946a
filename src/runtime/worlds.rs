//! Which simulated world: the demo, its story, a file, or a generated one.

use std::{path::Path, sync::Arc};

use jiff::Timestamp;

use crate::{
    domain::failure::{Failure, FailureKind},
    sim::{generate::Spec, world::World},
};

/// The world of a file, else the story, else the demo.
///
/// # Errors
/// The file cannot be read, or is no world: with line or document and field.
pub fn choose(file: Option<&Path>, story: bool, now: Timestamp) -> Result<Arc<World>, Failure> {
    match file {
        Some(file) => from_file(file, now),
        None if story => World::story(now).map_err(|error| broken("the story", &error)),
        None => World::demo(now).map_err(|error| broken("the demo world", &error)),
    }
}

/// A generated world.
///
/// # Errors
/// The specification asks for something impossible, such as pods without namespaces.
pub fn generated(spec: &Spec, now: Timestamp) -> Result<Arc<World>, Failure> {
    World::generate(spec, now).map_err(|error| broken("a generated world", &error))
}

fn from_file(file: &Path, now: Timestamp) -> Result<Arc<World>, Failure> {
    let name = file.display().to_string();
    let text = std::fs::read_to_string(file).map_err(|error| broken(&name, &error))?;
    World::from_yaml(&text, now).map_err(|error| broken(&name, &error))
}

fn broken(what: &str, error: &dyn std::fmt::Display) -> Failure {
    Failure::new(
        FailureKind::Usage,
        format!("cannot load {what}"),
        error.to_string(),
        "A world is YAML: Kubernetes manifests and one `aws:` document",
    )
}
