//! One look at a world, through the adapters that ship.

use std::{sync::Arc, time::Duration};

use rolecall::{
    domain::{inventory::Inventory, service_account::DeclarationKeys},
    runtime::{clock::Clock, outside::Outside, survey},
    sim::world::World,
};

/// Looks once at everything in a world, as the commands do.
pub async fn look(world: &Arc<World>) -> Inventory {
    let outside = Outside::Simulated(Arc::clone(world), DeclarationKeys::default());
    let clock = Clock::tokio(world.clock.now());
    survey::survey(&outside, Duration::from_secs(3600), clock).await.unwrap().inventory
}
