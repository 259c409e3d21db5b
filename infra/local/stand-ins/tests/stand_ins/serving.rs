use std::{io, pin::Pin};

use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

/// Something served on a loopback port until it is told to stop.
pub(crate) struct Serving {
    pub(crate) url: String,
    stop: oneshot::Sender<()>,
    task: JoinHandle<io::Result<()>>,
}

/// The future that resolves when what is served has to stop.
pub(crate) type Stop = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Serves what `serve` makes of a listener.
pub(crate) async fn start<F>(serve: impl FnOnce(TcpListener, Stop) -> F) -> Serving
where
    F: Future<Output = io::Result<()>> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (stop, stopped) = oneshot::channel();
    let stopped = Box::pin(async { drop(stopped.await) });
    Serving { url, stop, task: tokio::spawn(serve(listener, stopped)) }
}

impl Serving {
    pub(crate) async fn stop(self) {
        self.stop.send(()).unwrap();
        self.task.await.unwrap().unwrap();
    }
}

/// The settings that every service's client needs here. A retry would only hide an error.
#[macro_export]
macro_rules! client {
    ($sdk:ident, $url:expr) => {{
        use $sdk::config::{BehaviorVersion, Credentials, Region, retry::RetryConfig};
        let config = $sdk::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .endpoint_url($url)
            .region(Region::new("us-east-1"))
            .credentials_provider(Credentials::new("test", "test", None, None, "test"))
            .retry_config(RetryConfig::disabled())
            .build();
        $sdk::Client::from_conf(config)
    }};
}
