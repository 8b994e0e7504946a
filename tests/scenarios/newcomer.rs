//! Somebody who has never seen the program presses only what is written on the screen.

use std::time::Duration;

use super::{
    open_demo,
    play::{Play, start},
};
use rolecall::sim::world::World;

/// The keys that the screen suggests: on the lower borders of dialogs, else in the footer; a page says beside its name
/// how one leaves it.
fn suggested(screen: &str) -> Vec<(String, String)> {
    let border = |line: &str| Some(line.split_once('└')?.1.split_once('┘')?.0.trim_matches([' ', '─']).to_owned());
    let mut lines: Vec<String> = screen.lines().filter_map(border).collect();
    if lines.is_empty() {
        lines.extend(screen.lines().last().map(str::to_owned));
        lines.extend(screen.lines().nth(2).filter(|line| line.ends_with("Esc back")).map(|_| "Esc back".to_owned()));
    }
    let hints = lines.iter().flat_map(|line| line.split("  ")).filter_map(|hint| hint.trim().split_once(' '));
    hints.map(|(key, word)| (key.to_owned(), word.to_owned())).collect()
}

/// Presses a key if the screen suggests it for this.
fn press(play: &Play, key: &str, word: &str) {
    let screen = play.screen();
    let hints = suggested(&screen);
    let found = hints.iter().any(|(shown, what)| shown == key && what.starts_with(word));
    assert!(found, "`{key} {word}` is not suggested: {hints:?}\n{screen}");
    play.press(key);
}

#[tokio::test(start_paused = true)]
async fn a_newcomer_finds_a_broken_pod_its_reason_and_its_fix_by_the_keys_of_the_footer() {
    let play = open_demo().await;
    // The broken is on top and says so; its reason stands beside it without a key.
    play.line(&[">✗ broken"]).await;
    play.see("WHY").await;
    // Down to one whose FIX names a key.
    for _ in 0..3 {
        press(&play, "j", "down");
        play.pass(Duration::from_millis(50)).await;
    }
    play.line(&[">✗ broken", "payments", "deploy/ledger"]).await;
    play.see("WHY  The trust policy of").await;
    play.see("FIX  a  admit payments:ledger-v2").await;
    // In, to read all of it; the trust policy with the line that decides; and back.
    press(&play, "Enter", "open");
    play.see("LEADS TO").await;
    press(&play, "t", "trust policy");
    play.see("trust policy of").await;
    press(&play, "Esc", "back");
    play.see("LEADS TO").await;
    // The fix: a plan, confirmed, unlocked, done.
    press(&play, "a", "admit");
    play.see("Plan:").await;
    press(&play, "Enter", "do it");
    play.see("Unlock").await;
    press(&play, "Enter", "unlock");
    play.see("UNLOCKED").await;
    play.pass(Duration::from_secs(30)).await;
    let changed: Vec<String> =
        play.world.aws.calls().into_iter().filter(|call| call.mutating).map(|call| call.action).collect();
    assert_eq!(changed, ["iam:UpdateAssumeRolePolicy"]);
    play.press("Esc Esc Esc");
    play.until("the pod works", |screen| {
        screen.lines().any(|line| line.contains("deploy/ledger") && !line.contains("broken"))
    })
    .await;
    play.leave().await;
}

#[tokio::test(start_paused = true)]
async fn bursts_are_drawn_together() {
    let spec = "pods=10000,namespaces=50,serviceaccounts=500,associations=300,roles=300,nodes=200,seed=1";
    let play = Play::open(World::generate(&spec.parse().unwrap(), start()).unwrap()).await;
    let (frames, time) = (play.frames(), tokio::time::Instant::now());
    play.until("all pods", |screen| screen.contains("10,000")).await;
    let most = time.elapsed().as_millis() / 16 + 2;
    let drawn = play.frames() - frames;
    assert!(u128::try_from(drawn).unwrap() <= most, "{drawn} frames in {:?}", time.elapsed());
    play.leave().await;
}
