//! Small stateless pieces that screens and dialogs are put together from. Each turns data into
//! lines of a given width, or draws lines into an area; none knows the model.

pub mod bar;
pub mod chain;
pub mod document;
pub mod field;
pub mod graph;
pub mod panel;
pub mod plan;
pub mod policy;
pub mod row;
pub mod scroll;
pub mod story;
pub mod table;
