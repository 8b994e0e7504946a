//! Ends and edges: a panic, input or output that is no terminal, a light background, names of every script.

use std::{env, fs, path::Path};

use rolecall::runtime::terminal::{RealHost, restore_on_panic};
use tempfile::tempdir;

use super::{
    FOUND, demo,
    pty::{DARK, LIGHT, Pty},
};

/// The test starts itself once more in a pseudo-terminal; there it takes the terminal and panics.
#[test]
fn a_panic_gives_the_terminal_back_before_it_is_told() {
    const CHILD: &str = "ROLECALL_TEST_PANICS";
    if env::var_os(CHILD).is_some() {
        restore_on_panic();
        let _held = RealHost::enter().unwrap();
        panic!("on purpose");
    }
    let state = tempdir().unwrap();
    let name = "ends::a_panic_gives_the_terminal_back_before_it_is_told";
    let words = [name, "--exact", "--nocapture", "--test-threads=1"];
    let itself = env::current_exe().unwrap();
    let mut pty = Pty::program((&itself, &words), (120, 36), state.path(), &[(CHILD, "1")], DARK);
    assert_eq!(pty.wait().exit_code(), 101);
    assert_eq!(pty.modes(), FOUND);
    assert!(pty.text().contains("on purpose"), "told on the screen that was found\n{}", pty.text());
    let written = String::from_utf8_lossy(&pty.bytes()).into_owned();
    let (taken, told) = (written.find("\x1b[?1049l").unwrap(), written.find("on purpose").unwrap());
    assert!(taken < told, "the screen was given back first");
}

fn shell(line: &str, state: &Path) -> Pty {
    let line = line.replace("rolecall", env!("CARGO_BIN_EXE_rolecall"));
    Pty::program((Path::new("/bin/sh"), &["-c", &line]), (120, 36), state, &[], DARK)
}

#[test]
fn without_a_terminal_to_read_from_it_says_so_and_takes_no_screen() {
    let state = tempdir().unwrap();
    let mut pty = shell("rolecall demo < /dev/null", state.path());
    assert_eq!(pty.wait().exit_code(), 2);
    assert!(pty.text().contains("input and output have to be a terminal"), "{}", pty.text());
    assert!(!pty.bytes().windows(8).any(|bytes| bytes == b"\x1b[?1049h"), "the screen was taken");
}

#[test]
fn a_pipe_gets_the_rows_and_no_escape() {
    let state = tempdir().unwrap();
    let mut pty = shell("rolecall demo | cat", state.path());
    assert_eq!(pty.wait().exit_code(), 0);
    assert!(pty.text().contains("api-service"), "{}", pty.text());
    assert!(!pty.bytes().contains(&0x1b), "an escape in a pipe");
}

#[test]
fn on_a_light_background_the_light_theme_is_chosen() {
    let style = |background| {
        let state = tempdir().unwrap();
        let program = Path::new(env!("CARGO_BIN_EXE_rolecall"));
        let mut pty = Pty::program((program, &["demo"]), (120, 36), state.path(), &[], background);
        pty.wait_for("k8s live");
        pty.wait_for("api-service");
        pty.press("j");
        pty.press("q");
        pty.wait();
        String::from_utf8_lossy(&pty.bytes()).into_owned()
    };
    // The selected row's background in either theme: assets/themes.
    let (dark, light) = (style(DARK), style(LIGHT));
    assert!(dark.contains("48;5;238") && !dark.contains("48;5;253"), "dark");
    assert!(light.contains("48;5;253"), "light");
}

