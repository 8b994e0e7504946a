//! Live proofs in words: what they will do, and what came of them.

use super::{Options, Redactor, page::Page, text};
use crate::domain::{
    identity::{Verdict, admission::short},
    inventory::Inventory,
    proof::{Proof, Proven},
};

/// Said with every result.
pub const FROM_HERE: &str =
    "from this machine: conditions on the source and resource control policies may answer otherwise for the pod";

/// What will be done, line by line.
pub fn before(lines: &[String], redactor: Option<&Redactor>) -> String {
    let line = |line: &String| {
        let line = redactor.map_or_else(|| line.clone(), |redactor| redactor.text(line));
        format!("{}\n", text::printable(&line))
    };
    lines.iter().map(line).collect()
}

/// What came of them, with both sides where proof and facts disagree.
pub fn after(inventory: &Inventory, proofs: &[Proof], options: Options) -> String {
    let mut page = Page::new(options.ascii);
    match proofs {
        [] => page.line("Nothing was proven."),
        [one] => single(one, &mut page),
        many => table(many, &mut page),
    }
    let pods = |proof: &Proof| inventory.pods_of_service_account(&proof.account).len();
    for proof in proofs {
        let count = u32::try_from(pods(proof)).unwrap_or(u32::MAX);
        if let Some(finding) = proof.disagreement(count) {
            page.heading(&format!("{}: {}", finding.code.name, proof.account));
            finding.evidence.iter().for_each(|fact| page.line(format!("  {fact}")));
            page.line(format!("  {}", finding.fix));
        }
    }
    let redactor = options.redact.then(|| Redactor::new(inventory));
    page.finished(redactor.as_ref())
}

fn single(proof: &Proof, page: &mut Page) {
    let proven = &proof.proven;
    page.line(format!("{}: {}", proof.account, word(proven)));
    page.pair("role", proven.role_arn.as_ref().map_or("none", |role| role.as_str()));
    page.pair("answer", &proven.message);
    if let Some(hop) = proven.hop.filter(|_| proven.verdict != Verdict::Ok) {
        page.pair("hop", hop.word());
    }
    if let Some(code) = proven.code {
        page.pair("finding", code);
    }
    if !proven.fix.is_empty() {
        page.pair("fix", &proven.fix);
    }
    page.pair("proven", &format!("{}, {FROM_HERE}", proven.at));
}

fn table(proofs: &[Proof], page: &mut Page) {
    for proof in proofs {
        let proven = &proof.proven;
        let glyph = match (proven.verdict, page.is_ascii()) {
            (Verdict::Ok, false) => "✓",
            (Verdict::Ok, true) => "+",
            (Verdict::Broken, false) => "✗",
            (Verdict::Broken, true) => "x",
            _ => "-",
        };
        let said = match (&proven.role_arn, proven.code) {
            (Some(role), _) => short(role),
            (None, Some(code)) => format!("{code}: {}", proven.message),
            (None, None) => proven.message.clone(),
        };
        page.line(format!("{glyph} {}  {said}", proof.account));
    }
    let count = |verdict| proofs.iter().filter(|proof| proof.proven.verdict == verdict).count();
    let (good, bad) = (count(Verdict::Ok), count(Verdict::Broken));
    let unknown = proofs.len() - good - bad;
    page.line(format!("{good} proven, {bad} refused, {unknown} not known; {FROM_HERE}."));
}

/// The result in a word or two.
pub fn word(proven: &Proven) -> &'static str {
    match proven.verdict {
        Verdict::Ok => "proven",
        Verdict::Broken => "refused by AWS",
        _ => "not proven",
    }
}

/// The result in one line, with its time.
pub fn line(proven: &Proven) -> String {
    match (proven.verdict, &proven.role_arn) {
        (Verdict::Ok, Some(role)) => format!("{}: a session of {}, from this machine", proven.at, short(role)),
        _ => format!("{}: {}; {}", proven.at, word(proven), proven.message),
    }
}
