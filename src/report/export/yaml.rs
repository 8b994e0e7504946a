//! YAML of plain data; the library quotes whatever a YAML 1.1 or 1.2 reader could take for something else.

use serde::{Serialize, Serializer};
use serde_saphyr::SerializerOptions;

/// A mapping that keeps the order in which it was written.
pub(super) struct Mapping<K, V>(Vec<(K, V)>);

impl<K, V> Default for Mapping<K, V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<K, V> Mapping<K, V> {
    /// Adds a key; it must not be there yet.
    pub fn set(&mut self, key: K, value: V) {
        self.0.push((key, value));
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<K, V> Extend<(K, V)> for Mapping<K, V> {
    fn extend<T: IntoIterator<Item = (K, V)>>(&mut self, pairs: T) {
        self.0.extend(pairs);
    }
}

impl<K, V> FromIterator<(K, V)> for Mapping<K, V> {
    fn from_iter<T: IntoIterator<Item = (K, V)>>(pairs: T) -> Self {
        Self(pairs.into_iter().collect())
    }
}

impl<K, V, const N: usize> From<[(K, V); N]> for Mapping<K, V> {
    fn from(pairs: [(K, V); N]) -> Self {
        Self(pairs.into())
    }
}

impl<K: Serialize, V: Serialize> Serialize for Mapping<K, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, value)| (key, value)))
    }
}

/// The document; empty only if the data could not be written, which plain data always can.
pub(super) fn yaml(data: &impl Serialize) -> String {
    let mut options = SerializerOptions::default();
    options.prefer_block_scalars = false;
    let mut text = serde_saphyr::to_string_with_options(data, options).unwrap_or_default();
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text
}
