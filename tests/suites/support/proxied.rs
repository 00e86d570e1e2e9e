//! A stack whose functions reach their engines through proxies.

use local_stack::Options;

use super::{Fixture, Proxy, own_stack, stack};

pub struct Proxied {
    pub fixture: Fixture,
    pub dynamodb: Proxy,
    pub sns: Proxy,
}

impl Proxied {
    /// `name` is the name of the stack, and so gives it its own table in the engine that the stacks share.
    pub fn start(name: &str) -> Self {
        Self::start_with(name, Options::default())
    }

    /// Like `start`, with other options.
    pub fn start_with(name: &str, options: Options) -> Self {
        let engines = stack().stack.info();
        let (dynamodb, sns) = (Proxy::start(&engines.dynamodb_endpoint), Proxy::start(&engines.sns_endpoint));
        let fixture = own_stack(Options {
            dynamodb_endpoint: Some(dynamodb.endpoint.clone()),
            sns_endpoint: Some(sns.endpoint.clone()),
            stack_name: name.to_owned(),
            ..options
        });
        Self { fixture, dynamodb, sns }
    }

    /// The calls to both since this was last called.
    pub fn take_calls(&self) -> Vec<String> {
        [self.dynamodb.take_calls(), self.sns.take_calls()].concat()
    }
}
