//! The grammar of a trust policy: which elements there are, single value or list, and
//! what IAM refuses to save. Keeps reading after a mistake, so that all are reported.

use super::action::{Action, ActionElement};
use super::condition::{Condition, ConditionValue};
use super::document::{Duplicate, Effect, Statement, Version};
use super::json::{Member, Node, Shape, Span};
use super::lint::{Lint, refused};
use super::operator::Operator;
use super::principal::{Principal, PrincipalKind};

/// What was read of a document.
#[derive(Default)]
pub(super) struct Read {
    pub(super) version: Version,
    pub(super) statements: Vec<Statement>,
    pub(super) list: Option<Span>,
    pub(super) duplicates: Vec<Duplicate>,
    pub(super) refusals: Vec<Lint>,
}

/// Nobody reads more; a hostile document could hold millions.
const MOST_REFUSALS: usize = 200;

/// Reads the outermost object.
pub(super) fn read(text: &str, root: Node<'_>) -> Read {
    let members = root.members(text);
    let mut reader = Reader { text, variables: false, refusals: Vec::new() };
    reader.characters();
    let mut read = Read { duplicates: duplicates(&members, &[]), ..Read::default() };
    for member in members.iter().filter(|member| member.name == "Version") {
        read.version = reader.version(member);
    }
    reader.variables = read.version == Version::V2012;
    for member in &members {
        match member.name.as_ref() {
            "Version" => {}
            "Id" => reader.expect(member, Shape::Text),
            "Statement" => reader.statements(member, &mut read),
            other => reader.unknown_element(other, member.key, &["Version", "Id", "Statement"]),
        }
    }
    if !members.iter().any(|member| member.name == "Statement") {
        reader.refuse(root.span, "the policy has no Statement".to_owned());
    }
    reader.unique_sids(&read.statements);
    read.refusals = reader.refusals;
    read
}

struct Reader<'a> {
    text: &'a str,
    variables: bool,
    refusals: Vec<Lint>,
}

impl<'a> Reader<'a> {
    fn refuse(&mut self, span: Span, message: String) {
        if self.refusals.len() < MOST_REFUSALS {
            self.refusals.push(refused(span, message));
        }
    }

    fn expect(&mut self, member: &Member<'_>, shape: Shape) {
        let found = member.value.shape();
        if found != shape {
            self.refuse(member.value.span, format!("{} must be {}, not {}", member.name, shape.name(), found.name()));
        }
    }

    /// IAM takes tab, LF, CR and U+0020–U+00FF.
    fn characters(&mut self) {
        let strange = |c: char| !matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{ff}');
        if let Some((start, character)) = self.text.char_indices().find(|(_, c)| strange(*c)) {
            let span = Span { start, end: start + character.len_utf8() };
            self.refuse(span, format!("IAM takes only Latin-1 characters; this is U+{:04X}", u32::from(character)));
        }
    }

    fn unknown_element(&mut self, name: &str, span: Span, known: &[&str]) {
        let meant = known.iter().find(|element| element.eq_ignore_ascii_case(name));
        let message = match (name, meant) {
            ("Resource" | "NotResource", _) => {
                format!("{name} is not allowed in a trust policy: the resource is the role itself")
            }
            (_, Some(meant)) => {
                format!("unknown element {name}; element names are case-sensitive: {meant}")
            }
            _ => format!("unknown element {name}"),
        };
        self.refuse(span, message);
    }

    fn version(&mut self, member: &Member<'_>) -> Version {
        self.expect(member, Shape::Text);
        match member.value.scalar().as_ref() {
            "2012-10-17" => Version::V2012,
            "2008-10-17" => Version::V2008,
            other => {
                let message = format!("Version is 2012-10-17 or 2008-10-17, not {other}");
                self.refuse(member.value.span, message);
                Version::Missing
            }
        }
    }

    fn statements(&mut self, member: &Member<'a>, read: &mut Read) {
        if member.value.shape() == Shape::List {
            read.list = Some(member.value.span);
        }
        for node in member.value.items(self.text) {
            if node.shape() == Shape::Object {
                let statement = self.statement(node, read.statements.len());
                read.statements.push(statement);
            } else {
                self.refuse(node.span, format!("a statement is an object, not {}", node.shape().name()));
            }
        }
    }

    fn unique_sids(&mut self, statements: &[Statement]) {
        let mut seen = std::collections::HashSet::new();
        for statement in statements {
            if let Some(sid) = &statement.sid
                && !seen.insert(sid.as_str())
            {
                self.refuse(statement.span, format!("Sid {sid} is used by two statements"));
            }
        }
    }

