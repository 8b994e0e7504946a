//! The trust policy of a role, as a page or beside the chain: who would become it how, the
//! sentence that answers, and the document with the deciding element marked. On the page the answer
//! stays in view and the document is scrolled below it.

use ratatui::{buffer::Buffer, layout::Rect, text::Line};

use crate::{
    app::{
        message::Measure,
        screen::detail::{Asker, TrustScreen},
        subject::Subject,
        target,
    },
    domain::{
        fact::Fact,
        id::RoleArn,
        role::{Role, TrustPolicy},
        trust::{self, Decision},
    },
    ui::{
        scene::Scene,
        text,
        widget::{
            plan,
            policy::{self, Drawn, Marked, Shape},
            row::Row as Cells,
            scroll,
        },
    },
};

/// Lower pages leave out what the line above them says, and empty lines.
const ROOMY: u16 = 24;
/// The share of a page, in fifths, that the answer may take.
const ANSWER_SHARE: u16 = 3;

/// A policy as it is drawn: what is said about it, and the document.
struct Page {
    answer: Vec<Line<'static>>,
    document: Drawn,
}

/// What is shown of which role.
#[derive(Clone, Copy)]
struct View<'a> {
    role: &'a RoleArn,
    asker: &'a Asker,
    statement: Option<usize>,
    shape: Shape,
    /// There is room for what is only convenient.
    roomy: bool,
}

/// Draws the page of a trust policy: the answer, and below it the document.
pub fn draw(scene: &Scene<'_>, buffer: &mut Buffer, area: Rect, screen: &TrustScreen) -> Measure {
    let shape = Shape { raw: screen.raw, column: screen.column, width: usize::from(area.width) };
    let (role, asker, statement) = (&screen.role, &screen.asker, screen.statement);
    let page = page(scene, &View { role, asker, statement, shape, roomy: area.height >= ROOMY });
    let Page { answer, document } = page;
    if document.lines.is_empty() {
        scroll::draw(&scene.paint, buffer, area, &answer, screen.scroll.top);
        return Measure { body: usize::from(area.height), lines: answer.len(), ..Measure::default() };
    }
    let height = (area.height * ANSWER_SHARE / 5).min(u16::try_from(answer.len()).unwrap_or(u16::MAX));
    scroll::draw(&scene.paint, buffer, Rect { height, ..area }, &answer, 0);
    let below = Rect { y: area.y + height, height: area.height - height, ..area };
    let top = if screen.follow { marked_in_view(&document, below.height) } else { screen.scroll.top };
    let top = scroll::clamped(top, document.lines.len(), below.height);
    scroll::draw(&scene.paint, buffer, below, &document.lines, top);
    Measure {
        body: usize::from(below.height),
        lines: document.lines.len(),
        top,
        columns: shape.room(),
        longest: document.longest,
        ..Measure::default()
    }
}

/// The offset that shows the whole marked statement, or of a longer one the line that decides.
fn marked_in_view(document: &Drawn, height: u16) -> usize {
    let (statement, lines) = (&document.statement, document.lines.len());
    if statement.len() <= usize::from(height) && !statement.is_empty() {
        return scroll::following(statement.end - 1, lines, height).min(statement.start);
    }
    let marked = document.deciding.or((!statement.is_empty()).then_some(statement.start));
    marked.map_or(0, |line| scroll::following(line, lines, height))
}

/// The trust policy that a selection is about, to stand beside its chain: its lines, and which of them decides.
pub fn beside(scene: &Scene<'_>, subject: &Subject, width: usize) -> Option<(Vec<Line<'static>>, Option<usize>)> {
    let (role, asker) = target::role(scene.inventory(), subject)?;
    let shape = Shape { raw: false, column: 0, width };
    let view = View { role: &role, asker: &asker, statement: None, shape, roomy: true };
    let Page { answer: mut lines, document } = page(scene, &view);
    let before = lines.len();
    lines.extend(document.lines);
    Some((lines, document.deciding.map(|line| before + line)))
}

