//! Whose things are asked for: a victim's, and beside each of them one that does not exist and looks the same.

use keys::{KeyId, KeyNumber};

use super::document::Meaning;

/// The names of what belongs to one account.
#[derive(Clone, Debug)]
pub(crate) struct Subject {
    pub(crate) account: String,
    pub(crate) key: String,
    pub(crate) package: String,
    pub(crate) once: String,
}

impl Subject {
    pub(crate) fn name(&self, meaning: Meaning) -> String {
        match meaning {
            Meaning::Account => self.account.clone(),
            Meaning::Key => self.key.clone(),
            Meaning::Package => self.package.clone(),
            Meaning::Once => self.once.clone(),
            Meaning::Place => {
                let id: KeyId = self.key.parse().expect("it is a key id");
                format!("key~{}", id.number())
            }
        }
    }

    /// What nobody has, in names of the same length: an account, a package and a key of this same account, made in the
    /// same second.
    pub(crate) fn absent(&self) -> Self {
        let id: KeyId = self.key.parse().expect("it is a key id");
        let number = id.number().to_string();
        let last = if number.ends_with('0') { '1' } else { '0' };
        let number: KeyNumber = format!("{}{last}", &number[..11]).parse().expect("it is a key number");
        // What look-alikes take the place of stays.
        let (name, common) = self.account.split_once('-').expect("an account of this journey has two parts");
        let (package, id_common) = self.package.split_once('.').expect("so has a package");
        Self {
            account: format!("{}-{common}", "z".repeat(name.len())),
            key: KeyId::new(id.tag(), number).to_string(),
            package: format!("{}.{id_common}", "Z".repeat(package.len())),
            once: format!("zzzz-zz{}", &self.once[7..]),
        }
    }
}
