//! Reads `template.yaml` as the deployment it describes: functions, routes, authoriser, CORS, tables and pipe.
//!
//! Only what the stack needs is evaluated, and only on request. So the template may contain any other resource, but a
//! function, route or table that would behave differently here than on AWS is an error.

mod api;
mod conditions;
mod intrinsics;
mod parameters;
pub(crate) mod yaml;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::time::Duration;

use serde_json::{Map, Value};

pub(crate) use api::{Api, Cors, JwtAuthorizer};
pub(crate) use intrinsics::{ACCOUNT_ID, REGION};
use intrinsics::{Evaluator, wrong};

use crate::error::StartError;
use crate::events::Pipe;
use crate::secrets::Secrets;

/// The definition of a function, as Lambda would get it.
#[derive(Clone, Debug)]
pub(crate) struct FunctionSpec {
    /// Its name in the template.
    pub(crate) logical_id: String,
    /// The name of its binary, also used on the console.
    pub(crate) binary: String,
    /// Its name in Lambda.
    pub(crate) name: String,
    pub(crate) environment: BTreeMap<String, String>,
    pub(crate) timeout: Duration,
    pub(crate) memory_mb: u64,
}

/// A table as `CreateTable` needs it: the properties of the resource, with intrinsic functions evaluated.
#[derive(Clone, Debug)]
pub(crate) struct TableSpec {
    pub(crate) name: String,
    pub(crate) properties: Value,
}

/// The template, read but not yet evaluated.
#[derive(Clone, Debug)]
pub(crate) struct Template {
    root: Value,
}

impl Template {
    pub(crate) fn read(path: &Path) -> Result<Self, StartError> {
        let text = fs::read_to_string(path)
            .map_err(|e| StartError::new(format!("the template {} can't be read: {e}", path.display())))?;
        Self::parse(&text).map_err(|e| StartError::new(format!("the template {} is {e}", path.display())))
    }

    fn parse(text: &str) -> Result<Self, StartError> {
        let root = yaml::parse(text)?;
        match root.get("Resources") {
            Some(Value::Object(_)) => Ok(Self { root }),
            _ => Err(StartError::new("without Resources")),
        }
    }

    /// The names of the functions' binaries.
    pub(crate) fn binaries(&self) -> Result<BTreeSet<String>, StartError> {
        self.of_type("AWS::Serverless::Function").map(|(name, resource)| binary(name, resource)).collect()
    }

    /// Evaluates the template with these parameters, for a stack of this name.
    pub(crate) fn evaluate(
        &self,
        given: &BTreeMap<String, String>,
        stack_name: &str,
    ) -> Result<Deployment<'_>, StartError> {
        let none = Map::new();
        let declared = self.root.get("Parameters").and_then(Value::as_object).unwrap_or(&none);
        let parameters = parameters::resolve(declared, given)?;
        let evaluator = Evaluator { root: &self.root, parameters, stack_name: stack_name.to_owned() };
        Ok(Deployment { template: self, evaluator })
    }

    fn of_type(&self, kind: &str) -> impl Iterator<Item = (&String, &Value)> {
        let resources = self.root.get("Resources").and_then(Value::as_object).into_iter().flatten();
        resources.filter(move |(_, resource)| resource.get("Type").and_then(Value::as_str) == Some(kind))
    }
}

/// The template with its parameters filled in.
pub(crate) struct Deployment<'t> {
    template: &'t Template,
    evaluator: Evaluator<'t>,
}

