//! The endpoints, one a file; folders and names follow the addresses.

mod account;
pub(crate) mod directory;
mod freeze_page;
pub(crate) mod keys;
mod keys_page;
mod leaks;
pub(crate) mod legacy_keys;
mod openapi;
pub(crate) mod own_key;
mod package_keys;
mod packages;
mod well_known;

use utoipa::OpenApi as _;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{app::App, openapi::Document};

/// Every route, each with its description.
pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(keys::list::list_keys, keys::create::create_key))
        .routes(routes!(keys::get::get_key, keys::edit::edit_key, keys::delete::delete_key))
        .routes(routes!(keys::events::list_key_events))
        .routes(routes!(keys::refresh::refresh_key))
        .routes(routes!(keys::revoke::revoke_key))
        .routes(routes!(keys::freeze::freeze_key))
        .routes(routes!(keys::thaw::thaw_key))
        .routes(routes!(freeze_page::ask_to_freeze, freeze_page::freeze_by_link))
        .routes(routes!(account::get_account))
        .routes(routes!(packages::list_packages))
        .routes(routes!(package_keys::list::list_package_keys))
        .routes(routes!(package_keys::bar::bar_key, package_keys::lift::lift_bar))
        .routes(routes!(directory::many::put_directory))
        .routes(routes!(directory::accounts::put_account, directory::accounts::delete_account))
        .routes(routes!(directory::revoke_keys::revoke_account_keys))
        .routes(routes!(directory::packages::put_package, directory::packages::delete_package))
        .routes(routes!(directory::members::put_member, directory::members::delete_member))
        .routes(routes!(legacy_keys::import_legacy_keys))
        .routes(routes!(leaks::report_leaks))
        .routes(routes!(well_known::get_key_format))
        .routes(routes!(keys_page::get_keys_page))
        .routes(routes!(openapi::get_openapi))
}
