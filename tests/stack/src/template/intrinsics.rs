//! CloudFormation's intrinsic functions, conditions and pseudo parameters, evaluated when a value is needed.
//!
//! Not imitated: `Fn::Transform`, `Fn::ImportValue`, `Fn::Cidr`, `Fn::GetAZs`, language extensions, and resource
//! attributes that [`Evaluator::attribute`] does not list. Evaluating one is an error that names the place. Since only
//! values that the stack needs are evaluated, other parts of the template may use them.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::error::StartError;

/// The account and region that the local stack claims to be in.
pub(crate) const ACCOUNT_ID: &str = "123456789012";
pub(crate) const REGION: &str = "us-east-1";

/// Everything that a value in the template can depend on.
pub(super) struct Evaluator<'t> {
    pub(super) root: &'t Value,
    pub(super) parameters: BTreeMap<String, Value>,
    pub(super) stack_name: String,
}

/// The nesting limit: conditions that refer to each other in a cycle would recurse for ever.
const DEEPEST: usize = 64;

impl Evaluator<'_> {
    /// The value with every function in it evaluated, or `None` if it evaluates to `AWS::NoValue`.
    pub(super) fn evaluate(&self, value: &Value, place: &str) -> Result<Option<Value>, StartError> {
        self.at_depth(value, place, 0)
    }

    /// Like [`Self::evaluate`], for a value that must exist and be text. Numbers and booleans are written out.
    pub(super) fn text(&self, value: &Value, place: &str) -> Result<String, StartError> {
        match self.evaluate(value, place)? {
            Some(value) => as_text(&value, place),
            None => Err(wrong(place, "a text is needed here")),
        }
    }

    pub(super) fn at_depth(&self, value: &Value, place: &str, depth: usize) -> Result<Option<Value>, StartError> {
        if depth > DEEPEST {
            return Err(wrong(place, "its functions refer to each other in a ring"));
        }
        match value {
            Value::Array(items) => {
                let items = items
                    .iter()
                    .enumerate()
                    .map(|(at, item)| self.at_depth(item, &format!("{place}[{at}]"), depth + 1));
                Ok(Some(Value::Array(items.filter_map(Result::transpose).collect::<Result<_, _>>()?)))
            }
            Value::Object(object) => match function(object) {
                Some((name, argument)) => self.call(name, argument, place, depth + 1),
                None => self.object(object, place, depth + 1).map(Some),
            },
            plain => Ok(Some(plain.clone())),
        }
    }

    fn object(&self, object: &Map<String, Value>, place: &str, depth: usize) -> Result<Value, StartError> {
        let mut evaluated = Map::new();
        for (key, value) in object {
            if let Some(value) = self.at_depth(value, &format!("{place}.{key}"), depth)? {
                evaluated.insert(key.clone(), value);
            }
        }
        Ok(Value::Object(evaluated))
    }

    fn call(&self, name: &str, argument: &Value, place: &str, depth: usize) -> Result<Option<Value>, StartError> {
        let text = match name {
            "Ref" => return self.reference(plain_text(argument, place)?, place),
            "Fn::If" => {
                let [condition, then, otherwise] = arguments(argument, place)?;
                let holds = self.named_condition(plain_text(condition, place)?, place, depth)?;
                return self.at_depth(if holds { then } else { otherwise }, place, depth);
            }
            "Fn::Select" => {
                let [index, list] = arguments(argument, place)?;
                let index = self.needed_text(index, place, depth)?;
                let list = self.list(list, place, depth)?;
                let chosen = index.parse::<usize>().ok().and_then(|index| list.get(index).cloned());
                return chosen.map(Some).ok_or_else(|| wrong(place, "Fn::Select has no such element"));
            }
            "Fn::Split" => {
                let [separator, source] = arguments(argument, place)?;
                let source = self.needed_text(source, place, depth)?;
                let parts: Vec<&str> = source.split(plain_text(separator, place)?).collect();
                return Ok(Some(parts.into()));
            }
            "Fn::Equals" | "Fn::And" | "Fn::Or" | "Fn::Not" | "Condition" => {
                return self.holds(name, argument, place, depth).map(|holds| Some(holds.into()));
            }
            "Fn::FindInMap" => return self.find_in_map(argument, place, depth).map(Some),
            "Fn::Sub" => self.substitute(argument, place, depth)?,
            "Fn::GetAtt" => {
                let parts = match argument {
                    Value::String(dotted) => dotted.split_once('.').map(|(a, b)| (a.to_owned(), b.to_owned())),
                    Value::Array(parts) => match parts.as_slice() {
                        [resource, attribute] => {
                            Some((plain_text(resource, place)?.to_owned(), self.needed_text(attribute, place, depth)?))
                        }
                        _ => None,
                    },
                    _ => None,
                };
                let (resource, attribute) = parts.ok_or_else(|| wrong(place, "Fn::GetAtt needs Resource.Attribute"))?;
                self.attribute(&resource, &attribute, place)?
            }
            "Fn::Join" => {
                let [separator, list] = arguments(argument, place)?;
                let list = self.list(list, place, depth)?;
                let parts = list.iter().map(|part| as_text(part, place)).collect::<Result<Vec<_>, _>>()?;
                parts.join(plain_text(separator, place)?)
            }
            "Fn::Base64" => {
                use base64::Engine as _;
                base64::engine::general_purpose::STANDARD.encode(self.needed_text(argument, place, depth)?)
            }
            other => return Err(wrong(place, &format!("the local stack does not know the function {other}"))),
        };
        Ok(Some(Value::String(text)))
    }

    fn reference(&self, name: &str, place: &str) -> Result<Option<Value>, StartError> {
        if name == "AWS::NoValue" {
            return Ok(None);
        }
        if let Some(value) = self.pseudo_parameter(name).map(Value::from).or_else(|| self.parameters.get(name).cloned())
        {
            return Ok(Some(value));
        }
        if self.root.get("Parameters").and_then(|parameters| parameters.get(name)).is_some() {
            return Err(wrong(place, &format!("parameter {name} has no default and was not given")));
        }
        match self.resource(name) {
            Some(resource) => self.physical_id(name, resource, place).map(|id| Some(Value::String(id))),
            None => Err(wrong(place, &format!("{name} is neither a parameter nor a resource"))),
        }
    }

    fn pseudo_parameter(&self, name: &str) -> Option<String> {
        Some(match name {
            "AWS::AccountId" => ACCOUNT_ID.to_owned(),
            "AWS::Partition" => "aws".to_owned(),
            "AWS::Region" => REGION.to_owned(),
            "AWS::StackId" => self.arn("cloudformation", &format!("stack/{}/local", self.stack_name)),
            "AWS::StackName" => self.stack_name.clone(),
            "AWS::URLSuffix" => "amazonaws.com".to_owned(),
            _ => return None,
        })
    }

    /// The value of `Ref` for a resource.
    pub(super) fn physical_id(&self, name: &str, resource: &Value, place: &str) -> Result<String, StartError> {
        let kind = resource.get("Type").and_then(Value::as_str).unwrap_or_default();
        let name_property = match kind {
            "AWS::DynamoDB::Table" => "TableName",
            "AWS::Serverless::Function" => "FunctionName",
            "AWS::SecretsManager::Secret" => return Ok(self.arn("secretsmanager", &format!("secret:{name}-local"))),
            _ => "",
        };
        match resource.get("Properties").and_then(|properties| properties.get(name_property)) {
            Some(given) => self.text(given, place),
            None => Ok(format!("{}-{name}", self.stack_name)),
        }
    }

    fn attribute(&self, name: &str, attribute: &str, place: &str) -> Result<String, StartError> {
        let resource = self.resource(name).ok_or_else(|| wrong(place, &format!("there is no resource {name}")))?;
        let kind = resource.get("Type").and_then(Value::as_str).unwrap_or_default();
        let id = self.physical_id(name, resource, place)?;
        Ok(match (kind, attribute) {
            ("AWS::DynamoDB::Table", "Arn") => self.arn("dynamodb", &format!("table/{id}")),
            ("AWS::Serverless::Function", "Arn") => self.arn("lambda", &format!("function:{id}")),
            ("AWS::KMS::Key", "Arn") => self.arn("kms", &format!("key/{id}")),
            ("AWS::KMS::Key", "KeyId") => id,
            ("AWS::SecretsManager::Secret", "Id") => id,
            _ => return Err(wrong(place, &format!("the local stack does not know {name}.{attribute}"))),
        })
    }

    fn arn(&self, service: &str, resource: &str) -> String {
        format!("arn:aws:{service}:{REGION}:{ACCOUNT_ID}:{resource}")
    }

    pub(super) fn resource(&self, name: &str) -> Option<&Value> {
        self.root.get("Resources")?.get(name)
    }

    fn substitute(&self, argument: &Value, place: &str, depth: usize) -> Result<String, StartError> {
        let (pattern, own) = match argument {
            Value::Array(parts) => match parts.as_slice() {
                [pattern, Value::Object(own)] => (plain_text(pattern, place)?, Some(own)),
                _ => return Err(wrong(place, "Fn::Sub needs a text and a mapping")),
            },
            pattern => (plain_text(pattern, place)?, None),
        };
        let mut text = String::new();
        let mut rest = pattern;
        while let Some((before, after)) = rest.split_once("${") {
            let (name, behind) = after.split_once('}').ok_or_else(|| wrong(place, "Fn::Sub has ${ without }"))?;
            text.push_str(before);
            if let Some(literal) = name.strip_prefix('!') {
                text.push_str(&format!("${{{literal}}}"));
            } else if let Some(value) = own.and_then(|own| own.get(name)) {
                text.push_str(&self.needed_text(value, place, depth)?);
            } else if let Some((resource, attribute)) = name.split_once('.') {
                text.push_str(&self.attribute(resource, attribute, place)?);
            } else {
                let value = self.reference(name, place)?.ok_or_else(|| wrong(place, "AWS::NoValue inside Fn::Sub"))?;
                text.push_str(&as_text(&value, place)?);
            }
            rest = behind;
        }
        text.push_str(rest);
        Ok(text)
    }

    fn find_in_map(&self, argument: &Value, place: &str, depth: usize) -> Result<Value, StartError> {
        let [map, first, second] = arguments(argument, place)?;
        let map = self.needed_text(map, place, depth)?;
        let first = self.needed_text(first, place, depth)?;
        let second = self.needed_text(second, place, depth)?;
        let found = self.root.get("Mappings").and_then(|maps| maps.get(&map)?.get(&first)?.get(&second));
        found.cloned().ok_or_else(|| wrong(place, &format!("Mappings has no {map}.{first}.{second}")))
    }

    pub(super) fn needed_text(&self, value: &Value, place: &str, depth: usize) -> Result<String, StartError> {
        let value = self.at_depth(value, place, depth)?;
        as_text(&value.ok_or_else(|| wrong(place, "AWS::NoValue can't stand here"))?, place)
    }

    fn list(&self, value: &Value, place: &str, depth: usize) -> Result<Vec<Value>, StartError> {
        match self.at_depth(value, place, depth)? {
            Some(Value::Array(items)) => Ok(items),
            _ => Err(wrong(place, "a list is needed here")),
        }
    }
}

