//! Frames as text and styles: what a person sees, at every size and in every theme.

mod frame;
mod nasty;
mod pictures;
mod rows;
mod sizes;
mod world;
