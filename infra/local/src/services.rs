//! What AWS provides, on this machine: DynamoDB, KMS and SES on loopback ports, and clients for them.

use std::{
    fs,
    future::Future,
    io,
    path::{Path, PathBuf},
};

use aws_config::{BehaviorVersion, Region};
use aws_sdk_dynamodb::{
    config::Credentials,
    error::{DisplayErrorContext, ProvideErrorMetadata},
    types::{AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, Projection},
};
use stand_ins::{Engine, EngineError, Kms, KmsKey, Mailbox, MailboxError, Ses};
use startup::{Clock, Environment};
use tokio::net::TcpListener;
use zeroize::Zeroizing;

use crate::{
    definitions::{ACCOUNT, KeyPart, REGION, Table},
    private_file,
};

/// What the table is called here.
pub const TABLE: &str = "keyring";
/// Who mails come from.
pub const MAIL_FROM: &str = "keys@gallery.example";
/// The identity that it belongs to.
pub const MAIL_DOMAIN: &str = "gallery.example";
/// The configuration set that mails name.
pub const CONFIGURATION_SET: &str = "mail-events";

/// The services, and where they are.
pub struct Services {
    /// The configuration of clients, endpoints aside.
    aws: aws_config::SdkConfig,
    dynamodb: String,
    kms: String,
    ses: String,
    /// Where mails end up.
    pub mailbox: Mailbox,
}

/// Why the services did not start: one line for whoever started the program.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// The engine's file.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The mailbox's file.
    #[error(transparent)]
    Mailbox(#[from] MailboxError),
    /// The pepper key's file.
    #[error("{}: {source}", path.display())]
    PepperKey {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: io::Error,
    },
    /// No loopback port.
    #[error("no port on 127.0.0.1: {0}")]
    Port(io::Error),
    /// The operating system gave no random bytes.
    #[error("no random bytes: {0}")]
    Random(getrandom::Error),
    /// The table could not be made.
    #[error("the table cannot be made: {0}")]
    Table(String),
    /// The pepper key's ARN is none.
    #[error("{0} is not the ARN of a KMS key")]
    Arn(String),
}

impl Services {
    /// Starts them. `data` is the folder that keeps their state; without one they forget it. An engine named by
    /// `AWS_ENDPOINT_URL_DYNAMODB` is used in place of the embedded one.
    ///
    /// # Errors
    /// A [`ServiceError`].
    pub async fn start<S>(
        data: Option<&Path>,
        clock: &Clock,
        stop: impl Fn() -> S,
    ) -> Result<Self, ServiceError>
    where
        S: Future<Output = ()> + Send + 'static,
    {
        let elsewhere = Environment::of_process().optional("AWS_ENDPOINT_URL_DYNAMODB");
        let dynamodb = match elsewhere {
            Some(endpoint) => endpoint,
            None => {
                let engine = match data {
                    Some(data) => Engine::open(data.join("keyring.sqlite"))?,
                    None => Engine::in_memory()?,
                };
                let (listener, endpoint) = listen().await?;
                tokio::spawn(engine.serve(listener, stop()));
                endpoint
            }
        };
        let arn = pepper_key_arn();
        let material = pepper_key(data)?;
        let key = KmsKey::new(&arn, &material).map_err(|_| ServiceError::Arn(arn))?;
        let (listener, kms) = listen().await?;
        tokio::spawn(Kms::new([key], clock).serve(listener, stop()));
        let mailbox = match data {
            Some(data) => Mailbox::open(data.join("mailbox.jsonl"))?,
            None => Mailbox::in_memory(),
        };
        let service = Ses::new(mailbox.clone(), clock.clone());
        service.verify(MAIL_DOMAIN);
        service.add_configuration_set(CONFIGURATION_SET);
        let (listener, ses) = listen().await?;
        tokio::spawn(service.serve(listener, stop()));
        let credentials = Credentials::new("local", "local", None, None, "local");
        let loader = aws_config::defaults(BehaviorVersion::latest())
            .region(Region::new(REGION))
            .credentials_provider(credentials);
        Ok(Self { aws: startup::bounded(loader).load().await, dynamodb, kms, ses, mailbox })
    }

