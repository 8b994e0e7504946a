//! Everything the program knows while it runs. Only `update` and `settle` change it; `ui` reads it.

use std::sync::Arc;

use jiff::Timestamp;

use super::{
    cluster::ClusterView,
    command::Context,
    dialog::Dialog,
    effect::Effect,
    keys::Keys,
    lock::Lock,
    message::Measure,
    operation::{Operation, OperationId},
    screen::{
        Screen,
        detail::DetailScreen,
        journal::Purpose,
        list::{ListKind, ListScreen, Scope},
    },
    subject::Subject,
    target,
    toast::{ToastKind, Toasts},
    trail::Trail,
    wait::Wait,
};
use crate::{
    config::{key::Key, problem::Problem, settings::Settings},
    domain::{
        id::ClusterId,
        inventory::{Inventory, Story},
        journal::{History, Record},
    },
};

/// Size of the window, in cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Columns.
    pub width: u16,
    /// Rows.
    pub height: u16,
}

/// What a session begins with.
#[derive(Clone, Debug)]
pub struct Start {
    /// Settings after file and flags, before what a context's sections add.
    pub settings: Settings,
    /// The context of the first cluster.
    pub context: Option<String>,
    /// Keys after the keymap file.
    pub keys: Keys,
    /// What was wrong in those files.
    pub problems: Vec<Problem>,
    /// Something no other session has: part of every idempotency token. Letters, digits, `-`; at most 40.
    pub session: String,
    /// Size of the window.
    pub size: Size,
    /// When it begins.
    pub now: Timestamp,
}

/// Live proofs under way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proving {
    /// How many were asked for.
    pub of: usize,
    /// Answered with credentials.
    pub good: usize,
    /// Refused by AWS.
    pub bad: usize,
    /// Told nothing about the pod.
    pub unknown: usize,
    /// Somebody stopped them.
    pub stopped: bool,
}

impl Proving {
    /// How many are answered.
    pub fn made(&self) -> usize {
        self.good + self.bad + self.unknown
    }
}

/// The whole state.
#[derive(Debug)]
pub struct Model {
    /// When the last message was handled: ages on screen are counted from it.
    pub now: Timestamp,
    /// Size of the window.
    pub size: Size,
    /// Settings after file and flags.
    pub settings: Settings,
    /// The keymap.
    pub keys: Keys,
    /// The clusters; never empty.
    pub clusters: Vec<ClusterView>,
    /// Which of them is in view.
    pub active: usize,
    /// Contexts that can be opened, once they were read.
    pub contexts: Vec<String>,
    /// The lists, in the order of [`ListKind::ALL`]; each keeps its selection, order and filter.
    pub lists: Vec<ListScreen>,
    /// The open tab.
    pub tab: ListKind,
    /// Pages opened from the tab's list, the one in view last. Empty: the list itself.
    pub history: Vec<Screen>,
    /// Where a person has been before and after.
    pub trail: Trail,
    /// What is marked, in the order in which it was, and in which cluster.
    pub marks: Vec<(ClusterId, Subject)>,
    /// Dialogs, the one with the keys last.
    pub dialogs: Vec<Dialog>,
    /// Sentences on screen.
    pub toasts: Toasts,
    /// Operations of this session, the newest last.
    pub operations: Vec<Operation>,
    /// What is wrong with the configuration files.
    pub problems: Vec<Problem>,
    /// The wheel and clicks are ours.
    pub mouse: bool,
    /// Keys pressed that begin a chord.
    pub pending: Vec<Key>,
    /// Since when the view is frozen; changes wait.
    pub frozen: Option<Timestamp>,
    /// What the last frame measured.
    pub measure: Measure,
    /// Live proofs under way.
    pub proving: Option<Proving>,
    /// What a person asked for and nobody has answered yet.
    pub waits: Vec<Wait>,
    /// The journal as it was last read.
    pub journal: Option<Arc<History>>,
    pub(super) purpose: Option<Purpose>,
    pub(super) session: String,
    pub(super) outbox: Vec<Effect>,
    pub(super) visible_at: Timestamp,
    revision: u64,
}

impl Model {
    /// A session that knows nothing yet: its first frame can be drawn at once.
    pub fn new(start: Start) -> Self {
        let lock = Lock::of(&start.settings.within(start.context.as_deref().unwrap_or_default()));
        let id = ClusterId::default();
        let mut model = Self {
            now: start.now,
            size: start.size,
            keys: start.keys,
            clusters: vec![ClusterView::new(id, Inventory::new(id), lock, false)],
            active: 0,
            lists: Self::fresh_lists(&start.settings),
            contexts: Vec::new(),
            tab: ListKind::Pods,
            history: Vec::new(),
            trail: Trail::default(),
            marks: Vec::new(),
            dialogs: Vec::new(),
            toasts: Toasts::default(),
            operations: Vec::new(),
            problems: start.problems,
            mouse: start.settings.mouse,
            pending: Vec::new(),
            frozen: None,
            measure: Measure::default(),
            proving: None,
            waits: Vec::new(),
            journal: None,
            purpose: None,
            session: start.session,
            outbox: Vec::new(),
            visible_at: start.now,
            revision: 0,
            settings: start.settings,
        };
        for problem in &model.problems {
            model.toasts.show(ToastKind::Failure, problem.to_string(), start.now);
        }
        model
    }

    /// Every list in its default order; the first with the filter of the settings.
    pub(super) fn fresh_lists(settings: &Settings) -> Vec<ListScreen> {
        let mut lists: Vec<ListScreen> =
            ListKind::ALL.into_iter().map(|kind| ListScreen::new(kind, Scope::Everything)).collect();
        lists[ListKind::Pods as usize].filter.set(&settings.filter);
        lists
    }

