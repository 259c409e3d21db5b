//! The whole of it: services, functions, gateway, gallery and console, put together on one origin.

use std::{
    collections::BTreeMap,
    fs,
    future::Future,
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use axum::{Router, middleware::from_fn, routing::get};
use chrono::SecondsFormat;
use gallery::{Api, Directory, Gallery, Storage};
use http::Uri;
use key_management::Policy;
use keyring::Keyring;
use mail::{MailConfig, Postman, Ses};
use push_authorizer::{Authorizer, Config};
use serde_json::{Value, json};
use startup::{Clock, Environment};
use tokio::{
    net::TcpListener,
    sync::watch,
    time::{MissedTickBehavior, interval_at},
};

use crate::{
    clock::MovableClock,
    console,
    definitions::Definitions,
    function::{Function, in_process, served_at},
    gateway,
    issuer::{AUDIENCE, Issuer},
    leak_reporter::{self, LeakReporter},
    local_api::{self, HealthCheck, LocalApi},
    loopback_host,
    services::{self, CONFIGURATION_SET, MAIL_DOMAIN, MAIL_FROM, Services, TABLE},
    sign_in,
    sweeper::Sweeper,
};

/// The functions of the template, and the programs that they are.
const FUNCTIONS: [(&str, &str); 4] = [
    (SWEEPER, "expiry-sweeper"),
    ("KeyManagementFunction", "key-management"),
    ("PushAuthorizerFunction", "push-authorizer"),
    ("AuthorizeFunction", "push-authorizer"),
];
const SWEEPER: &str = "ExpirySweeperFunction";
/// How often the sweeper runs by itself, in real time, as the template's schedule has it.
const SWEEPS: Duration = Duration::from_secs(15 * 60);
/// How long key management waits for SES before it answers. Here that costs nothing, and a mail is read right after
/// the act that it tells of even when the machine has much else to do.
const WAIT_FOR_MAIL: Duration = Duration::from_secs(10);
/// How long requests in progress may take to end once the program is told to.
const LAST_REQUESTS: Duration = Duration::from_secs(5);

/// What the program is started with.
#[derive(Debug)]
pub struct Settings {
    /// The port on 127.0.0.1; 0 takes any that is free.
    pub port: u16,
    /// The folder that keeps everything; without one it is forgotten.
    pub data: Option<PathBuf>,
    /// Where `cargo lambda watch` serves the functions, in place of this process.
    pub functions: Option<Uri>,
    /// The gallery's own port on 127.0.0.1; 0 takes any that is free.
    pub gallery_port: u16,
    /// Where clients reach the gallery, without a slash at the end, if that is not here.
    pub gallery_origin: Option<String>,
}

/// Why the program did not start: one line for whoever started it.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The port is taken, or not to be had.
    #[error("127.0.0.1:{port} cannot be listened on: {source}")]
    Port {
        /// The port.
        port: u16,
        /// Why.
        source: io::Error,
    },
    /// The data folder.
    #[error("the data folder {}: {source}", path.display())]
    Data {
        /// The folder, or a file in it.
        path: PathBuf,
        /// What is wrong with it.
        source: io::Error,
    },
    /// Something else that says for itself what and where.
    #[error("{0}")]
    Part(Box<dyn std::error::Error + Send + Sync>),
}

/// The program, ready to answer.
pub struct Program {
    listener: TcpListener,
    origin: String,
    gallery: String,
    router: Router,
    stop: watch::Sender<bool>,
}

impl Program {
    /// Puts it together.
    ///
    /// # Errors
    /// A [`StartError`].
    pub async fn start(settings: Settings) -> Result<Self, StartError> {
        let busy = |source| StartError::Port { port: settings.port, source };
        let listener = TcpListener::bind(("127.0.0.1", settings.port)).await.map_err(busy)?;
        let origin = format!("http://{}", listener.local_addr().map_err(busy)?);
        let (stop, stopped) = watch::channel(false);
        let data = settings.data.as_deref();
        if let Some(data) = data {
            fs::create_dir_all(data).map_err(|source| StartError::Data { path: data.to_owned(), source })?;
        }
        let clock = clock(data)?;
        let services =
            Services::start(data, &clock.clock(), || until(stopped.clone())).await.map_err(part)?;
        let issuer = match data {
            Some(data) => Issuer::open(&origin, clock.clock(), &data.join("issuer.der")),
            None => Issuer::in_memory(&origin, clock.clock()),
        };
        let issuer = issuer.map_err(part)?;

        let storage = data.map_or(Storage::Memory, |data| Storage::Folder(data.join("packages")));
        let reached_at = settings.gallery_origin.unwrap_or_else(|| origin.clone());
        let gallery = gallery::Config { origin: reached_at, api: origin.clone(), storage };
        let gallery_address = serve_gallery(gallery, settings.gallery_port, until(stopped.clone())).await?;
        let definitions = Definitions::bundled(&values(&origin, &gallery_address, &issuer)).map_err(part)?;
        services.make_table(&definitions.table).await.map_err(part)?;
        let functions = Functions::new(&definitions, &services, &clock.clock())?;
        let environment = functions.environment(&definitions, &services);
        let served = functions.serve(settings.functions.as_ref())?;
        let sweeper = sweeper(&served, clock.clock())?;
        tokio::spawn(sweep_by_itself(sweeper.clone(), until(stopped.clone())));

        let verifier = issuer.verifier().map_err(part)?;
        let gallery_origin: Uri = gallery_address.parse().map_err(part)?;
        let gateway =
            gateway::router(definitions, served, gallery_origin, verifier, clock.clock()).map_err(part)?;
        let directory = Directory::new(Api::new(&origin).map_err(part)?);
        let health = health(&services);
        let reporter = LeakReporter::new(Api::new(&origin).map_err(part)?).map_err(part)?;
        let local = LocalApi { clock, sweeper, mailbox: services.mailbox.clone(), health };
        let router = console::router()
            .merge(local_api::router(local))
            .merge(sign_in::router(issuer, directory))
            .merge(leak_reporter::router(reporter))
            .route("/local/environment", get(move || std::future::ready(environment.clone())))
            .fallback_service(gateway)
            .layer(from_fn(loopback_host::require));
        Ok(Self { listener, origin, gallery: gallery_address, router, stop })
    }

