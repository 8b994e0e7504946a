//! Strings and string maps of JSON, borrowed where JSON allows it and patient with `null`.

use std::{borrow::Cow, fmt, ops::Deref};

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, Visitor},
};

/// A text that points into the body unless it had escapes. Anything that is no text counts as empty.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::kubernetes) struct Text<'a>(Cow<'a, str>);

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Text<'de>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a string")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Text(Cow::Owned(text.to_owned())))
    }

    fn visit_string<E>(self, text: String) -> Result<Self::Value, E> {
        Ok(Text(Cow::Owned(text)))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Text::default())
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Text(Cow::Owned(value.to_string())))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Text(Cow::Owned(value.to_string())))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Text(Cow::Owned(value.to_string())))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor)
    }
}

/// `null` is as good as absent: Go writes it for empty slices and maps.
pub(in crate::kubernetes) fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// All labels.
#[derive(Default)]
pub(in crate::kubernetes) struct Labels<'a>(pub Vec<(Text<'a>, Text<'a>)>);

/// The annotations that somebody here reads; the others are skipped unread, whatever their size.
#[derive(Default)]
pub(in crate::kubernetes) struct Annotations<'a>(pub Vec<(Text<'a>, Text<'a>)>);

const ANNOTATIONS: [&str; 6] = [
    "eks.amazonaws.com/",
    "iam.amazonaws.com/",
    "meta.helm.sh/",
    "argocd.argoproj.io/",
    "k8s.io/initial-events-end",
    "karpenter.k8s.aws/instance-profile-name",
];

fn is_kept_annotation(key: &str) -> bool {
    ANNOTATIONS.iter().any(|prefix| key.starts_with(prefix))
}

struct Pairs(fn(&str) -> bool);

impl<'de> Visitor<'de> for Pairs {
    type Value = Vec<(Text<'de>, Text<'de>)>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a map of strings")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Vec::new())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut pairs = Vec::new();
        while let Some(key) = map.next_key::<Text<'de>>()? {
            if (self.0)(&key) {
                pairs.push((key, map.next_value()?));
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(pairs)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Labels<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(deserializer.deserialize_any(Pairs(|_| true))?))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Annotations<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(deserializer.deserialize_any(Pairs(is_kept_annotation))?))
    }
}

fn find<'p>(pairs: &'p [(Text<'_>, Text<'_>)], key: &str) -> Option<&'p str> {
    pairs.iter().find(|(name, _)| **name == *key).map(|(_, value)| &**value)
}

impl Labels<'_> {
    /// The value of a label.
    pub fn get(&self, key: &str) -> Option<&str> {
        find(&self.0, key)
    }
}

impl Annotations<'_> {
    /// The value of an annotation that is kept.
    pub fn get(&self, key: &str) -> Option<&str> {
        find(&self.0, key)
    }
}
