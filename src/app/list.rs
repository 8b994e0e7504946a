//! The rows of one list in their order: an index over them, a selection that follows the object,
//! and a window for drawing. Nothing here looks at more rows than it must.

use rustc_hash::FxHashSet;

use super::{row::Row, sort::SortKey, stock::Stock, subject::Subject};
use crate::domain::{inventory::Inventory, query::Query};

/// A list ready to be shown.
#[derive(Clone, Debug, Default)]
pub struct ListView {
    stock: Stock,
    order: Vec<u32>,
    cursor: usize,
    offset: usize,
    selected: Option<Subject>,
    moved: bool,
}

/// The rows to draw.
#[derive(Clone, Debug)]
pub struct Window<'a> {
    /// Number of the first of them in the list, from 0.
    pub offset: usize,
    /// Which of them is selected.
    pub selected: Option<usize>,
    /// At most as many as fit.
    pub rows: Vec<&'a Row>,
}

impl ListView {
    /// Takes over the rows and their new order. The selection stays with its object; if that is gone, with its
    /// nearest neighbour in the old order; a person who has not moved yet stays at the top.
    pub fn replace(&mut self, stock: Stock, order: Vec<u32>) {
        let wanted = if self.moved { self.surviving(stock.rows(), &order) } else { None };
        (self.stock, self.order) = (stock, order);
        let found = wanted.and_then(|subject| self.position(&subject));
        let fallback = if self.moved { self.cursor } else { 0 };
        self.put(found.unwrap_or(fallback));
    }

    /// The selection without the rows.
    pub(super) fn kept(&self) -> Self {
        Self {
            cursor: self.cursor,
            offset: self.offset,
            selected: self.selected.clone(),
            moved: self.moved,
            ..Self::default()
        }
    }

    /// Puts the rows at hand into another order.
    pub(super) fn sort(&mut self, by: SortKey, reverse: bool) {
        self.stock.sort(by, reverse);
    }

    /// Shows what a filter keeps of the rows at hand, or only of those that are shown; the selection stays with its
    /// object.
    pub(super) fn filter(&mut self, query: &Query, of_shown: bool, inventory: &Inventory) {
        let chosen = self.order.get(self.cursor).copied().filter(|_| self.moved);
        let among = of_shown.then_some(self.order.as_slice());
        self.order = self.stock.kept(query, among, inventory);
        let found = chosen.and_then(|index| self.order.iter().position(|other| *other == index));
        let fallback = if self.moved { self.cursor } else { 0 };
        self.put(found.unwrap_or(fallback));
    }

    /// The selected object if it is still there, else the next one below that is, else above.
    fn surviving(&self, rows: &[Row], order: &[u32]) -> Option<Subject> {
        let selected = self.selected.as_ref()?;
        let kept = |index: &u32| rows.get(*index as usize);
        if order.iter().filter_map(kept).any(|row| row.is(selected)) {
            return Some(selected.clone());
        }
        let left: FxHashSet<Subject> = order.iter().filter_map(kept).map(Row::subject).collect();
        let below = (self.cursor + 1..self.order.len()).filter_map(|at| self.row(at));
        let above = (0..self.cursor.min(self.order.len())).rev().filter_map(|at| self.row(at));
        below.chain(above).map(Row::subject).find(|subject| left.contains(subject))
    }

    /// All rows at hand, in no order: what the index is made of.
    pub fn rows(&self) -> &[Row] {
        self.stock.rows()
    }

    /// Number of rows that the filter keeps.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether no row is kept.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// Number of rows without the filter.
    pub fn total(&self) -> usize {
        self.rows().len()
    }

    /// Whether a person has chosen a row; until then the selection stays at the top.
    pub fn is_chosen(&self) -> bool {
        self.moved
    }

    /// Where the selection stands, from 0.
    pub fn cursor(&self) -> usize {
        self.cursor
    }

    /// The row at a place of the order.
    pub fn row(&self, at: usize) -> Option<&Row> {
        self.order.get(at).and_then(|index| self.rows().get(*index as usize))
    }

    /// The selected row.
    pub fn selected(&self) -> Option<&Row> {
        self.row(self.cursor)
    }

    /// The selected object.
    pub fn subject(&self) -> Option<&Subject> {
        self.selected.as_ref()
    }

    /// The rows that fit into a height, the selected one among them.
    pub fn window(&self, height: usize) -> Window<'_> {
        let offset = self.offset_for(height);
        let rows: Vec<&Row> = (offset..self.len().min(offset + height)).filter_map(|at| self.row(at)).collect();
        let selected = self.cursor.checked_sub(offset).filter(|at| *at < rows.len());
        Window { offset, selected, rows }
    }

    /// Moves the selection by rows; tells whether it moved.
    pub fn move_by(&mut self, rows: isize, height: usize) -> bool {
        self.select_at(self.cursor.saturating_add_signed(rows), height)
    }

    /// Selects a place, the last row if it is beyond.
    pub fn select_at(&mut self, at: usize, height: usize) -> bool {
        let before = self.cursor;
        self.moved = true;
        self.put(at);
        self.offset = self.offset_for(height);
        self.cursor != before
    }

    /// Selects an object, if it is in the list.
    pub fn select(&mut self, subject: &Subject, height: usize) -> bool {
        match self.position(subject) {
            Some(at) => {
                self.select_at(at, height);
                true
            }
            None => false,
        }
    }

    /// The next place in a direction whose row a test accepts, going round at the ends.
    pub fn find(&self, forward: bool, accept: impl Fn(&Row) -> bool) -> Option<usize> {
        let count = self.len();
        let place =
            |step: usize| if forward { (self.cursor + step) % count } else { (self.cursor + count - step) % count };
        (1..=count).map(place).find(|at| self.row(*at).is_some_and(&accept))
    }

    fn position(&self, subject: &Subject) -> Option<usize> {
        (0..self.order.len()).find(|at| self.row(*at).is_some_and(|row| row.is(subject)))
    }

    fn put(&mut self, at: usize) {
        self.cursor = at.min(self.len().saturating_sub(1));
        self.selected = self.selected().map(Row::subject);
        self.offset = self.offset.min(self.len().saturating_sub(1));
    }

    /// Scrolls as little as possible: the selection is visible and no line stays empty without need.
    fn offset_for(&self, height: usize) -> usize {
        let lowest = (self.cursor + 1).saturating_sub(height);
        self.offset.clamp(lowest, self.cursor.max(lowest)).min(self.len().saturating_sub(height))
    }
}
