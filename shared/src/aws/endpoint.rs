//! The URL of a service: the one that the SDK's own rules give for the region, or an endpoint override.
//!
//! The SDK applies the same rules itself on each call. Init applies them once more, because it opens a connection to
//! that URL before the first request.

use std::fmt;

use crate::config::{InitError, optional};

/// The endpoint override of `service`: `AWS_ENDPOINT_URL_SERVICE`, then `AWS_ENDPOINT_URL`, as the AWS SDKs read them.
pub(super) fn override_of(service: &str) -> Result<Option<String>, InitError> {
    let own = optional(&format!("AWS_ENDPOINT_URL_{}", service.to_ascii_uppercase()))?;
    let url = if own.is_empty() { optional("AWS_ENDPOINT_URL")? } else { own };
    Ok(Some(url).filter(|url| !url.is_empty()))
}

/// Whether the endpoints of `region` may have certificates that do not chain to the embedded roots. Amazon Trust
/// Services names those roots for its regions, including the European Sovereign Cloud, whose own roots are signed by
/// them (<https://www.amazontrust.com/repository/>). It says nothing about China; there, the system's roots are
/// trusted too.
///
/// # Errors
/// The region is in an isolated partition.
pub(super) fn needs_system_roots(region: &str) -> Result<bool, InitError> {
    if region.contains("-iso") {
        return Err(InitError::of(
            "AWS_REGION",
            "is in an isolated partition, whose root certificates are not built in",
        ));
    }
    Ok(region.starts_with("cn-"))
}

/// The URL of DynamoDB in `region`.
pub(super) async fn dynamodb(region: &str) -> Result<String, InitError> {
    use aws_sdk_dynamodb::config::endpoint::{DefaultResolver, Params, ResolveEndpoint};

    let params = Params::builder().region(region).build().map_err(no_endpoint)?;
    let endpoint = DefaultResolver::new().resolve_endpoint(&params).await.map_err(no_endpoint)?;
    Ok(endpoint.url().to_owned())
}

/// The URL of SNS in `region`.
pub(super) async fn sns(region: &str) -> Result<String, InitError> {
    use aws_sdk_sns::config::endpoint::{DefaultResolver, Params, ResolveEndpoint};

    let params = Params::builder().region(region).build().map_err(no_endpoint)?;
    let endpoint = DefaultResolver::new().resolve_endpoint(&params).await.map_err(no_endpoint)?;
    Ok(endpoint.url().to_owned())
}

fn no_endpoint(error: impl fmt::Display) -> InitError {
    InitError::of("AWS_REGION", format_args!("has no endpoint: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn each_partition_has_its_domain() {
        for (region, domain) in [
            ("eu-central-1", "eu-central-1.amazonaws.com"),
            ("us-gov-west-1", "us-gov-west-1.amazonaws.com"),
            ("cn-north-1", "cn-north-1.amazonaws.com.cn"),
            ("eusc-de-east-1", "eusc-de-east-1.amazonaws.eu"),
        ] {
            assert_eq!(dynamodb(region).await.unwrap(), format!("https://dynamodb.{domain}"));
            assert_eq!(sns(region).await.unwrap(), format!("https://sns.{domain}"));
        }
    }

    #[test]
    fn a_partition_whose_certificates_are_not_known_is_said_to_be_one() {
        for region in ["eu-central-1", "us-gov-west-1", "eusc-de-east-1"] {
            assert!(!needs_system_roots(region).unwrap(), "{region}");
        }
        assert!(needs_system_roots("cn-northwest-1").unwrap());
        for region in ["us-iso-east-1", "us-isob-east-1", "eu-isoe-west-1", "us-isof-south-1"] {
            let error = needs_system_roots(region).unwrap_err().to_string();
            assert!(error.starts_with("AWS_REGION is in an isolated partition"), "{error}");
        }
    }

    #[tokio::test]
    async fn what_is_no_region_is_said_to_be_none() {
        let error = dynamodb("eu central").await.unwrap_err().to_string();
        assert!(error.starts_with("AWS_REGION has no endpoint: "), "{error}");
    }
}
