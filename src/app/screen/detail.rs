//! The page of one object, and the trust policy of a role. Every other object named on a page is a
//! link: `move` goes from link to link, `open` follows.

use super::Scroll;
use crate::app::subject::Subject;
use crate::domain::{
    id::{RoleArn, ServiceAccountId},
    identity::{HopKind, Mechanism},
};

/// The page of one object.
#[derive(Clone, Debug)]
pub struct DetailScreen {
    /// Which object.
    pub subject: Subject,
    /// What can be opened from here, made when the page is settled.
    pub links: Vec<Link>,
    /// Which of them is selected.
    pub cursor: usize,
    /// How far the page is scrolled.
    pub scroll: Scroll,
    /// Nobody has scrolled yet: the marked hop is kept in view.
    pub follows: bool,
    /// The hop of the chain that the page was opened on, and why.
    pub mark: Option<Mark>,
    /// The object is gone: what is shown is what was known last.
    pub gone: bool,
    /// The object was there at least once since the page was opened.
    pub found: bool,
    /// Revision of the inventory that the links were made from.
    pub(in crate::app) made: Option<u64>,
}

/// A hop that a page is opened on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Which hop of the chain.
    pub hop: HopKind,
    /// What leads there.
    pub by: Lead,
}

/// What leads to a hop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lead {
    /// A pasted error.
    Error,
    /// The finding with this code.
    Finding(&'static str),
}

/// Something on a page that Enter opens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// How it is related: `service account`, `role`, `pod`.
    pub relation: &'static str,
    /// What it leads to.
    pub subject: Subject,
    /// What is worth knowing before opening it: `broken`, `statement 1`.
    pub note: String,
    /// On the page of a role: how this service account becomes it, or would.
    pub mechanism: Option<Mechanism>,
}

/// The trust policy of a role, seen by somebody who would become it.
#[derive(Clone, Debug)]
pub struct TrustScreen {
    /// The role.
    pub role: RoleArn,
    /// Who asks, and how: decides which statement is marked. `None`: nobody in particular.
    pub asker: Asker,
    /// The text byte for byte as IAM returned it, instead of indented.
    pub raw: bool,
    /// The statement that a person stepped to, from 0; `None`: the one that decides.
    pub statement: Option<usize>,
    /// The marked element is kept in view; until somebody scrolls.
    pub follow: bool,
    /// How far it is scrolled, once somebody did.
    pub scroll: Scroll,
    /// Cells of its lines left of the first visible one.
    pub column: usize,
}

/// Who would become a role, and how.
pub type Asker = Option<(ServiceAccountId, Mechanism)>;

impl TrustScreen {
    /// The policy of a role, at the element that decides.
    pub fn new(role: RoleArn, asker: Asker) -> Self {
        Self { role, asker, raw: false, statement: None, follow: true, scroll: Scroll::default(), column: 0 }
    }

    /// Back to the marked element.
    pub(in crate::app) fn return_to_mark(&mut self) {
        (self.follow, self.scroll, self.column) = (true, Scroll::default(), 0);
    }
}

impl DetailScreen {
    /// The page of an object; links come with the next settling.
    pub fn new(subject: Subject) -> Self {
        Self {
            subject,
            links: Vec::new(),
            cursor: 0,
            scroll: Scroll::default(),
            follows: true,
            mark: None,
            gone: false,
            found: false,
            made: None,
        }
    }

    /// Marks a hop, and brings it into view.
    pub fn mark(&mut self, mark: Option<Mark>) {
        self.mark = mark;
        self.follows = true;
    }

    /// Scrolls by lines, from what is really in view: `top` is the first line drawn.
    pub fn scroll_by(&mut self, rows: isize, lines: usize, height: usize, top: usize) {
        if std::mem::take(&mut self.follows) && self.mark.is_some() {
            self.scroll.top = top;
        }
        self.scroll.by(rows, lines, height);
    }

    /// The selected link.
    pub fn link(&self) -> Option<&Link> {
        self.links.get(self.cursor)
    }
}
