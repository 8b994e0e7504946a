//! What the README shows is what the program draws. `ROLECALL_RECORD=1` writes it anew instead of comparing.

use std::{env, fs, path::Path, time::Duration};

use regex::Regex;

use super::{
    open_demo,
    play::Play,
    record::{Frame, svg},
};

/// The number of calls depends on how the answers overlapped.
fn without_calls(text: &str) -> String {
    Regex::new(r"\d+ calls").unwrap().replace_all(text, "so many calls").into_owned()
}

/// Compares a file with what it should be, or writes it.
fn is_recorded(file: &str, wanted: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    if env::var_os("ROLECALL_RECORD").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, wanted).unwrap();
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    let same = without_calls(&found) == without_calls(wanted);
    assert!(same, "{file} is not what the program draws: run `.ci/record` and look at it");
}

#[tokio::test(start_paused = true)]
async fn the_screen_in_the_readme_is_the_programs_own() {
    let play = open_demo().await;
    play.press("j j j");
    play.see("payments / deploy/ledger").await;
    play.pass(Duration::from_secs(5)).await;
    let readme = include_str!("../../README.md");
    let (before, rest) = readme.split_once("```text screen\n").unwrap();
    let (_, after) = rest.split_once("\n```").unwrap();
    is_recorded("README.md", &format!("{before}```text screen\n{}\n```{after}", play.screen()));
    play.leave().await;
}

/// Presses keys, lets everything settle, and keeps the frame.
async fn shot(play: &Play, keys: &str, caption: &str, frames: &mut Vec<Frame>) {
    if !keys.is_empty() {
        play.press(keys);
    }
    play.pass(Duration::from_secs(8)).await;
    frames.push(Frame { screen: play.frame(), caption: caption.to_owned() });
}

#[tokio::test(start_paused = true)]
async fn the_moving_picture_in_the_readme_is_the_programs_own() {
    let play = open_demo().await;
    let mut frames = Vec::new();
    shot(&play, "", "Pods by workload, worst first; why and what to do beside them.", &mut frames).await;
    shot(&play, "j j j", "j: this one runs as another service account than its role admits.", &mut frames).await;
    shot(&play, "t", "t: the trust policy, with the element that decides.", &mut frames).await;
    shot(
        &play,
        "Esc a",
        "a: the fix as a plan: the exact call and the difference, checked before it is made.",
        &mut frames,
    )
    .await;
    shot(&play, "Esc 7", "7: everything that is wrong, by code and severity.", &mut frames).await;
    shot(&play, "0", "0: the cluster in numbers and bars.", &mut frames).await;
    play.press("4 /");
    play.write("ledger");
    shot(&play, "Enter Enter", "4, Enter: a role; who uses it, and dotted who could.", &mut frames).await;
    shot(&play, "Y", "Y: what can be copied, from the ARN to a ready trust statement.", &mut frames).await;
    is_recorded("docs/tour.svg", &svg("rolecall on its demo world", &frames));
    play.press("Esc Esc Esc");
    play.leave().await;
}
