//! What the flags of every command amount to: the outside they name, settings, colour.

use std::sync::Arc;

use jiff::Timestamp;

use super::{Color, Global};
use crate::{
    domain::failure::Failure,
    runtime::{
        outside::{Options, Outside},
        settings, worlds,
    },
};

impl Global {
    /// The cluster and account that the flags name. Must be called within the runtime: the
    /// controllers of a simulated world start at once.
    ///
    /// # Errors
    /// When a world file cannot be loaded.
    pub fn outside(&self, story: bool) -> Result<Outside, Failure> {
        let declared = self.loaded().settings.declaration_keys();
        if self.demo || self.world.is_some() || story {
            let world = worlds::choose(self.world.as_deref(), story, Timestamp::now())?;
            return Ok(Outside::simulated(world).declaring(declared));
        }
        Ok(Outside::Real(Arc::new(Options {
            kubeconfig: self.kubeconfig.clone(),
            context: self.context.first().cloned(),
            cluster: self.cluster.clone(),
            region: self.region.clone(),
            profile: self.profile.clone(),
            namespace: self.namespace.clone(),
            timeout: self.timeout,
            declared,
            settings: self.loaded().settings,
        })))
    }

    /// The outsides of the contexts after the first.
    pub(super) fn further(&self, first: &Outside) -> Vec<Outside> {
        let Outside::Real(options) = first else { return Vec::new() };
        let other = |name: &String| Options { context: Some(name.clone()), ..Options::clone(options) };
        self.context.iter().skip(1).map(|name| Outside::Real(Arc::new(other(name)))).collect()
    }

    /// Whether colours may be used on screen.
    pub fn uses_color(&self) -> bool {
        match self.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
        }
    }

    /// Settings of the files, with the flags over them.
    pub fn loaded(&self) -> settings::Loaded {
        let mut loaded = settings::load(self.config.as_deref());
        loaded.settings.ascii |= self.ascii;
        loaded.settings.redact |= self.redact;
        if self.read_only {
            (loaded.settings.read_only, loaded.settings.write) = (true, false);
        }
        loaded.settings.write |= self.write;
        let namespace = self.namespace.as_ref().map(|name| format!("ns:\"{name}\""));
        let terms: Vec<_> = namespace.iter().chain(&self.filter).map(String::as_str).collect();
        if !terms.is_empty() {
            loaded.settings.filter = terms.join(" ");
        }
        loaded
    }

    /// The name of this machine, for the journal.
    pub fn host(&self) -> Option<String> {
        let name = rustix::system::uname();
        Some(name.nodename().to_string_lossy().into_owned())
    }
}
