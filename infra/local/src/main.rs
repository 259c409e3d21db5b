//! `cargo run`: Latchkey on one machine.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "this program talks to whoever started it")]

use std::{path::PathBuf, process::ExitCode};

use clap::Parser;
use http::Uri;
use local::program::{Program, Settings};
use startup::Environment;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

/// Latchkey on one machine: both APIs, the functions, a sample gallery, and stand-ins for AWS. Nothing to install.
///
/// LOG sets the log's filter. AWS_ENDPOINT_URL_DYNAMODB names another engine than the embedded one.
#[derive(Parser)]
struct Arguments {
    /// The port on 127.0.0.1; 0 takes any that is free
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// The folder that keeps keys, packages, mails and the clock
    #[arg(long, default_value = ".latchkey")]
    data_dir: PathBuf,
    /// Keep nothing
    #[arg(long, conflicts_with = "data_dir")]
    ephemeral: bool,
    /// Where `cargo lambda watch` serves the functions, instead of this process: http://127.0.0.1:9000
    #[arg(long)]
    functions: Option<Uri>,
    /// The port of the sample gallery by itself, for a reverse proxy of yours to stand before; 0 takes any that is free
    #[arg(long)]
    gallery_port: Option<u16>,
    /// Where clients reach the gallery, when that is your reverse proxy: http://127.0.0.1:8088
    #[arg(long, requires = "gallery_port")]
    gallery_origin: Option<String>,
}

// Several workers though the machine may have few cores: the embedded engine writes its file on them.
#[tokio::main(flavor = "multi_thread", worker_threads = 8)]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let data = (!arguments.ephemeral).then_some(arguments.data_dir);
    let settings = Settings {
        port: arguments.port,
        data,
        functions: arguments.functions,
        gallery_port: arguments.gallery_port.unwrap_or(0),
        gallery_origin: arguments.gallery_origin,
    };
    match run(settings, arguments.gallery_port.is_some()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

async fn run(settings: Settings, tells_of_gallery: bool) -> Result<(), String> {
    // The engine warns of every failed condition, which here is an ordinary answer.
    let filter: String = Environment::of_process().or("LOG", "info,dynoxide=error".to_owned());
    let filter = EnvFilter::try_new(&filter).map_err(|error| format!("LOG is {filter:?}: {error}"))?;
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let mut terminate = signal(SignalKind::terminate()).map_err(|error| error.to_string())?;
    let program = Program::start(settings).await.map_err(|error| error.to_string())?;
    println!("listening on {}", program.origin());
    if tells_of_gallery {
        println!("gallery on {}", program.gallery());
    }
    println!("open it in a browser, or push to {}/v3/index.json", program.origin());
    let stop = async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        }
    };
    program.run(stop).await.map_err(|error| error.to_string())
}
