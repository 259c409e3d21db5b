//! A gallery behind a reverse proxy, with the configurations that `infra` has ready: what API Gateway is too small for goes
//! through, and nothing goes through that Latchkey has not allowed.

mod front;
mod nginx;
mod nginx_smuggling;
mod others;
mod recorder;
mod setting;