/// The function call that an object with a single member may represent.
fn function(object: &Map<String, Value>) -> Option<(&str, &Value)> {
    let (name, argument) = object.iter().next().filter(|_| object.len() == 1)?;
    // A policy statement may have a `Condition` too, but that one is a mapping. In a call the argument is the name of
    // one of the template's conditions.
    (name == "Ref" || name == "Condition" && argument.is_string() || name.starts_with("Fn::"))
        .then_some((name, argument))
}

fn arguments<'v, const N: usize>(argument: &'v Value, place: &str) -> Result<[&'v Value; N], StartError> {
    let list = argument.as_array().map(|list| list.iter().collect::<Vec<_>>()).unwrap_or_default();
    list.try_into().map_err(|_| wrong(place, &format!("{N} arguments are needed here")))
}

pub(super) fn plain_text<'v>(value: &'v Value, place: &str) -> Result<&'v str, StartError> {
    value.as_str().ok_or_else(|| wrong(place, "a plain text is needed here"))
}

pub(super) fn as_text(value: &Value, place: &str) -> Result<String, StartError> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Bool(_) | Value::Number(_) => Ok(value.to_string()),
        // A list parameter where a single string is needed: CloudFormation would refuse it too.
        _ => Err(wrong(place, "a text is needed here")),
    }
}

pub(super) fn wrong(place: &str, reason: &str) -> StartError {
    StartError::new(format!("{place} in template.yaml: {reason}"))
}
