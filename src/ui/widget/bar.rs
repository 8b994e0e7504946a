//! A bar of mechanisms: how many pods of a namespace or node get credentials which way. Each
//! mechanism has its own shade, so that it reads without colour.

use ratatui::text::Span;

use crate::{domain::identity::Mechanism, ui::style::Paint};

/// The shade of a mechanism, one cell wide.
pub fn shade(mechanism: Mechanism) -> &'static str {
    match mechanism {
        Mechanism::PodIdentity => "█",
        Mechanism::Irsa => "▓",
        Mechanism::NodeRole => "░",
        _ => "·",
    }
}

/// What the shades mean, for a column head.
pub const LEGEND: &str = "█ pod-identity ▓ irsa ░ node-role · other";

/// Cells of each part, at least one for what is there at all, `width` altogether.
fn cells(counts: &[u32], width: usize) -> Vec<usize> {
    let total: u64 = counts.iter().map(|count| u64::from(*count)).sum();
    if total == 0 || width == 0 {
        return vec![0; counts.len()];
    }
    let share = |count: &u32| (u64::from(*count) * width as u64 / total) as usize;
    let mut cells: Vec<usize> = counts.iter().map(|count| share(count).max(usize::from(*count > 0))).collect();
    while cells.iter().sum::<usize>() < width {
        let most = (0..counts.len()).max_by_key(|index| counts[*index]);
        most.into_iter().for_each(|index| cells[index] += 1);
    }
    while cells.iter().sum::<usize>() > width {
        let widest = (0..cells.len()).max_by_key(|index| cells[*index]);
        widest.into_iter().for_each(|index| cells[index] -= 1);
    }
    cells
}

/// The bar itself, exactly `width` cells; empty where nothing is counted.
pub fn spans(paint: &Paint<'_>, counts: &[(Mechanism, u32)], width: usize) -> Vec<Span<'static>> {
    let mut sorted = counts.to_vec();
    sorted.sort();
    let numbers: Vec<u32> = sorted.iter().map(|(_, count)| *count).collect();
    let cells = cells(&numbers, width);
    let filled = cells.iter().sum::<usize>();
    let parts = sorted.iter().zip(&cells).filter(|(_, cells)| **cells > 0);
    let mut spans: Vec<_> = parts
        .map(|((mechanism, _), cells)| Span::styled(shade(*mechanism).repeat(*cells), paint.mechanism(*mechanism)))
        .collect();
    spans.push(Span::raw(" ".repeat(width.saturating_sub(filled))));
    spans
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_exactly_as_wide_as_asked() {
        for width in 0..20 {
            for counts in [&[1, 1][..], &[1, 1_000_000], &[7, 0, 3], &[1; 9], &[u32::MAX; 9]] {
                assert_eq!(cells(counts, width).iter().sum::<usize>(), width, "{counts:?}");
            }
        }
        assert_eq!(cells(&[], 5), Vec::<usize>::new());
        assert_eq!(cells(&[0, 0], 5), [0, 0]);
    }

    #[test]
    fn the_smallest_part_is_still_seen() {
        assert_eq!(cells(&[1, 999], 8), [1, 7]);
    }
}
