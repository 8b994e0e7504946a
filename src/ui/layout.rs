//! Where everything stands, for every size of window. Arithmetic only.

use ratatui::layout::Rect;

/// Smaller windows only say how large they must be.
pub const SMALLEST: (u16, u16) = (60, 15);
/// From here on the detail stands beside the list.
const NORMAL_WIDTH: u16 = 110;
/// From here on the trust policy stands beside the chain.
const WIDE_WIDTH: u16 = 160;
/// Lines of WHY and FIX below a narrow list.
const SUMMARY_HEIGHT: u16 = 5;

/// How much a window can show at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tier {
    /// One line that says how large the window must be.
    Tiny,
    /// The list, with WHY and FIX below it.
    Narrow,
    /// The list, and the chain beside it.
    Normal,
    /// The list, the chain and the trust policy.
    Wide,
}

impl Tier {
    /// What fits into this area.
    pub fn of(area: Rect) -> Self {
        match (area.width, area.height) {
            (width, height) if width < SMALLEST.0 || height < SMALLEST.1 => Self::Tiny,
            (width, _) if width < NORMAL_WIDTH => Self::Narrow,
            (width, _) if width < WIDE_WIDTH => Self::Normal,
            _ => Self::Wide,
        }
    }
}

/// The parts of the screen around its body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chrome {
    /// Cluster, account, caller, connections: a line for each open cluster.
    pub header: Rect,
    /// The lists with their counts.
    pub tabs: Rect,
    /// The filter, or the hint how to filter.
    pub filter: Rect,
    /// The rule above the body.
    pub above: Rect,
    /// What is between the rules.
    pub body: Rect,
    /// The rule below the body.
    pub below: Rect,
    /// What is being loaded and what is unknown.
    pub progress: Rect,
    /// The keys that apply.
    pub footer: Rect,
}

/// The columns of the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Columns {
    /// The list.
    pub list: Rect,
    /// WHY and FIX below a narrow list, its rule not counted.
    pub summary: Option<Rect>,
    /// The rule between list and summary.
    pub summary_rule: Option<Rect>,
    /// The chain beside the list.
    pub detail: Option<Rect>,
    /// The trust policy beside the chain.
    pub trust: Option<Rect>,
}

fn line(area: Rect, row: u16) -> Rect {
    Rect { y: area.y + row, height: 1, ..area }
}

/// Header lines at most, and the rows that a body keeps before there is a second.
const MOST_HEADERS: u16 = 4;
const LEAST_BODY: u16 = 8;

/// The parts of a window that is not tiny, with a header line for each of so many clusters, as far as there is room.
pub fn chrome(area: Rect, clusters: usize) -> Chrome {
    let bottom = area.height.saturating_sub(3);
    let room = bottom.saturating_sub(3 + LEAST_BODY).clamp(1, MOST_HEADERS);
    let headers = u16::try_from(clusters).unwrap_or(u16::MAX).clamp(1, room);
    Chrome {
        header: Rect { height: headers, ..area },
        tabs: line(area, headers),
        filter: line(area, headers + 1),
        above: line(area, headers + 2),
        body: Rect { y: area.y + headers + 3, height: bottom.saturating_sub(headers + 3), ..area },
        below: line(area, bottom),
        progress: line(area, bottom + 1),
        footer: line(area, bottom + 2),
    }
}

/// The columns of a list screen; between two columns stands one cell of rule and one of space.
pub fn columns(body: Rect, tier: Tier) -> Columns {
    let whole = Columns { list: body, summary: None, summary_rule: None, detail: None, trust: None };
    match tier {
        Tier::Tiny => whole,
        Tier::Narrow => narrow(body),
        Tier::Normal => {
            let [list, detail] = split(body, (body.width * 3 / 8).clamp(42, 58));
            Columns { list, detail: Some(detail), ..whole }
        }
        Tier::Wide => {
            let [rest, trust] = split(body, (body.width / 4).clamp(41, 80));
            let [list, detail] = split(rest, (body.width * 27 / 100).clamp(44, 60));
            Columns { list, detail: Some(detail), trust: Some(trust), ..whole }
        }
    }
}

fn narrow(body: Rect) -> Columns {
    let list = Rect { height: body.height.saturating_sub(SUMMARY_HEIGHT + 1), ..body };
    let rule = Rect { y: list.bottom(), height: 1, ..body };
    let summary = Rect { x: body.x + 1, width: body.width - 2, y: rule.bottom(), height: SUMMARY_HEIGHT };
    Columns { list, summary: Some(summary), summary_rule: Some(rule), detail: None, trust: None }
}

/// A page of two halves: what is drawn, and the trust policy beside it where there is room.
pub fn page(body: Rect, tier: Tier) -> [Rect; 2] {
    match tier {
        Tier::Tiny | Tier::Narrow => [body, Rect { width: 0, ..body }],
        Tier::Normal | Tier::Wide => split(body, body.width / 2 - 1),
    }
}

/// Splits off `width` columns at the right; the rule takes one, a space after it another.
fn split(area: Rect, width: u16) -> [Rect; 2] {
    let width = width.min(area.width.saturating_sub(2));
    let left = Rect { width: area.width - width - 1, ..area };
    let right = Rect { x: left.right() + 2, width: width - 1, ..area };
    [left, right]
}

/// The column of the rule at the left of a part.
pub fn rule_before(part: Rect) -> u16 {
    part.x.saturating_sub(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_120_columns_the_rule_stands_where_the_design_draws_it() {
        let area = Rect::new(0, 0, 120, 36);
        let chrome = chrome(area, 1);
        assert_eq!((chrome.body.y, chrome.body.height), (4, 29));
        let columns = columns(chrome.body, Tier::of(area));
        let detail = columns.detail.unwrap();
        assert_eq!(columns.list.width, 74);
        assert_eq!(rule_before(detail), 74);
        assert_eq!((detail.x, detail.right()), (76, 120));
    }

    #[test]
    fn no_part_leaves_its_area() {
        for width in 60..260 {
            for height in 15..70 {
                let area = Rect::new(3, 2, width, height);
                let chrome = chrome(area, usize::from(width % 6));
                assert!(chrome.body.height >= LEAST_BODY.min(height - 7), "{area}");
                let columns = columns(chrome.body, Tier::of(area));
                let parts = [Some(columns.list), columns.summary, columns.detail, columns.trust];
                for part in parts.into_iter().flatten().chain(page(chrome.body, Tier::of(area))) {
                    assert_eq!(area.intersection(part), part, "{area} {part}");
                }
                assert_eq!(chrome.footer.bottom(), area.bottom());
            }
        }
    }
}
