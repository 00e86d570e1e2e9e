//! Where a service is. The SDK would evaluate its rules over a table of all regions and partitions at each call; here it is
//! one URL, which is also the one that init opens a connection to.

use aws_smithy_runtime_api::client::endpoint::{
    EndpointFuture, EndpointResolverParams, ResolveEndpoint, SharedEndpointResolver,
};
use aws_smithy_types::endpoint::Endpoint;

use crate::config::{InitError, optional};

/// One URL for every call.
#[derive(Debug)]
struct Fixed(Endpoint);

impl ResolveEndpoint for Fixed {
    fn resolve_endpoint<'a>(&'a self, _: &'a EndpointResolverParams) -> EndpointFuture<'a> {
        EndpointFuture::ready(Ok(self.0.clone()))
    }
}

/// Resolves every call to `url`.
pub(super) fn resolver(url: &str) -> SharedEndpointResolver {
    SharedEndpointResolver::new(Fixed(Endpoint::builder().url(url.to_owned()).build()))
}

/// The URL of `service` (as in its host name) in `region`, or what stands in its place: `AWS_ENDPOINT_URL_SERVICE`, then
/// `AWS_ENDPOINT_URL`, as the SDKs of AWS read them.
pub(super) fn url(service: &str, region: &str) -> Result<String, InitError> {
    match elsewhere(service)? {
        Some(url) => Ok(url),
        None => {
            of_region(service, region).ok_or_else(|| InitError::of("AWS_REGION", "is of a partition that is not known"))
        }
    }
}

/// The URL put in the place of a service's own.
pub(super) fn elsewhere(service: &str) -> Result<Option<String>, InitError> {
    let own = optional(&format!("AWS_ENDPOINT_URL_{}", service.to_ascii_uppercase()))?;
    let url = if own.is_empty() { optional("AWS_ENDPOINT_URL")? } else { own };
    Ok(Some(url).filter(|url| !url.is_empty()))
}

/// <https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html>
fn of_region(service: &str, region: &str) -> Option<String> {
    let domain = match region.split('-').next()? {
        "cn" => "amazonaws.com.cn",
        "eusc" => "amazonaws.eu",
        // Isolated partitions have domains of their own.
        _ if region.contains("-iso") => return None,
        _ => "amazonaws.com",
    };
    Some(format!("https://{service}.{region}.{domain}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_partition_has_its_domain() {
        for (region, url) in [
            ("eu-central-1", Some("https://dynamodb.eu-central-1.amazonaws.com")),
            ("us-gov-west-1", Some("https://dynamodb.us-gov-west-1.amazonaws.com")),
            ("cn-north-1", Some("https://dynamodb.cn-north-1.amazonaws.com.cn")),
            ("eusc-de-east-1", Some("https://dynamodb.eusc-de-east-1.amazonaws.eu")),
            ("us-iso-east-1", None),
        ] {
            assert_eq!(of_region("dynamodb", region).as_deref(), url);
        }
    }
}
