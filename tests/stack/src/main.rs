//! The command: builds the functions, starts the stack, and prints how to use it.

use std::path::PathBuf;
use std::process::ExitCode;

use local_stack::{Build, Options, Stack, StartError};
use tokio::signal::unix::{SignalKind, signal};

mod welcome;

const HELP: &str = "\
Serves the whole API on this machine: gateway, functions, DynamoDB, SMS and identity provider.

Usage: cargo run -- [OPTIONS]

  --port N         port of the API on 127.0.0.1 (default 3000; 0 picks a free one)
  --data DIR       keep settings in DIR over a restart (default: in memory)
  --parameter NAME=VALUE
                   a parameter of template.yaml, such as StepUp=code; may be given several times
  --no-freeze      let the functions run on between requests (default: they stand still, as in Lambda)
  --engine-address IP
                   where DynamoDB and SNS listen (default 127.0.0.1): for functions in containers, an address of this
                   machine that containers reach, such as Docker's 172.17.0.1
  --env-vars FILE  make ready for `sam local invoke`: write the functions' variables to FILE, make the user of events/
  --help           show this

AWS_ENDPOINT_URL_DYNAMODB and AWS_ENDPOINT_URL_SNS put another engine in place of the embedded one.
";

/// Printed to standard error, ahead of Cargo's progress.
const BUILDING: &str = "Building the functions that template.yaml names, then starting them. The first build compiles the \
AWS SDK and takes a minute or more; later ones take seconds.";

enum Command {
    Run(Options, Option<PathBuf>),
    Help,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn std::error::Error>> {
    let (options, env_vars) = match command(lexopt::Parser::from_env())? {
        Command::Run(options, env_vars) => (options, env_vars),
        Command::Help => {
            welcome::show(HELP);
            return Ok(());
        }
    };
    // From here on a signal shuts the stack down in order. By default it would end this process but not its children.
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    let mut end = Box::pin(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    });
    let started = tokio::select! {
        stack = start(options) => Some(stack?),
        () = &mut end => None,
    };
    if let Some(mut stack) = started {
        if let Some(file) = env_vars {
            stack.prepare_for_sam(&file).await?;
        }
        welcome::show(&welcome::text(&stack));
        end.await;
        stack.shutdown().await;
    }
    Ok(())
}

async fn start(options: Options) -> Result<Stack, StartError> {
    Stack::check_port(options.port).await?;
    eprintln!("{BUILDING}");
    let build = Build::new().await?;
    Stack::start(&build, options).await
}

fn command(mut arguments: lexopt::Parser) -> Result<Command, lexopt::Error> {
    use lexopt::prelude::*;

    let endpoint = |name| std::env::var(name).ok().filter(|url| !url.is_empty());
    let mut options = Options {
        port: 3000,
        dynamodb_endpoint: endpoint("AWS_ENDPOINT_URL_DYNAMODB"),
        sns_endpoint: endpoint("AWS_ENDPOINT_URL_SNS"),
        ..Options::default()
    };
    let mut env_vars = None;
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("port") => {
                let port = arguments.value()?;
                let number = port.to_str().and_then(|port| port.parse().ok());
                options.port = number.ok_or_else(|| format!("--port needs a number from 0 to 65535, not {port:?}"))?;
            }
            Long("data") => options.data_dir = Some(PathBuf::from(arguments.value()?)),
            Long("parameter") => {
                let parameter = arguments.value()?;
                let pair = parameter.to_str().and_then(|text| text.split_once('='));
                let (name, value) = pair.ok_or_else(|| format!("--parameter needs NAME=VALUE, not {parameter:?}"))?;
                options.parameters.insert(name.to_owned(), value.to_owned());
            }
            Long("no-freeze") => options.freeze = false,
            Long("engine-address") => {
                let address = arguments.value()?;
                let parsed = address.to_str().and_then(|address| address.parse().ok());
                options.engine_address =
                    parsed.ok_or_else(|| format!("--engine-address needs an IP address, not {address:?}"))?;
            }
            Long("env-vars") => env_vars = Some(PathBuf::from(arguments.value()?)),
            Short('h') | Long("help") => return Ok(Command::Help),
            other => return Err(other.unexpected()),
        }
    }
    Ok(Command::Run(options, env_vars))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(arguments: &[&str]) -> Result<Command, String> {
        let arguments = ["local-stack"].iter().chain(arguments);
        command(lexopt::Parser::from_iter(arguments)).map_err(|e| e.to_string())
    }

    #[test]
    fn the_port_is_3000_unless_another_is_given() {
        assert!(matches!(parsed(&[]), Ok(Command::Run(options, _)) if options.port == 3000));
        assert!(matches!(parsed(&["--port", "0"]), Ok(Command::Run(options, _)) if options.port == 0));
        assert!(matches!(parsed(&["--port=8080"]), Ok(Command::Run(options, _)) if options.port == 8080));
    }

    #[test]
    fn functions_are_frozen_unless_it_is_said() {
        assert!(matches!(parsed(&[]), Ok(Command::Run(options, _)) if options.freeze));
        assert!(matches!(parsed(&["--no-freeze"]), Ok(Command::Run(options, _)) if !options.freeze));
    }

    #[test]
    fn settings_are_kept_in_the_directory_that_is_given() {
        assert!(matches!(parsed(&[]), Ok(Command::Run(options, _)) if options.data_dir.is_none()));
        let given = parsed(&["--data", "d"]);
        assert!(matches!(given, Ok(Command::Run(options, _)) if options.data_dir == Some(PathBuf::from("d"))));
    }

    #[test]
    fn parameters_of_the_template_are_given_by_name() {
        let given = parsed(&["--parameter", "StepUp=code", "--parameter=Issuer=A=B"]);
        let expected = [("Issuer", "A=B"), ("StepUp", "code")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert!(matches!(given, Ok(Command::Run(options, _)) if options.parameters == expected.into()));
    }

    #[test]
    fn what_is_not_understood_is_one_sentence() {
        for (arguments, sentence) in [
            (&["--bogus"][..], "invalid option '--bogus'"),
            (&["extra"], "unexpected argument \"extra\""),
            (&["--port"], "missing argument for option '--port'"),
            (&["--port", "x"], "--port needs a number from 0 to 65535, not \"x\""),
            (&["--parameter", "StepUp"], "--parameter needs NAME=VALUE, not \"StepUp\""),
            (&["--port", "65536"], "--port needs a number from 0 to 65535, not \"65536\""),
        ] {
            assert_eq!(parsed(arguments).err().as_deref(), Some(sentence));
        }
    }

    #[test]
    fn help_is_not_a_run() {
        assert!(matches!(parsed(&["--port", "0", "--help"]), Ok(Command::Help)));
    }
}
