//! A sample package gallery that speaks enough of NuGet's protocols for a real client to push, unlist, relist, list,
//! search and install, and that trusts Latchkey the way a gallery should.
//!
//! **Where it stands.** Behind the push API. It listens on a loopback port of its own that only the gateway is told;
//! there is no shared secret, because the port opens nothing by itself: whatever a request claims, the gallery acts on
//! one thing only, what `POST /authorize` answers to the *grant* that came with it. A grant is bound to key, action
//! and five minutes, and cannot be made up. As a tripwire, a write whose `X-NuGet-ApiKey` or
//! `Authorization` says anything but `withheld` has not passed the gateway and is refused, its value unread.
//!
//! **What it decides itself.** Whether an id follows NuGet's rule for new ids, whether the package is well formed,
//! whether id and version are taken. Everything else is the authorizer's, and a fault on the way to it is a 503,
//! never an allow.
//!
//! **What it tells.** The first push of an id makes the key's owner the package's owner; the directory hears of it
//! before the publisher gets an answer. When the directory turns out not to know an id the gallery holds, the entry
//! is sent again and the push is refused, since it was decided on a wrong footing.

mod api;
mod authorizer;
mod directory;
mod feed_v2;
mod feed_v3;
mod folder;
mod listing;
mod manifest;
mod nupkg;
mod package_id;
mod package_version;
mod push;
pub mod reading;
mod refusal;
mod shelf;
mod upload;
mod writes;

#[cfg(test)]
mod tests;

use std::{path::PathBuf, sync::Arc};

use axum::Router;

pub use api::{Api, ApiError};
pub use directory::{AccountEntry, AccountKind, Directory, Role};

use authorizer::Authorizer;
use shelf::Shelf;
use writes::Lanes;

/// What a gallery is opened with.
#[derive(Debug)]
pub struct Config {
    /// Where clients reach the gallery, without a trailing slash: `http://127.0.0.1:8080`.
    pub origin: String,
    /// Where `/authorize` and `/directory` answer, without a trailing slash. Plain `http` only.
    pub api: String,
    /// Where packages are kept.
    pub storage: Storage,
}

/// Where a gallery keeps its packages.
#[derive(Debug)]
pub enum Storage {
    /// Nowhere: they are gone when the gallery is dropped.
    Memory,
    /// In this folder, made if missing. Nothing else may write there.
    Folder(PathBuf),
}

/// Why a gallery could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The authorizer's address is unusable.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// The folder, or a package in it, cannot be read.
    #[error("the gallery's {}: {reason}", .path.display())]
    Folder {
        /// The file or folder at fault.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

/// An opened gallery. Clones share their packages.
#[derive(Clone, Debug)]
pub struct Gallery(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    origin: String,
    authorizer: Authorizer,
    directory: Directory,
    shelf: Shelf,
    lanes: Lanes,
}

impl Gallery {
    /// Opens the gallery and reads what its folder holds.
    ///
    /// # Errors
    /// An address that is not plain `http`, or a folder that cannot be read or has a damaged package.
    pub fn open(config: Config) -> Result<Self, OpenError> {
        let api = Api::new(&config.api)?;
        let shelf = match config.storage {
            Storage::Memory => Shelf::in_memory(),
            Storage::Folder(path) => Shelf::open(path)?,
        };
        Ok(Self(Arc::new(Inner {
            origin: config.origin,
            authorizer: Authorizer::new(api.clone()),
            directory: Directory::new(api),
            shelf,
            lanes: Lanes::default(),
        })))
    }

    /// Everything: what the private port serves.
    pub fn router(&self) -> Router {
        self.reads().merge(self.writes())
    }

    /// What anyone may read, under `/v3` and `/v2` (NuGet's older feed, which `nuget list` needs): safe to serve on
    /// the public origin.
    pub fn reads(&self) -> Router {
        feed_v3::router().merge(feed_v2::router()).with_state(Arc::clone(&self.0))
    }

    /// Push, symbol push, unlist and relist, under `/api/v2`: for the gateway alone.
    pub fn writes(&self) -> Router {
        writes::router().with_state(Arc::clone(&self.0))
    }
}
