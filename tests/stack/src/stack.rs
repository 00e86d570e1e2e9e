//! The stack as a whole: started from the template, and used by both the command and the test suites.

use std::collections::{BTreeMap, BTreeSet};
use std::future::IntoFuture as _;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::Router;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::StatusCode;
use time::OffsetDateTime;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use crate::build::{self, Executables};
use crate::console::{Console, LogLine};
use crate::dynamodb::DynamoDb;
use crate::error::StartError;
use crate::events::Events;
use crate::gateway::{Gateway, Target};
use crate::identity::{Identity, IssuerKey};
use crate::jwt::Claims;
use crate::key_set::KeySet;
use crate::lambda::{CONCURRENCY_LIMIT, Function};
use crate::local::{self, Info, Local, NO_TRACE};
use crate::options::Options;
use crate::pages;
use crate::sam::{self, Environments};
use crate::secrets::Secrets;
use crate::shutdown::{self, Shutdown, Stop};
use crate::sns::{Message, Sns};
use crate::template::{self, FunctionSpec, Template};

/// Where the API listens: only this machine may reach it.
const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// The audience of the stack's tokens unless `JwtAudience` is given.
const AUDIENCE: &str = "local";

/// The name of this package's binary.
const COMMAND: &str = env!("CARGO_PKG_NAME");

/// The built functions and the template that describes them. Every stack is started from one.
#[derive(Clone, Debug)]
pub struct Build {
    template: Template,
    executables: Executables,
}

impl Build {
    /// Reads `template.yaml` and builds the binaries it names. Cargo's progress goes to standard error.
    ///
    /// # Errors
    /// If the template can't be read or a binary can't be built.
    pub async fn new() -> Result<Self, StartError> {
        Self::of(None).await
    }

    /// Like [`Build::new`], but also builds the executable for [`Build::command`].
    ///
    /// # Errors
    /// If the template can't be read or a binary can't be built.
    pub async fn with_command() -> Result<Self, StartError> {
        Self::of(Some(COMMAND)).await
    }

    async fn of(further: Option<&str>) -> Result<Self, StartError> {
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap_or(Path::new("."));
        let template = Template::read(&workspace.join("template.yaml"))?;
        let mut binaries = template.binaries()?;
        binaries.extend(further.map(str::to_owned));
        let executables = build::build(workspace, &binaries).await?;
        Ok(Self { template, executables })
    }

    /// The executable that `cargo run` runs, for tests that start it as a user does.
    pub fn command(&self) -> Option<&Path> {
        self.executables.get(COMMAND).map(PathBuf::as_path)
    }
}

/// A running stack. Dropping it also stops it, but only [`Stack::shutdown`] waits until everything has ended.
pub struct Stack {
    base_url: String,
    local: Arc<Local>,
    console: Arc<Console>,
    functions: BTreeMap<String, Arc<Function>>,
    gateway: Arc<Gateway>,
    environments: Environments,
    dynamodb: Option<DynamoDb>,
    servers: Vec<JoinHandle<()>>,
    stop: Stop,
}

