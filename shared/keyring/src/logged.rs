use chrono::{SecondsFormat, SubsecRound};
use keys::{Key, KeyId, PackageId};

use crate::event::{Event, EventKind};

/// Writes the log's line of a change that a table restored to a moment before would not know of: a secret, a scope or a
/// key would live again there. A hand-over that begins ends nothing, so it has none. `narrowed` says whether an edit took
/// away what the key allowed. The line names the key and the versions the change led to, and is read by `infra/after-restore`
/// and [`Undone`](crate::Undone), so its fields keep their names.
///
/// It is written before anybody is told that the change was made. Where the table's answer was lost, `certain` is false.
pub(crate) fn change(after: &Key, event: &Event, narrowed: bool, certain: bool) {
    if event.kind == EventKind::HandOverBegun {
        return;
    }
    let (key, what, at) = (after.id, event.kind.as_str(), event.at.trunc_subsecs(0));
    let at = at.to_rfc3339_opts(SecondsFormat::Secs, true);
    let (version, secret_version) = (after.version, after.secret.version);
    tracing::info!(%key, what, version, secret_version, narrowed, at, certain, "a key was changed");
}

/// Writes the log's line of a bar that was set or lifted. A table restored to a moment before does not know of it, and its
/// owners are to be told, so it names package and key. It is written before anybody is told that the change was made.
pub(crate) fn bar(package: &PackageId, key: &KeyId, event: &Event, certain: bool) {
    let at = event.at.trunc_subsecs(0).to_rfc3339_opts(SecondsFormat::Secs, true);
    tracing::info!(%package, %key, what = event.kind.as_str(), at, certain, "a bar was changed");
}
