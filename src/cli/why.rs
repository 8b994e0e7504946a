//! `rolecall why`: from a pasted AWS error to whom it is about and what to do.

use std::io::{IsTerminal, Read};

use clap::Args;
use jiff::Timestamp;

use super::{Exit, Global, complain, explain::namespaced, print, usage};
use crate::{
    domain::{
        failure::{Failure, FailureKind},
        id::PodId,
        inventory::Inventory,
        symptom::{
            self, Symptom,
            answer::{Answer, Found},
        },
    },
    report::why,
};

/// What went wrong.
#[derive(Args, Debug)]
pub struct Arguments {
    /// The error text as it was logged, or the code of a finding; standard input without it
    #[arg(allow_hyphen_values = true)]
    pub text: Vec<String>,
    /// In whose log the text stood, for texts that name nobody
    #[arg(long, value_name = "NAMESPACE/NAME")]
    pub pod: Option<String>,
}

/// Explains an error text, or a code.
pub fn run(global: &Global, arguments: &Arguments) -> Result<Exit, Failure> {
    let text = text(arguments)?;
    if let Some(page) = why::code(text.trim()) {
        print(&page)?;
        return Ok(Exit::Done);
    }
    let symptom = Symptom::read(&text).ok_or_else(|| nothing(&text))?;
    let pod = arguments.pod.as_deref().map(namespaced).transpose()?;
    let pod = pod.map(|(namespace, name)| PodId::new(namespace, name));
    match looked(global, pod.as_ref()) {
        Ok(inventory) => {
            answer(global, symptom, &inventory, pod)?;
            Ok(Exit::Done)
        }
        // What the text says stands by itself; only whom it is about could not be looked up.
        Err(failure) => {
            answer(global, symptom, &Inventory::default(), None)?;
            complain(&format!("rolecall: nothing could be looked up: {failure}"));
            Ok(Exit::Failed)
        }
    }
}

fn answer(global: &Global, symptom: Symptom, inventory: &Inventory, pod: Option<PodId>) -> Result<(), Failure> {
    let answer = Answer::about(symptom, inventory, pod.map(Found::Pod).as_ref());
    print(&why::render(&answer, inventory, Timestamp::now(), global.format()?, global.report_options()))
}

/// One look; without pods there is nobody to be found.
fn looked(global: &Global, pod: Option<&PodId>) -> Result<Inventory, Failure> {
    let survey = global.survey()?;
    if let Some(failure) = survey.refusal() {
        return Err(failure);
    }
    match pod.filter(|pod| survey.inventory.pod(pod).is_none()) {
        Some(pod) => Err(Failure::new(
            FailureKind::NotFound,
            format!("there is no pod {pod}"),
            "nothing of this name is in the cluster",
            "`rolecall get pods` shows what there is",
        )),
        None => Ok(survey.inventory),
    }
}

fn text(arguments: &Arguments) -> Result<String, Failure> {
    match arguments.text.as_slice() {
        [] => pasted(),
        [dash] if dash == "-" => pasted(),
        words => Ok(words.join(" ")),
    }
}

/// Everything from standard input, as far as it is read at all.
fn pasted() -> Result<String, Failure> {
    if std::io::stdin().is_terminal() {
        complain("Paste the error, then press Enter and Ctrl-d.");
    }
    let mut bytes = Vec::new();
    let longest = u64::try_from(symptom::LONGEST).unwrap_or(u64::MAX);
    std::io::stdin().lock().take(longest).read_to_end(&mut bytes).map_err(|error| {
        usage("cannot read the error text", error.to_string(), "Give it as an argument, or pipe it in")
    })?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn nothing(text: &str) -> Failure {
    let what = if text.trim().is_empty() { "there is no text" } else { "nothing in the text is known" };
    Failure::new(
        FailureKind::Invalid,
        what,
        "looked for the sentences of IAM and STS (`is not authorized to perform`), of EKS Pod Identity and its agent, \
         of instance metadata, and of SDKs that find no credentials",
        "Paste the whole line of the log, with the error code of AWS",
    )
}
