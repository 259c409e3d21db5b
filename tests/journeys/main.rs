//! Whole ways through Latchkey, from the outside: the program as `cargo run` starts it, real clients, real wires.
//!
//! Every journey sets a [`stage::Stage`] and ends with [`stage::Stage::finish`], which fails if a key's secret has
//! reached a log line, a mail, the table or the disk. `tests/run` installs the clients and runs all of them; after one
//! such run `cargo test --test journeys` does too. What a journey's programs said is in `target/journeys/<journey>/log`.
//!
//! There is one set of journeys and there are three places to walk them at; [`need`] says which, and how one is chosen.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a journey that meets what it did not expect has failed"
)]

mod account;
mod api_event;
mod aws;
mod browser;
mod deployed;
mod dice;
mod directory;
mod front;
mod function_logs;
mod gallery_hop;
mod http;
mod lambda;
mod log;
mod management;
mod need;
mod nuget;
mod one_origin;
mod overheard;
mod package;
mod places;
mod post_office;
mod program;
mod publisher;
mod runtime;
mod scanner;
mod secrets;
#[macro_use]
mod stage;
mod table;
mod tripwire;
mod whole;
mod wire;

mod asking_door;
mod at_once;
mod authority;
mod authorizer;
mod bad_input;
mod bars;
mod build_steps;
mod burn;
mod cargo_lambda;
mod events;
mod expiry;
mod expiry_vectors;
mod faults;
mod first_day;
mod freeze;
mod gateway;
mod grants;
mod hand_over;
mod hand_over_races;
mod histories;
mod keyring_races;
mod keys_page;
mod killed;
mod leak_reports;
mod leaks;
mod legacy_keyring;
mod legacy_keys;
mod lost_pepper_key;
mod mail_delivery;
mod management_bad_input;
mod management_directory;
mod management_keys;
mod management_organization;
mod metrics;
mod nobody;
mod nuget_push;
mod nuget_vectors;
mod package_keys;
mod promises;
mod proxies;
mod pushed;
mod refusal_costs;
mod restored_table;
mod role_attributes;
mod roles;
mod secret_types;
mod smuggled_questions;
mod smuggling;
mod starting;
mod sweeper_crashes;
mod sweeping;
mod talkative;
mod tokens;
mod trust;
mod upgrades;
