//! `fetch-data`: restores the MNIST files that are missing or damaged.
//!
//! The mirrors are asked without encryption: what they send is taken only if its SHA-256 is the published one, which no line can forge, and
//! so the workspace needs no TLS library.

use crate::say;
use anyhow::{Context, Result, bail};
use common::{
    cli::{self, one_to},
    data::mnist::{FILES, File},
    files,
};
use indicatif::{ProgressBar, ProgressStyle};
use std::{
    fs,
    io::Read,
    path::PathBuf,
    process::ExitCode,
    time::{Duration, Instant},
};
use ureq::Agent;

/// Public addresses of the files, tried in this order.
const MIRRORS: [&str; 4] = [
    "http://ossci-datasets.s3.amazonaws.com/mnist",
    "http://storage.googleapis.com/cvdf-datasets/mnist",
    "http://dataset.bj.bcebos.com/mnist",
    "http://yann.lecun.com/exdb/mnist",
];
/// More than any compressed file has.
const MOST_BYTES: u64 = 64 << 20;
/// Time for a mirror to answer.
const PATIENCE: Duration = Duration::from_secs(15);

/// Where from and where to
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Fetch from this address instead, such as `http://127.0.0.1:8000`; may be given several times
    #[arg(long, value_name = "URL", value_parser = mirror)]
    mirror: Vec<String>,
    /// Seconds for all of it: what has not arrived by then is given up
    #[arg(long, value_name = "SECONDS", default_value_t = 900, value_parser = one_to::<MOST_SECONDS>)]
    time_limit: usize,
    /// Folder of the data sets [default: data/, at the top of the workspace]
    #[arg(long, value_name = "FOLDER")]
    data_dir: Option<PathBuf>,
}

/// A day.
const MOST_SECONDS: usize = 86_400;

fn mirror(address: &str) -> Result<String, String> {
    let is_plain = address.strip_prefix("http://").is_some_and(|host| !host.is_empty());
    is_plain
        .then(|| address.trim_end_matches('/').to_owned())
        .ok_or_else(|| "expected an address that begins with http:// (the checksum makes encryption unnecessary)".to_owned())
}

/// Fetches each file that is not whole; goes on after one that cannot be had.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let folder = args.data_dir.clone().unwrap_or_else(cli::data_folder).join("mnist");
    fs::create_dir_all(&folder)
        .with_context(|| format!("cannot create {}: choose another folder with --data-dir", folder.display()))?;
    let mut mirrors = args.mirror.clone();
    if mirrors.is_empty() {
        mirrors.extend(MIRRORS.map(str::to_owned));
    }
    let timeouts = Agent::config_builder()
        .timeout_resolve(Some(PATIENCE))
        .timeout_connect(Some(PATIENCE))
        .timeout_recv_response(Some(PATIENCE));
    let line = Line {
        agent: Agent::new_with_config(timeouts.build()),
        start: Instant::now(),
        limit: Duration::from_secs(args.time_limit as u64),
    };
    let mut missing = Vec::new();
    for file in FILES {
        let name = file.compressed_name();
        if file.read(&folder).is_ok() {
            say(&format!("{name}: there already"));
        } else if let Some(bytes) = line.fetch(file, &mut mirrors) {
            files::write_whole(&folder.join(name), &bytes)?;
        } else {
            missing.push(name);
        }
    }
    if missing.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    let late = if line.left().is_none() { format!(" within {} s (--time-limit)", args.time_limit) } else { String::new() };
    bail!(
        "no mirror gave {}{late}: get any copy of MNIST by other means and put the files, compressed or not, into {}; their SHA-256 is checked \
         when they are read",
        missing.join(", "),
        folder.display()
    )
}

/// The way to the mirrors, open for a limited time.
struct Line {
    agent: Agent,
    start: Instant,
    limit: Duration,
}

impl Line {
    /// The time that is left, if there is any.
    fn left(&self) -> Option<Duration> {
        self.limit.checked_sub(self.start.elapsed()).filter(|left| !left.is_zero())
    }

    /// The compressed file from the first mirror that gives the published one; that mirror is asked first from then on.
    fn fetch(&self, file: File, mirrors: &mut [String]) -> Option<Vec<u8>> {
        for i in 0..mirrors.len() {
            let address = format!("{}/{}", mirrors[i], file.compressed_name());
            match self.download(&address, file, self.left()?) {
                Ok(bytes) => {
                    say(&format!("{address}: fetched, {} bytes", bytes.len()));
                    mirrors.swap(0, i);
                    return Some(bytes);
                }
                Err(error) => say(&format!("{address}: {error:#}")),
            }
        }
        None
    }

    /// Gets a file, with a bar on a terminal that tells how much has come.
    fn download(&self, address: &str, file: File, left: Duration) -> Result<Vec<u8>> {
        let request = self.agent.get(address).config().timeout_global(Some(left)).build();
        let body = request.call()?.into_body();
        let bar = body.content_length().map_or_else(ProgressBar::no_length, ProgressBar::new);
        bar.set_style(ProgressStyle::with_template("{msg} {bytes} of {total_bytes}, {bytes_per_sec}")?);
        bar.set_message(file.compressed_name());
        let mut bytes = Vec::new();
        let arrived = bar.wrap_read(body.into_with_config().limit(MOST_BYTES).reader()).read_to_end(&mut bytes);
        bar.finish_and_clear();
        arrived?;
        file.parse_compressed(&bytes[..])?;
        Ok(bytes)
    }
}
