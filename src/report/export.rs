//! Plans as text for those who change things elsewhere: AWS CLI, Terraform, eksctl, CloudFormation,
//! ACK (experience part 5). Pure. What a format cannot say stands in a comment, never nowhere.

use std::collections::BTreeSet;

use super::text::{is_treacherous, printable};
use crate::domain::{
    inventory::Inventory,
    plan::{Plan, owner::Tool},
};

mod ack;
mod aws_cli;
mod cloudformation;
mod eksctl;
mod terraform;
#[cfg(test)]
mod tests;
mod wanted;
mod yaml;

use wanted::Wanted;

/// What a plan is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// Commands for a POSIX shell.
    AwsCli,
    /// HCL for the AWS provider.
    Terraform,
    /// A ClusterConfig.
    Eksctl,
    /// A template in YAML.
    CloudFormation,
    /// Manifests of AWS Controllers for Kubernetes.
    Ack,
}

impl Format {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 5] = [Self::AwsCli, Self::Terraform, Self::Eksctl, Self::CloudFormation, Self::Ack];

    /// Its name for `--output` and in data.
    pub fn word(self) -> &'static str {
        match self {
            Self::AwsCli => "aws-cli",
            Self::Terraform => "terraform",
            Self::Eksctl => "eksctl",
            Self::CloudFormation => "cloudformation",
            Self::Ack => "ack",
        }
    }

    /// Its name for people.
    pub fn title(self) -> &'static str {
        match self {
            Self::AwsCli => "AWS CLI",
            Self::Terraform => "Terraform",
            Self::Eksctl => "eksctl ClusterConfig",
            Self::CloudFormation => "CloudFormation",
            Self::Ack => "ACK",
        }
    }
}

impl From<Tool> for Format {
    /// What the repository of a tool takes: charts and GitOps hold manifests.
    fn from(tool: Tool) -> Self {
        match tool {
            Tool::Terraform | Tool::Pulumi => Self::Terraform,
            Tool::CloudFormation => Self::CloudFormation,
            Tool::Eksctl => Self::Eksctl,
            Tool::Ack | Tool::Helm | Tool::ArgoCd | Tool::Flux | Tool::Crossplane => Self::Ack,
        }
    }
}

/// The plan in a format.
pub fn text(plan: &Plan, inventory: &Inventory, format: Format) -> String {
    let wanted = Wanted::of(plan, inventory);
    match format {
        Format::AwsCli => aws_cli::text(&wanted),
        Format::Terraform => terraform::text(&wanted),
        Format::Eksctl => eksctl::text(&wanted),
        Format::CloudFormation => cloudformation::text(&wanted),
        Format::Ack => ack::text(&wanted),
    }
}

/// A sentence as a comment of one line: whatever it holds cannot end the comment.
fn comment(sentence: &str) -> String {
    format!("# {}\n", printable(sentence).trim_end())
}

/// Several sentences as comments.
fn comments<'a>(sentences: impl IntoIterator<Item = &'a str>) -> String {
    sentences.into_iter().map(comment).collect()
}

/// A JSON document in which characters that could mislead a reader are escapes; its meaning stays.
fn honest_json(document: &str) -> String {
    let mut out = String::with_capacity(document.len());
    let mut units = [0_u16; 2];
    for letter in document.chars() {
        if is_treacherous(letter) && !letter.is_control() {
            letter.encode_utf16(&mut units).iter().for_each(|unit| out.push_str(&format!("\\u{unit:04x}")));
        } else {
            out.push(letter);
        }
    }
    out
}

/// Names within one text, each given once.
#[derive(Default)]
struct Names(BTreeSet<String>);

impl Names {
    /// The wanted name, or with a number behind it if it is taken.
    fn give(&mut self, wanted: &str, gap: &str) -> String {
        let numbered = (2..).map(|number| format!("{wanted}{gap}{number}"));
        let mut candidates = std::iter::once(wanted.to_owned()).chain(numbered);
        let free = candidates.find(|name| !self.0.contains(name)).unwrap_or_default();
        self.0.insert(free.clone());
        free
    }
}