impl Stack {
    /// Starts a stack on a loopback port.
    ///
    /// # Errors
    /// If the port is taken, a parameter has a value that the template does not allow, or the template describes
    /// something that the local stack can't run.
    pub async fn start(build: &Build, options: Options) -> Result<Self, StartError> {
        let (listener, base_url) = bind(LOOPBACK, options.port).await?;
        let key = tokio::task::spawn_blocking(IssuerKey::of_process).await;
        let key = key.map_err(|e| StartError::new(format!("no RSA key could be made: {e}")))??;
        let mut parameters = options.parameters;
        parameters.entry("JwtIssuer".to_owned()).or_insert_with(|| base_url.clone());
        let audience = parameters.entry("JwtAudience".to_owned()).or_insert_with(|| AUDIENCE.to_owned()).clone();
        let audience = audience.split(',').next().unwrap_or_default().trim().to_owned();
        let template = build.template.evaluate(&parameters, &options.stack_name)?;
        let api = template.api()?;
        let tables = template.tables()?;
        let pipe = template.pipe()?;
        let specs = template.functions(&mut Secrets::open(options.data_dir.as_deref())?)?;

        let (stop, stopped) = shutdown::signal();
        let console = Arc::new(Console::new(options.output));
        let dynamodb = match &options.dynamodb_endpoint {
            Some(endpoint) => DynamoDb::at(endpoint),
            None => {
                let (listener, endpoint) = bind(options.engine_address, 0).await?;
                DynamoDb::embedded(listener, endpoint, options.data_dir.as_deref(), stopped.clone())?
            }
        };
        dynamodb.ensure(&tables).await?;
        let sns = Sns::new(Arc::clone(&console));
        let mut servers = Vec::new();
        let sns_endpoint = match options.sns_endpoint {
            Some(endpoint) => endpoint,
            None => {
                let (listener, endpoint) = bind(options.engine_address, 0).await?;
                servers.push(serve(listener, Arc::clone(&sns).router(), stopped.clone()));
                endpoint
            }
        };
        let endpoints =
            [("AWS_ENDPOINT_URL_DYNAMODB", dynamodb.endpoint.clone()), ("AWS_ENDPOINT_URL_SNS", sns_endpoint.clone())];
        let environments = sam::environments(&specs, &endpoints);
        let functions = functions(specs, build, &endpoints, &options.function_env, options.freeze, &console)?;
        let gateway = Arc::new(gateway(api, &functions, &base_url, &key, &console)?);
        let table_name = tables.into_iter().next().map(|table| table.name).unwrap_or_default();
        let events = dynamodb.database.clone().zip(pipe);
        let events = events.map(|(database, pipe)| Events::new(database, table_name.clone(), pipe));
        let info = Info {
            issuer: base_url.clone(),
            audience: audience.clone(),
            dynamodb_endpoint: dynamodb.endpoint.clone(),
            sns_endpoint,
            table_name,
        };
        let identity = Identity { issuer: base_url.clone(), audience, key };
        let local = Arc::new(Local { identity, sns, events, functions: functions.clone(), info });
        let router = local::router(Arc::clone(&local))
            .merge(pages::router()?)
            .fallback_service(Router::new().fallback(handle).with_state(Arc::clone(&gateway)));
        servers.push(serve(listener, router, stopped));
        Ok(Self { base_url, local, console, functions, gateway, environments, dynamodb: Some(dynamodb), servers, stop })
    }

    /// Checks that [`Stack::start`] could use this port, before a build that may take minutes.
    ///
    /// # Errors
    /// If the port is taken.
    pub async fn check_port(port: u16) -> Result<(), StartError> {
        bind(LOOPBACK, port).await.map(drop)
    }

    /// The base URL, such as `http://127.0.0.1:3000`. It is also the issuer of the stack's tokens.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// What `GET /local/info` returns.
    pub fn info(&self) -> &Info {
        &self.local.info
    }

    /// Mints a token as `POST /local/token` does: a given claim replaces the default, null removes it. `None` if
    /// `claims` is not a JSON object.
    pub fn mint_token(&self, claims: &str) -> Option<String> {
        let claims: Claims = serde_json::from_str(claims).ok()?;
        let now = u64::try_from(OffsetDateTime::now_utc().unix_timestamp()).unwrap_or_default();
        self.local.identity.mint(claims, now).map(|minted| minted.token)
    }

    /// Invokes a function, given by its binary name, without the gateway and returns its answer. `None` if there is no
    /// such function or it failed.
    pub async fn invoke(&self, binary: &str, event: Vec<u8>) -> Option<Vec<u8>> {
        let answer = self.functions.get(binary)?.invoke(event.into(), NO_TRACE).await;
        answer.ok().map(Vec::from)
    }

    /// Every SMS sent through the embedded SNS, oldest first.
    pub fn messages(&self) -> Vec<Message> {
        self.local.sns.messages()
    }

    /// Every line that the functions have logged, and the stack's own notes under the name `stack`. Empty unless the
    /// output is [`Output::Captured`](crate::Output). While the stack runs, the latest lines may be missing; after
    /// [`Stack::shutdown`] the list is complete.
    pub fn log_lines(&self) -> Vec<LogLine> {
        self.console.lines()
    }

    /// The IDs of the live processes of a function, given by its binary name.
    pub fn function_pids(&self, binary: &str) -> Vec<u32> {
        self.functions.get(binary).map(|function| function.pids()).unwrap_or_default()
    }

    /// Prepares for `sam local invoke`: writes the functions' variables to `file` and enrols an authenticator app for
    /// the user of `events/`. Only the owner can read the file, because the variables include the sealing keys.
    ///
    /// # Errors
    /// If the file can't be written or the user can't be enrolled.
    pub async fn prepare_for_sam(&self, file: &Path) -> Result<(), StartError> {
        sam::write(file, &self.environments)?;
        let token = self.mint_token(sam::USER).unwrap_or_default();
        let response = self.gateway.handle(sam::enrolment(&token)?, SocketAddr::from((LOOPBACK, 0))).await;
        match response.status() {
            StatusCode::NO_CONTENT => Ok(()),
            status => Err(StartError::new(format!("the user of events/ could not be made: {status}"))),
        }
    }

