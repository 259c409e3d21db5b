use roxmltree::{Document, Node, ParsingOptions};

use crate::{package_id::PackageId, package_version::PackageVersion};

/// The most nodes a manifest may have; honest ones have some hundreds.
const MAXIMUM_NODES: u32 = 20_000;

/// What a package says of itself in its `.nuspec`.
///
/// Elements are found by local name, since the schema's namespace differs by the client that packed.
/// Source: <https://learn.microsoft.com/nuget/reference/nuspec>.
#[derive(Clone, Debug)]
pub(crate) struct Manifest {
    pub(crate) id: PackageId,
    pub(crate) version: PackageVersion,
    pub(crate) title: String,
    pub(crate) authors: String,
    pub(crate) description: String,
    pub(crate) tags: String,
    pub(crate) dependency_groups: Vec<DependencyGroup>,
}

/// Dependencies under one target framework, or under all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DependencyGroup {
    pub(crate) framework: Option<String>,
    pub(crate) dependencies: Vec<Dependency>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Dependency {
    pub(crate) id: String,
    pub(crate) range: String,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum ManifestError {
    #[error("the manifest is not plain UTF-8 XML without a DTD: {0}")]
    Xml(String),
    #[error("the manifest has no package/metadata/{0}")]
    Missing(&'static str),
    #[error("the manifest has more than one package/metadata/{0}, or something other than text in it")]
    Ambiguous(&'static str),
    #[error("the manifest's id: {0}")]
    Id(#[from] crate::package_id::InvalidPackageId),
    #[error("the manifest's version: {0}")]
    Version(#[from] crate::package_version::InvalidPackageVersion),
}

impl Manifest {
    /// Reads a `.nuspec`. A DTD is refused: nothing is fetched or expanded. So is what two readers might read differently:
    /// a second `metadata`, `id` or `version`, and an id or a version with comments or elements in its text.
    pub(crate) fn read(xml: &[u8]) -> Result<Self, ManifestError> {
        let text = std::str::from_utf8(xml).map_err(|error| ManifestError::Xml(error.to_string()))?;
        let options =
            ParsingOptions { allow_dtd: false, nodes_limit: MAXIMUM_NODES, ..ParsingOptions::default() };
        let document = Document::parse_with_options(text, options)
            .map_err(|error| ManifestError::Xml(error.to_string()))?;
        let package = Some(document.root_element())
            .filter(|root| root.tag_name().name() == "package")
            .ok_or(ManifestError::Missing(""))?;
        let metadata = only_child(package, "metadata", "")?;
        let optional = |name| text_of(metadata, name).unwrap_or_default();
        Ok(Self {
            id: plain_text(metadata, "id")?.parse()?,
            version: plain_text(metadata, "version")?.parse()?,
            title: optional("title"),
            authors: optional("authors"),
            description: optional("description"),
            tags: optional("tags"),
            dependency_groups: child(metadata, "dependencies").map(dependency_groups).unwrap_or_default(),
        })
    }
}

fn child<'a, 'input>(parent: Node<'a, 'input>, name: &str) -> Option<Node<'a, 'input>> {
    parent.children().find(|node| node.tag_name().name() == name)
}

fn only_child<'a, 'input>(
    parent: Node<'a, 'input>,
    name: &str,
    place: &'static str,
) -> Result<Node<'a, 'input>, ManifestError> {
    let mut found = parent.children().filter(|node| node.tag_name().name() == name);
    match (found.next(), found.next()) {
        (Some(only), None) => Ok(only),
        (None, _) => Err(ManifestError::Missing(place)),
        (Some(_), Some(_)) => Err(ManifestError::Ambiguous(place)),
    }
}

fn plain_text(parent: Node<'_, '_>, name: &'static str) -> Result<String, ManifestError> {
    let element = only_child(parent, name, name)?;
    if element.children().any(|part| !part.is_text()) {
        return Err(ManifestError::Ambiguous(name));
    }
    let text: String = element.children().filter_map(|part| part.text()).collect();
    let text = text.trim();
    if text.is_empty() { Err(ManifestError::Missing(name)) } else { Ok(text.to_owned()) }
}

fn text_of(parent: Node<'_, '_>, name: &str) -> Option<String> {
    let text = child(parent, name)?.text()?.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

fn dependency_groups(dependencies: Node<'_, '_>) -> Vec<DependencyGroup> {
    let of = |parent: Node<'_, '_>| -> Vec<Dependency> {
        let nodes = parent.children().filter(|node| node.tag_name().name() == "dependency");
        nodes
            .filter_map(|node| {
                let range = node.attribute("version").unwrap_or_default().to_owned();
                Some(Dependency { id: node.attribute("id")?.to_owned(), range })
            })
            .collect()
    };
    let groups = dependencies.children().filter(|node| node.tag_name().name() == "group");
    let mut groups: Vec<DependencyGroup> = groups
        .map(|node| DependencyGroup {
            framework: node.attribute("targetFramework").map(ToOwned::to_owned),
            dependencies: of(node),
        })
        .collect();
    let ungrouped = of(dependencies);
    if !ungrouped.is_empty() {
        groups.push(DependencyGroup { framework: None, dependencies: ungrouped });
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nuspec(inside: &str) -> String {
        format!(
            "<package xmlns=\"http://schemas.microsoft.com/packaging/2013/05/nuspec.xsd\"><metadata>{inside}</metadata></package>"
        )
    }

    #[test]
    fn reads_what_clients_write() {
        let xml = nuspec(
            "<id> Sample.Tool </id><version>1.2</version><authors>Al &amp; Bo</authors><dependencies>\
             <group targetFramework=\"net6.0\"><dependency id=\"A\" version=\"[1.0,2.0)\"/></group>\
             <dependency id=\"B\"/></dependencies>",
        );
        let manifest =
            Manifest::read(format!("\u{feff}<?xml version=\"1.0\" encoding=\"utf-8\"?>{xml}").as_bytes())
                .unwrap();
        assert_eq!(manifest.id.as_str(), "Sample.Tool");
        assert_eq!(manifest.version.to_string(), "1.2.0");
        assert_eq!(manifest.authors, "Al & Bo");
        assert_eq!(
            manifest.dependency_groups,
            [
                DependencyGroup {
                    framework: Some("net6.0".into()),
                    dependencies: vec![Dependency { id: "A".into(), range: "[1.0,2.0)".into() }]
                },
                DependencyGroup {
                    framework: None,
                    dependencies: vec![Dependency { id: "B".into(), range: String::new() }]
                },
            ]
        );
    }

    #[test]
    fn refuses_what_readers_may_read_differently() {
        let (id, version) = ("<id>A</id>", "<version>1</version>");
        for inside in [
            format!("{id}{version}<id>B</id>"),
            format!("{id}{version}<id xmlns=\"urn:other\">B</id>"),
            format!("{id}{version}<version>2</version>"),
            format!("<id>A<!-- -->B</id>{version}"),
            format!("<id>A<b/></id>{version}"),
            format!("<id><?b?>A</id>{version}"),
            format!("{id}{version}</metadata><metadata>{id}{version}"),
        ] {
            let error = Manifest::read(nuspec(&inside).as_bytes()).unwrap_err();
            assert!(matches!(error, ManifestError::Ambiguous(_)), "{inside}: {error}");
        }
        let cdata = nuspec(&format!("<id>A.<![CDATA[B]]></id>{version}"));
        assert_eq!(Manifest::read(cdata.as_bytes()).unwrap().id.as_str(), "A.B");
    }

    #[test]
    fn refuses_what_is_missing_or_hostile() {
        let doctype =
            format!("<!DOCTYPE package [<!ENTITY a \"b\">]>{}", nuspec("<id>&a;</id><version>1.0</version>"));
        let deep = format!("{}{}", "<package>".repeat(30_000), "</package>".repeat(30_000));
        for (xml, message) in [
            (nuspec("<version>1.0</version>"), "metadata/id"),
            (nuspec("<id>A</id>"), "metadata/version"),
            (nuspec("<id>A..B</id><version>1.0</version>"), "id:"),
            (nuspec("<id>A</id><version>one</version>"), "version:"),
            ("<other/>".to_owned(), "package/metadata"),
            (doctype, "DTD"),
            (deep, "limit"),
        ] {
            let error = Manifest::read(xml.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(message), "{message} not in {error}");
        }
        assert!(Manifest::read(&[0xff, 0xfe, 0x3c, 0x00]).is_err());
    }
}
