//! Access to the table: tests read the stored effect here, and let time pass. Each write removes the last event, as the
//! functions' own writes do; otherwise the event would be sent again.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_dynamodb::types::AttributeValue;
use two_factor::sealing::Keyring;
use two_factor::store::{Store, user_key};

pub type Item = HashMap<String, AttributeValue>;

pub struct Table {
    pub client: Client,
    pub name: String,
}

impl Table {
    pub fn new(endpoint: &str, name: &str) -> Self {
        let config = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-west-1"))
            .credentials_provider(Credentials::new("test", "test", None, None, "test"))
            .endpoint_url(endpoint)
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .build();
        Self { client: Client::from_conf(config), name: name.to_owned() }
    }

    pub fn store(&self, keys: Keyring) -> Store {
        Store::new(self.client.clone(), self.name.clone(), keys)
    }

    /// The item of a user without a tenant.
    pub async fn user(&self, id: &str) -> Option<Item> {
        self.item(&key(id)).await
    }

    pub async fn item(&self, key: &str) -> Option<Item> {
        let pk = AttributeValue::S(key.to_owned());
        let answer = self.client.get_item().table_name(&self.name).key("pk", pk).consistent_read(true).send().await;
        answer.expect("the table answers").item
    }

    /// All items.
    pub async fn all(&self) -> Vec<Item> {
        self.client
            .scan()
            .table_name(&self.name)
            .consistent_read(true)
            .send()
            .await
            .expect("the table answers")
            .items
            .unwrap()
    }

    /// Marks the user's settings as verified, as if a correct code had been sent.
    pub async fn verify(&self, key: &str) {
        self.put(key, "verified", AttributeValue::Bool(true)).await;
    }

    /// Resets the count of changes, as if an hour had passed for that count alone.
    pub async fn forget_changes(&self, key: &str) {
        self.put(key, "changes_since", AttributeValue::N("0".to_owned())).await;
    }

    /// Sets an attribute of the item.
    pub async fn put(&self, key: &str, attribute: &str, value: AttributeValue) {
        self.client
            .update_item()
            .table_name(&self.name)
            .key("pk", AttributeValue::S(key.to_owned()))
            .update_expression("SET #a = :v REMOVE event, event_type")
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_names("#a", attribute)
            .expression_attribute_values(":v", value)
            .send()
            .await
            .expect("the item is there");
    }

    /// Moves the item's times `seconds` into the past, as if that much time had passed.
    pub async fn let_pass(&self, key: &str, seconds: u64) {
        let item = self.item(key).await.expect("the item is there");
        let mut update = self.client.update_item().table_name(&self.name).key("pk", AttributeValue::S(key.to_owned()));
        let mut sets = Vec::new();
        for attribute in ["sends", "unverified_sends"] {
            if let Some(value) = item.get(attribute) {
                let stamps = value.as_ns().unwrap().iter().map(|stamp| stamp.parse::<u64>().unwrap());
                let earlier = stamps.map(|stamp| (stamp - seconds * 1_000_000).to_string()).collect();
                sets.push(format!("{attribute} = :{attribute}"));
                update = update.expression_attribute_values(format!(":{attribute}"), AttributeValue::Ns(earlier));
            }
        }
        for attribute in ["last_attempt", "code_expires", "changes_since", "accepted_at"] {
            if let Some(value) = item.get(attribute) {
                let earlier = value.as_n().unwrap().parse::<u64>().unwrap().saturating_sub(seconds);
                sets.push(format!("{attribute} = :{attribute}"));
                update =
                    update.expression_attribute_values(format!(":{attribute}"), AttributeValue::N(earlier.to_string()));
            }
        }
        update
            .update_expression(format!("SET {} REMOVE event, event_type", sets.join(", ")))
            .send()
            .await
            .expect("the item is there");
    }
}

/// An item's attribute that is a number.
pub fn number(item: &Item, attribute: &str) -> Option<u64> {
    item.get(attribute).map(|value| value.as_n().unwrap().parse().unwrap())
}

/// The key of a user's item.
pub fn user_key_of(user: &super::User) -> String {
    key(&user.id)
}

/// The key of a user without a tenant.
fn key(id: &str) -> String {
    user_key(&two_factor::identity::user::User { tenant: String::new(), id: id.to_owned() })
}
