pub(crate) mod accounts;
pub(crate) mod entry;
pub(crate) mod many;
pub(crate) mod members;
pub(crate) mod packages;
pub(crate) mod revoke_keys;
