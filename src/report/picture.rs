//! The chain of a pod or service account, and who leads to a role, as a picture: Mermaid for documents that draw it,
//! SVG for those that do not. Both say in words what they draw.

use std::fmt::Write as _;

use jiff::Timestamp;

use super::{Options, Redactor, explain::Subject, text};
use crate::domain::{
    failure::{Failure, FailureKind},
    identity::{Check, Hop, Verdict},
    inventory::Inventory,
    plan::name_role,
};

/// How it is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drawing {
    /// A Mermaid flowchart.
    Mermaid,
    /// A document of its own.
    Svg,
}

/// One box.
struct Node {
    lines: Vec<String>,
    worst: Option<Verdict>,
}

/// One arrow between boxes.
struct Edge {
    from: usize,
    to: usize,
    label: String,
    could: bool,
}

struct Picture {
    title: String,
    nodes: Vec<Node>,
    edges: Vec<Edge>,
}

/// Draws it.
///
/// # Errors
/// There is no such pod, service account or role.
pub fn draw(
    inventory: &Inventory,
    subject: &Subject,
    drawing: Drawing,
    now: Timestamp,
    options: Options,
) -> Result<String, Failure> {
    let mut picture = picture(inventory, subject, now)?;
    if options.redact {
        picture.redact(&Redactor::new(inventory));
    }
    Ok(match drawing {
        Drawing::Mermaid => mermaid(&picture),
        Drawing::Svg => svg(&picture),
    })
}

fn picture(inventory: &Inventory, subject: &Subject, now: Timestamp) -> Result<Picture, Failure> {
    match subject {
        Subject::Pod(id) if inventory.pod(id).is_some() => Ok(chain(format!("pod {id}"), &inventory.chain(id))),
        Subject::ServiceAccount(id) if inventory.service_accounts().iter().any(|row| row.id == *id) => {
            Ok(chain(format!("service account {id}"), &inventory.chain_of_service_account(id)))
        }
        Subject::Role(name) => role(inventory, name, now),
        Subject::Pod(id) => Err(missing("pod", &id.to_string())),
        Subject::ServiceAccount(id) => Err(missing("service account", &id.to_string())),
    }
}

fn missing(what: &str, name: &str) -> Failure {
    let what = format!("there is no {what} {}", text::printable(name));
    let why = "nothing of this name is in the cluster";
    Failure::new(FailureKind::NotFound, what, why, "`rolecall get` shows what there is")
}

fn chain(title: String, hops: &[Hop]) -> Picture {
    let node = |hop: &Hop| Node {
        lines: std::iter::once(format!("{}: {}", hop.kind.word(), hop.subject))
            .chain(hop.checks.iter().map(checked))
            .collect(),
        worst: hop.checks.iter().filter_map(|check| check.verdict).max(),
    };
    let edge = |to: usize| Edge { from: to - 1, to, label: String::new(), could: false };
    Picture { title, nodes: hops.iter().map(node).collect(), edges: (1..hops.len()).map(edge).collect() }
}

fn checked(check: &Check) -> String {
    let glyph = match check.verdict {
        Some(Verdict::Ok) => "✓",
        Some(Verdict::Broken) => "✗",
        Some(Verdict::Depends) => "?",
        Some(Verdict::Unknown) | None => "-",
    };
    format!("{glyph} {} {}", check.name, check.detail)
}

