//! The ready configurations, put up for a journey: of what they leave to be set, the addresses, and no TLS, which every
//! client would need a certificate for.

use std::{fs, path::Path};

use tokio::process::Command;

use crate::places;

/// A reverse proxy that a configuration is ready for.
#[derive(Clone, Copy)]
pub(super) enum Proxy {
    Nginx,
    Caddy,
    Envoy,
}

/// Where everything is, as `host:port`.
pub(super) struct Addresses<'a> {
    pub(super) proxy: &'a str,
    /// Where Envoy rewrites the host of what it asks.
    pub(super) asking: &'a str,
    pub(super) latchkey: &'a str,
    pub(super) gallery: &'a str,
}

impl Proxy {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Nginx => "nginx",
            Self::Caddy => "caddy",
            Self::Envoy => "envoy",
        }
    }

    /// What it says once it listens.
    pub(super) const fn listens(self) -> &'static str {
        match self {
            Self::Nginx => "event method",
            Self::Caddy => "serving initial configuration",
            Self::Envoy => "starting main dispatch loop",
        }
    }

    /// How it is started, with the ready configuration written into `folder`.
    pub(super) fn command(self, folder: &Path, at: &Addresses<'_>) -> Command {
        fs::create_dir_all(folder.join("temp")).unwrap();
        match self {
            Self::Nginx => nginx(folder, at),
            Self::Caddy => caddy(folder, at),
            Self::Envoy => envoy(folder, at),
        }
    }
}

fn nginx(folder: &Path, at: &Addresses<'_>) -> Command {
    let roots = places::workspace().join("shared/startup/src/amazon_roots.pem");
    let settings = [
        ("server 127.0.0.1:8081;", format!("server {};", at.gallery)),
        ("listen 443 ssl;", format!("listen {};", at.proxy)),
        ("server_name gallery.example;", "server_name 127.0.0.1;".to_owned()),
        ("ssl_certificate /etc/nginx/tls/gallery.example.pem;", String::new()),
        ("ssl_certificate_key /etc/nginx/tls/gallery.example.key;", String::new()),
        ("set $latchkey https://push.gallery.example;", format!("set $latchkey http://{};", at.latchkey)),
        ("resolver 127.0.0.53;", String::new()),
        (
            "proxy_ssl_trusted_certificate /etc/ssl/certs/ca-certificates.crt;",
            format!("proxy_ssl_trusted_certificate {};", roots.display()),
        ),
    ];
    fs::write(folder.join("gallery.conf"), set("infra/nginx/gallery.conf", &settings)).unwrap();
    // What stands around a file of `/etc/nginx/conf.d`: here everything lies in the journey's folder, and in one process.
    let around = "\
daemon off; master_process off; pid nginx.pid; error_log stderr notice;
events {}
http {
    access_log off;
    client_body_temp_path temp/body; proxy_temp_path temp/proxy; fastcgi_temp_path temp/fastcgi;
    uwsgi_temp_path temp/uwsgi; scgi_temp_path temp/scgi;
    include gallery.conf;
}
";
    fs::write(folder.join("nginx.conf"), around).unwrap();
    // Where Debian has it, which is not on everybody's path.
    let debians = Path::new("/usr/sbin/nginx");
    let mut command = Command::new(if debians.exists() { debians } else { Path::new("nginx") });
    command.args(["-e", "stderr", "-c", "nginx.conf", "-p"]).arg(folder);
    command
}

fn caddy(folder: &Path, at: &Addresses<'_>) -> Command {
    let settings = [
        ("\ngallery.example {", format!("\nhttp://{} {{", at.proxy)),
        (
            "forward_auth @writes https://push.gallery.example {",
            format!("forward_auth @writes http://{} {{", at.latchkey),
        ),
        ("reverse_proxy 127.0.0.1:8081 {", format!("reverse_proxy {} {{", at.gallery)),
    ];
    let file = folder.join("Caddyfile");
    fs::write(&file, format!("{{\n\tadmin off\n}}\n{}", set("infra/caddy/Caddyfile", &settings))).unwrap();
    let mut command = Command::new("caddy");
    command.args(["run", "--adapter", "caddyfile", "--config"]).arg(file);
    // It keeps what it was last told at home.
    command.env("HOME", folder).env_remove("XDG_CONFIG_HOME").env_remove("XDG_DATA_HOME");
    command
}

fn envoy(folder: &Path, at: &Addresses<'_>) -> Command {
    let port = |address: &str| address.rsplit_once(':').map(|(_, port)| port.to_owned()).unwrap();
    let asking = port(at.asking);
    let settings = [
        (
            "address: 0.0.0.0, port_value: 8443}}",
            format!("address: 127.0.0.1, port_value: {}}}}}", port(at.proxy)),
        ),
        (
            "address: {socket_address: {address: 127.0.0.1, port_value: 8082}}",
            format!("address: {{socket_address: {{address: 127.0.0.1, port_value: {asking}}}}}"),
        ),
        (
            "address: 127.0.0.1, port_value: 8081}}}",
            format!("address: 127.0.0.1, port_value: {}}}}}}}", port(at.gallery)),
        ),
        (
            "address: 127.0.0.1, port_value: 8082}}}",
            format!("address: 127.0.0.1, port_value: {asking}}}}}}}"),
        ),
        ("host_rewrite_literal: push.gallery.example", format!("host_rewrite_literal: {}", at.latchkey)),
        (
            "address: push.gallery.example, port_value: 443}}}",
            format!("address: 127.0.0.1, port_value: {}}}}}}}", port(at.latchkey)),
        ),
    ];
    let ready = read("infra/envoy/gallery.yaml");
    let (before, rest) = ready.split_once("      # TLS from here\n").unwrap();
    let (_, after) = rest.split_once("      # TLS to here\n").unwrap();
    let file = folder.join("gallery.yaml");
    fs::write(&file, set_in(format!("{before}{after}"), &settings)).unwrap();
    let mut command = Command::new(places::tool("envoy/bin/envoy"));
    command.args(["--concurrency", "1", "--use-dynamic-base-id", "--config-path"]).arg(file);
    command
}

fn read(file: &str) -> String {
    fs::read_to_string(places::workspace().join(file)).unwrap()
}

/// The file, with each of these settings in the one line that leaves it to be set.
fn set(file: &str, settings: &[(&str, String)]) -> String {
    set_in(read(file), settings)
}

fn set_in(ready: String, settings: &[(&str, String)]) -> String {
    let set = settings.iter().fold(ready, |text, (line, set)| {
        let line = format!("{line} # set\n");
        assert_eq!(text.matches(&line).count(), 1, "{line}");
        text.replace(&line, &format!("{set}\n"))
    });
    assert!(!set.contains(" # set\n"), "a line that is to be set is not:\n{set}");
    set
}
