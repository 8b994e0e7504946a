//! Findings as SARIF 2.1.0, for the code scanning of forges.

use serde_json::{Value, json};

use crate::domain::finding::{Code, Finding, Severity};

/// The whole log.
pub(super) fn log(cluster: &str, findings: &[&Finding]) -> Value {
    let mut codes: Vec<&Code> = findings.iter().map(|finding| finding.code).collect();
    codes.sort_by_key(|code| code.name);
    codes.dedup();
    let results: Vec<Value> = findings.iter().map(|finding| result(cluster, finding)).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "rolecall",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": codes.into_iter().map(rule).collect::<Vec<_>>(),
            }},
            "results": results,
        }],
    })
}

fn rule(code: &Code) -> Value {
    json!({
        "id": code.name,
        "shortDescription": { "text": code.title },
        "help": { "text": code.fix },
        "defaultConfiguration": { "level": level(code.severity) },
    })
}

fn result(cluster: &str, finding: &Finding) -> Value {
    let subject = &finding.subject;
    let path: Vec<&str> = [Some(cluster), subject.namespace()].into_iter().flatten().collect();
    let name = subject.name();
    let full = if name.is_empty() { path.join("/") } else { format!("{}/{name}", path.join("/")) };
    json!({
        "ruleId": finding.code.name,
        "level": level(finding.severity),
        "message": { "text": format!("{} {}", finding.message, finding.fix) },
        "locations": [{ "logicalLocations": [{ "fullyQualifiedName": full, "kind": subject.kind() }] }],
        "partialFingerprints": { "rolecall/v1": finding.key() },
        "properties": { "pods": finding.pods, "evidence": finding.evidence },
    })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Notice => "note",
        Severity::Warning => "warning",
        Severity::Error => "error",
    }
}
