//! The programs that are measured, started as Lambda starts them: on an environment of their own and nothing else.

use std::collections::BTreeMap;

use tokio::process::Command;

use crate::{Result, places, tls::Authority};

/// Environment variables.
pub(crate) type Environment = BTreeMap<String, String>;

/// The roots that our functions ship, and this run's authority, which they cannot: read from a file that takes the place of
/// what is built in.
const SHIPPED_ROOTS: &str = "SHIPPED_ROOTS";

/// Who is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Function {
    Authorizer,
    KeyManagement,
    Sweeper,
    /// `lambda_runtime` alone.
    Null,
    /// `lambda_runtime`, and the same reads in the same calls.
    Bare,
    /// The same reads as single `GetItem`s.
    BareOneByOne,
    /// The bare function, trusting the roots that ours ship.
    BareOurRoots,
    Python,
    Node,
}

impl Function {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Authorizer => "push-authorizer",
            Self::KeyManagement => "key-management",
            Self::Sweeper => "expiry-sweeper",
            Self::Null => "null",
            Self::Bare => "bare",
            Self::BareOneByOne => "bare, one GetItem an item",
            Self::BareOurRoots => "bare, our roots",
            Self::Python => "Python, boto3",
            Self::Node => "Node, AWS SDK v3",
        }
    }

    /// The program of the release build, where it is one.
    pub(crate) const fn binary(self) -> Option<&'static str> {
        match self {
            Self::Authorizer => Some("push-authorizer"),
            Self::KeyManagement => Some("key-management"),
            Self::Sweeper => Some("expiry-sweeper"),
            Self::Null => Some("rival-null"),
            Self::Bare | Self::BareOneByOne | Self::BareOurRoots => Some("rival-bare"),
            Self::Python | Self::Node => None,
        }
    }

    /// How to start it, under `wrapper` if there is one.
    pub(crate) fn command(self, environment: &Environment, wrapper: &[&str]) -> Result<Command> {
        let rivals = places::workspace().join("tests/rivals");
        let (program, argument) = match (self.binary(), self) {
            (Some(binary), _) => (places::binary(binary)?, None),
            (None, Self::Python) => {
                (places::tool("rivals/python/bin/python")?, Some(rivals.join("python/bootstrap.py")))
            }
            // It looks for its SDK beside itself.
            (None, _) => ("node".into(), Some(places::tool("rivals/node/bootstrap.mjs")?)),
        };
        let mut command = match wrapper.split_first() {
            None => Command::new(program),
            Some((wrapper, arguments)) => {
                let mut command = Command::new(wrapper);
                command.args(arguments).arg(program);
                command
            }
        };
        command.args(argument).env_clear().envs(environment);
        command.envs([
            ("AWS_LAMBDA_FUNCTION_NAME", "measured"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
            ("LANG", "en_US.UTF-8"),
            ("PATH", "/usr/local/bin:/usr/bin:/bin"),
        ]);
        if let (Self::Authorizer | Self::KeyManagement | Self::Sweeper | Self::BareOurRoots, Some(shipped)) =
            (self, environment.get(SHIPPED_ROOTS))
        {
            command.env("SSL_CERT_FILE", shipped);
        }
        if self == Self::BareOneByOne {
            command.env("ONE_BY_ONE", "1");
        }
        Ok(command)
    }
}

/// What a function deployed on `services` is given, with DynamoDB and KMS behind TLS.
pub(crate) async fn deployed(services: &Environment, authority: &Authority) -> Result<Environment> {
    let mut environment = services.clone();
    for service in ["AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL_KMS", "AWS_ENDPOINT_URL_SESV2"] {
        let upstream = services.get(service).ok_or_else(|| format!("{service} is not told"))?;
        environment.insert(service.to_owned(), authority.before(upstream).await?);
    }
    // Rust's programs read the first, boto3 the second; Node has roots of its own and takes one more.
    for (name, roots) in [
        ("SSL_CERT_FILE", authority.system()),
        ("AWS_CA_BUNDLE", authority.system()),
        ("NODE_EXTRA_CA_CERTS", authority.root()),
        (SHIPPED_ROOTS, authority.shipped()),
    ] {
        environment.insert(name.to_owned(), roots.display().to_string());
    }
    environment.insert("AWS_SESSION_TOKEN".to_owned(), "local".repeat(100));
    // What is deployed counts what it does.
    environment.insert("METRICS_NAMESPACE".to_owned(), "Latchkey/measured".to_owned());
    // As Lambda sets both.
    let region = environment.get("AWS_REGION").cloned().unwrap_or_default();
    environment.insert("AWS_DEFAULT_REGION".to_owned(), region);
    Ok(environment)
}