    fn statement(&mut self, node: Node<'a>, index: usize) -> Statement {
        let members = node.members(self.text);
        let mut statement = Statement {
            index,
            span: node.span,
            sid: None,
            effect: None,
            effect_span: node.span,
            principals: Vec::new(),
            principal_span: node.span,
            action: None,
            conditions: Vec::new(),
            condition_span: None,
            duplicates: duplicates(&members, &["Effect", "Action"]),
        };
        for member in &members {
            self.element(member, &mut statement);
        }
        self.complete(&members, &statement);
        statement
    }

    fn element(&mut self, member: &Member<'a>, statement: &mut Statement) {
        match member.name.as_ref() {
            "Sid" => statement.sid = self.sid(member),
            "Effect" => {
                statement.effect = self.effect(member);
                statement.effect_span = member.value.span;
            }
            "Principal" => {
                statement.principal_span = member.value.span;
                self.principal(member.value, statement);
            }
            "NotPrincipal" => {
                let message = "NotPrincipal is not allowed in a trust policy; name who may, or use a condition";
                self.refuse(member.key, message.to_owned());
            }
            "Action" | "NotAction" => self.action(member, statement),
            "Condition" => {
                statement.condition_span = Some(member.value.span);
                self.condition(member.value, statement);
            }
            other => {
                let known = ["Sid", "Effect", "Principal", "Action", "NotAction", "Condition"];
                self.unknown_element(other, member.key, &known);
            }
        }
    }

    fn complete(&mut self, members: &[Member<'_>], statement: &Statement) {
        let has = |name: &str| members.iter().any(|member| member.name == name);
        if !has("Effect") {
            self.refuse(statement.span, "the statement has no Effect".to_owned());
        }
        if !has("Principal") && !has("NotPrincipal") {
            self.refuse(statement.span, "the statement has no Principal; a trust policy says who may".to_owned());
        }
        match (has("Action"), has("NotAction")) {
            (false, false) => self.refuse(statement.span, "the statement has no Action".to_owned()),
            (true, true) => self.refuse(statement.span, "the statement has both Action and NotAction".to_owned()),
            _ => {}
        }
    }

    fn sid(&mut self, member: &Member<'_>) -> Option<String> {
        self.expect(member, Shape::Text);
        let sid = member.value.scalar();
        if !sid.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            self.refuse(member.value.span, "a Sid has letters and digits only".to_owned());
        }
        (!sid.is_empty()).then(|| sid.into_owned())
    }

    fn effect(&mut self, member: &Member<'_>) -> Option<Effect> {
        match (member.value.shape(), member.value.scalar().as_ref()) {
            (Shape::Text, "Allow") => Some(Effect::Allow),
            (Shape::Text, "Deny") => Some(Effect::Deny),
            (_, other) => {
                let other = super::explain::shortened(other);
                self.refuse(member.value.span, format!("Effect is Allow or Deny (case-sensitive), not {other}"));
                None
            }
        }
    }

    fn principal(&mut self, node: Node<'a>, statement: &mut Statement) {
        if node.shape() != Shape::Object {
            let message = "Principal must be an object with AWS, Service or Federated; \"*\" alone is refused here";
            return self.refuse(node.span, message.to_owned());
        }
        let members = node.members(self.text);
        statement.duplicates.extend(duplicates(&members, &[]));
        for member in &members {
            let Some(kind) = PrincipalKind::parse(&member.name) else {
                let message = format!("{} is no kind of principal: AWS, Service or Federated", member.name);
                self.refuse(member.key, message);
                continue;
            };
            for value in member.value.items(self.text) {
                if let Some(principal) = self.principal_value(kind, value) {
                    statement.principals.push(principal);
                }
            }
        }
    }

    fn principal_value(&mut self, kind: PrincipalKind, node: Node<'_>) -> Option<Principal> {
        if node.shape() != Shape::Text {
            self.refuse(node.span, format!("a principal is a string, not {}", node.shape().name()));
            return None;
        }
        let value = node.scalar().into_owned();
        if let Some(message) = refused_principal(kind, &value) {
            self.refuse(node.span, message);
        }
        Some(Principal { kind, value, span: node.span })
    }

    fn action(&mut self, member: &Member<'a>, statement: &mut Statement) {
        let nodes = member.value.items(self.text);
        let actions: Vec<Action> = nodes.into_iter().filter_map(|node| self.action_pattern(node)).collect();
        let element = statement.action.get_or_insert_with(|| ActionElement {
            negated: member.name == "NotAction",
            actions: Vec::new(),
            span: member.key.join(member.value.span),
            value: member.value.span,
        });
        element.actions.extend(actions);
    }

