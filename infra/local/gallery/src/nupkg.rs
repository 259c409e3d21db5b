use std::io::{Cursor, Read};

use zip::ZipArchive;

use crate::manifest::{Manifest, ManifestError};

/// The most files in a package.
const MAXIMUM_ENTRIES: usize = 50_000;
/// The most a package may say it unpacks to: 2 GiB.
const MAXIMUM_UNPACKED: u64 = 2 << 30;
/// The longest manifest: 1 MiB. It alone is ever unpacked here.
const MAXIMUM_MANIFEST: u64 = 1 << 20;
/// Stands before each entry of a zip's directory (PKWARE APPNOTE 4.3.12).
const DIRECTORY_ENTRY: &[u8] = b"PK\x01\x02";

/// Why a file is not a package.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NupkgError {
    #[error("not a zip archive: {0}")]
    Zip(#[from] zip::result::ZipError),
    #[error("more than {MAXIMUM_ENTRIES} files in one package")]
    TooManyEntries,
    #[error("unpacks to more than {MAXIMUM_UNPACKED} bytes")]
    TooLarge,
    #[error("a file in it would be unpacked outside its folder")]
    Escapes,
    #[error("two files in it have one name")]
    Twice,
    #[error("a package has one .nuspec file at its top, not {0}")]
    Manifests(usize),
    #[error("its .nuspec cannot be unpacked: {0}")]
    Unpack(#[from] std::io::Error),
    #[error("its .nuspec is longer than {MAXIMUM_MANIFEST} bytes")]
    LongManifest,
    #[error(transparent)]
    Manifest(#[from] ManifestError),
}

/// A package's manifest: parsed, and as it stands in the file.
pub(crate) struct Contents {
    pub(crate) manifest: Manifest,
    pub(crate) nuspec: Vec<u8>,
}

/// Reads the manifest out of a `.nupkg` or `.snupkg` without unpacking anything else.
///
/// Directory entries are counted before the directory is parsed, since a parser allocates for each.
pub(crate) fn read(package: &[u8]) -> Result<Contents, NupkgError> {
    if memchr::memmem::find_iter(package, DIRECTORY_ENTRY).take(MAXIMUM_ENTRIES + 1).count() > MAXIMUM_ENTRIES
    {
        return Err(NupkgError::TooManyEntries);
    }
    let mut archive = ZipArchive::new(Cursor::new(package))?;
    // This parser keeps the last file of a name, others take the first: the manifest must not depend on who reads it.
    if archive.has_duplicate_names() {
        return Err(NupkgError::Twice);
    }
    let mut unpacked: u64 = 0;
    let mut manifests = Vec::new();
    for place in 0..archive.len() {
        let entry = archive.by_index_raw(place)?;
        unpacked = unpacked.saturating_add(entry.size());
        if entry.enclosed_name().is_none() {
            return Err(NupkgError::Escapes);
        }
        let name = entry.name()?;
        let at_top = !name.contains(['/', '\\']);
        if at_top && name.to_ascii_lowercase().ends_with(".nuspec") {
            manifests.push(place);
        }
    }
    if unpacked > MAXIMUM_UNPACKED {
        return Err(NupkgError::TooLarge);
    }
    let &[place] = manifests.as_slice() else { return Err(NupkgError::Manifests(manifests.len())) };
    let mut nuspec = Vec::new();
    archive.by_index(place)?.take(MAXIMUM_MANIFEST + 1).read_to_end(&mut nuspec)?;
    if nuspec.len() as u64 > MAXIMUM_MANIFEST {
        return Err(NupkgError::LongManifest);
    }
    Ok(Contents { manifest: Manifest::read(&nuspec)?, nuspec })
}

#[cfg(test)]
pub(crate) mod tests {
    use std::io::Write;

    use zip::{ZipWriter, write::SimpleFileOptions};

    use super::*;

    pub(crate) fn nupkg(id: &str, version: &str) -> Vec<u8> {
        let nuspec = format!(
            "<package><metadata><id>{id}</id><version>{version}</version><authors>a</authors>\
             <description>d</description></metadata></package>"
        );
        archive(&[
            ("_rels/.rels", b"<r/>"),
            (&format!("{id}.nuspec"), nuspec.as_bytes()),
            ("content/a.txt", b"hello"),
        ])
    }

    fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, content) in files {
            writer.start_file(*name, SimpleFileOptions::default()).unwrap();
            writer.write_all(content).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    #[test]
    fn reads_the_manifest() {
        let contents = read(&nupkg("Sample", "1.0")).unwrap();
        assert_eq!(contents.manifest.id.as_str(), "Sample");
        assert!(contents.nuspec.starts_with(b"<package>"));
    }

    #[test]
    fn refuses_what_is_no_package() {
        let good = b"<package><metadata><id>A</id><version>1</version></metadata></package>".as_slice();
        let long = vec![b' '; 1 << 21];
        let mut truncated = nupkg("Sample", "1.0");
        truncated.truncate(40);
        for (package, message) in [
            (b"no zip at all".to_vec(), "zip"),
            (truncated, "zip"),
            (archive(&[("lib/A.nuspec", good)]), "not 0"),
            (archive(&[("A.nuspec", good), ("B.NUSPEC", good)]), "not 2"),
            (archive(&[("A.nuspec", &long)]), "longer"),
            (archive(&[("A.nuspec", good), ("../evil", b"x")]), "outside"),
            (archive(&[("A.nuspec", b"<a/>")]), "metadata"),
        ] {
            let error = read(&package).err().unwrap().to_string();
            assert!(error.contains(message), "{message} not in {error}");
        }
    }

    #[test]
    fn refuses_two_files_of_one_name() {
        let nuspec =
            |id: &str| format!("<package><metadata><id>{id}</id><version>1</version></metadata></package>");
        let two =
            archive(&[("A.nuspec", nuspec("First").as_bytes()), ("B.nuspec", nuspec("Second").as_bytes())]);
        let renamed: Vec<usize> = memchr::memmem::find_iter(&two, b"B.nuspec").collect();
        let mut twice = two;
        for at in renamed {
            twice[at] = b'A';
        }
        assert!(matches!(read(&twice), Err(NupkgError::Twice)));
    }

    #[test]
    fn refuses_bombs_by_what_they_declare() {
        let mut many = nupkg("Sample", "1.0");
        many.extend(DIRECTORY_ENTRY.repeat(MAXIMUM_ENTRIES));
        assert!(matches!(read(&many), Err(NupkgError::TooManyEntries)));

        // The directory entry's uncompressed size stands 24 bytes in; two entries of 2 GiB less one byte are too much.
        let mut huge = nupkg("Sample", "1.0");
        let entries: Vec<usize> = memchr::memmem::find_iter(&huge, DIRECTORY_ENTRY).collect();
        for at in &entries[1..3] {
            huge[at + 24..at + 28].copy_from_slice(&(u32::MAX / 2).to_le_bytes());
        }
        assert!(matches!(read(&huge), Err(NupkgError::TooLarge)));
    }
}