    /// Where it answers, without a slash at the end.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Where its gallery answers by itself, without a slash at the end.
    #[must_use]
    pub fn gallery(&self) -> &str {
        &self.gallery
    }

    /// Answers until `stop` is over; then requests in progress are given a moment to end.
    ///
    /// # Errors
    /// The listener's.
    pub async fn run(self, stop: impl Future<Output = ()> + Send + 'static) -> io::Result<()> {
        let (ending, ended) = watch::channel(false);
        let serving = axum::serve(self.listener, self.router).with_graceful_shutdown(async move {
            stop.await;
            ending.send_replace(true);
        });
        tokio::select! {
            served = serving.into_future() => served?,
            () = async { until(ended).await; tokio::time::sleep(LAST_REQUESTS).await; } => {}
        }
        // The services stop last: what was asked before is still answered.
        self.stop.send_replace(true);
        Ok(())
    }
}

/// Waits until the channel says so, or nobody can any more.
async fn until(mut stopped: watch::Receiver<bool>) {
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

fn part(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> StartError {
    StartError::Part(error.into())
}

fn clock(data: Option<&Path>) -> Result<MovableClock, StartError> {
    let Some(data) = data else { return Ok(MovableClock::in_memory(Clock::system())) };
    let path = data.join("clock");
    MovableClock::open(Clock::system(), &path).map_err(|source| StartError::Data { path, source })
}

/// The sample gallery, on a port of its own that only the gateway is told, or a reverse proxy.
async fn serve_gallery(
    config: gallery::Config,
    port: u16,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<String, StartError> {
    let gallery = Gallery::open(config).map_err(part)?;
    let busy = |source| StartError::Port { port, source };
    let listener = TcpListener::bind(("127.0.0.1", port)).await.map_err(busy)?;
    let address: SocketAddr = listener.local_addr().map_err(busy)?;
    tokio::spawn(axum::serve(listener, gallery.router()).with_graceful_shutdown(stop).into_future());
    Ok(format!("http://{address}"))
}

/// What the template leaves to whoever deploys it.
fn values(origin: &str, gallery: &str, issuer: &Issuer) -> BTreeMap<String, String> {
    let arn = services::pepper_key_arn();
    let values = [
        ("GalleryName", "Sample Gallery"),
        ("GalleryOrigin", gallery),
        ("KeysPageUrl", &format!("{origin}/")),
        ("KeysPageOrigin", origin),
        ("TokenIssuer", issuer.name()),
        ("TokenAudience", AUDIENCE),
        ("MailFrom", MAIL_FROM),
        ("MailFromName", "Sample Gallery"),
        ("MailIdentity", MAIL_DOMAIN),
        ("MailEvents", CONFIGURATION_SET),
        ("DenialWarningHeader", "on"),
        ("LeakReporters", &LeakReporter::row(origin)),
        ("Keyring", TABLE),
        ("PepperKey.Arn", &arn),
        ("ManagementApi.ApiEndpoint", origin),
    ];
    values.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}

/// Runs of the function, each asked for as the schedule does.
fn sweeper(served: &BTreeMap<String, Function>, clock: Clock) -> Result<Sweeper, StartError> {
    let function = served.get(SWEEPER).cloned().ok_or_else(|| part("there is no sweeper"))?;
    Ok(Sweeper::new(clock, move |at| {
        let at = at.to_rfc3339_opts(SecondsFormat::Secs, true);
        function(json!({ "scheduled_time": at }))
    }))
}

async fn sweep_by_itself(sweeper: Sweeper, stop: impl Future<Output = ()>) {
    let mut ticks = interval_at(tokio::time::Instant::now() + SWEEPS, SWEEPS);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let runs = async {
        loop {
            ticks.tick().await;
            if let Err(error) = sweeper.sweep().await {
                tracing::error!(%error, "the sweeper failed");
            }
        }
    };
    tokio::select! {
        () = runs => {}
        () = stop => {}
    }
}

fn health(services: &Services) -> HealthCheck {
    let dynamodb = services.dynamodb();
    Arc::new(move || {
        let described = dynamodb.describe_table().table_name(TABLE).send();
        Box::pin(
            async move { described.await.map(drop).map_err(|_| "The table does not answer.".to_owned()) },
        )
    })
}

/// The functions, each set up from the environment it is deployed with.
struct Functions {
    api: key_management::Api,
    authorizers: BTreeMap<&'static str, Arc<Authorizer>>,
    sweeper: expiry_sweeper::Sweeper,
}

impl Functions {
    fn new(definitions: &Definitions, services: &Services, clock: &Clock) -> Result<Self, StartError> {
        let environment = |function: &str| {
            Environment::of(definitions.environments.get(function).cloned().unwrap_or_default())
        };
        let keyring = |environment: &mut Environment| {
            let table: String = environment.required("TABLE_NAME").unwrap_or_default();
            let pepper_key: String = environment.required("PEPPER_KEY_ID").unwrap_or_default();
            Arc::new(Keyring::new(services.dynamodb(), services.kms(), &table, &pepper_key))
        };
        let postman = |environment: &mut Environment, keyring: &Arc<Keyring>| {
            let mail = MailConfig::read(environment).ok_or_else(|| part("mails have no sender"))?;
            let ses = Ses::new(services.ses(), mail.from, mail.configuration_set);
            Ok(Postman::new(Arc::clone(keyring), ses, mail.letterhead, clock.clone()))
        };
        let mut management = environment("KeyManagementFunction");
        let (policy, managed) = (Policy::read(&mut management), keyring(&mut management));
        let at_once = postman(&mut management, &managed)?.waiting_at_once(WAIT_FOR_MAIL);
        management.finish().map_err(part)?;
        let api = key_management::Api::new(managed, Some(at_once), clock.clone(), policy);
        let mut sweeping = environment(SWEEPER);
        let swept = keyring(&mut sweeping);
        // At the rate of the template: the stand-in would take mails as fast as they come.
        let rate = sweeping.or("MAILS_PER_SECOND", 1);
        let postman = postman(&mut sweeping, &swept)?.paced(rate);
        sweeping.finish().map_err(part)?;
        let sweeper = expiry_sweeper::Sweeper::new(swept, postman, clock.clone());
        let mut authorizers = BTreeMap::new();
        for (name, program) in FUNCTIONS {
            if program == "push-authorizer" {
                let mut environment = environment(name);
                let (config, keyring) = (Config::read(&mut environment), keyring(&mut environment));
                environment.finish().map_err(part)?;
                authorizers.insert(name, Arc::new(Authorizer::new(config, keyring, clock.clone())));
            }
        }
        Ok(Self { api, authorizers, sweeper })
    }

    /// The variables, one a line as a shell reads them, with which the functions run elsewhere on these services.
    fn environment(&self, definitions: &Definitions, services: &Services) -> String {
        let mut variables: BTreeMap<&str, &str> = services.environment().into();
        for environment in definitions.environments.values() {
            variables.extend(environment.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        }
        variables.iter().map(|(name, value)| format!("{name}={value}\n")).collect()
    }

    fn serve(self, elsewhere: Option<&Uri>) -> Result<BTreeMap<String, Function>, StartError> {
        if let Some(origin) = elsewhere {
            let served = |(name, program): (&str, &str)| Ok((name.to_owned(), served_at(origin, program)?));
            return FUNCTIONS.into_iter().map(served).collect::<Result<_, http::Error>>().map_err(part);
        }
        let api = self.api;
        let management = in_process(move |event: Value| {
            let api = api.clone();
            async move {
                let answer = api.handle(serde_json::from_value::<key_management::Event>(event)?).await;
                serde_json::to_value(answer)
            }
        });
        let sweeper = self.sweeper;
        let sweeping = in_process(move |event: Value| {
            let sweeper = sweeper.clone();
            async move {
                let event = expiry_sweeper::Event::try_from(event).map_err(|error| error.to_string())?;
                let answer = sweeper.handle(event, None).await.map_err(|error| error.to_string())?;
                serde_json::to_value(answer).map_err(|error| error.to_string())
            }
        });
        let mut served = BTreeMap::from([
            ("KeyManagementFunction".to_owned(), management),
            (SWEEPER.to_owned(), sweeping),
        ]);
        for (name, authorizer) in self.authorizers {
            let function = in_process(move |event: Value| {
                let authorizer = Arc::clone(&authorizer);
                async move {
                    let event = serde_json::from_value(event).map_err(|error| error.to_string())?;
                    let reply = authorizer.handle(event).await.map_err(|refusal| refusal.to_string())?;
                    serde_json::to_value(reply).map_err(|error| error.to_string())
                }
            });
            served.insert(name.to_owned(), function);
        }
        Ok(served)
    }
}
