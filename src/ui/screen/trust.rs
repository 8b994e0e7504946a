//! The trust policy of a role, as a page or beside the chain: who would become it how, the
//! sentence that answers, and the document with the deciding element marked.

use ratatui::text::Line;

use crate::{
    app::{screen::detail::TrustScreen, subject::Subject, target},
    domain::{
        fact::Fact,
        id::{RoleArn, ServiceAccountId},
        identity::Mechanism,
        role::Role,
        trust::Decision,
    },
    ui::{
        scene::Scene,
        text,
        widget::{plan, policy, row::Row as Cells},
    },
};

/// Who would become a role, and how.
pub type Asker = Option<(ServiceAccountId, Mechanism)>;

/// The lines of a trust policy, and which of them decides.
pub type Page = (Vec<Line<'static>>, Option<usize>);

/// The page of a trust policy.
pub fn page(scene: &Scene<'_>, screen: &TrustScreen, width: usize) -> Page {
    lines(scene, &screen.role, &screen.asker, screen.raw, width)
}

/// The trust policy that a selection is about, to stand beside its chain.
pub fn beside(scene: &Scene<'_>, subject: &Subject, width: usize) -> Option<Page> {
    let (role, asker) = target::role(scene.inventory(), subject)?;
    Some(lines(scene, &role, &asker, false, width))
}

fn lines(scene: &Scene<'_>, arn: &RoleArn, asker: &Asker, raw: bool, width: usize) -> Page {
    let paint = &scene.paint;
    let name =
        Cells::new(width).put("trust policy of ", paint.muted()).put(text::role_name(arn.as_str()), paint.title());
    let mut lines = vec![name.line(), Cells::new(width).put(&text::middle(arn.as_str(), width), paint.muted()).line()];
    lines.push(whose(scene, asker, width));
    let failed = match scene.inventory().role(arn) {
        Fact::Known(role) => return document(scene, role, (arn, asker), raw, lines, width),
        Fact::Loading => said(scene, "being read ...", width),
        Fact::Absent => said(scene, "IAM says that this role does not exist: nobody can become it.", width),
        Fact::Unknown(failure) => plan::failure_lines(paint, &failure, width),
    };
    lines.push(Line::default());
    lines.extend(failed);
    (lines, None)
}

fn said(scene: &Scene<'_>, sentence: &str, width: usize) -> Vec<Line<'static>> {
    text::wrap(sentence, width, 4).iter().map(|part| Cells::new(width).put(part, scene.paint.plain()).line()).collect()
}

fn whose(scene: &Scene<'_>, asker: &Asker, width: usize) -> Line<'static> {
    let paint = &scene.paint;
    match asker {
        Some((account, mechanism)) => Cells::new(width)
            .put("seen by ", paint.muted())
            .put(&account.to_string(), paint.plain())
            .put(" through ", paint.muted())
            .put(mechanism.word(), paint.plain())
            .line(),
        None => Cells::new(width).put("seen by nobody in particular", paint.muted()).line(),
    }
}

fn document(
    scene: &Scene<'_>,
    role: &Role,
    asked: (&RoleArn, &Asker),
    raw: bool,
    mut lines: Vec<Line<'static>>,
    width: usize,
) -> Page {
    let paint = &scene.paint;
    let decision = decision(scene, asked);
    lines.push(Line::default());
    if let Some(decision) = &decision {
        lines.extend(policy::sentence(paint, decision, width));
        lines.push(Line::default());
    }
    if let Err(error) = &role.trust.document {
        lines.extend(said(
            scene,
            &format!("The document is broken at line {}, column {}: {}", error.line, error.column, error.message),
            width,
        ));
        lines.push(Line::default());
    }
    let (drawn, deciding) = policy::document(paint, &role.trust, decision.as_ref(), raw, width);
    let before = lines.len();
    lines.extend(drawn);
    (lines, deciding.map(|line| before + line))
}

fn decision(scene: &Scene<'_>, (arn, asker): (&RoleArn, &Asker)) -> Option<Decision> {
    let (account, mechanism) = asker.as_ref()?;
    scene.inventory().trust_decision(arn, account, *mechanism, scene.now())
}
