//! Pixels: pure functions of `(&Model, &Theme, Rect)`. Reads the model, never changes it; no
//! I/O, no clock. [`draw`] is all that the runtime calls.

pub mod dialog;
pub mod layout;
pub mod scene;
pub mod screen;
pub mod style;
pub mod text;
pub mod toast;
pub mod view;
pub mod widget;

#[cfg(test)]
mod tests;

pub use view::{draw, render};
