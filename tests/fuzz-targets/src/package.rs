//! A `.nupkg` is read only where every reader finds the same one manifest in it: one file at its top ends in `.nuspec`, no two
//! files have one name, and none leaves the folder.

use std::collections::HashSet;

use gallery::reading;

use crate::{input::Input, manifest::legal};

const NAMES: [&str; 8] = [
    "A.nuspec",
    "a.nuspec",
    "B.NUSPEC",
    "lib/A.nuspec",
    "../A.nuspec",
    "_rels/.rels",
    "content/a.txt",
    "/A.nuspec",
];

/// Packages: any bytes, or an archive of files that the input names.
///
/// # Panics
/// Where they are not read as they should be.
pub fn package(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    if input.byte() & 1 == 0 {
        if let Ok((release, nuspec)) = reading::package(input.rest()) {
            legal(&release);
            assert_eq!(reading::manifest(&nuspec), Ok(release));
        }
        return;
    }
    let mut files = Vec::new();
    for _ in 0..input.byte() % 5 {
        let name =
            if input.byte() < 200 { input.one_of(&NAMES).to_owned() } else { input.line().into_owned() };
        let content = match input.byte() % 3 {
            0 => input.line().into_owned().into_bytes(),
            _ => {
                let id = input.line();
                format!("<package><metadata><id>{id}</id><version>1.0</version></metadata></package>")
                    .into_bytes()
            }
        };
        files.push((name, content));
    }
    let read = reading::package(&archive(&files));
    let manifests: Vec<_> = files
        .iter()
        .filter(|(name, _)| name.to_ascii_lowercase().ends_with(".nuspec") && !name.contains(['/', '\\']))
        .collect();
    let names: HashSet<_> = files.iter().map(|(name, _)| name).collect();
    match read {
        Ok((release, nuspec)) => {
            legal(&release);
            let [(_, content)] = manifests.as_slice() else { unreachable!("{} manifests", manifests.len()) };
            assert_eq!(*content, nuspec);
            assert_eq!(names.len(), files.len(), "two files of one name");
            assert!(!names.iter().any(|name| name.starts_with("..")), "{names:?}");
        }
        Err(_) => {
            let good =
                files.iter().all(|(name, _)| NAMES[5..7].contains(&name.as_str()) || name == "A.nuspec");
            let one = names.len() == files.len() && manifests.len() == 1;
            assert!(!(good && one) || reading::manifest(&manifests[0].1).is_err(), "a good package");
        }
    }
}

/// A zip archive of these files as they are (PKWARE APPNOTE 4.3): written here, since a writer of another's would not take
/// two of one name.
fn archive(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let (mut zip, mut directory) = (Vec::new(), Vec::new());
    for (name, content) in files {
        let offset = word(zip.len());
        let size = word(content.len());
        let name_length = u16::try_from(name.len()).unwrap_or(u16::MAX).to_le_bytes();
        // Version 2.0, UTF-8 names, stored, midnight of 1980-01-01, CRC, both sizes, length of the name, no extra field.
        let crc = crc32fast::hash(content).to_le_bytes();
        let common =
            [&[20, 0, 0, 8, 0, 0, 0, 0, 0x21, 0][..], &crc, &size, &size, &name_length, &[0, 0]].concat();
        zip.extend([b"PK\x03\x04", &common[..], name.as_bytes(), content].concat());
        directory.extend([b"PK\x01\x02", &[20, 0][..], &common, &[0; 10], &offset, name.as_bytes()].concat());
    }
    let count = u16::try_from(files.len()).unwrap_or(u16::MAX).to_le_bytes();
    let end = [b"PK\x05\x06", &[0; 4][..], &count, &count, &word(directory.len()), &word(zip.len()), &[0; 2]]
        .concat();
    [zip, directory, end].concat()
}

fn word(number: usize) -> [u8; 4] {
    u32::try_from(number).unwrap_or(u32::MAX).to_le_bytes()
}
