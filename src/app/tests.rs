//! Keys in, model and effects out: no terminal, no runtime, no clock.

mod changes;
mod finding;
mod handing;
mod keymap;
mod moving;
mod proofs;
mod random;
mod stillness;
mod trust;
mod why;
mod world;
