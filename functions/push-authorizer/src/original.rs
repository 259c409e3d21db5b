//! What a request to a gallery asks of a key, by its method and its address. Nothing is looked up here.
//!
//! A reverse proxy asks about a request that it then passes on as it came, so both have to read the same address in it. An
//! address is therefore taken only where it is spelled in the one way that has one meaning: a path of letters, digits, `-`,
//! `.`, `_` and `+`, without percent-encoding, empty segments or dot segments (RFC 3986, section 3.3). One slash may
//! follow it, which NuGet's clients send. The query is the gallery's. Everything else is refused, whatever it may have
//! been meant for. No error repeats a value: a secret may stand in the address.

use keys::{PackageId, PackageIdError};

use crate::question::{Question, action};

/// The longest version that is read, in bytes. NuGet's own have at most 64 characters.
const LONGEST_VERSION: usize = 128;

/// Why a request asks nothing of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoPush {
    /// The address can be read in more ways than one.
    #[error(
        "the address is not spelled plainly: letters, digits, dots, hyphens, underscores and plus signs between single slashes"
    )]
    Spelling,
    /// No route of this method and path takes a key.
    #[error("this is neither a push nor an unlisting nor a relisting, and nothing else is asked of a key")]
    Route,
    /// No package can be called so.
    #[error(transparent)]
    Package(#[from] PackageIdError),
}

/// The question that stands behind a request of this method and request target (RFC 9112, section 3.2.1: path and query).
///
/// # Errors
/// [`NoPush`], and then the request must not be let through.
pub fn read(method: &str, target: &str) -> Result<Question, NoPush> {
    let path = target.split_once('?').map_or(target, |(path, _)| path);
    let path = path.strip_prefix('/').ok_or(NoPush::Spelling)?;
    let segments: Vec<&str> = path.strip_suffix('/').unwrap_or(path).split('/').collect();
    if !segments.iter().copied().all(is_plain) {
        return Err(NoPush::Spelling);
    }
    let (resource, id) = match segments.as_slice() {
        ["api", "v2", "package"] => ("/api/v2/package", None),
        ["api", "v2", "symbolpackage"] => ("/api/v2/symbolpackage", None),
        ["api", "v2", "package", id, version] if version.len() <= LONGEST_VERSION => {
            ("/api/v2/package/{id}/{version}", Some(*id))
        }
        _ => return Err(NoPush::Route),
    };
    let action = action(method, resource).ok_or(NoPush::Route)?;
    let package = id.map(str::parse::<PackageId>).transpose()?;
    Ok(Question { action, package, preflight: false })
}

/// Whether everybody who reads this segment reads the same.
fn is_plain(segment: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'+');
    !matches!(segment, "" | "." | "..") && segment.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(method: &str, target: &str) -> String {
        match read(method, target) {
            Ok(Question { action, package: Some(package), .. }) => format!("{action} {package}"),
            Ok(Question { action, package: None, .. }) => action.to_string(),
            Err(NoPush::Spelling) => "spelling".to_owned(),
            Err(NoPush::Route) => "route".to_owned(),
            Err(NoPush::Package(_)) => "package".to_owned(),
        }
    }

    #[test]
    fn each_route_of_the_push_api_asks_what_it_asks_at_the_gateway() {
        for (method, target, asked) in [
            ("PUT", "/api/v2/package", "push"),
            ("PUT", "/api/v2/package/", "push"),
            ("POST", "/api/v2/package", "push"),
            ("PUT", "/api/v2/symbolpackage/", "push"),
            ("PUT", "/api/v2/package/?id=A/../B%2f", "push"),
            ("DELETE", "/api/v2/package/Foo.Bar/1.0.0", "unlist Foo.Bar"),
            ("DELETE", "/api/v2/package/Foo.Bar/1.0.0/?x=/a", "unlist Foo.Bar"),
            ("POST", "/api/v2/package/foo/1.0.0-beta.1+2", "unlist foo"),
            ("DELETE", "/api/v2/package/.../...", "unlist ..."),
        ] {
            assert_eq!(told(method, target), asked, "{method} {target}");
        }
    }

    #[test]
    fn what_has_two_readings_asks_nothing() {
        for target in [
            "",
            "?",
            "*",
            "api/v2/package",
            "http://gallery.example/api/v2/package",
            "//api/v2/package",
            "/api//v2/package",
            "/api/v2/package//",
            "/api/v2/package//1.0.0",
            "/api/v2/./package",
            "/api/v2/x/../package",
            "/api/v2/package/../1.0.0",
            "/api/v2/package/Foo/..",
            "/api/v2/package/Foo/.",
            "/api/v2/pack%61ge",
            "/api/v2/package/Foo%2fBar/1.0.0",
            "/api/v2/package/Foo%2EBar/1.0.0",
            "/api/v2/package/Foo%00/1.0.0",
            "/api/v2/package/Foo/1.0.0%20",
            "/api/v2/package/Foo/1.0.0;x=1",
            "/api/v2/package/Foo\\Bar/1.0.0",
            "/api/v2/package/Foo/1.0.0#x",
            "/api/v2/package/Foo Bar/1.0.0",
            "/api/v2/package/Foo,Bar/1.0.0",
            "/api/v2/package, /api/v2/symbolpackage",
            "/api/v2/package\r\n",
            "/api/v2/package/пакет/1.0.0",
            "/api/v2/package/~/1.0.0",
        ] {
            assert_eq!(told("PUT", target), "spelling", "{target:?}");
        }
    }

    #[test]
    fn what_takes_no_key_asks_nothing() {
        let long = format!("/api/v2/package/Foo/{}", "1".repeat(129));
        for (method, target) in [
            ("GET", "/api/v2/package"),
            ("put", "/api/v2/package"),
            ("PUT ", "/api/v2/package"),
            ("PUT, DELETE", "/api/v2/package"),
            ("", "/api/v2/package"),
            ("DELETE", "/api/v2/package"),
            ("PUT", "/API/v2/package"),
            ("PUT", "/api/v2/package/Foo"),
            ("PUT", "/api/v2/package/Foo/1.0.0"),
            ("DELETE", "/api/v2/package/Foo/1.0.0/x"),
            ("DELETE", "/api/v2/symbolpackage/Foo/1.0.0"),
            ("GET", "/v3/index.json"),
            ("DELETE", long.as_str()),
        ] {
            assert_eq!(told(method, target), "route", "{method} {target}");
        }
        assert_eq!(told("PUT", "/"), "spelling");
    }

    #[test]
    fn an_id_that_no_package_has_asks_nothing() {
        let key = format!("lk_{}_{}", "0".repeat(22), "0".repeat(49));
        for id in ["Foo+Bar", "a".repeat(129).as_str(), key.as_str()] {
            assert_eq!(told("DELETE", &format!("/api/v2/package/{id}/1.0.0")), "package", "{}", id.len());
        }
    }
}
