//! Findings as JUnit XML: one suite, a test case for each finding; those that fail the check are failures.

use quick_xml::escape::escape;

use crate::domain::finding::{Finding, Severity};

/// The whole document.
pub(super) fn document(cluster: &str, findings: &[&Finding], fail_on: Severity) -> String {
    let failures = findings.iter().filter(|finding| finding.severity >= fail_on).count();
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let counts = format!("tests=\"{}\" failures=\"{failures}\"", findings.len().max(1));
    out += &format!("<testsuites name=\"rolecall check\" {counts}>\n");
    out += &format!("  <testsuite name=\"{}\" {counts}>\n", escape(cluster));
    for finding in findings {
        out += &case(finding, fail_on);
    }
    if findings.is_empty() {
        out += "    <testcase classname=\"rolecall\" name=\"nothing found\"/>\n";
    }
    out + "  </testsuite>\n</testsuites>\n"
}

fn case(finding: &Finding, fail_on: Severity) -> String {
    let name = finding.subject.to_string();
    let head = format!("    <testcase classname=\"{}\" name=\"{}\"", finding.code.name, escape(&name));
    let told = format!("{} {}\n{}", finding.message, finding.fix, finding.evidence.join("\n"));
    if finding.severity >= fail_on {
        let kind = finding.severity.word();
        let message = escape(&finding.message);
        format!(
            "{head}>\n      <failure type=\"{kind}\" message=\"{message}\">{}</failure>\n    </testcase>\n",
            escape(&told)
        )
    } else {
        format!("{head}>\n      <system-out>{}</system-out>\n    </testcase>\n", escape(&told))
    }
}
