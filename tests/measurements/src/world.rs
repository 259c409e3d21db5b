use hyper::Method;
use keys::{AccountId, KeyId, PackageId};
use serde_json::{Value, json};

use crate::{
    Result,
    dynamodb::Table,
    function::{self, Environment},
    latchkey::{Key, Latchkey, Publisher},
    tls::Authority,
};

/// The package that the typical key is used on.
pub(crate) const PACKAGE: &str = "Fabrikam.Service.Core";
/// Who holds the typical key.
pub(crate) const HOLDER: &str = "holder";

/// A running Latchkey with an account, a package of its and a key that covers it: what everything is measured on.
pub(crate) struct World {
    pub(crate) latchkey: Latchkey,
    pub(crate) holder: Publisher,
    /// May push and unlist; its last push is written down.
    pub(crate) key: Key,
    /// How a function on this machine reaches the services.
    pub(crate) services: Environment,
}

impl World {
    pub(crate) async fn new() -> Result<Self> {
        let latchkey = Latchkey::start().await?;
        let holder = latchkey.sign_in(HOLDER).await?;
        latchkey.put(&format!("packages/{PACKAGE}"), &json!({ "owners": [HOLDER] })).await?;
        let key = latchkey.make_key(&holder, &typical_key()).await?;
        let services = latchkey.environment().await?;
        let world = Self { latchkey, holder, key, services };
        world.push(&world.key, PACKAGE).await?;
        Ok(world)
    }

    /// The table, past everything.
    pub(crate) fn table(&self) -> Result<Table> {
        Ok(Table::at(self.service("AWS_ENDPOINT_URL_DYNAMODB")?, self.service("TABLE_NAME")?))
    }

    pub(crate) fn service(&self, name: &str) -> Result<&str> {
        self.services.get(name).map(String::as_str).ok_or_else(|| format!("{name} is not told").into())
    }

    /// What any of the functions is given that runs on this world, the services behind TLS.
    pub(crate) async fn deployed(&self, authority: &Authority) -> Result<Environment> {
        let mut environment = function::deployed(&self.services, authority).await?;
        environment.extend(reads(&self.key)?);
        Ok(environment)
    }

    /// The same with DynamoDB at `endpoint`, and no TLS.
    pub(crate) fn metered(&self, endpoint: &str) -> Environment {
        let mut environment = self.services.clone();
        environment.insert("AWS_ENDPOINT_URL_DYNAMODB".to_owned(), endpoint.to_owned());
        environment.insert("MAILS_PER_SECOND".to_owned(), "1000".to_owned());
        environment
    }

    /// Asks as the gallery does before it takes a push; it must be allowed.
    pub(crate) async fn push(&self, key: &Key, package: &str) -> Result<Value> {
        let question = json!({ "action": "push", "package": package });
        let headers = [("x-nuget-apikey", key.text.as_str())];
        let (_, body) = self.latchkey.call(Method::POST, "/authorize", &headers, &question, &[200]).await?;
        Ok(body)
    }
}

/// A few globs and a few ids, as a CI key has them.
pub(crate) fn typical_key() -> Value {
    json!({
        "name": "a CI key",
        "actions": ["push", "unlist"],
        "packages": ["Contoso.Tools", "Contoso.*.Extensions", "Fabrikam.Service.*", "Fabrikam.Web"],
        "expires_in_days": 365,
    })
}

/// What the bare function is to read: the items that a decision on this key and [`PACKAGE`] takes.
fn reads(key: &Key) -> Result<[(String, String); 2]> {
    let id: KeyId = key.id.parse()?;
    let (account, package): (String, PackageId) = (format!("account#{}", id.tag()), PACKAGE.parse()?);
    let reads = format!(
        "{account}|key#{};{account}|account;package#{}|package",
        id.number(),
        package.as_str().to_ascii_lowercase()
    );
    let first = format!("pepper|{:010}", 1);
    Ok([("READS".to_owned(), reads), ("FIRST_READ".to_owned(), first)])
}

/// The partition of an account in the table.
pub(crate) fn partition(account: &str) -> Result<String> {
    let account: AccountId = account.parse()?;
    Ok(format!("account#{}", account.tag()))
}