/// Everybody who uses a role, and dotted everybody else whom its trust policy admits.
fn role(inventory: &Inventory, name: &str, now: Timestamp) -> Result<Picture, Failure> {
    let arn = name_role(inventory, name)?;
    let rows = inventory.roles();
    let row = rows.iter().find(|row| row.arn == arn).ok_or_else(|| missing("role", name))?;
    let mut from: Vec<(String, String, bool)> = row
        .used_by
        .iter()
        .map(|user| (format!("service account: {}", user.service_account), format!("by {}", user.how), false))
        .collect();
    let fact = inventory.role(&row.arn);
    if let (Some(role), Some(gate)) = (fact.known(), inventory.gate(now)) {
        for admission in gate.admissions(role) {
            let uses = |user: &crate::domain::row::RoleUse| user.service_account == admission.service_account;
            if let Some(way) = admission.ways.first().filter(|_| !row.used_by.iter().any(uses)) {
                from.push((format!("service account: {}", admission.service_account), way.words(), true));
            }
        }
    }
    let target = from.len();
    let mut nodes: Vec<Node> =
        from.iter().map(|(words, ..)| Node { lines: vec![words.clone()], worst: None }).collect();
    nodes.push(Node { lines: vec![format!("role: {}", row.name), row.arn.to_string()], worst: None });
    let edge = |(at, (_, how, could)): (usize, &(String, String, bool))| Edge {
        from: at,
        to: target,
        label: if *could { format!("could: {how}") } else { how.clone() },
        could: *could,
    };
    let edges = from.iter().enumerate().map(edge).collect();
    Ok(Picture { title: format!("role {}", row.name), nodes, edges })
}

impl Picture {
    fn redact(&mut self, redactor: &Redactor) {
        self.title = redactor.text(&self.title);
        self.nodes.iter_mut().flat_map(|node| &mut node.lines).for_each(|line| *line = redactor.text(line));
        self.edges.iter_mut().for_each(|edge| edge.label = redactor.text(&edge.label));
    }
}

/// The name of a style.
fn tone(node: &Node) -> &'static str {
    node.worst.map_or("plain", Verdict::word)
}

fn mermaid(picture: &Picture) -> String {
    let direction = if picture.edges.iter().any(|edge| !edge.label.is_empty()) { "LR" } else { "TD" };
    let mut out = format!("flowchart {direction}\n  accTitle: {}\n", quoted(&picture.title));
    for (at, node) in picture.nodes.iter().enumerate() {
        let lines: Vec<String> = node.lines.iter().map(|line| quoted(line)).collect();
        let _ = writeln!(out, "  n{at}[\"{}\"]:::{}", lines.join("<br/>"), tone(node));
    }
    for edge in &picture.edges {
        let arrow = if edge.could { "-.->" } else { "-->" };
        let label = if edge.label.is_empty() { String::new() } else { format!("|\"{}\"|", quoted(&edge.label)) };
        let _ = writeln!(out, "  n{} {arrow}{label} n{}", edge.from, edge.to);
    }
    for (name, style) in [
        ("broken", "stroke:#c62828,stroke-width:3px"),
        ("depends", "stroke:#6a1b9a,stroke-dasharray:4"),
        ("unknown", "stroke:#757575,stroke-dasharray:4"),
        ("ok", "stroke:#2e7d32"),
        ("plain", "stroke:#455a64"),
    ] {
        let _ = writeln!(out, "  classDef {name} {style}");
    }
    out
}

/// Harmless within the quotes of a Mermaid label: its own entities for what would end them.
fn quoted(line: &str) -> String {
    let escaped = |c: char| match c {
        '"' => "#quot;".to_owned(),
        '#' => "#35;".to_owned(),
        '<' => "#lt;".to_owned(),
        '>' => "#gt;".to_owned(),
        '&' => "#amp;".to_owned(),
        '`' => "#96;".to_owned(),
        other => other.to_string(),
    };
    text::printable(line.trim()).chars().map(escaped).collect()
}

/// Pixels of a line of text, of the space around it, and of a character.
const LINE: usize = 18;
const PAD: usize = 10;
const CHAR: usize = 8;
/// Longest line of a box in characters; the rest is cut.
const LONGEST: usize = 84;
/// Pixels between two boxes below each other, and between the columns of a graph.
const GAP: usize = 26;
const COLUMNS: usize = 260;

/// A box with its place.
struct Place {
    x: usize,
    y: usize,
    width: usize,
    height: usize,
}

fn size(node: &Node) -> (usize, usize) {
    let longest = node.lines.iter().map(|line| line.chars().count().min(LONGEST)).max().unwrap_or_default();
    (longest * CHAR + 2 * PAD, node.lines.len() * LINE + 2 * PAD)
}

