use std::io;

use axum::Router;
use tokio::net::TcpListener;

/// Serves `router` until `shutdown` resolves and every request in progress has been answered.
pub(crate) async fn until<S>(shutdown: S, listener: TcpListener, router: Router) -> io::Result<()>
where
    S: Future<Output = ()> + Send + 'static,
{
    axum::serve(listener, router).with_graceful_shutdown(shutdown).await
}
