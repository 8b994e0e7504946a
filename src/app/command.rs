//! The one table of commands: id, default keys, title, where each applies, whether it changes anything,
//! and its place in the footer. Help, palette, footer, keymap names and documentation are drawn from it.

/// Where keys are pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Context {
    /// A list.
    List,
    /// The page of one object, or of what is unknown, or of operations.
    Detail,
    /// A trust policy.
    Trust,
    /// A dialog without a text field.
    Dialog,
    /// A text field has the focus: plain characters and editing keys go to it.
    Text,
}

impl Context {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::List, Self::Detail, Self::Trust, Self::Dialog, Self::Text];

    /// Its name in help.
    pub fn word(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Detail => "detail",
            Self::Trust => "trust policy",
            Self::Dialog => "dialog",
            Self::Text => "text field",
        }
    }
}

/// How the help groups commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Group {
    /// Getting around.
    Move,
    /// The lists and other pages.
    Go,
    /// Finding and ordering.
    Find,
    /// What changes the cluster or the account; each makes a plan first.
    Change,
    /// The program itself.
    Session,
}

impl Group {
    /// Its heading.
    pub fn title(self) -> &'static str {
        match self {
            Self::Move => "Move",
            Self::Go => "Go to",
            Self::Find => "Find and order",
            Self::Change => "Change (a plan is shown first)",
            Self::Session => "Session",
        }
    }
}

/// What the table says about a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The command.
    pub command: Command,
    /// Its name in the keymap file: `association.create`.
    pub id: &'static str,
    /// Default chords, as the keymap file writes them.
    pub keys: &'static [&'static str],
    /// What it does, a few words; footer, palette and help show it.
    pub title: &'static str,
    /// Names that the palette takes for it: `:sa`.
    pub aliases: &'static [&'static str],
    /// Where it can be pressed.
    pub contexts: &'static [Context],
    /// How the help groups it.
    pub group: Group,
    /// It prepares a change of the cluster or the account.
    pub changes: bool,
    /// Place in the footer, the highest first; 0 is not shown there.
    pub priority: u8,
}

/// Every page and dialog.
const EVERYWHERE: &[Context] = &Context::ALL;
/// Every page.
const PAGES: &[Context] = &[Context::List, Context::Detail, Context::Trust];
/// Everything without a text field.
const KEYS: &[Context] = &[Context::List, Context::Detail, Context::Trust, Context::Dialog];
/// Pages that are about something selected.
const OBJECTS: &[Context] = &[Context::List, Context::Detail];
const LIST: &[Context] = &[Context::List];
const TRUST: &[Context] = &[Context::Trust];
const DIALOGS: &[Context] = &[Context::Dialog, Context::Text];

macro_rules! commands {
    ($($name:ident $id:literal [$($key:literal)*] $title:literal [$($alias:literal)*] $contexts:ident $group:ident $changes:literal $priority:literal;)*) => {
        /// A named intention that keys are bound to.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Command { $(#[doc = $title] $name,)* }

        /// The table, in the order of the help.
        pub const TABLE: &[Entry] = &[$(Entry {
            command: Command::$name,
            id: $id,
            keys: &[$($key),*],
            title: $title,
            aliases: &[$($alias),*],
            contexts: $contexts,
            group: Group::$group,
            changes: $changes,
            priority: $priority,
        },)*];
    };
}

