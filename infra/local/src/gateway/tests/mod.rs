mod management;
mod push;
mod samples;
mod trouble;
mod world;

pub(crate) use world::serve;
