//! The rows that a list chooses from: all of them, in their order, with the texts that a filter searches. Order and
//! texts are made once; a key press looks only at what the letter before it left.

use super::{row::Row, sort::SortKey};
use crate::domain::{
    inventory::Inventory,
    query::{Query, Texts},
};

/// All rows of a list.
#[derive(Clone, Debug, Default)]
pub struct Stock {
    rows: Vec<Row>,
    sorted: Vec<u32>,
    texts: Texts,
}

impl Stock {
    /// Rows in no order yet.
    pub fn new(rows: Vec<Row>) -> Self {
        let sorted = (0_u32..).zip(&rows).map(|(index, _)| index).collect();
        Self { rows, sorted, texts: Texts::default() }
    }

    /// Puts them in order.
    pub fn sort(&mut self, by: SortKey, reverse: bool) {
        let Self { rows, sorted, .. } = self;
        sorted.sort_by(|a, b| by.compare(&rows[*a as usize], &rows[*b as usize]));
        if reverse {
            sorted.reverse();
        }
    }

    /// The rows, in no order.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// Which of them a filter keeps, in their order; of `among`, which stand in that order, or of all.
    pub fn kept(&mut self, query: &Query, among: Option<&[u32]>, inventory: &Inventory) -> Vec<u32> {
        let among = among.unwrap_or(&self.sorted);
        if query.is_empty() {
            return among.to_vec();
        }
        if query.needs_text() && self.texts.is_empty() {
            self.rows.iter().for_each(|row| row.read(&mut self.texts));
        }
        let keeps = |index: &u32| self.rows[*index as usize].is_kept(query, self.texts.of(*index as usize), inventory);
        among.iter().copied().filter(keeps).collect()
    }
}
