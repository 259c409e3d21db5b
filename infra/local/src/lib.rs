//! Latchkey on one machine: the APIs as deployed, the functions behind them, and stand-ins for what AWS provides.

pub mod definitions;
pub mod function;
pub mod gateway;
