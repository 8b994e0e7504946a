//! Role trust policies: the document with every position and duplicate key kept, the
//! three-valued evaluation, the sentence that explains it, lints, edits and `who`.
//! Written to the IAM User Guide; where AWS documents nothing the answer is `Depends`,
//! never a guess. Pure: no clock, no files, nothing of the rest of the program.

mod action;
mod arn;
mod case;
mod condition;
mod context;
mod decision;
mod document;
pub mod edit;
mod evaluate;
mod explain;
mod glob;
mod grammar;
mod json;
mod lint;
mod operator;
mod principal;
mod request;
mod truth;
mod value;
mod variable;
pub mod who;

pub use action::{Action, ActionElement};
pub use case::eval_case;
pub use condition::{Condition, ConditionValue};
pub use decision::{Decision, Verdict};
pub use document::{Document, Duplicate, Effect, Statement, Version};
pub use evaluate::{describe_statement, evaluate, evaluate_raw, evaluate_statement, verdict};
pub use glob::Glob;
pub use json::{Places, Span, SyntaxError, line_column};
pub use lint::{DEFAULT_LENGTH_QUOTA, Lint, Severity, lints, lints_for};
pub use operator::{Operator, Quantifier};
pub use principal::{OWN_PERMISSIONS, Principal, PrincipalKind};
pub use request::{Caller, Cluster, ContextValue, Mechanism, Organization, PODS_SERVICE, RawRequest, Request, Role};
