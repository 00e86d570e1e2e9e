//! The load that the local stack can handle: gateway, token check, functions and database, all on this machine.
//!
//! Each user repeats an enrolment: a new secret is created, set, shown as a QR code, verified, read and reset. There
//! are no SMS, because they are limited on purpose.

use std::io::{self, BufRead as _, BufReader};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::http1::{self, Message};
use crate::measure::percentile;
use crate::progress::Progress;
use crate::table::render;
use crate::{Result, binaries, cpu, totp};

/// Numbers of concurrent users.
const USERS: [usize; 3] = [1, 8, 32];

/// How long each number of users runs.
const DURATION: Duration = Duration::from_secs(10);

/// The result for one number of users. Times are in milliseconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Load {
    users: usize,
    requests_per_second: f64,
    p50: f64,
    p99: f64,
    requests: usize,
    errors: usize,
}

/// Builds the local stack in a separate directory below `scratch`, starts it and puts it under load.
pub(crate) fn drive(workspace: &Path, scratch: &Path) -> Result<Vec<Load>> {
    eprintln!("building the local stack");
    let stack = Stack::start(workspace, &scratch.join("load"))?;
    let mut progress = Progress::new(USERS.len());
    USERS
        .into_iter()
        .map(|users| {
            progress.label(&format!("{users} users"));
            let load = with_users(&stack.address, users);
            progress.step();
            load
        })
        .collect()
}

/// A table of the results.
pub(crate) fn table(load: &[Load]) -> String {
    let rows = load.iter().map(|load| {
        let Load { users, requests_per_second, p50, p99, requests, errors } = load;
        vec![
            users.to_string(),
            format!("{requests_per_second:.0}"),
            format!("{p50:.1}"),
            format!("{p99:.1}"),
            requests.to_string(),
            errors.to_string(),
        ]
    });
    render(&["users at once", "requests/s", "p50 ms", "p99 ms", "requests", "errors"], &rows.collect::<Vec<_>>())
}

fn with_users(address: &str, users: usize) -> Result<Load> {
    let threads: Vec<_> = (0..users)
        .map(|user| {
            let address = address.to_owned();
            // The ID is unique over all numbers of users, so that no user finds another's settings.
            std::thread::spawn(move || User::new(&address, users * 1000 + user)?.go_on(DURATION))
        })
        .collect();
    let (mut took, mut errors) = (Vec::new(), 0);
    for thread in threads {
        let user = thread.join().map_err(|_| "a user's thread has panicked")??;
        took.extend(user.took);
        errors += user.errors;
    }
    took.sort_unstable_by(f64::total_cmp);
    Ok(Load {
        users,
        requests_per_second: took.len() as f64 / DURATION.as_secs_f64(),
        p50: percentile(&took, 50).unwrap_or_default(),
        p99: percentile(&took, 99).unwrap_or_default(),
        requests: took.len(),
        errors,
    })
}

/// One user with one connection.
struct User {
    connection: BufReader<TcpStream>,
    address: String,
    token: String,
    took: Vec<f64>,
    errors: usize,
}

impl User {
    fn new(address: &str, id: usize) -> Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        let connection = BufReader::new(stream);
        let mut user =
            Self { connection, address: address.to_owned(), token: String::new(), took: Vec::new(), errors: 0 };
        let answer = user.send("POST", "/local/token", &json!({ "sub": id.to_string() }).to_string())?;
        let answer: Value = serde_json::from_slice(&answer.body)?;
        answer.get("access_token").and_then(Value::as_str).ok_or("no token")?.clone_into(&mut user.token);
        // Once without counting, so that the functions' processes start.
        user.enrolment()?;
        user.took.clear();
        Ok(user)
    }

    fn go_on(mut self, duration: Duration) -> Result<Self> {
        let end = Instant::now() + duration;
        while Instant::now() < end {
            self.enrolment()?;
        }
        Ok(self)
    }

    fn enrolment(&mut self) -> Result<()> {
        let settings = "/api/two-factor";
        let secret = self.request("GET", "/api/two-factor/secret", "", "200")?;
        let secret: Value = serde_json::from_slice(&secret.body)?;
        let secret = secret.pointer("/data/secret_key").and_then(Value::as_str).unwrap_or_default();
        self.request("PATCH", settings, &json!({ "method": "google", "secret_key": secret }).to_string(), "204")?;
        self.request("GET", settings, "", "200")?;
        self.request("GET", "/api/two-factor/qr", "", "200")?;
        let code = totp::code_of(secret).unwrap_or_default();
        self.request("POST", "/api/two-factor/verify", &json!({ "key": code }).to_string(), "204")?;
        self.request("GET", settings, "", "200")?;
        self.request("POST", "/api/two-factor/reset", "", "204")?;
        Ok(())
    }

    fn request(&mut self, method: &str, path: &str, body: &str, status: &str) -> io::Result<Message> {
        let sent = Instant::now();
        let answer = self.send(method, path, body)?;
        self.took.push(sent.elapsed().as_secs_f64() * 1e3);
        if answer.word(1) != status {
            self.errors += 1;
        }
        Ok(answer)
    }

    fn send(&mut self, method: &str, path: &str, body: &str) -> io::Result<Message> {
        let headers = [
            format!("host: {}", self.address),
            format!("authorization: Bearer {}", self.token),
            "content-type: application/json".to_owned(),
        ];
        http1::write(self.connection.get_mut(), &format!("{method} {path} HTTP/1.1"), &headers, body.as_bytes())?;
        Message::read(&mut self.connection)?.ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }
}

/// The local stack as `cargo run` starts it.
struct Stack {
    process: Child,
    address: String,
}

impl Stack {
    fn start(workspace: &Path, directory: &Path) -> Result<Self> {
        let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command.current_dir(workspace).args(["run", "--release", "-p", "local-stack", "--", "--port", "0"]);
        binaries::forget_own_package(&mut command);
        // Optimised, but without link-time optimisation, which would take many minutes for a program that only carries
        // the load.
        command.env("CARGO_TARGET_DIR", directory).env("CARGO_PROFILE_RELEASE_LTO", "off");
        command.env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16");
        let mut process = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn()?;
        let output = process.stdout.take().ok_or("no output")?;
        let mut stack = Self { process, address: String::new() };
        let mut lines = BufReader::new(output).lines();
        for line in lines.by_ref() {
            if let Some((_, rest)) = line?.split_once("http://") {
                rest.split([' ', '/']).next().unwrap_or_default().trim_end_matches('.').clone_into(&mut stack.address);
                break;
            }
        }
        // The functions' log lines follow; if they were not read, the pipe would fill and block the stack.
        std::thread::spawn(move || lines.for_each(drop));
        if stack.address.is_empty() { Err("the local stack did not start".into()) } else { Ok(stack) }
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        // On this signal the stack also ends the functions' processes.
        let _ = kill(cpu::raw(self.process.id()), Signal::SIGTERM);
        let _ = self.process.wait();
    }
}