#[test]
fn a_world_of_every_script_breaks_no_line_and_no_terminal() {
    let state = tempdir().unwrap();
    let mut world = include_str!("../../assets/demo/world.yaml").to_owned();
    for (at, annotation) in [
        "\\e[2J\\e]0;owned\\a",
        "\\u202Eevil",
        "\u{65e5}\u{672c}\u{8a9e}\u{306e}\u{5f79}\u{5272}",
        "\u{5e9}\u{5dc}\u{5d5}\u{5dd}",
        "\u{26a0}\u{fe0f}\u{1f469}\u{200d}\u{1f467}",
    ]
    .iter()
    .enumerate()
    {
        world += &format!(
            "\n---\n{{ apiVersion: v1, kind: ServiceAccount, metadata: {{ name: script-{at}, namespace: checkout, \
             annotations: {{ eks.amazonaws.com/role-arn: \"{annotation}\" }} }} }}\n"
        );
    }
    let file = state.path().join("world.yaml");
    fs::write(&file, world).unwrap();
    let mut pty = Pty::start(&["--world", file.to_str().unwrap()], 120, 36, state.path(), &[]);
    pty.wait_for("k8s live");
    pty.press("2");
    pty.wait_for("[2 Service accounts");
    pty.press("/script-\r");
    pty.wait_for("script-4");
    for key in ["j", "j", "j", "j", "\r"] {
        pty.press(key);
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    pty.wait_for("LEADS TO");
    pty.press("\x1b");
    pty.wait_until("the list in its place", |text| text.lines().nth(4).is_some_and(|line| line.contains("STATE")));
    let written = String::from_utf8_lossy(&pty.bytes()).into_owned();
    for unwanted in ["\x1b]0;owned", "\u{202e}", "\u{fe0f}", "\u{200d}"] {
        assert!(!written.contains(unwanted), "{unwanted:?} reached the terminal");
    }
    pty.press("q");
    assert_eq!(pty.wait().exit_code(), 0);
    assert_eq!(pty.modes(), FOUND);
}

#[test]
fn a_wrong_file_is_shown_with_its_place_and_a_changed_one_is_taken_over() {
    let state = tempdir().unwrap();
    let file = state.path().join("config.toml");
    fs::write(&file, "theme = \"mine\"\nreadonly = true\n").unwrap();
    fs::write(state.path().join("mine.toml"), "danger = \"#123456\"\n").unwrap();
    let mut pty = Pty::start(&["demo", "--config", file.to_str().unwrap()], 120, 36, state.path(), &[]);
    pty.wait_for("Did you mean `read-only`?");
    pty.press("o");
    pty.wait_for("2 | readonly = true");
    assert!(pty.text().contains("| ^"), "{}", pty.text());
    assert!(String::from_utf8_lossy(&pty.bytes()).contains("38;2;18;52;86"), "the colour of the theme file");
    fs::write(&file, "theme = \"mine\"\nread-only = true\n").unwrap();
    fs::write(state.path().join("keymap.toml"), "quit = \"Q\"\n").unwrap();
    pty.wait_for("the configuration was read again");
    pty.wait_for("READ-ONLY");
    pty.press("qqQQ");
    assert_eq!(pty.wait().exit_code(), 0);
}

#[test]
fn the_keymap_of_k9s_is_chosen_in_the_file_and_taken_over_when_it_changes() {
    let state = tempdir().unwrap();
    let file = state.path().join("config.toml");
    fs::write(&file, "keymap = \"k8s\"\n").unwrap();
    let mut pty = Pty::start(&["demo", "--config", file.to_str().unwrap()], 120, 36, state.path(), &[]);
    pty.wait_for("did you mean `k9s`");
    pty.wait_for("y copy");
    fs::write(&file, "keymap = \"k9s\"\n").unwrap();
    pty.wait_for("the configuration was read again");
    pty.wait_for("r restart");
    pty.press("4");
    pty.wait_for("[4 Roles");
    pty.press("c");
    pty.wait_until("its length", |text| text.contains("copied ") && text.contains(" characters"));
    pty.press("qq");
    assert_eq!(pty.wait().exit_code(), 0);
}

#[test]
fn what_is_copied_goes_to_the_terminal_and_its_length_is_said() {
    let (_state, mut pty) = demo(&[]);
    pty.press("4");
    pty.wait_for("[4 Roles");
    pty.press("y");
    pty.wait_until("its length", |text| text.contains("copied ") && text.contains(" characters"));
    let written = String::from_utf8_lossy(&pty.bytes()).into_owned();
    let sent = regex::Regex::new("\x1b\\]52;c;([A-Za-z0-9+/=]+)").unwrap();
    let copied = sent.captures(&written).unwrap()[1].to_owned();
    assert!(copied.starts_with("YXJuOmF3czppYW06O"), "base64 of an ARN of IAM: {copied}");
    pty.press("q");
    assert_eq!(pty.wait().exit_code(), 0);
}
