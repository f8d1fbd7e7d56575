//! What the real `xtask fetch-data` does with mirrors that are well, down, wrong, or break off.
#![allow(clippy::unwrap_used, reason = "a helper that cannot do its part fails the test")]

#[path = "../../crates/common/testing/binary.rs"]
mod binary;

use binary::{Bench, End, FAILURE, USAGE};
use common::data::mnist::{FILES, File, Images};
use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::Path,
    thread,
};

const XTASK: &str = env!("CARGO_BIN_EXE_xtask");
const TEST_LABELS: &str = "t10k-labels-idx1-ubyte.gz";

/// The compressed file as the repository holds it.
fn ours(name: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../data/mnist").join(name)).unwrap()
}

/// A mirror that answers each request with what `answer` makes of the file's name; gives its address.
fn mirror(answer: impl Fn(&str) -> Vec<u8> + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/mnist", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream: TcpStream = stream.unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            let first = lines.next().unwrap().unwrap();
            let name = first.strip_prefix("GET /mnist/").unwrap().split(' ').next().unwrap().to_owned();
            lines.find(|line| line.as_ref().is_ok_and(String::is_empty));
            // Whoever has seen enough may hang up.
            let _ = stream.write_all(&answer(&name));
        }
    });
    address
}

/// A response that promises `length` bytes and sends `body`.
fn response(status: &str, length: usize, body: &[u8]) -> Vec<u8> {
    [format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n").as_bytes(), body].concat()
}

fn well(name: &str) -> Vec<u8> {
    let body = ours(name);
    response("200 OK", body.len(), &body)
}

/// An address where nobody listens.
const DOWN: &str = "http://127.0.0.1:1/mnist";

/// A folder where only the given file is wanting.
fn wanting(name: &str) -> Bench {
    let bench = Bench::new();
    for file in FILES.iter().map(File::compressed_name).filter(|file| file != name) {
        bench.write(&format!("data/mnist/{file}"), ours(&file));
    }
    bench
}

fn fetch(bench: &Bench, mirrors: &[&str]) -> End {
    let mirrors = mirrors.iter().flat_map(|address| ["--mirror", address]);
    let mut command = bench.command(XTASK);
    for proxy in ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"] {
        command.env_remove(proxy);
    }
    End::of(&command.args(["fetch-data", "--data-dir", "data"]).args(mirrors).output().unwrap())
}

#[test]
fn an_empty_folder_is_filled_and_a_full_one_left_alone() {
    let bench = Bench::new();
    let address = mirror(well);
    let end = fetch(&bench, &[&format!("{address}/")]);
    let told: String = FILES
        .iter()
        .map(File::compressed_name)
        .map(|name| format!("{address}/{name}: fetched, {} bytes\n", ours(&name).len()))
        .collect();
    assert_eq!(end.succeeds().stdout, told);
    assert_eq!(Images::train(&bench.path("data")).unwrap().len(), 60_000);
    assert_eq!(Images::test(&bench.path("data")).unwrap().len(), 10_000);
    let end = fetch(&bench, &[DOWN]);
    assert_eq!(end.succeeds().stdout, FILES.iter().map(|file| format!("{}.gz: there already\n", file.name)).collect::<String>());
}

#[test]
fn mirrors_that_fail_are_told_and_the_next_is_asked() {
    let mirrors = [
        DOWN.to_owned(),
        mirror(|_| response("404 Not Found", 9, b"not found")),
        mirror(|name| response("200 OK", ours(name).len(), &ours(name)[..2000])),
        mirror(|name| response("200 OK", 2000, &ours(name)[..2000])),
        mirror(|_| well("train-labels-idx1-ubyte.gz")),
        mirror(|_| response("200 OK", 6, b"<html>")),
        mirror(|_| b"no HTTP".to_vec()),
        mirror(well),
        mirror(|_| panic!("asked though another mirror was well")),
    ];
    let bench = wanting(TEST_LABELS);
    let end = fetch(&bench, &mirrors.each_ref().map(String::as_str));
    let lines: Vec<&str> = end.succeeds().stdout.lines().filter(|line| line.starts_with("http")).collect();
    let told = [
        "Connection refused",
        "http status: 404",
        "Peer disconnected",
        "expected gzip data of 10008 bytes, found their end after",
        "expected 10000 labels, found 60000 labels",
        "expected gzip data of 10008 bytes, found their end after 0",
        "protocol: ",
        "fetched, 4517 bytes",
    ];
    assert_eq!(lines.len(), told.len(), "{}", end.stdout);
    for ((line, mirror), told) in lines.iter().zip(&mirrors).zip(told) {
        assert!(line.starts_with(&format!("{mirror}/{TEST_LABELS}: ")) && line.contains(told), "expected {told}, found {line}");
    }
    assert_eq!(fs::read(bench.path("data/mnist").join(TEST_LABELS)).unwrap(), ours(TEST_LABELS));
}

