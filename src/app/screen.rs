//! What fills the window: the lists and the pages opened from them. State only; `ui` draws it.

pub mod detail;
pub mod journal;
pub mod links;
pub mod list;

use detail::{DetailScreen, TrustScreen};
use journal::JournalScreen;
use list::ListScreen;

use super::{command::Context, subject::Subject};
use crate::domain::{
    id::ClusterId,
    inventory::{Inventory, Overview},
};

/// One page of the history.
#[derive(Clone, Debug)]
pub enum Screen {
    /// A list that was opened from another one: the service accounts of a namespace.
    List(Box<ListScreen>),
    /// One object.
    Detail(DetailScreen),
    /// A trust policy.
    Trust(TrustScreen),
    /// What is unknown, and the permission to ask for.
    Doctor(Scroll),
    /// Operations and messages.
    Operations(Scroll),
    /// The journal of changes.
    Journal(JournalScreen),
    /// The cluster in numbers and bars.
    Overview(Box<OverviewScreen>),
    /// Two objects side by side.
    Compare(Box<CompareScreen>),
}

/// The cluster in numbers and bars.
#[derive(Clone, Debug, Default)]
pub struct OverviewScreen {
    /// The numbers, made when the page is settled.
    pub overview: Option<Overview>,
    /// How far it is scrolled.
    pub scroll: Scroll,
    made: Option<u64>,
}

impl OverviewScreen {
    /// Counts again if something visible changed; tells whether it did.
    pub(super) fn settle(&mut self, inventory: &Inventory) -> bool {
        let revision = Some(inventory.revision());
        if self.made == revision {
            return false;
        }
        (self.made, self.overview) = (revision, Some(inventory.overview()));
        true
    }
}

/// Two objects side by side; what is said about them is made when it is drawn.
#[derive(Clone, Debug)]
pub struct CompareScreen {
    /// The one that was marked first, and its cluster.
    pub left: (ClusterId, Subject),
    /// The other.
    pub right: (ClusterId, Subject),
    /// How far it is scrolled.
    pub scroll: Scroll,
}

impl Screen {
    /// Which keys apply.
    pub fn context(&self) -> Context {
        match self {
            Self::List(_) => Context::List,
            Self::Trust(_) => Context::Trust,
            Self::Detail(_)
            | Self::Doctor(_)
            | Self::Operations(_)
            | Self::Journal(_)
            | Self::Overview(_)
            | Self::Compare(_) => Context::Detail,
        }
    }

    /// How far its body is scrolled, if it is no list.
    pub fn scroll_mut(&mut self) -> Option<&mut Scroll> {
        match self {
            Self::List(_) | Self::Journal(_) => None,
            Self::Detail(detail) => Some(&mut detail.scroll),
            Self::Trust(trust) => Some(&mut trust.scroll),
            Self::Compare(compare) => Some(&mut compare.scroll),
            Self::Overview(overview) => Some(&mut overview.scroll),
            Self::Doctor(scroll) | Self::Operations(scroll) => Some(scroll),
        }
    }

    /// The page as it is remembered: a list without its rows, which are made again.
    pub(super) fn kept(&self) -> Self {
        match self {
            Self::List(list) => Self::List(Box::new(list.kept())),
            other => other.clone(),
        }
    }
}

/// How far a text is scrolled, in lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scroll {
    /// Lines above the first visible one.
    pub top: usize,
}

impl Scroll {
    /// Scrolls within a text of so many lines of which so many are visible; tells whether it moved.
    pub fn by(&mut self, lines: isize, length: usize, visible: usize) -> bool {
        let before = self.top;
        self.top = self.top.saturating_add_signed(lines).min(length.saturating_sub(visible));
        self.top != before
    }
}
