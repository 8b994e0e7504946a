//! What stands between header and footer: lists, detail pages, the trust policy, and the
//! lines around them. Each reads the model and draws; none keeps anything.

pub mod chrome;
pub mod compare;
pub mod detail;
pub mod header;
pub mod journal;
pub mod list;
pub mod overview;
pub mod page;
pub mod rows;
pub mod trust;