    fn action_pattern(&mut self, node: Node<'_>) -> Option<Action> {
        if node.shape() != Shape::Text {
            self.refuse(node.span, format!("an action is a string, not {}", node.shape().name()));
            return None;
        }
        let action = Action::new(node.scalar().into_owned(), node.span);
        if action.foreign_service().is_some() {
            let text = super::explain::shortened(&action.text);
            self.refuse(node.span, format!("a trust policy may only name actions of STS, not {text}"));
        }
        Some(action)
    }

    fn condition(&mut self, node: Node<'a>, statement: &mut Statement) {
        if node.shape() != Shape::Object {
            return self.refuse(node.span, format!("Condition must be an object, not {}", node.shape().name()));
        }
        let members = node.members(self.text);
        statement.duplicates.extend(duplicates(&members, &[]));
        for member in &members {
            match Operator::parse(&member.name) {
                Some(operator) => self.operator(&operator, member, statement),
                None => self.unknown_operator(member),
            }
        }
    }

    fn unknown_operator(&mut self, member: &Member<'_>) {
        // Looking for what was meant costs more than reading.
        if self.refusals.len() >= MOST_REFUSALS {
            return;
        }
        let name = super::explain::shortened(&member.name);
        let meant = Operator::closest(name).map_or(String::new(), |meant| format!("; did you mean {meant}?"));
        self.refuse(member.key, format!("unknown condition operator {name}{meant}"));
    }

    fn operator(&mut self, operator: &Operator, member: &Member<'a>, statement: &mut Statement) {
        if member.value.shape() != Shape::Object {
            let found = member.value.shape().name();
            return self.refuse(member.value.span, format!("{} takes an object of keys, not {found}", operator.name));
        }
        let keys = member.value.members(self.text);
        statement.duplicates.extend(duplicates_ignoring_case(&keys));
        for key in &keys {
            let mut values = Vec::new();
            for node in key.value.items(self.text) {
                if matches!(node.shape(), Shape::Object | Shape::List | Shape::Null) {
                    let (key, found) = (&key.name, node.shape().name());
                    self.refuse(node.span, format!("a value of {key} is a string, number or boolean, not {found}"));
                    continue;
                }
                let text = node.scalar().into_owned();
                values.push(ConditionValue::new(text, node.span, operator, self.variables));
            }
            statement.conditions.push(Condition {
                operator: operator.clone(),
                operator_span: member.key,
                folded_key: key.name.to_lowercase(),
                key: key.name.clone().into_owned(),
                key_span: key.key,
                values,
                values_span: key.value.span,
                is_list: key.value.shape() == Shape::List,
            });
        }
    }
}

/// What IAM refuses as a principal, whether or not it exists.
fn refused_principal(kind: PrincipalKind, value: &str) -> Option<String> {
    let short = super::explain::shortened(value);
    let wildcard = value.contains(['*', '?']);
    match kind {
        PrincipalKind::Aws if value == "*" => None,
        _ if wildcard => Some(format!("a wildcard is not allowed in a principal: {short}")),
        PrincipalKind::Aws if is_aws_principal(value) => None,
        PrincipalKind::Aws => Some(format!("{short} is no account, role, session, user or unique id")),
        PrincipalKind::Federated if is_federated(value) => None,
        PrincipalKind::Federated => Some(format!("{short} is neither a domain name nor a provider ARN")),
        PrincipalKind::Service => None,
    }
}

fn is_aws_principal(value: &str) -> bool {
    let account = value.len() == 12 && value.bytes().all(|byte| byte.is_ascii_digit());
    let unique_id = value.len() >= 16 && value.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    account || unique_id || value.starts_with("arn:")
}

fn is_federated(value: &str) -> bool {
    let host = value.split('/').next().unwrap_or_default();
    let label = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
    value.starts_with("arn:") || (host.contains('.') && host.bytes().all(label))
}

/// Repeated names; `documented` are those AWS says something about.
fn duplicates(members: &[Member<'_>], documented: &[&str]) -> Vec<Duplicate> {
    repeated(members, |member| member.name.to_string(), documented)
}

/// Condition keys are the same key in any case.
fn duplicates_ignoring_case(members: &[Member<'_>]) -> Vec<Duplicate> {
    repeated(members, |member| member.name.to_lowercase(), &[])
}

fn repeated(members: &[Member<'_>], name: impl Fn(&Member<'_>) -> String, documented: &[&str]) -> Vec<Duplicate> {
    let mut first = std::collections::HashMap::new();
    let mut found = Vec::new();
    for member in members {
        let earlier = *first.entry(name(member)).or_insert(member.key);
        if earlier != member.key {
            found.push(Duplicate {
                name: member.name.to_string(),
                first: earlier,
                again: member.key,
                documented: documented.contains(&member.name.as_ref()),
            });
        }
    }
    found
}
