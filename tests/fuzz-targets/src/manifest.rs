//! A `.nuspec` names a package only by an id that NuGet's rule allows, which is all the text of the one `id` it has; and the
//! version it is given back in is read as the same.

use gallery::reading::{self, Release};
use roxmltree::{Document, Node};

use crate::input::Input;

const PARTS: [&str; 16] = [
    "<id>",
    "</id>",
    "<version>",
    "</version>",
    "<metadata>",
    "</metadata>",
    "<package>",
    "</package>",
    "<!--",
    "-->",
    "<![CDATA[",
    "]]>",
    "&#65;",
    "<id/>",
    "<dependency id=\"A\" version=\"[1.0,)\"/>",
    "1.0.0-beta+x",
];

/// Manifests: as they come, or made of an id, a version and parts between.
///
/// # Panics
/// Where they are not read as they should be.
pub fn manifest(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    match input.byte() & 1 {
        0 => read(input.rest()),
        _ => read(made(&mut input).as_bytes()),
    }
}

/// Reads a manifest, and whatever it gives is as it should be.
fn read(xml: &[u8]) {
    let Ok(release) = reading::manifest(xml) else { return };
    legal(&release);
    let Ok(text) = std::str::from_utf8(xml) else { unreachable!("not UTF-8, and read") };
    let Ok(document) = Document::parse(text) else { unreachable!("no XML, and read") };
    let metadata = only(document.root_element(), "metadata");
    let id = only(metadata, "id").descendants().skip(1);
    assert!(id.clone().all(|node| node.is_text()), "more than text");
    assert_eq!(id.filter_map(|node| node.text()).collect::<String>().trim(), release.id);
    let _ = only(metadata, "version");
}

/// The id is legal, and id and version read as themselves.
pub(crate) fn legal(release: &Release) {
    let Release { id, version } = release;
    let word = |word: &str| {
        !word.is_empty() && word.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
    };
    assert!(id.len() <= 128 && id.split(['.', '-']).all(word), "{id:?}");
    let fit = |letter: char| letter.is_ascii_alphanumeric() || ".-".contains(letter);
    assert!(version.len() <= 64 + 4 && version.chars().all(fit), "{version:?}");
    let numbers = version.split('-').next().unwrap_or_default();
    assert!((3..=4).contains(&numbers.split('.').count()), "{version:?}");
    if version.len() <= 64 {
        let again =
            format!("<package><metadata><id>{id}</id><version>{version}</version></metadata></package>");
        assert_eq!(reading::manifest(again.as_bytes()).as_ref(), Ok(release));
    }
}

fn only<'a, 'input>(parent: Node<'a, 'input>, name: &str) -> Node<'a, 'input> {
    let mut found = parent.children().filter(|node| node.tag_name().name() == name);
    match (found.next(), found.next()) {
        (Some(only), None) => only,
        _ => unreachable!("none or several of {name}, and read"),
    }
}

fn made(input: &mut Input<'_>) -> String {
    let (id, version) = (input.line(), input.line());
    let mut inside = vec![format!("<id>{id}</id>"), format!("<version>{version}</version>")];
    for _ in 0..input.byte() % 6 {
        let part = input.one_of(&PARTS).to_owned();
        let place = usize::from(input.byte()) % (inside.len() + 1);
        inside.insert(place, part);
    }
    let inside = inside.concat();
    let place = (0..=inside.len()).rev().find(|place| inside.is_char_boundary(*place)).unwrap_or_default();
    format!("<package><metadata>{}</metadata></package>", &inside[..place])
}