    /// Stops everything and waits until no process is left and every log line has been read.
    pub async fn shutdown(&mut self) {
        self.stop.stop();
        for function in self.functions.values() {
            function.shut_down().await;
        }
        for server in self.servers.drain(..) {
            let _ended = server.await;
        }
        if let Some(dynamodb) = self.dynamodb.take() {
            dynamodb.closed().await;
        }
    }
}

async fn bind(address: IpAddr, port: u16) -> Result<(TcpListener, String), StartError> {
    let listener = TcpListener::bind((address, port)).await.map_err(|e| match e.kind() {
        std::io::ErrorKind::AddrInUse => {
            StartError::new(format!("port {port} is taken; --port N chooses another, --port 0 any free one"))
        }
        std::io::ErrorKind::AddrNotAvailable => StartError::new(format!(
            "this machine has no address {address}. For functions in containers it must be that of Docker's bridge, which \
             exists while Docker runs: start Docker, and see `docker network inspect bridge` or `ip address show docker0`"
        )),
        _ => StartError::new(format!("{address} port {port} can't be used: {e}")),
    })?;
    let address = listener.local_addr().map_err(|e| StartError::new(format!("the port has no address: {e}")))?;
    Ok((listener, format!("http://{address}")))
}

fn serve(listener: TcpListener, router: Router, shutdown: Shutdown) -> JoinHandle<()> {
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move {
        let serving = axum::serve(listener, service).into_future();
        tokio::select! {
            _ = serving => {}
            () = shutdown.stopped() => {}
        }
    })
}

fn functions(
    specs: Vec<FunctionSpec>,
    build: &Build,
    endpoints: &[(&str, String)],
    overrides: &BTreeMap<String, BTreeMap<String, String>>,
    freeze: bool,
    console: &Arc<Console>,
) -> Result<BTreeMap<String, Arc<Function>>, StartError> {
    let names: BTreeSet<&String> = specs.iter().map(|spec| &spec.binary).collect();
    if let Some(unknown) = overrides.keys().find(|name| !names.contains(name)) {
        return Err(StartError::new(format!("there is no function {unknown}")));
    }
    let concurrency = Arc::new(Semaphore::new(CONCURRENCY_LIMIT));
    let functions = specs.into_iter().map(|mut spec| {
        spec.environment.extend(overrides.get(&spec.binary).cloned().unwrap_or_default());
        let binary = spec.binary.clone();
        let executable = build.executables.get(&binary).cloned();
        let executable = executable.ok_or_else(|| StartError::new(format!("there is no binary {binary}")))?;
        let function =
            Function::new(spec, executable, endpoints, Arc::clone(console), Arc::clone(&concurrency), freeze);
        Ok((binary, Arc::new(function)))
    });
    functions.collect()
}

fn gateway(
    api: template::Api,
    functions: &BTreeMap<String, Arc<Function>>,
    base_url: &str,
    key: &Arc<IssuerKey>,
    console: &Arc<Console>,
) -> Result<Gateway, StartError> {
    let mut key_sets: BTreeMap<String, Arc<KeySet>> = BTreeMap::new();
    let mut routes = Vec::new();
    for route in api.routes {
        let authorizer = route.authorizer.map(|authorizer| {
            let key_set = key_sets.entry(authorizer.issuer.clone()).or_insert_with_key(|issuer| {
                Arc::new(if issuer == base_url {
                    KeySet::Local(Arc::clone(key))
                } else {
                    KeySet::remote(issuer, Arc::clone(console))
                })
            });
            (authorizer, Arc::clone(key_set))
        });
        let function = functions.get(&route.binary).cloned();
        let function = function.ok_or_else(|| StartError::new(format!("there is no function {}", route.binary)))?;
        let route_key = format!("{} {}", route.method, route.path);
        routes.push((route.method, route.path, Target { route_key, authorizer, function }));
    }
    Gateway::new(routes, api.cors, Arc::clone(console))
}

async fn handle(
    State(gateway): State<Arc<Gateway>>,
    ConnectInfo(client): ConnectInfo<SocketAddr>,
    request: Request,
) -> axum::response::Response {
    gateway.handle(request, client).await
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[tokio::test]
    async fn an_address_that_this_machine_lacks_is_explained() {
        // 192.0.2.0/24 is reserved for documentation (RFC 5737).
        let refused = bind(Ipv4Addr::new(192, 0, 2, 1).into(), 0).await.unwrap_err().to_string();
        assert!(refused.contains("no address 192.0.2.1") && refused.contains("Docker's bridge"), "{refused}");
    }
}
