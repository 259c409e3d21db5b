//! TLS before the stand-ins, as AWS's endpoints have it: bytes are passed on as they come.

use std::{fs, path::PathBuf, process::Command, sync::Arc};

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    },
};

use crate::{Result, places};

/// Where Debian and Amazon Linux keep the roots that programs trust.
const ROOTS: [&str; 2] = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt"];

/// A certificate for `localhost`, by an authority of this run's own. RSA of 2,048 bits, as AWS's endpoints have.
pub(crate) struct Authority {
    folder: PathBuf,
    acceptor: TlsAcceptor,
}

impl Authority {
    pub(crate) fn new() -> Result<Self> {
        let folder = places::folder()?.join("tls");
        fs::create_dir_all(&folder)?;
        let openssl = |arguments: &str| -> Result<()> {
            let ran =
                Command::new("openssl").current_dir(&folder).args(arguments.split_whitespace()).output()?;
            match ran.status.success() {
                true => Ok(()),
                false => Err(format!("openssl: {}", String::from_utf8_lossy(&ran.stderr)).into()),
            }
        };
        openssl(
            "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=measurements -keyout ca.key -out ca.pem",
        )?;
        openssl("req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout key.pem -out request.pem")?;
        fs::write(folder.join("extensions"), "subjectAltName=DNS:localhost\nbasicConstraints=CA:FALSE\n")?;
        openssl(
            "x509 -req -in request.pem -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile extensions -out cert.pem",
        )?;
        let own = fs::read_to_string(folder.join("ca.pem"))?;
        let shipped = places::workspace().join("shared/startup/src/amazon_roots.pem");
        fs::write(folder.join("shipped.pem"), fs::read_to_string(shipped)? + &own)?;
        let system = ROOTS.iter().find_map(|path| fs::read_to_string(path).ok()).unwrap_or_default();
        fs::write(folder.join("system.pem"), system + &own)?;

        let certificate = CertificateDer::from_pem_file(folder.join("cert.pem"))?;
        let key = PrivateKeyDer::from_pem_file(folder.join("key.pem"))?;
        let config =
            ServerConfig::builder().with_no_client_auth().with_single_cert(vec![certificate], key)?;
        Ok(Self { folder, acceptor: TlsAcceptor::from(Arc::new(config)) })
    }

    /// What the machine trusts, and this authority: as long a list as a function finds on Lambda.
    pub(crate) fn system(&self) -> PathBuf {
        self.folder.join("system.pem")
    }

    /// What our functions trust by themselves, and this authority.
    pub(crate) fn shipped(&self) -> PathBuf {
        self.folder.join("shipped.pem")
    }

    /// This authority alone.
    pub(crate) fn root(&self) -> PathBuf {
        self.folder.join("ca.pem")
    }

    /// The address of a TLS endpoint before the plain one at `upstream`, an `http://host:port`.
    pub(crate) async fn before(&self, upstream: &str) -> Result<String> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let (acceptor, upstream) = (self.acceptor.clone(), upstream.trim_start_matches("http://").to_owned());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, upstream) = (acceptor.clone(), upstream.clone());
                // A connection that breaks is its client's to notice.
                tokio::spawn(async move { pass(&acceptor, stream, &upstream).await });
            }
        });
        Ok(format!("https://localhost:{port}"))
    }
}

async fn pass(acceptor: &TlsAcceptor, stream: TcpStream, upstream: &str) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut inside = acceptor.accept(stream).await?;
    let mut outside = TcpStream::connect(upstream).await?;
    outside.set_nodelay(true)?;
    copy_bidirectional(&mut inside, &mut outside).await?;
    Ok(())
}
