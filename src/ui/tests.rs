//! Frames as text and styles: what a person sees, at every size and in every theme.

mod bytes;
mod frame;
mod nasty;
mod pictures;
mod random;
mod rows;
mod sizes;
mod states;
mod waiting;
mod world;
