//! Settings, keys and themes as data, and what is wrong with them. Pure: the text of the files
//! is read elsewhere; a broken file yields problems with line numbers, never a stop.

pub mod key;
pub mod keymap;
pub mod problem;
pub mod settings;
pub mod theme;
