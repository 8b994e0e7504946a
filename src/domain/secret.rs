//! A text that must not leave memory: a service account token between the call that gives it and the call
//! that takes it.

/// A token or key. It can be neither printed nor logged nor serialised nor copied; what it holds is
/// overwritten when it is dropped.
pub struct Secret(Vec<u8>);

impl Secret {
    /// Keeps a secret.
    pub fn new(text: String) -> Self {
        Self(text.into_bytes())
    }

    /// The secret itself, for the one request that needs it.
    pub fn expose(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.fill(0);
        // Without it the compiler may leave out writes that nobody reads.
        std::hint::black_box(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::Secret;

    /// Does not compile if a secret gets one of these: then two implementations fit.
    macro_rules! is_never {
        ($($name:path),*) => {$(
            const _: fn() = || {
                trait Ambiguous<A> {
                    fn holds() {}
                }
                impl<T: ?Sized> Ambiguous<()> for T {}
                struct Second;
                impl<T: ?Sized + $name> Ambiguous<Second> for T {}
                let _ = <Secret as Ambiguous<_>>::holds;
            };
        )*};
    }
    is_never!(std::fmt::Debug, std::fmt::Display, serde::Serialize, Clone);

    #[test]
    fn a_secret_is_exposed_only_on_request() {
        assert_eq!(Secret::new("t0ken".to_owned()).expose(), "t0ken");
    }
}