/// A chain below each other; a graph with its target at the right.
fn places(picture: &Picture) -> Vec<Place> {
    let graph = picture.edges.iter().any(|edge| !edge.label.is_empty());
    let last = picture.nodes.len().saturating_sub(1);
    let column: Vec<&Node> = picture.nodes.iter().take(if graph { last } else { last + 1 }).collect();
    let widest = column.iter().map(|node| size(node).0).max().unwrap_or_default();
    let (mut y, mut places) = (PAD + 2 * LINE, Vec::new());
    for node in &column {
        let (_, height) = size(node);
        places.push(Place { x: PAD, y, width: widest, height });
        y += height + GAP;
    }
    if graph && let Some(target) = picture.nodes.last() {
        let (width, height) = size(target);
        let middle = (PAD + 2 * LINE + y).saturating_sub(GAP + height) / 2;
        places.push(Place { x: PAD + widest + COLUMNS, y: middle.max(PAD + 2 * LINE), width, height });
    }
    places
}

fn svg(picture: &Picture) -> String {
    let places = places(picture);
    let width = places.iter().map(|place| place.x + place.width).max().unwrap_or_default() + PAD;
    let height = places.iter().map(|place| place.y + place.height).max().unwrap_or(3 * LINE) + PAD;
    let title = escaped(&picture.title);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
         role=\"img\" font-family=\"ui-monospace, monospace\" font-size=\"13\">\n<title>{title}</title>\n{STYLE}\
         <rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n\
         <text x=\"{PAD}\" y=\"{}\" font-weight=\"bold\">{title}</text>\n",
        PAD + LINE - 4
    );
    for edge in &picture.edges {
        if let (Some(from), Some(to)) = (places.get(edge.from), places.get(edge.to)) {
            out += &arrow(from, to, edge);
        }
    }
    for (node, place) in picture.nodes.iter().zip(&places) {
        out += &boxed(node, place);
    }
    out + "</svg>\n"
}

const STYLE: &str = "<style>rect.broken{stroke:#c62828;stroke-width:3}rect.depends{stroke:#6a1b9a;stroke-dasharray:5}\
rect.unknown{stroke:#757575;stroke-dasharray:5}rect.ok{stroke:#2e7d32}rect.plain{stroke:#455a64}\
path{fill:none;stroke:#455a64}path.could{stroke-dasharray:4}text{fill:#212121}text.how{fill:#616161;font-size:11px}</style>\n";

fn boxed(node: &Node, place: &Place) -> String {
    let mut out = format!(
        "<rect class=\"{}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"4\" fill=\"#fafafa\"/>\n",
        tone(node),
        place.x,
        place.y,
        place.width,
        place.height
    );
    for (at, line) in node.lines.iter().enumerate() {
        let cut: String = line.chars().take(LONGEST).collect();
        let weight = if at == 0 { " font-weight=\"bold\"" } else { "" };
        let (x, y) = (place.x + PAD, place.y + PAD + (at + 1) * LINE - 5);
        let _ = writeln!(out, "<text x=\"{x}\" y=\"{y}\"{weight}>{}</text>", escaped(&cut));
    }
    out
}

fn arrow(from: &Place, to: &Place, edge: &Edge) -> String {
    let class = if edge.could { " class=\"could\"" } else { "" };
    if edge.label.is_empty() {
        let x = from.x + 4 * PAD;
        return format!("<path{class} d=\"M{x} {} V{}\"/>\n", from.y + from.height, to.y);
    }
    let (x, y) = (from.x + from.width, from.y + from.height / 2);
    let (end, middle) = (to.x, to.y + to.height / 2);
    let turn = end.saturating_sub(2 * PAD);
    let cut: String = edge.label.chars().take(34).collect();
    format!(
        "<path{class} d=\"M{x} {y} H{turn} V{middle} H{end}\"/>\n<text class=\"how\" x=\"{}\" y=\"{}\">{}</text>\n",
        x + PAD,
        y.saturating_sub(4),
        escaped(&cut)
    )
}

/// Harmless in XML.
fn escaped(line: &str) -> String {
    let entity = |c: char| match c {
        '&' => "&amp;".to_owned(),
        '<' => "&lt;".to_owned(),
        '>' => "&gt;".to_owned(),
        '"' => "&quot;".to_owned(),
        other => other.to_string(),
    };
    text::printable(line.trim()).chars().map(entity).collect()
}

#[cfg(test)]
mod tests;
