//! Rights in the cluster that are taken, given and given back while the explorer runs.

use rolecall::sim::{fault::Fault, world::World};

use crate::{open_demo, play::Play, start};

fn take_pods(world: &World) {
    world.faults.add("pods:*=denied".parse::<Fault>().unwrap());
}

#[tokio::test(start_paused = true)]
async fn a_right_that_is_taken_takes_no_rows_and_none_is_missing_when_it_returns() {
    let play = open_demo().await;
    take_pods(&play.world);
    play.world.kubernetes.disconnect();
    play.see("k8s denied").await;
    play.see("cannot watch pods").await;
    assert!(play.screen().contains("1 Pods 63") && play.screen().contains("deploy/gateway"), "{}", play.screen());
    play.world.faults.clear();
    play.see("k8s live").await;
    assert!(play.screen().contains("1 Pods 63"), "{}", play.screen());
    play.leave().await;
}

#[tokio::test(start_paused = true)]
async fn who_may_read_no_pods_at_first_sees_those_of_every_namespace_once_the_right_is_given() {
    let world = World::demo(start()).unwrap();
    take_pods(&world);
    let play = Play::open(world).await;
    play.see("k8s denied").await;
    play.world.faults.clear();
    play.see("1 Pods 63").await;
    play.see("deploy/gateway").await;
    play.see("k8s live").await;
    play.leave().await;
}
