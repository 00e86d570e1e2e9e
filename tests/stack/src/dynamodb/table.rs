//! A table of the template, created through the DynamoDB API, whichever engine is behind it.
//!
//! Keys, indexes, time to live and the stream are carried over. Throughput, encryption and backups are ignored. A table
//! that already exists is left unchanged.

use std::error::Error;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{BuildError, ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, LocalSecondaryIndex, Projection,
    ProjectionType, ScalarAttributeType, StreamSpecification, StreamViewType, TimeToLiveSpecification,
};
use serde::Deserialize;

use crate::template::TableSpec;

/// The properties of `AWS::DynamoDB::Table` that are carried over.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Properties {
    attribute_definitions: Vec<Attribute>,
    key_schema: Vec<Key>,
    #[serde(default)]
    global_secondary_indexes: Vec<Index>,
    #[serde(default)]
    local_secondary_indexes: Vec<Index>,
    time_to_live_specification: Option<TimeToLive>,
    stream_specification: Option<Stream>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Stream {
    stream_view_type: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Attribute {
    attribute_name: String,
    attribute_type: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Key {
    attribute_name: String,
    key_type: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Index {
    index_name: String,
    key_schema: Vec<Key>,
    projection: Projected,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Projected {
    projection_type: String,
    #[serde(default)]
    non_key_attributes: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TimeToLive {
    attribute_name: String,
    enabled: bool,
}

/// Creates the table if it does not exist.
pub(super) async fn ensure(client: &Client, spec: &TableSpec) -> Result<(), String> {
    let properties: Properties =
        serde_json::from_value(spec.properties.clone()).map_err(|e| format!("its properties: {e}"))?;
    let mut create = client.create_table().table_name(&spec.name).billing_mode(BillingMode::PayPerRequest);
    for attribute in &properties.attribute_definitions {
        create = create.attribute_definitions(attribute.build().map_err(|e| e.to_string())?);
    }
    create = create.set_key_schema(Some(keys(&properties.key_schema).map_err(|e| e.to_string())?));
    for index in &properties.global_secondary_indexes {
        create = create.global_secondary_indexes(index.global().map_err(|e| e.to_string())?);
    }
    for index in &properties.local_secondary_indexes {
        create = create.local_secondary_indexes(index.local().map_err(|e| e.to_string())?);
    }
    if let Some(stream) = properties.stream_specification {
        let view = StreamViewType::from(stream.stream_view_type.as_str());
        let stream = StreamSpecification::builder().stream_enabled(true).stream_view_type(view).build();
        create = create.stream_specification(stream.map_err(|e| e.to_string())?);
    }
    match create.send().await {
        Ok(_) => {}
        Err(e) if e.as_service_error().is_some_and(|e| e.is_resource_in_use_exception()) => return Ok(()),
        Err(e) => return Err(reason(&e)),
    }
    if let Some(ttl) = properties.time_to_live_specification {
        let ttl = TimeToLiveSpecification::builder().attribute_name(ttl.attribute_name).enabled(ttl.enabled).build();
        let ttl = ttl.map_err(|e| e.to_string())?;
        let update = client.update_time_to_live().table_name(&spec.name).time_to_live_specification(ttl);
        update.send().await.map_err(|e| reason(&e))?;
    }
    Ok(())
}

/// The engine's message, or else the innermost cause: the text of an SDK error itself says little more than its kind.
fn reason<E: Error + ProvideErrorMetadata + 'static>(error: &SdkError<E>) -> String {
    if let Some(message) = error.as_service_error().and_then(ProvideErrorMetadata::message) {
        return message.to_owned();
    }
    let mut cause: &dyn Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

impl Attribute {
    fn build(&self) -> Result<AttributeDefinition, BuildError> {
        let kind = ScalarAttributeType::from(self.attribute_type.as_str());
        AttributeDefinition::builder().attribute_name(&self.attribute_name).attribute_type(kind).build()
    }
}

fn keys(keys: &[Key]) -> Result<Vec<KeySchemaElement>, BuildError> {
    let elements = keys.iter().map(|key| {
        let kind = KeyType::from(key.key_type.as_str());
        KeySchemaElement::builder().attribute_name(&key.attribute_name).key_type(kind).build()
    });
    elements.collect()
}

impl Index {
    fn projection(&self) -> Projection {
        let names = self.projection.non_key_attributes.clone();
        Projection::builder()
            .projection_type(ProjectionType::from(self.projection.projection_type.as_str()))
            .set_non_key_attributes((!names.is_empty()).then_some(names))
            .build()
    }

    fn global(&self) -> Result<GlobalSecondaryIndex, BuildError> {
        GlobalSecondaryIndex::builder()
            .index_name(&self.index_name)
            .set_key_schema(Some(keys(&self.key_schema)?))
            .projection(self.projection())
            .build()
    }

    fn local(&self) -> Result<LocalSecondaryIndex, BuildError> {
        LocalSecondaryIndex::builder()
            .index_name(&self.index_name)
            .set_key_schema(Some(keys(&self.key_schema)?))
            .projection(self.projection())
            .build()
    }
}
