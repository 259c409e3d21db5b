//! DynamoDB, by the embedded engine `dynoxide`.
//!
//! The engine runs one request at a time behind one lock: every transaction is atomic and serial, so transaction
//! conflicts and throttling never happen here, and every read is strongly consistent, an index's too. Nothing deletes
//! what TTL calls expired, whatever the time: the engine sweeps only when it is told to, and nobody tells it. Of
//! DynamoDB's times, the ten minutes of a `ClientRequestToken` and a table's creation date follow the machine's clock.

use std::{
    ffi::OsString,
    fs::{self, File, TryLockError},
    io::{self, Read},
    path::{Path, PathBuf, absolute},
    sync::Arc,
};

use dynoxide::{Database, DynoxideError, server};
use tokio::net::TcpListener;

/// What the first bytes of every `SQLite` file are (<https://www.sqlite.org/fileformat.html>, 1.3.1).
const SQLITE: &[u8] = b"SQLite format 3\0";

/// An open database, to be served on as many listeners as wanted. Clones are the same database.
///
/// A file stays locked against being opened again, by this process or another, until the last clone is dropped and
/// nothing serves it any more.
#[derive(Clone)]
pub struct Engine {
    database: Database,
    lock: Option<Arc<File>>,
}

/// Why a database cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The folder or a file in it cannot be made, read or written.
    #[error("{}: {source}", path.display())]
    Inaccessible {
        /// The folder or file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// Another engine has the file open.
    #[error("{} is in use by another process", path.display())]
    InUse {
        /// The database's file.
        path: PathBuf,
    },
    /// The file is something else.
    #[error("{} is not a database of the embedded engine", path.display())]
    NotADatabase {
        /// The file.
        path: PathBuf,
    },
    /// The file is damaged, or a newer engine wrote it.
    #[error("{} cannot be opened: {source}", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What the engine says.
        source: DynoxideError,
    },
    /// No memory database could be made.
    #[error("a database in memory cannot be opened: {0}")]
    Memory(DynoxideError),
}

impl Engine {
    /// A database that is gone with this value.
    ///
    /// # Errors
    /// [`EngineError::Memory`].
    pub fn in_memory() -> Result<Self, EngineError> {
        Ok(Self { database: Database::memory().map_err(EngineError::Memory)?, lock: None })
    }

    /// The database in the file `path`, made along with its folder if it is missing. A file `<path>.lock` lies beside it.
    ///
    /// # Errors
    /// Every [`EngineError`] but [`EngineError::Memory`]; each names the path at fault.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, EngineError> {
        let at = |path: &Path| {
            let path = path.to_path_buf();
            move |source| EngineError::Inaccessible { path, source }
        };
        // An absolute path cannot be taken for `:memory:` or a `file:` URI.
        let path = absolute(&path).map_err(at(path.as_ref()))?;
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(at(folder))?;
        }
        let lock = lock(&path)?;
        if !is_sqlite_or_new(&path).map_err(at(&path))? {
            return Err(EngineError::NotADatabase { path });
        }
        let name = path.to_str().ok_or_else(|| at(&path)(io::Error::other("the path is not UTF-8")))?;
        match Database::new(name) {
            Ok(database) => Ok(Self { database, lock: Some(Arc::new(lock)) }),
            Err(source) => Err(EngineError::Unusable { path, source }),
        }
    }

    /// Serves DynamoDB until `shutdown` resolves and every request in progress has been answered.
    ///
    /// # Errors
    /// The listener's.
    pub fn serve<S>(
        &self,
        listener: TcpListener,
        shutdown: S,
    ) -> impl Future<Output = io::Result<()>> + Send + use<S>
    where
        S: Future<Output = ()> + Send + 'static,
    {
        let Self { database, lock } = self.clone();
        async move {
            let served = server::serve_with_shutdown(listener, database, shutdown).await;
            drop(lock);
            served.map_err(io::Error::other)
        }
    }
}

/// Two processes on one file would not see each other's tables, which the engine caches: hence a lock of our own.
fn lock(path: &Path) -> Result<File, EngineError> {
    let mut beside = OsString::from(path);
    beside.push(".lock");
    let beside = PathBuf::from(beside);
    let inaccessible = |source| EngineError::Inaccessible { path: beside.clone(), source };
    let file = File::create(&beside).map_err(inaccessible)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(EngineError::InUse { path: path.to_path_buf() }),
        Err(TryLockError::Error(source)) => Err(inaccessible(source)),
    }
}

fn is_sqlite_or_new(path: &Path) -> io::Result<bool> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
        Err(error) => return Err(error),
    };
    let mut start = Vec::new();
    file.take(SQLITE.len() as u64).read_to_end(&mut start)?;
    Ok(start.is_empty() || start == SQLITE)
}
