//! A reverse proxy before the sample gallery, and what passes on either side of it.

use std::sync::Arc;

use tokio::net::TcpSocket;

use super::{
    recorder::Recorder,
    setting::{Addresses, Proxy},
};
use crate::{program::Program, stage::Stage};

/// A gallery behind a reverse proxy.
pub(super) struct Front {
    pub(super) stage: Stage,
    /// Where the proxy answers, without a trailing slash.
    pub(super) origin: String,
    /// What it asks Latchkey.
    pub(super) asked: Arc<Recorder>,
    /// What it hands the gallery.
    pub(super) handed: Arc<Recorder>,
    proxy: Program,
}

impl Front {
    pub(super) async fn start(journey: &str, proxy: Proxy) -> Self {
        let (kept, address) = reserved();
        let (kept_too, asking) = reserved();
        let origin = format!("http://{address}");
        let stage = Stage::behind(journey, &origin).await;
        let (asked, latchkey) = Recorder::before(stage.origin()).await;
        let (handed, gallery) = Recorder::before(stage.gallery()).await;
        let plain = |origin: &str| origin.trim_start_matches("http://").to_owned();
        let (latchkey, gallery) = (plain(&latchkey), plain(&gallery));
        let addresses =
            Addresses { proxy: &address, asking: &asking, latchkey: &latchkey, gallery: &gallery };
        let command = proxy.command(&stage.folder().join(proxy.name()), &addresses);
        let mut program = Program::start(proxy.name(), command, stage.log());
        program.says(proxy.listens()).await;
        drop((kept, kept_too));
        Self { stage, origin, asked, handed, proxy: program }
    }

    /// Ends the journey: the proxy stops, and no secret has got out.
    pub(super) async fn finish(self) {
        let status = self.proxy.stop().await;
        assert!(status.success(), "the proxy ends with {status}");
        self.stage.finish().await;
    }
}

/// A free port on loopback, as `host:port`, for a program that has to be told its own. While it is kept nobody else is given
/// it by chance: it is bound, and not listened on, which leaves it to whoever names it.
fn reserved() -> (TcpSocket, String) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_reuseaddr(true).unwrap();
    socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
    let address = socket.local_addr().unwrap().to_string();
    (socket, address)
}