    /// Opens another cluster beside the first, as `--context` given more than once does; it is not in view yet.
    pub fn also(&mut self, context: Option<&str>) -> ClusterId {
        let id = ClusterId(u16::try_from(self.clusters.len()).unwrap_or(u16::MAX));
        let lock = Lock::of(&self.settings.within(context.unwrap_or_default()));
        self.clusters.push(ClusterView::new(id, Inventory::new(id), lock, false));
        id
    }

    /// Begins on the page of an object, below the list of its kind.
    pub fn open_on(&mut self, subject: Subject) {
        self.tab = subject.tab();
        self.history = vec![Screen::Detail(DetailScreen::new(subject))];
    }

    /// Moves whenever something that can be seen may have changed. A frame is needed if it differs from the last frame's.
    pub fn visible_revision(&self) -> u64 {
        self.revision
    }

    /// Notes that something that can be seen changed.
    pub(super) fn touch(&mut self) {
        self.revision += 1;
        self.visible_at = self.now;
    }

    /// Notes something to be done outside.
    pub(super) fn emit(&mut self, effect: Effect) {
        self.outbox.push(effect);
    }

    /// Answers a key with a sentence.
    pub(super) fn say(&mut self, kind: ToastKind, text: impl Into<String>) {
        self.toasts.show(kind, text, self.now);
        self.touch();
    }

    /// The cluster in view.
    pub fn cluster(&self) -> &ClusterView {
        &self.clusters[self.active]
    }

    /// The cluster in view.
    pub(super) fn cluster_mut(&mut self) -> &mut ClusterView {
        &mut self.clusters[self.active]
    }

    /// What is known about a cluster, if it is still open.
    pub fn inventory_of(&self, id: ClusterId) -> Option<&Inventory> {
        self.clusters.iter().find(|cluster| cluster.id == id).map(|cluster| &cluster.inventory)
    }

    /// The name of a cluster; empty if it is not open.
    pub fn name_of(&self, id: ClusterId) -> String {
        self.clusters.iter().find(|cluster| cluster.id == id).map(ClusterView::name).unwrap_or_default()
    }

    /// A cluster by id.
    pub(super) fn cluster_of(&mut self, id: ClusterId) -> Option<&mut ClusterView> {
        self.clusters.iter_mut().find(|cluster| cluster.id == id)
    }

    /// Everything known about the cluster in view.
    pub fn inventory(&self) -> &Inventory {
        &self.cluster().inventory
    }

    /// The page in view, `None` if it is the tab's list.
    pub fn screen(&self) -> Option<&Screen> {
        self.history.last()
    }

    /// The list of a tab.
    pub fn tab_list(&self, kind: ListKind) -> &ListScreen {
        &self.lists[kind as usize]
    }

    /// The list in view, if a list is.
    pub fn list(&self) -> Option<&ListScreen> {
        match self.history.last() {
            None => Some(self.tab_list(self.tab)),
            Some(Screen::List(list)) => Some(list),
            Some(_) => None,
        }
    }

    /// The list in view, if a list is.
    pub(super) fn list_mut(&mut self) -> Option<&mut ListScreen> {
        match self.history.last_mut() {
            None => Some(&mut self.lists[self.tab as usize]),
            Some(Screen::List(list)) => Some(list),
            Some(_) => None,
        }
    }

    /// The dialog that has the keys.
    pub fn dialog(&self) -> Option<&Dialog> {
        self.dialogs.last()
    }

    /// Which keys apply now.
    pub fn context(&self) -> Context {
        if let Some(dialog) = self.dialog() {
            return dialog.context();
        }
        if self.list().is_some_and(|list| list.filter.editing.is_some()) {
            return Context::Text;
        }
        self.screen().map_or(Context::List, Screen::context)
    }

    /// What commands act on: the selected row, or the object of the page.
    pub fn subject(&self) -> Option<Subject> {
        match self.screen() {
            Some(Screen::Detail(detail)) => Some(detail.subject.clone()),
            Some(Screen::Trust(trust)) => Some(Subject::Role(trust.role.clone())),
            Some(
                Screen::Doctor(_)
                | Screen::Operations(_)
                | Screen::Journal(_)
                | Screen::Overview(_)
                | Screen::Compare(_),
            ) => None,
            Some(Screen::List(_)) | None => self.list().and_then(|list| list.view.subject().cloned()),
        }
    }

    /// WHY and FIX of what commands act on.
    pub fn story(&self) -> Option<Story> {
        let subject = self.subject()?;
        target::story(self.inventory(), &subject)
    }

    /// The lock of the cluster in view.
    pub fn lock(&self) -> Lock {
        self.cluster().lock
    }

    /// An operation by its number.
    pub fn operation(&self, id: OperationId) -> Option<&Operation> {
        self.operations.iter().find(|operation| operation.id == id)
    }

    /// The operation of the journal that is selected, on its page.
    pub fn recorded(&self) -> Option<&Record> {
        match self.screen() {
            Some(Screen::Journal(page)) => self.journal.as_ref()?.records.iter().rev().nth(page.cursor),
            _ => None,
        }
    }

    /// The operation at work, if one is.
    pub fn running(&self) -> Option<&Operation> {
        self.operations.iter().find(|operation| operation.is_running())
    }

    /// Rows that a list or a text has in the window: measured, or estimated before the first frame.
    pub fn body_height(&self) -> usize {
        match self.measure.body {
            0 => usize::from(self.size.height).saturating_sub(7).max(1),
            measured => measured,
        }
    }
}