// name, id, default keys, title, palette aliases, contexts, group, changes anything, footer priority
commands! {
    MoveDown "move.down" ["j" "Down" "Ctrl-n"] "down" [] EVERYWHERE Move false 89;
    MoveUp "move.up" ["k" "Up" "Ctrl-p"] "up" [] EVERYWHERE Move false 0;
    HalfPageDown "move.half-page-down" ["Ctrl-d"] "half a page down" [] EVERYWHERE Move false 0;
    HalfPageUp "move.half-page-up" ["Ctrl-u"] "half a page up" [] EVERYWHERE Move false 0;
    PageDown "move.page-down" ["PageDown" "Ctrl-f"] "a page down" [] EVERYWHERE Move false 0;
    PageUp "move.page-up" ["PageUp" "Ctrl-b"] "a page up" [] EVERYWHERE Move false 0;
    MoveTop "move.top" ["g" "Home"] "to the top" [] EVERYWHERE Move false 0;
    MoveBottom "move.bottom" ["G" "End"] "to the bottom" [] EVERYWHERE Move false 0;
    Open "open" ["Enter" "l" "Right"] "open" [] PAGES Move false 90;
    Confirm "dialog.confirm" ["Enter"] "confirm" [] DIALOGS Move false 90;
    Choose "dialog.choose" ["Space"] "choose or leave out" [] DIALOGS Move false 60;
    Options "association.options" ["Ctrl-o"] "target role, session policy, tags" [] DIALOGS Move false 40;
    ExportPlan "plan.export" ["T" "Ctrl-t"] "the plan for Terraform, eksctl, …" [] DIALOGS Move false 50;
    Back "back" ["Esc" "h" "Left" "Backspace"] "back" [] EVERYWHERE Move false 20;
    HistoryBack "history.back" ["["] "the page before" [] PAGES Move false 0;
    HistoryForward "history.forward" ["]"] "the page after" [] PAGES Move false 0;

    PickCluster "cluster.pick" ["O"] "another context, cluster, region, profile" ["ctx" "context" "cluster"] PAGES Go false 0;
    NextCluster "cluster.next" ["."] "next open cluster" [] PAGES Go false 0;
    GoOverview "go.overview" ["0"] "Overview" ["overview"] PAGES Go false 0;
    GoPods "go.pods" ["1"] "Pods" ["pods" "po" "pod"] PAGES Go false 0;
    GoServiceAccounts "go.service-accounts" ["2"] "Service accounts" ["sa" "serviceaccounts"] PAGES Go false 0;
    GoNamespaces "go.namespaces" ["3"] "Namespaces" ["ns" "namespaces"] PAGES Go false 0;
    GoRoles "go.roles" ["4"] "Roles" ["roles" "role"] PAGES Go false 0;
    GoAssociations "go.associations" ["5"] "Associations" ["assoc" "associations"] PAGES Go false 0;
    GoNodes "go.nodes" ["6"] "Nodes" ["nodes" "no"] PAGES Go false 0;
    GoFindings "go.findings" ["7"] "Findings" ["findings" "fi"] PAGES Go false 0;
    NextTab "go.next" ["Tab"] "next list or field" [] EVERYWHERE Go false 0;
    PreviousTab "go.previous" ["BackTab"] "previous list or field" [] EVERYWHERE Go false 0;
    ShowTrust "trust.show" ["t"] "trust policy" ["trust"] OBJECTS Go false 85;
    ToggleRaw "trust.raw" ["r"] "as IAM returned it" ["raw"] TRUST Go false 80;
    NextStatement "statement.next" ["J" "}"] "next statement" [] TRUST Go false 88;
    PreviousStatement "statement.previous" ["K" "{"] "previous statement" [] TRUST Go false 87;
    ScrollRight "scroll.right" [">"] "to the right" [] TRUST Go false 79;
    ScrollLeft "scroll.left" ["<"] "to the left" [] TRUST Go false 78;
    Why "why" ["e"] "explain an AWS error" ["why" "error"] PAGES Go false 21;
    Prove "proof.start" ["v"] "prove it live: AWS is asked as the pod asks" ["prove"] OBJECTS Go false 0;
    MayIt "access.ask" ["p"] "may it do this?" ["can" "may"] OBJECTS Go false 0;
    Changed "trail.show" ["w"] "what changed, and what failed" ["changed"] OBJECTS Go false 0;
    ShowDoctor "doctor.show" ["D"] "what is unknown, and what to ask for" ["doctor" "gaps"] PAGES Go false 30;
    ShowJournal "journal.show" ["H"] "what was changed, and its undo" ["history" "journal"] PAGES Session false 0;
    ShowOperations "operations.show" ["o"] "operations and messages" ["log" "operations"] PAGES Go false 25;

    Filter "filter" ["/"] "filter" ["filter"] LIST Find false 50;
    Mark "mark" ["Space"] "mark" ["mark"] LIST Find false 33;
    Compare "compare" ["="] "compare two" ["compare"] OBJECTS Find false 32;
    NextMatch "match.next" ["n"] "next match, or next row with trouble" [] LIST Find false 0;
    PreviousMatch "match.previous" ["N"] "previous match, or previous row with trouble" [] LIST Find false 0;
    Fold "list.fold" ["z"] "fold or unfold workloads" ["fold"] LIST Find false 35;
    SortNext "sort.next" ["s"] "sort by the next column" ["sort"] LIST Find false 0;
    SortReverse "sort.reverse" ["S"] "reverse the order" ["reverse"] LIST Find false 0;
    Freeze "view.freeze" ["f"] "freeze the view" ["freeze"] PAGES Find false 0;

    Associate "association.create" ["c"] "associate" ["associate"] OBJECTS Change true 75;
    AssociateDeclared "association.create-declared" ["C"] "associate all that is declared" ["declared"] PAGES Change true 0;
    Admit "trust.admit" ["a"] "admit" ["admit"] PAGES Change true 78;
    TakeOut "trust.take-out" ["X"] "take out of the trust policy" ["expel"] PAGES Change true 0;
    Retarget "association.change" ["m"] "change the association" ["retarget"] OBJECTS Change true 0;
    Dissociate "association.remove" ["x"] "remove association" ["dissociate"] OBJECTS Change true 70;
    Annotate "annotation.set" ["i"] "annotate for IRSA" ["annotate"] OBJECTS Change true 55;
    RemoveAnnotation "annotation.remove" ["I"] "remove the IRSA annotation" ["unannotate"] OBJECTS Change true 0;
    Migrate "irsa.migrate" ["M"] "migrate to Pod Identity" ["migrate"] OBJECTS Change true 0;
    Restart "workload.restart" ["R"] "restart" ["restart"] OBJECTS Change true 65;
    InstallAgent "agent.install" ["A"] "install the Pod Identity agent" ["agent"] PAGES Change true 0;
    Undo "undo" ["u"] "undo" ["undo"] PAGES Change true 0;
    Resume "resume" ["U"] "finish what was interrupted" ["resume"] PAGES Change true 0;
    ToggleLock "session.lock" ["W"] "unlock, or lock again" ["unlock" "lock"] PAGES Session false 0;

    Copy "copy" ["y" "Ctrl-y"] "copy" ["copy"] EVERYWHERE Session false 45;
    CopyMenu "menu.copy" ["Y"] "copy something else" ["copy-menu"] PAGES Session false 44;
    Login "login" ["L"] "log in to AWS again" ["login"] PAGES Session false 24;
    ReadOutside "read.outside" ["E"] "in your editor or pager" ["edit" "pager"] PAGES Session false 0;
    ToggleMouse "mouse.toggle" ["Ctrl-e"] "mouse on or off" ["mouse"] PAGES Session false 0;
    Refresh "refresh" ["Ctrl-r"] "read AWS again" ["refresh"] PAGES Session false 40;
    Palette "palette" [":"] "all commands by words" [] PAGES Session false 22;
    Help "help" ["?"] "all keys" ["help"] KEYS Session false 100;
    Redraw "redraw" ["Ctrl-l"] "draw the screen again" ["redraw"] EVERYWHERE Session false 0;
    Suspend "suspend" ["Ctrl-z"] "suspend to the shell" ["suspend"] EVERYWHERE Session false 0;
    Quit "quit" ["q"] "close the page; quit from a list" ["quit" "q"] KEYS Session false 10;
    Cancel "cancel" ["Ctrl-c"] "cancel; stop between steps; quit" [] EVERYWHERE Session false 0;
}

impl Command {
    /// Its line of the table.
    pub fn entry(self) -> &'static Entry {
        &TABLE[self as usize]
    }

    /// Its name in the keymap file.
    pub fn id(self) -> &'static str {
        self.entry().id
    }

    /// What it does, in a few words.
    pub fn title(self) -> &'static str {
        self.entry().title
    }

    /// The command of a name in the keymap file.
    pub fn by_id(id: &str) -> Option<Self> {
        TABLE.iter().find(|entry| entry.id == id).map(|entry| entry.command)
    }

    /// The command that the palette takes a word for.
    pub fn by_alias(word: &str) -> Option<Self> {
        TABLE.iter().find(|entry| entry.aliases.contains(&word)).map(|entry| entry.command)
    }
}
