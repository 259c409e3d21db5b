use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::Bytes;

use crate::{
    OpenError, nupkg,
    package_id::PackageId,
    package_version::PackageVersion,
    shelf::{Entry, Owners, Release, Stored},
};

const PACKAGE: &str = "package.nupkg";
const SYMBOLS: &str = "symbols.snupkg";
const UNLISTED: &str = "unlisted";
const OWNERS: &str = "owners.json";
/// No id starts with a dot, so this name is never a package's.
const STAGE: &str = ".staged";

/// Packages as files: `<id>/<version>/package.nupkg`, beside it `symbols.snupkg` and, when unlisted, an empty file
/// `unlisted`; `<id>/owners.json`. Ids and versions in lower case.
///
/// A file appears under its name whole and synced, or not at all: it is written aside and renamed. A release exists
/// when its `package.nupkg` does; the index is made from the files each time.
#[derive(Debug)]
pub(crate) struct Folder {
    root: PathBuf,
    staged: AtomicU64,
}

/// A file written aside. Dropped without being put in place, it is removed.
#[derive(Debug)]
pub(crate) struct StagedFile(PathBuf);

impl Drop for StagedFile {
    fn drop(&mut self) {
        // After a rename there is nothing left to remove, and a leftover goes at the next start.
        let _ = fs::remove_file(&self.0);
    }
}

impl Folder {
    /// Opens the folder, made if missing, and reads what it holds.
    pub(crate) fn open(root: PathBuf) -> Result<(Self, BTreeMap<String, Entry>), OpenError> {
        let stage = root.join(STAGE);
        match fs::remove_dir_all(&stage) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(fault(&stage, &error)),
            _ => fs::create_dir_all(&stage).map_err(|error| fault(&stage, &error))?,
        }
        let mut entries = BTreeMap::new();
        for path in children(&root)?.into_iter().filter(|path| *path != stage) {
            if let Some(entry) = read_entry(&path)? {
                entries.insert(entry.id.identity(), entry);
            }
        }
        Ok((Self { root, staged: AtomicU64::new(0) }, entries))
    }

    /// Writes a file aside.
    pub(crate) fn stage(&self, content: &[u8]) -> io::Result<StagedFile> {
        let number = self.staged.fetch_add(1, Ordering::Relaxed);
        let staged = StagedFile(self.root.join(STAGE).join(number.to_string()));
        let mut file = File::create_new(&staged.0)?;
        file.write_all(content)?;
        file.sync_all()?;
        Ok(staged)
    }

    /// Puts a staged package in place, and gives its path.
    pub(crate) fn put_package(
        &self,
        id: &PackageId,
        version: &PackageVersion,
        staged: &StagedFile,
    ) -> io::Result<PathBuf> {
        place(staged, self.release(id, version).join(PACKAGE))
    }

    /// Puts staged symbols in place, over older ones, and gives their path.
    pub(crate) fn put_symbols(
        &self,
        id: &PackageId,
        version: &PackageVersion,
        staged: &StagedFile,
    ) -> io::Result<PathBuf> {
        place(staged, self.release(id, version).join(SYMBOLS))
    }

    pub(crate) fn put_owners(&self, id: &PackageId, owners: &Owners) -> io::Result<()> {
        let staged = self.stage(&serde_json::to_vec(owners)?)?;
        place(&staged, self.root.join(id.identity()).join(OWNERS)).map(drop)
    }

    pub(crate) fn set_listed(
        &self,
        id: &PackageId,
        version: &PackageVersion,
        listed: bool,
    ) -> io::Result<()> {
        let mark = self.release(id, version).join(UNLISTED);
        if !listed {
            return place(&self.stage(&[])?, mark).map(drop);
        }
        match fs::remove_file(mark) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn release(&self, id: &PackageId, version: &PackageVersion) -> PathBuf {
        self.root.join(id.identity()).join(version.identity())
    }
}

fn place(staged: &StagedFile, path: PathBuf) -> io::Result<PathBuf> {
    let parent = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    fs::create_dir_all(parent)?;
    fs::rename(&staged.0, &path)?;
    File::open(parent)?.sync_all()?;
    Ok(path)
}

fn read_entry(folder: &Path) -> Result<Option<Entry>, OpenError> {
    let mut entry: Option<Entry> = None;
    for path in children(folder)? {
        let package = path.join(PACKAGE);
        if !package.is_file() {
            continue;
        }
        let content = fs::read(&package).map_err(|error| fault(&package, &error))?;
        let contents = nupkg::read(&content).map_err(|error| fault(&package, &error))?;
        let symbols = path.join(SYMBOLS);
        let release = Release {
            manifest: Arc::new(contents.manifest),
            nuspec: Bytes::from(contents.nuspec),
            listed: !path.join(UNLISTED).exists(),
            package: Stored::File(package),
            symbols: symbols.exists().then_some(Stored::File(symbols)),
        };
        let manifest = Arc::clone(&release.manifest);
        let entry = entry.get_or_insert_with(|| Entry::new(manifest.id.clone()));
        entry.releases.insert(manifest.version.clone(), release);
    }
    let owners = folder.join(OWNERS);
    if let Some(entry) = &mut entry
        && owners.exists()
    {
        let content = fs::read(&owners).map_err(|error| fault(&owners, &error))?;
        entry.owners = serde_json::from_slice(&content).map_err(|error| fault(&owners, &error))?;
    }
    Ok(entry)
}

fn children(folder: &Path) -> Result<Vec<PathBuf>, OpenError> {
    let listing = fs::read_dir(folder).map_err(|error| fault(folder, &error))?;
    let paths: io::Result<Vec<PathBuf>> = listing.map(|child| Ok(child?.path())).collect();
    let mut paths = paths.map_err(|error| fault(folder, &error))?;
    paths.retain(|path| path.is_dir());
    paths.sort();
    Ok(paths)
}

fn fault(path: &Path, reason: &dyn std::fmt::Display) -> OpenError {
    OpenError::Folder { path: path.to_owned(), reason: reason.to_string() }
}
