//! Which cluster comes into view: one that is open, a context of the kubeconfig, or any by `cluster:` and `region:`.

use crate::app::{cluster::ClusterView, effect::Choice, field::Field, fuzzy::Fuzzy, model::Model};

/// One line of the picker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// An open cluster: its place in the model, and its name.
    Open(usize, String),
    /// A context that is not open.
    Context(String),
    /// What was typed in terms: `cluster:acme region:eu-west-1 profile:audit`.
    Typed(Choice),
}

/// The picker.
#[derive(Clone, Debug)]
pub struct Clusters {
    /// What was typed.
    pub field: Field,
    /// What it offers, best first.
    pub found: Vec<Entry>,
    /// Which of it is selected.
    pub cursor: usize,
    all: Vec<Entry>,
}

impl Clusters {
    /// The open clusters, and every other context that is known.
    pub fn new(model: &Model) -> Self {
        let mut clusters = Self { field: Field::default(), found: Vec::new(), cursor: 0, all: Vec::new() };
        clusters.list(model);
        clusters
    }

    /// Lists again after contexts were read or clusters opened.
    pub fn list(&mut self, model: &Model) {
        let open = |(at, view): (usize, &ClusterView)| Entry::Open(at, view.title());
        self.all = model.clusters.iter().enumerate().map(open).collect();
        let titles: Vec<String> = model.clusters.iter().map(ClusterView::title).collect();
        let others = model.contexts.iter().filter(|name| !titles.contains(name));
        self.all.extend(others.cloned().map(Entry::Context));
        self.search();
    }

    /// Searches again after the text changed.
    pub fn search(&mut self) {
        let text = self.field.text();
        self.cursor = 0;
        if let Some(choice) = typed(&text) {
            self.found = vec![Entry::Typed(choice)];
            return;
        }
        let mut fuzzy = Fuzzy::new(text.trim());
        let mut scored: Vec<(u32, usize)> =
            self.all.iter().enumerate().filter_map(|(at, entry)| Some((fuzzy.score(&entry.name())?, at))).collect();
        scored.sort_by_key(|(score, at)| (std::cmp::Reverse(*score), *at));
        self.found = scored.into_iter().map(|(_, at)| self.all[at].clone()).collect();
    }

    /// The selected line.
    pub fn chosen(&self) -> Option<&Entry> {
        self.found.get(self.cursor)
    }
}

impl Entry {
    /// What it is called.
    pub fn name(&self) -> String {
        match self {
            Self::Open(_, name) | Self::Context(name) => name.clone(),
            Self::Typed(choice) => choice.to_string(),
        }
    }
}

/// A text of terms only, with a cluster or a context among them; the context may stand without its word.
fn typed(text: &str) -> Option<Choice> {
    let mut choice = Choice::default();
    if !text.contains(':') {
        return None;
    }
    for word in text.split_whitespace() {
        let (place, value) = match word.split_once(':') {
            Some(("cluster", value)) => (&mut choice.cluster, value),
            Some(("region", value)) => (&mut choice.region, value),
            Some(("profile", value)) => (&mut choice.profile, value),
            Some(("context", value)) => (&mut choice.context, value),
            // ARNs are contexts too.
            _ => (&mut choice.context, word),
        };
        if value.is_empty() || place.replace(value.to_owned()).is_some() {
            return None;
        }
    }
    // An ARN alone is a part of a name that is being typed.
    let terms = choice.cluster.is_some() || choice.region.is_some() || choice.profile.is_some();
    (terms && (choice.cluster.is_some() || choice.context.is_some())).then_some(choice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_name_a_cluster_and_anything_else_is_a_part_of_a_name() {
        let some = |text: &str| Some(text.to_owned());
        let by_name = Choice { cluster: some("acme"), region: some("eu-west-1"), ..Choice::default() };
        assert_eq!(typed("cluster:acme region:eu-west-1"), Some(by_name));
        let other_profile = Choice { context: some("prod"), profile: some("audit"), ..Choice::default() };
        assert_eq!(typed("prod profile:audit"), Some(other_profile.clone()));
        assert_eq!(typed("context:prod profile:audit"), Some(other_profile));
        for part in
            ["prod", "arn:aws:eks:eu-west-1:111122223333:cluster/acme", "cluster:", "region:eu-west-1", "a b profile:c"]
        {
            assert_eq!(typed(part), None, "{part}");
        }
    }
}
