//! Who leads to one thing: a line from each at the left to the one at the right, dotted where it only could be.

use ratatui::text::Line;

use crate::ui::{style::Paint, text, widget::row::Row};

/// Cells of a line before its word, and after it at least.
const LEAD: usize = 3;

/// One line of the graph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edge {
    /// Where it begins.
    pub from: String,
    /// What stands on it: `by association`.
    pub how: String,
    /// It only could be so.
    pub could: bool,
}

/// The graph, one line for each edge; the target stands at the middle one.
pub fn lines(paint: &Paint<'_>, edges: &[Edge], to: &str, width: usize) -> Vec<Line<'static>> {
    let widest = |part: fn(&Edge) -> &str| edges.iter().map(|edge| text::width(part(edge))).max().unwrap_or_default();
    let target = text::width(to).min(width / 3);
    let how = widest(|edge| &edge.how).min(width / 3);
    // Between the two: a space, the lead, the word, a space, the corner, and the way to the target.
    let names = widest(|edge| &edge.from).min(width.saturating_sub(how + target + LEAD + 9));
    let corner = names + 1 + LEAD + how + 3;
    let middle = edges.len() / 2;
    let line = |(at, edge): (usize, &Edge)| {
        let stroke = if edge.could { "·" } else { "─" };
        let row = Row::new(width).put(&text::fit(&edge.from, names), paint.plain()).to(names + 1);
        let row = row.put(&stroke.repeat(LEAD - 1), paint.rule()).put(" ", paint.plain());
        let row = row.put(&text::fit(&edge.how, how), paint.muted()).put(" ", paint.plain());
        let rest = corner.saturating_sub(row.used());
        let row = row.put(&stroke.repeat(rest), paint.rule()).put(joint(at, middle, edges.len()), paint.rule());
        if at == middle {
            row.put("── ", paint.rule()).put(&text::fit(to, target), paint.title()).line()
        } else {
            row.line()
        }
    };
    edges.iter().enumerate().map(line).collect()
}

/// Where a line meets the one to the target.
fn joint(at: usize, middle: usize, count: usize) -> &'static str {
    match (at == 0, at + 1 == count, at == middle) {
        (true, true, _) => "─",
        (true, false, true) => "┬",
        (true, false, false) => "┐",
        (false, true, true) => "┴",
        (false, true, false) => "┘",
        (false, false, true) => "┼",
        (false, false, false) => "┤",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::theme::Theme;

    fn drawn(edges: &[(&str, &str, bool)], width: usize) -> Vec<String> {
        let theme = Theme::plain();
        let edge = |(from, how, could): &(&str, &str, bool)| Edge {
            from: (*from).to_owned(),
            how: (*how).to_owned(),
            could: *could,
        };
        let edges: Vec<Edge> = edges.iter().map(edge).collect();
        lines(&Paint::new(&theme), &edges, "payments-api", width).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn every_line_leads_to_the_one_thing_and_could_be_is_dotted() {
        let edges = [("payments/api", "irsa", false), ("ops/debug", "pod-identity", true), ("a/b", "irsa", true)];
        assert_eq!(
            drawn(&edges, 60),
            [
                "payments/api ── irsa ──────────┐",
                "ops/debug    ·· pod-identity ··┼── payments-api",
                "a/b          ·· irsa ··········┘",
            ]
        );
        assert_eq!(drawn(&edges[..1], 60), ["payments/api ── irsa ───── payments-api"]);
    }

    #[test]
    fn no_line_is_wider_than_its_room() {
        let edges = [("a-namespace-with-a-long-name/and-a-longer-account", "by association, statement 12", false); 3];
        for width in 0..90 {
            assert!(drawn(&edges, width).iter().all(|line| text::width(line) <= width), "{width}");
        }
    }
}