fn page(scene: &Scene<'_>, view: &View<'_>) -> Page {
    let width = view.shape.width;
    let mut answer = if view.roomy { title(scene, view.role, width) } else { Vec::new() };
    answer.push(whose(scene, view));
    let gap = view.roomy.then(Line::default);
    let failed = match scene.inventory().role(view.role) {
        Fact::Known(role) => {
            answer.extend(gap);
            return known(scene, role, view, answer);
        }
        Fact::Loading => said(scene, "being read ...", width),
        Fact::Absent => said(scene, "IAM says that this role does not exist: nobody can become it.", width),
        Fact::Unknown(failure) => plan::failure_lines(&scene.paint, &failure, width),
    };
    answer.extend(gap.into_iter().chain(failed));
    Page { answer, document: Drawn::default() }
}

fn title(scene: &Scene<'_>, arn: &RoleArn, width: usize) -> Vec<Line<'static>> {
    let paint = &scene.paint;
    let name = Cells::new(width).put("trust policy of ", paint.muted());
    let name = name.put(text::role_name(arn.as_str()), paint.title());
    vec![name.line(), Cells::new(width).put(&text::middle(arn.as_str(), width), paint.muted()).line()]
}

fn said(scene: &Scene<'_>, sentence: &str, width: usize) -> Vec<Line<'static>> {
    text::wrap(sentence, width, 4).iter().map(|part| Cells::new(width).put(part, scene.paint.plain()).line()).collect()
}

/// Who asks, which statement was stepped to, and from which column on its lines are seen.
fn whose(scene: &Scene<'_>, view: &View<'_>) -> Line<'static> {
    let paint = &scene.paint;
    let row = Cells::new(view.shape.width);
    let row = match view.asker {
        Some((account, mechanism)) => row
            .put("seen by ", paint.muted())
            .put(&account.to_string(), paint.plain())
            .put(" through ", paint.muted())
            .put(mechanism.word(), paint.plain()),
        None => row.put("seen by nobody in particular", paint.muted()),
    };
    let count = crate::app::availability::statements(scene.model, view.role);
    let stepped = view.statement.map(|index| format!("statement {} of {count}", index + 1));
    let shifted = (view.shape.column > 0).then(|| format!("from column {}", view.shape.column + 1));
    let place: Vec<String> = stepped.into_iter().chain(shifted).collect();
    row.end(&place.join(", "), paint.title()).line()
}

fn known(scene: &Scene<'_>, role: &Role, view: &View<'_>, mut answer: Vec<Line<'static>>) -> Page {
    let (paint, width) = (&scene.paint, view.shape.width);
    let decision = decision(scene, view);
    let mut spoken = decision.as_ref().map_or_else(Vec::new, |decision| policy::sentence(paint, decision, width));
    if let (None, Some(index)) = (&decision, view.statement) {
        spoken = described(scene, &role.trust, index, width);
    }
    if let Err(error) = &role.trust.document {
        let broken =
            format!("The document is broken at line {}, column {}: {}", error.line, error.column, error.message);
        spoken.extend(said(scene, &broken, width));
    }
    if !spoken.is_empty() {
        answer.extend(spoken);
        answer.push(Line::default());
    }
    let marked = match (&decision, view.statement) {
        (Some(decision), _) => Some(Marked::by(&role.trust, decision)),
        (None, Some(index)) => Some(Marked::statement(&role.trust, index)),
        (None, None) => None,
    };
    Page { answer, document: policy::document(paint, &role.trust, marked.as_ref(), view.shape) }
}

fn described(scene: &Scene<'_>, policy: &TrustPolicy, index: usize, width: usize) -> Vec<Line<'static>> {
    let statement = policy.document.as_ref().ok().and_then(|document| document.statements().get(index));
    statement.map_or_else(Vec::new, |statement| said(scene, &trust::describe_statement(statement), width))
}

/// What the policy answers who asks, or the statement that was stepped to.
fn decision(scene: &Scene<'_>, view: &View<'_>) -> Option<Decision> {
    let (account, mechanism) = view.asker.as_ref()?;
    match view.statement {
        None => scene.inventory().trust_decision(view.role, account, *mechanism, scene.now()),
        Some(index) => scene.inventory().statement_decision(view.role, index, (account, *mechanism), scene.now()),
    }
}
