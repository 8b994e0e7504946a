//! Asks IAM what roles may do: the simulator first, the policies beside it for their texts, or instead of it.

use std::{collections::HashMap, hash::Hash};

use futures::{StreamExt, stream};

use crate::{
    aws::session::Session,
    domain::{
        access::{Can, Evidence, Inquiry, Ruling, Simulated, elsewhere, judge, suppose},
        arn::Arn,
        failure::Failure,
        id::RoleArn,
        permission::RoleDetail,
    },
};

/// Roles that are asked about at the same time; the pace limits them further.
const AT_ONCE: usize = 8;

/// Missing keys that are tried with the value that a policy asks of them.
const TRIED: usize = 3;

/// What may be done by whoever an inquiry is about.
pub async fn ask(session: &Session, inquiry: &Inquiry) -> Ruling {
    if inquiry.foreign {
        return elsewhere(inquiry);
    }
    let (detail, keys) = tokio::join!(policies(session, &inquiry.role), session.context_keys(&inquiry.role));
    let inquiry = &tagged(inquiry, &detail);
    let (mut role, session_policy) = tokio::join!(session.simulate_role(inquiry), of_session(session, inquiry));
    // Without them the simulator's own list of missing keys has to do.
    if let (Ok(simulated), Ok(keys)) = (&mut role, keys) {
        simulated.name_also(keys, inquiry);
    }
    let evidence = Evidence { role, session: session_policy, detail };
    let mut ruling = judge(inquiry, &evidence);
    if let (Can::Depends, Ok(simulated)) = (ruling.can, &evidence.role) {
        let before = simulated.decision;
        for key in ruling.depends_on.clone().iter().take(TRIED) {
            let Some(value) = evidence.detail.asked_value(&inquiry.action, key) else { continue };
            if let Ok(again) = session.simulate_role(&inquiry.supposing(key, value)).await {
                suppose(&mut ruling, (key, value), before, again.decision);
            }
        }
    }
    ruling
}

/// The question with the tags of the role, where they could be read.
fn tagged(inquiry: &Inquiry, detail: &RoleDetail) -> Inquiry {
    let mut inquiry = inquiry.clone();
    if let Some(about) = detail.about.known() {
        inquiry.fill_in(&about.tags);
    }
    inquiry
}

async fn of_session(session: &Session, inquiry: &Inquiry) -> Option<Result<Simulated, Failure>> {
    Some(session.simulate_document(inquiry, inquiry.session_policy.as_deref()?).await)
}

async fn policies(session: &Session, role: &RoleArn) -> RoleDetail {
    match Arn::role(role.as_str()).ok().and_then(|arn| arn.role_name()) {
        Some(name) => session.whole_role_detail(&name).await,
        None => RoleDetail::default(),
    }
}

/// The same for many who ask the same: each role is asked once, each session policy once; a second time where the answer
/// rested on tags of the role, which are read for those roles only. Where several accounts share one, what is theirs
/// alone is left out of the question, so that the answer rests on it if it matters.
pub async fn ask_many(session: &Session, inquiries: &[Inquiry]) -> Vec<Ruling> {
    let role = |inquiry: &Inquiry| (!inquiry.foreign).then(|| inquiry.role.clone());
    let simulate = async |inquiry: Inquiry| session.simulate_role(&inquiry).await;
    let mut roles = each(inquiries, role, simulate).await;
    let policy = |inquiry: &Inquiry| inquiry.session_policy.clone().filter(|_| !inquiry.foreign);
    let documents = each(inquiries, policy, async |inquiry| {
        let document = inquiry.session_policy.clone().unwrap_or_default();
        session.simulate_document(&inquiry, &document).await
    })
    .await;
    let details = details(session, &roles).await;
    let rests = resting_on_tags(inquiries, &roles, &details);
    roles.extend(each(&rests, role, simulate).await);
    let rule = |inquiry: &Inquiry| {
        let Some(role) = roles.get(&inquiry.role).filter(|_| !inquiry.foreign) else { return elsewhere(inquiry) };
        let session = inquiry.session_policy.as_ref().and_then(|policy| documents.get(policy).cloned());
        let detail = details.get(&inquiry.role).cloned().unwrap_or_default();
        judge(&tagged(inquiry, &detail), &Evidence { role: role.clone(), session, detail })
    };
    inquiries.iter().map(rule).collect()
}

/// Questions whose answers lacked a tag that their role has.
fn resting_on_tags(
    inquiries: &[Inquiry],
    roles: &HashMap<RoleArn, Result<Simulated, Failure>>,
    details: &HashMap<RoleArn, RoleDetail>,
) -> Vec<Inquiry> {
    let again = |inquiry: &Inquiry| {
        let (Some(Ok(found)), Some(detail)) = (roles.get(&inquiry.role), details.get(&inquiry.role)) else {
            return None;
        };
        let tagged = tagged(inquiry, detail);
        found.missing.iter().any(|key| inquiry.lacks(key) && !tagged.lacks(key)).then_some(tagged)
    };
    inquiries.iter().filter_map(again).collect()
}

/// The policies of roles whose answers need them: no answer, or one that rests on something.
async fn details(
    session: &Session,
    roles: &HashMap<RoleArn, Result<Simulated, Failure>>,
) -> HashMap<RoleArn, RoleDetail> {
    let needs = |found: &Result<Simulated, Failure>| found.as_ref().map_or(true, |found| !found.missing.is_empty());
    let wanted = roles.iter().filter(|(_, found)| needs(found)).map(|(role, _)| role.clone());
    let read = |role: RoleArn| async move {
        let detail = policies(session, &role).await;
        (role, detail)
    };
    stream::iter(wanted.collect::<Vec<_>>()).map(read).buffer_unordered(AT_ONCE).collect().await
}

/// Asks once for each key.
async fn each<K: Hash + Eq>(
    inquiries: &[Inquiry],
    key: impl Fn(&Inquiry) -> Option<K>,
    ask: impl AsyncFn(Inquiry) -> Result<Simulated, Failure>,
) -> HashMap<K, Result<Simulated, Failure>> {
    let mut questions: HashMap<K, Inquiry> = HashMap::new();
    for inquiry in inquiries {
        let Some(key) = key(inquiry) else { continue };
        let known = questions.entry(key).or_insert_with(|| inquiry.clone());
        if known.account != inquiry.account {
            known.forget_account();
        }
    }
    let ask = &ask;
    let asked = questions.into_iter().map(|(key, inquiry)| async move { (key, ask(inquiry).await) });
    stream::iter(asked).buffer_unordered(AT_ONCE).collect().await
}
