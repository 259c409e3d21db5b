use std::{
    collections::BTreeMap,
    io,
    path::PathBuf,
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::{
    OpenError,
    folder::{Folder, StagedFile},
    manifest::Manifest,
    nupkg::Contents,
    package_id::PackageId,
    package_version::PackageVersion,
};

/// Who owns a package, and how often that has changed: what the directory is told.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Owners {
    pub(crate) owners: Vec<String>,
    pub(crate) revision: u64,
}

/// A package: all releases of one id.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// As its first publisher wrote it.
    pub(crate) id: PackageId,
    pub(crate) owners: Owners,
    /// Oldest version first.
    pub(crate) releases: BTreeMap<PackageVersion, Release>,
}

/// One version of a package.
#[derive(Clone, Debug)]
pub(crate) struct Release {
    pub(crate) manifest: Arc<Manifest>,
    /// The manifest as it stands in the package.
    pub(crate) nuspec: Bytes,
    pub(crate) listed: bool,
    pub(crate) package: Stored,
    pub(crate) symbols: Option<Stored>,
}

/// Where a file's bytes are.
#[derive(Clone, Debug)]
pub(crate) enum Stored {
    Memory(Bytes),
    File(PathBuf),
}

/// Bytes that are safe already, though nobody sees them yet.
#[derive(Debug)]
pub(crate) enum Staged {
    Memory(Bytes),
    File(StagedFile),
}

/// What the gallery holds. Who changes a package holds its lane (`writes::Lanes`) while doing so.
#[derive(Debug)]
pub(crate) struct Shelf {
    folder: Option<Arc<Folder>>,
    entries: RwLock<BTreeMap<String, Entry>>,
}

impl Entry {
    pub(crate) fn new(id: PackageId) -> Self {
        Self { id, owners: Owners::default(), releases: BTreeMap::new() }
    }
}

impl Stored {
    pub(crate) async fn read(&self) -> io::Result<Bytes> {
        match self {
            Self::Memory(bytes) => Ok(bytes.clone()),
            Self::File(path) => {
                let path = path.clone();
                blocking(move || std::fs::read(path)).await.map(Bytes::from)
            }
        }
    }
}

impl Shelf {
    pub(crate) fn in_memory() -> Self {
        Self { folder: None, entries: RwLock::default() }
    }

    pub(crate) fn open(path: PathBuf) -> Result<Self, OpenError> {
        let (folder, entries) = Folder::open(path)?;
        Ok(Self { folder: Some(Arc::new(folder)), entries: RwLock::new(entries) })
    }

    pub(crate) fn entry(&self, id: &PackageId) -> Option<Entry> {
        self.read().get(&id.identity()).cloned()
    }

    pub(crate) fn entries(&self) -> Vec<Entry> {
        self.read().values().cloned().collect()
    }

    pub(crate) fn release(&self, id: &PackageId, version: &PackageVersion) -> Option<Release> {
        self.read().get(&id.identity())?.releases.get(version).cloned()
    }

    /// Makes a file safe without showing it.
    pub(crate) async fn stage(&self, content: Bytes) -> io::Result<Staged> {
        match &self.folder {
            None => Ok(Staged::Memory(content)),
            Some(folder) => {
                let folder = Arc::clone(folder);
                blocking(move || folder.stage(&content)).await.map(Staged::File)
            }
        }
    }

    /// Shows a staged package. `owners` says whose it is, when this is its first release.
    pub(crate) async fn add(
        &self,
        contents: Contents,
        package: Staged,
        owners: Option<Owners>,
    ) -> io::Result<()> {
        let manifest = Arc::new(contents.manifest);
        if let Some(owners) = &owners {
            let (id, owners) = (manifest.id.clone(), owners.clone());
            self.on_disk(move |folder| folder.put_owners(&id, &owners)).await?;
        }
        let about = Arc::clone(&manifest);
        let package = self
            .put(package, move |folder, staged| folder.put_package(&about.id, &about.version, staged))
            .await?;
        let nuspec = Bytes::from(contents.nuspec);
        let mut entries = self.write();
        let entry = entries.entry(manifest.id.identity()).or_insert_with(|| Entry::new(manifest.id.clone()));
        if let Some(owners) = owners {
            entry.owners = owners;
        }
        let version = manifest.version.clone();
        entry.releases.insert(version, Release { manifest, nuspec, listed: true, package, symbols: None });
        Ok(())
    }

    /// Shows staged symbols of a release, in place of older ones.
    pub(crate) async fn set_symbols(
        &self,
        id: &PackageId,
        version: &PackageVersion,
        symbols: Staged,
    ) -> io::Result<()> {
        let about = (id.clone(), version.clone());
        let symbols =
            self.put(symbols, move |folder, staged| folder.put_symbols(&about.0, &about.1, staged)).await?;
        self.change(id, version, |release| release.symbols = Some(symbols));
        Ok(())
    }

    /// Lists a release, or takes it off the lists; it can be installed either way.
    pub(crate) async fn set_listed(
        &self,
        id: &PackageId,
        version: &PackageVersion,
        listed: bool,
    ) -> io::Result<()> {
        let about = (id.clone(), version.clone());
        self.on_disk(move |folder| folder.set_listed(&about.0, &about.1, listed)).await?;
        self.change(id, version, |release| release.listed = listed);
        Ok(())
    }

    /// Notes whose a package is.
    pub(crate) async fn set_owners(&self, id: &PackageId, owners: Owners) -> io::Result<()> {
        let about = (id.clone(), owners.clone());
        self.on_disk(move |folder| folder.put_owners(&about.0, &about.1)).await?;
        if let Some(entry) = self.write().get_mut(&id.identity()) {
            entry.owners = owners;
        }
        Ok(())
    }

    fn change(&self, id: &PackageId, version: &PackageVersion, change: impl FnOnce(&mut Release)) {
        if let Some(release) =
            self.write().get_mut(&id.identity()).and_then(|entry| entry.releases.get_mut(version))
        {
            change(release);
        }
    }

    async fn put(
        &self,
        staged: Staged,
        put: impl FnOnce(&Folder, &StagedFile) -> io::Result<PathBuf> + Send + 'static,
    ) -> io::Result<Stored> {
        match (staged, &self.folder) {
            (Staged::File(staged), Some(folder)) => {
                let folder = Arc::clone(folder);
                blocking(move || put(&folder, &staged)).await.map(Stored::File)
            }
            (Staged::Memory(bytes), _) => Ok(Stored::Memory(bytes)),
            (Staged::File(_), None) => Err(io::ErrorKind::InvalidInput.into()),
        }
    }

    async fn on_disk(&self, work: impl FnOnce(&Folder) -> io::Result<()> + Send + 'static) -> io::Result<()> {
        match &self.folder {
            None => Ok(()),
            Some(folder) => {
                let folder = Arc::clone(folder);
                blocking(move || work(&folder)).await
            }
        }
    }

    // A panic while the lock was held leaves a whole index: each change is one insertion.
    fn read(&self) -> RwLockReadGuard<'_, BTreeMap<String, Entry>> {
        self.entries.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, BTreeMap<String, Entry>> {
        self.entries.write().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}
