//! A page for every code of findings, and their index, as Markdown: written from the table of codes and the table of
//! causes, so that they cannot drift from what the program says.

use std::fmt::Write as _;

use crate::domain::{
    finding::code::{CODES, Code, Seen},
    symptom::cause::{self, Cause},
};

/// File names with their texts: `README.md` first, then one page for each code.
pub fn pages() -> Vec<(String, String)> {
    let page = |code: &Code| (format!("{}.md", code.name), page(code));
    std::iter::once(("README.md".to_owned(), index())).chain(CODES.iter().map(page)).collect()
}

fn index() -> String {
    let mut out = "# Findings\n\nOne page for each code. `rolecall handbook docs/findings` writes them; a test keeps them true.\n\n\
                   | code | severity | what |\n|---|---|---|\n"
        .to_owned();
    for code in CODES {
        let _ = writeln!(out, "| [{0}]({0}.md) | {1} | {2} |", code.name, code.severity.word(), code.title);
    }
    out
}

fn page(code: &Code) -> String {
    let mut out = format!("# {}\n\n{}.\n\n", code.name, sentence(code.title));
    let _ =
        writeln!(out, "| | |\n|---|---|\n| severity | {} |\n| seen | {} |\n", code.severity.word(), code.seen.how());
    let _ = writeln!(out, "## What to do\n\n{}\n", code.fix);
    if matches!(code.seen, Seen::Api | Seen::Guess) {
        out += &where_it_is_shown(code);
    }
    let spoken: Vec<&Cause> = cause::all().filter(|cause| cause.codes.contains(&code.name)).collect();
    if !spoken.is_empty() {
        out += "## Errors in a log that speak of it\n\n";
        for cause in spoken {
            let _ = writeln!(out, "- `{}`: {} {}", cause.word, cause.means, cause.todo);
        }
        out += "\nPaste the line into `rolecall why`, or press `e` in the explorer: it leads to the pod.\n";
    }
    out.trim_end().to_owned() + "\n"
}

fn where_it_is_shown(code: &Code) -> String {
    format!(
        "## Where it is shown\n\n```sh\nrolecall get findings --filter code:{0}\nrolecall why {0}\n```\n\n\
         In the explorer `7` lists findings and `/` with `code:{0}` narrows them; `Enter` opens what it is about, on the \
         link of the chain that decides.\n\n",
        code.name
    )
}

/// With a capital letter, as far as the first word is no name of something.
fn sentence(title: &str) -> String {
    let mut letters = title.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => String::new(),
    }
}