    /// A client of DynamoDB.
    #[must_use]
    pub fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        let config = aws_sdk_dynamodb::config::Builder::from(&self.aws).endpoint_url(&self.dynamodb);
        aws_sdk_dynamodb::Client::from_conf(config.build())
    }

    /// A client of KMS.
    #[must_use]
    pub fn kms(&self) -> aws_sdk_kms::Client {
        let config = aws_sdk_kms::config::Builder::from(&self.aws).endpoint_url(&self.kms);
        aws_sdk_kms::Client::from_conf(config.build())
    }

    /// A client of SES.
    #[must_use]
    pub fn ses(&self) -> aws_sdk_sesv2::Client {
        let config = aws_sdk_sesv2::config::Builder::from(&self.aws).endpoint_url(&self.ses);
        aws_sdk_sesv2::Client::from_conf(config.build())
    }

    /// The environment variables by which a function run elsewhere finds the services.
    #[must_use]
    pub fn environment(&self) -> [(&'static str, &str); 6] {
        [
            ("AWS_ENDPOINT_URL_DYNAMODB", &self.dynamodb),
            ("AWS_ENDPOINT_URL_KMS", &self.kms),
            ("AWS_ENDPOINT_URL_SESV2", &self.ses),
            ("AWS_REGION", REGION),
            ("AWS_ACCESS_KEY_ID", "local"),
            ("AWS_SECRET_ACCESS_KEY", "local"),
        ]
    }

    /// Makes the table, unless it is there.
    ///
    /// # Errors
    /// [`ServiceError::Table`].
    pub async fn make_table(&self, table: &Table) -> Result<(), ServiceError> {
        let fault = |error: aws_sdk_dynamodb::error::BuildError| ServiceError::Table(error.to_string());
        let mut call =
            self.dynamodb().create_table().table_name(TABLE).billing_mode(BillingMode::PayPerRequest);
        for attribute in &table.attribute_definitions {
            let definition = AttributeDefinition::builder()
                .attribute_name(&attribute.attribute_name)
                .attribute_type(attribute.attribute_type.as_str().into());
            call = call.attribute_definitions(definition.build().map_err(fault)?);
        }
        for index in &table.global_secondary_indexes {
            let projection =
                Projection::builder().projection_type(index.projection.projection_type.as_str().into());
            let index = GlobalSecondaryIndex::builder()
                .index_name(&index.index_name)
                .set_key_schema(Some(key(&index.key_schema).map_err(fault)?))
                .projection(projection.build());
            call = call.global_secondary_indexes(index.build().map_err(fault)?);
        }
        match call.set_key_schema(Some(key(&table.key_schema).map_err(fault)?)).send().await {
            Ok(_) => Ok(()),
            Err(error) if error.code() == Some("ResourceInUseException") => Ok(()),
            Err(error) => Err(ServiceError::Table(DisplayErrorContext(error).to_string())),
        }
    }
}

/// The ARN of the KMS key that the pepper is kept under.
#[must_use]
pub fn pepper_key_arn() -> String {
    format!("arn:aws:kms:{REGION}:{ACCOUNT}:key/00000000-0000-4000-8000-000000000001")
}

fn key(parts: &[KeyPart]) -> Result<Vec<KeySchemaElement>, aws_sdk_dynamodb::error::BuildError> {
    let element = |part: &KeyPart| {
        KeySchemaElement::builder()
            .attribute_name(&part.attribute_name)
            .key_type(part.key_type.as_str().into())
            .build()
    };
    parts.iter().map(element).collect()
}

/// What the stand-in for KMS encrypts with. It stands in for a key that never leaves KMS, so the folder that holds it
/// protects nothing: local data is for trying things out.
fn pepper_key(data: Option<&Path>) -> Result<Zeroizing<[u8; 32]>, ServiceError> {
    let mut key = Zeroizing::new([0; 32]);
    let path = data.map(|data| data.join("kms.key"));
    if let Some(path) = &path {
        let fault = |source| ServiceError::PepperKey { path: path.clone(), source };
        match fs::read(path).map(Zeroizing::new) {
            Ok(bytes) if bytes.len() == key.len() => {
                key.copy_from_slice(&bytes);
                return Ok(key);
            }
            Ok(_) => return Err(fault(io::Error::new(io::ErrorKind::InvalidData, "not a key of 32 bytes"))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(fault(error)),
        }
    }
    getrandom::fill(key.as_mut_slice()).map_err(ServiceError::Random)?;
    if let Some(path) = path {
        private_file::write(&path, key.as_slice())
            .map_err(|source| ServiceError::PepperKey { path, source })?;
    }
    Ok(key)
}

async fn listen() -> Result<(TcpListener, String), ServiceError> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(ServiceError::Port)?;
    let address = listener.local_addr().map_err(ServiceError::Port)?;
    Ok((listener, format!("http://{address}")))
}
