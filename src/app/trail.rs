//! Where a person has been: `[` goes back there and `]` forward again, each page with its filter, order and selection.

use super::{list_kind::ListKind, screen::Screen};

/// So many places are remembered in each direction.
const LONGEST: usize = 64;

/// A tab and the pages that were opened from it.
#[derive(Clone, Debug)]
pub struct Place {
    /// The tab.
    pub tab: ListKind,
    /// Its pages, the one in view last.
    pub pages: Vec<Screen>,
}

impl Place {
    /// A place to come back to: its lists keep what a person chose and drop their rows, which are made again.
    pub fn new(tab: ListKind, pages: &[Screen]) -> Self {
        Self { tab, pages: pages.iter().map(Screen::kept).collect() }
    }

    fn is_as_deep(&self, tab: ListKind, depth: usize) -> bool {
        self.tab == tab && self.pages.len() == depth
    }
}

/// The places before and after the one in view.
#[derive(Clone, Debug, Default)]
pub struct Trail {
    before: Vec<Place>,
    after: Vec<Place>,
}

impl Trail {
    /// Another place is opened: there is nothing to go forward to any more.
    pub fn leave(&mut self, here: Place) {
        self.after.clear();
        Self::remember(&mut self.before, here);
    }

    /// The page in view is closed, and the one it was opened from comes into view.
    pub fn rise(&mut self, here: Place) {
        let (tab, above) = (here.tab, here.pages.len().saturating_sub(1));
        if self.before.last().is_some_and(|place| place.is_as_deep(tab, above)) {
            self.before.pop();
        }
        Self::remember(&mut self.after, here);
    }

    /// The place before; `here` can be gone forward to.
    pub fn back(&mut self, here: Place) -> Option<Place> {
        let place = self.before.pop()?;
        Self::remember(&mut self.after, here);
        Some(place)
    }

    /// The place after; `here` can be gone back to.
    pub fn forward(&mut self, here: Place) -> Option<Place> {
        let place = self.after.pop()?;
        Self::remember(&mut self.before, here);
        Some(place)
    }

    /// Whether there is a place before.
    pub fn goes_back(&self) -> bool {
        !self.before.is_empty()
    }

    /// Whether there is a place after.
    pub fn goes_forward(&self) -> bool {
        !self.after.is_empty()
    }

    fn remember(places: &mut Vec<Place>, place: Place) {
        places.push(place);
        let surplus = places.len().saturating_sub(LONGEST);
        places.drain(..surplus);
    }
}