#[test]
fn where_no_mirror_gives_the_file_the_user_is_told_what_to_do() {
    let bench = wanting(TEST_LABELS);
    let end = fetch(&bench, &[DOWN, &mirror(|name| response("200 OK", ours(name).len(), &ours(name)[..2000]))]);
    end.fails(
        FAILURE,
        &["error: no mirror gave t10k-labels-idx1-ubyte.gz: get any copy of MNIST by other means and put the files, compressed or not, into data/mnist; "],
    );
    assert!(bench.files("data/mnist").into_keys().eq([
        "t10k-images-idx3-ubyte.gz",
        "train-images-idx3-ubyte.gz",
        "train-labels-idx1-ubyte.gz"
    ]));
}

#[test]
fn a_damaged_file_is_replaced() {
    let bench = wanting(TEST_LABELS);
    bench.write(&format!("data/mnist/{TEST_LABELS}"), &ours(TEST_LABELS)[..100]);
    fetch(&bench, &[&mirror(well)]).succeeds();
    assert_eq!(fs::read(bench.path("data/mnist").join(TEST_LABELS)).unwrap(), ours(TEST_LABELS));

    fs::remove_file(bench.path("data/mnist").join(TEST_LABELS)).unwrap();
    bench.write("data/mnist/t10k-labels-idx1-ubyte", "damaged");
    fetch(&bench, &[&mirror(well)]).succeeds();
    assert_eq!(Images::test(&bench.path("data")).unwrap().label(0), 7);
}

#[test]
fn a_file_unpacked_by_hand_is_enough() {
    let bench = wanting(TEST_LABELS);
    let mut labels = Vec::new();
    flate2::read::GzDecoder::new(&ours(TEST_LABELS)[..]).read_to_end(&mut labels).unwrap();
    bench.write("data/mnist/t10k-labels-idx1-ubyte", &labels);
    fetch(&bench, &[DOWN]).succeeds();
}

#[test]
fn a_mirror_that_is_too_slow_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/mnist", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream: TcpStream = stream.unwrap();
            let body = ours(TEST_LABELS);
            let start = response("200 OK", body.len(), &[]);
            // A byte at a time, until nobody listens any more.
            for byte in start.iter().chain(&body) {
                if stream.write_all(&[*byte]).is_err() {
                    break;
                }
                thread::sleep(std::time::Duration::from_millis(10));
            }
        }
    });
    let bench = wanting(TEST_LABELS);
    let start = std::time::Instant::now();
    let mut command = bench.command(XTASK);
    for proxy in ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"] {
        command.env_remove(proxy);
    }
    let flags = ["fetch-data", "--data-dir", "data", "--time-limit", "3", "--mirror", &address, "--mirror", &address];
    let end = End::of(&command.args(flags).output().unwrap());
    end.fails(FAILURE, &["error: no mirror gave t10k-labels-idx1-ubyte.gz within 3 s (--time-limit): get any copy of MNIST"]);
    assert!(start.elapsed().as_secs() < 10, "took {:?}", start.elapsed());
}

#[test]
fn a_mirror_that_is_none_is_refused() {
    for address in ["https://127.0.0.1", "127.0.0.1", "http://", ""] {
        let end = fetch(&Bench::new(), &[address]);
        end.fails(USAGE, &["--mirror <URL>", "expected an address that begins with http://"]).silent();
    }
}