impl Deployment<'_> {
    pub(crate) fn tables(&self) -> Result<Vec<TableSpec>, StartError> {
        let tables = self.existing("AWS::DynamoDB::Table")?.into_iter().map(|(name, resource)| {
            let place = format!("Resources.{name}");
            let properties = wanted(
                resource,
                &[
                    "AttributeDefinitions",
                    "KeySchema",
                    "GlobalSecondaryIndexes",
                    "LocalSecondaryIndexes",
                    "StreamSpecification",
                    "TimeToLiveSpecification",
                ],
            );
            let properties = self.evaluator.evaluate(&properties, &format!("{place}.Properties"))?;
            let name = self.evaluator.physical_id(name, resource, &place)?;
            Ok(TableSpec { name, properties: properties.unwrap_or_default() })
        });
        tables.collect()
    }

    /// The pipe that reads a table's stream, if there is one.
    pub(crate) fn pipe(&self) -> Result<Option<Pipe>, StartError> {
        let Some((name, resource)) = self.existing("AWS::Pipes::Pipe")?.into_iter().next() else { return Ok(None) };
        let place = format!("Resources.{name}.Properties");
        let mut properties = wanted(resource, &["SourceParameters", "TargetParameters"]);
        // Settings such as the dead-letter queue mean nothing here.
        if let Some(Value::Object(source)) = properties.get_mut("SourceParameters") {
            source.remove("DynamoDBStreamParameters");
        }
        let properties = self.evaluator.evaluate(&properties, &place)?.unwrap_or_default();
        Pipe::new(&properties).map(Some).map_err(|why| wrong(&place, &why))
    }

    /// Every function, with the secrets in its environment resolved.
    pub(crate) fn functions(&self, secrets: &mut Secrets) -> Result<Vec<FunctionSpec>, StartError> {
        let functions = self.existing("AWS::Serverless::Function")?;
        functions.into_iter().map(|(name, resource)| self.function(name, resource, secrets)).collect()
    }

    fn function(&self, name: &str, resource: &Value, secrets: &mut Secrets) -> Result<FunctionSpec, StartError> {
        let place = format!("Resources.{name}");
        let mut environment = BTreeMap::new();
        for (key, value) in self.variables(resource) {
            let place = format!("{place}.Environment.Variables.{key}");
            if let Some(value) = self.evaluator.evaluate(value, &place)? {
                let text = self.evaluator.text(&value, &place)?;
                environment.insert(key.clone(), self.resolve_secrets(&text, secrets, &place)?);
            }
        }
        let number = |property: &str, default: u64| match self.function_property(resource, property) {
            None => Ok(default),
            Some(value) => self
                .evaluator
                .text(value, &place)?
                .parse()
                .map_err(|_| wrong(&place, &format!("{property} must be a number"))),
        };
        Ok(FunctionSpec {
            logical_id: name.to_owned(),
            binary: binary(name, resource)?,
            name: self.evaluator.physical_id(name, resource, &place)?,
            environment,
            timeout: Duration::from_secs(number("Timeout", 3)?),
            memory_mb: number("MemorySize", 128)?,
        })
    }

    /// The variables of `Globals`, overridden by the function's own, as SAM merges them.
    fn variables<'s>(&'s self, resource: &'s Value) -> BTreeMap<&'s String, &'s Value> {
        let of = |value: Option<&'s Value>| {
            value.and_then(|value| value.pointer("/Environment/Variables")?.as_object()).into_iter().flatten()
        };
        of(self.template.root.pointer("/Globals/Function")).chain(of(resource.get("Properties"))).collect()
    }

    fn function_property<'s>(&'s self, resource: &'s Value, property: &str) -> Option<&'s Value> {
        let own = resource.get("Properties").and_then(|properties| properties.get(property));
        own.or_else(|| self.template.root.pointer("/Globals/Function")?.get(property))
    }

    /// Replaces every `{{resolve:secretsmanager:…}}` with the secret it names.
    fn resolve_secrets(&self, text: &str, secrets: &mut Secrets, place: &str) -> Result<String, StartError> {
        const OPENING: &str = "{{resolve:";
        let mut resolved = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once(OPENING) {
            let (reference, behind) =
                after.split_once("}}").ok_or_else(|| wrong(place, "a dynamic reference without its end"))?;
            resolved.push_str(before);
            resolved.push_str(&self.secret(reference, secrets, place)?);
            rest = behind;
        }
        resolved.push_str(rest);
        Ok(resolved)
    }

    fn secret(&self, reference: &str, secrets: &mut Secrets, place: &str) -> Result<String, StartError> {
        let unknown = || wrong(place, &format!("{{{{resolve:{reference}}}}} names no secret of this template"));
        let wanted = reference.strip_prefix("secretsmanager:").ok_or_else(unknown)?;
        for (name, resource) in self.existing("AWS::SecretsManager::Secret")? {
            let id = self.evaluator.physical_id(name, resource, place)?;
            let Some(rest) = wanted.strip_prefix(&id) else { continue };
            let none = Value::Null;
            let properties = resource.get("Properties").unwrap_or(&none);
            let properties = self.evaluator.evaluate(properties_of_secret(properties), place)?.unwrap_or_default();
            let value = secrets.value(name, &properties)?;
            let json_key = match rest.split(':').collect::<Vec<_>>().as_slice() {
                [""] | ["", "SecretString"] => return Ok(value),
                ["", "SecretString", "", ..] => return Ok(value),
                ["", "SecretString", json_key, ..] => (*json_key).to_owned(),
                _ => return Err(unknown()),
            };
            let parsed: Value = serde_json::from_str(&value).map_err(|_| wrong(place, "the secret is not JSON"))?;
            let member = parsed.get(&json_key).ok_or_else(|| wrong(place, &format!("the secret has no {json_key}")))?;
            return self.evaluator.text(member, place);
        }
        Err(unknown())
    }

    /// The resources of a type, without those whose condition is false.
    fn existing(&self, kind: &str) -> Result<Vec<(&String, &Value)>, StartError> {
        let mut existing = Vec::new();
        for (name, resource) in self.template.of_type(kind) {
            let holds = match resource.get("Condition").and_then(Value::as_str) {
                Some(condition) => self.evaluator.condition(condition, &format!("Resources.{name}"))?,
                None => true,
            };
            if holds {
                existing.push((name, resource));
            }
        }
        Ok(existing)
    }
}

fn binary(name: &str, resource: &Value) -> Result<String, StartError> {
    let binary = resource.pointer("/Metadata/BuildProperties/Binary").and_then(Value::as_str);
    let missing = || wrong(&format!("Resources.{name}"), "Metadata.BuildProperties.Binary must name its binary");
    binary.map(str::to_owned).ok_or_else(missing)
}

/// The properties that determine the secret's value. The others (keys, tags) need not be evaluated.
fn properties_of_secret(properties: &Value) -> &Value {
    properties.get("GenerateSecretString").or_else(|| properties.get("SecretString")).unwrap_or(&Value::Null)
}

fn wanted(resource: &Value, names: &[&str]) -> Value {
    let properties = resource.get("Properties").and_then(Value::as_object).into_iter().flatten();
    let kept = properties.filter(|(name, _)| names.contains(&name.as_str()));
    Value::Object(kept.map(|(name, value)| (name.clone(), value.clone())).collect())
}

#[cfg(test)]
mod tests;
