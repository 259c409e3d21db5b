//! nginx with the configuration that `infra/nginx` has ready, before the sample gallery, and what passes on either side
//! of it.

use std::{fs, path::Path, sync::Arc};

use tokio::process::Command;

use super::recorder::Recorder;
use crate::{lambda::free_port, places, program::Program, stage::Stage};

/// A gallery behind nginx.
pub(crate) struct Front {
    pub(crate) stage: Stage,
    /// Where nginx answers, without a trailing slash.
    pub(crate) origin: String,
    /// What nginx asks Latchkey.
    pub(crate) asked: Arc<Recorder>,
    /// What nginx hands the gallery.
    pub(crate) handed: Arc<Recorder>,
    nginx: Program,
}

impl Front {
    pub(crate) async fn start(journey: &str) -> Self {
        let port = free_port();
        let origin = format!("http://127.0.0.1:{port}");
        let stage = Stage::behind(journey, &origin).await;
        let (asked, latchkey) = Recorder::before(stage.origin()).await;
        let (handed, gallery) = Recorder::before(stage.gallery()).await;
        let ready = fs::read_to_string(places::workspace().join("infra/nginx/gallery.conf")).unwrap();
        let gallery = gallery.trim_start_matches("http://");
        let roots = places::workspace().join("shared/startup/src/amazon_roots.pem");
        // Its addresses, and TLS, which a client would need a certificate for.
        let settings = [
            ("server 127.0.0.1:8081; # set", format!("server {gallery};")),
            ("listen 443 ssl; # set", format!("listen 127.0.0.1:{port};")),
            ("server_name gallery.example; # set", "server_name 127.0.0.1;".to_owned()),
            ("ssl_certificate /etc/nginx/tls/gallery.example.pem; # set", String::new()),
            ("ssl_certificate_key /etc/nginx/tls/gallery.example.key; # set", String::new()),
            ("set $latchkey https://push.gallery.example; # set", format!("set $latchkey {latchkey};")),
            ("resolver 127.0.0.53; # set", String::new()),
            (
                "proxy_ssl_trusted_certificate /etc/ssl/certs/ca-certificates.crt; # set",
                format!("proxy_ssl_trusted_certificate {};", roots.display()),
            ),
        ];
        let configured = settings.into_iter().fold(ready, |text, (line, set)| {
            assert_eq!(text.matches(line).count(), 1, "{line}");
            text.replace(line, &set)
        });
        assert!(!configured.contains("# set\n"), "a line that is to be set is not");
        let folder = stage.folder().join("nginx");
        fs::create_dir_all(folder.join("temp")).unwrap();
        fs::write(folder.join("gallery.conf"), configured).unwrap();
        fs::write(folder.join("nginx.conf"), AROUND).unwrap();
        // Where Debian has it, which is not on everybody's path.
        let debians = Path::new("/usr/sbin/nginx");
        let mut command = Command::new(if debians.exists() { debians } else { Path::new("nginx") });
        command.args(["-e", "stderr", "-c", "nginx.conf", "-p"]).arg(&folder);
        let mut nginx = Program::start("nginx", command, stage.log());
        // Of the kernel's events, once it listens.
        nginx.says("event method").await;
        Self { stage, origin, asked, handed, nginx }
    }

    /// Ends the journey: nginx stops, and no secret has got out.
    pub(crate) async fn finish(self) {
        let status = self.nginx.stop().await;
        assert!(status.success(), "nginx ends with {status}");
        self.stage.finish().await;
    }
}

/// What stands around a file of `/etc/nginx/conf.d`: here everything lies in the journey's folder, and in one process.
const AROUND: &str = "\
daemon off; master_process off; pid nginx.pid; error_log stderr notice;
events {}
http {
    access_log off;
    client_body_temp_path temp/body; proxy_temp_path temp/proxy; fastcgi_temp_path temp/fastcgi;
    uwsgi_temp_path temp/uwsgi; scgi_temp_path temp/scgi;
    include gallery.conf;
}
";
