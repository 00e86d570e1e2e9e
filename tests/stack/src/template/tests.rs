use serde_json::json;

use super::*;

fn template(text: &str) -> Template {
    Template::parse(text).unwrap()
}

const API: &str = "
  Api:
    Type: AWS::Serverless::HttpApi
    Properties:
      Auth:
        DefaultAuthorizer: Jwt
        Authorizers:
          Jwt:
            IdentitySource: $request.header.Authorization
            JwtConfiguration: { issuer: !Ref Issuer, audience: !Ref Audience }
";

fn parameters(values: &[(&str, &str)]) -> BTreeMap<String, String> {
    values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// The environment of a function with these variables, in a template with these sections.
fn environment(sections: &str, variables: &str, given: &[(&str, &str)]) -> Result<BTreeMap<String, String>, String> {
    let text = format!(
        "{sections}\n  F:\n    Type: AWS::Serverless::Function\n    Metadata: {{ BuildProperties: {{ Binary: f }} }}\n    \
         Properties: {{ Environment: {{ Variables: {variables} }} }}\n"
    );
    let template = template(&text);
    let stack = template.evaluate(&parameters(given), "s").map_err(|e| e.to_string())?;
    let functions = stack.functions(&mut Secrets::default()).map_err(|e| e.to_string())?;
    Ok(functions.into_iter().next().unwrap().environment)
}

fn variable(sections: &str, value: &str, given: &[(&str, &str)]) -> Result<String, String> {
    environment(sections, &format!("{{ V: {value} }}"), given).map(|mut variables| variables.remove("V").unwrap())
}

const SECTIONS: &str = "
Parameters:
  P: { Type: String, Default: p }
  Empty: { Type: String, Default: '' }
  List: { Type: CommaDelimitedList, Default: 'a,b' }
  Needed: { Type: String }
Mappings:
  M: { x: { y: z } }
Conditions:
  IsP: !Equals [!Ref P, p]
  IsEmpty: !Equals [!Ref Empty, '']
  Both: !And [!Condition IsP, !Condition IsEmpty]
  Neither: !Not [!Or [!Condition IsP, !Condition IsEmpty]]
  Ring: !Not [!Condition Ring]
Resources:
  Table:
    Type: AWS::DynamoDB::Table
    Properties: { KeySchema: [{ AttributeName: pk, KeyType: HASH }] }
  Secret:
    Type: AWS::SecretsManager::Secret
    Properties:
      KmsKeyId: !GetAtt Key.Arn
      SecretString: '{\"a\":\"1\"}'
  Key: { Type: AWS::KMS::Key }
  Other: { Type: AWS::CloudWatch::Alarm, Properties: { X: !Nonsense 1 } }";

#[test]
fn functions_are_evaluated_as_cloudformation_does() {
    for (value, expected) in [
        ("!Ref P", "p"),
        ("{ Ref: P }", "p"),
        ("!Ref Table", "s-Table"),
        ("!GetAtt Table.Arn", "arn:aws:dynamodb:us-east-1:123456789012:table/s-Table"),
        ("{ Fn::GetAtt: [Key, Arn] }", "arn:aws:kms:us-east-1:123456789012:key/s-Key"),
        (
            "!Sub '${P}-${AWS::Region}-${!P}-${Table}-${Table.Arn}'",
            "p-us-east-1-${P}-s-Table-arn:aws:dynamodb:us-east-1:123456789012:table/s-Table",
        ),
        ("!Sub ['${X}', { X: !Ref P }]", "p"),
        ("!Join ['-', [a, !Ref P]]", "a-p"),
        ("!Join [',', !Ref List]", "a,b"),
        ("!Select [1, !Ref List]", "b"),
        ("!Select [1, !Split ['.', x.y]]", "y"),
        ("!If [IsP, yes, no]", "yes"),
        ("!If [Both, yes, no]", "yes"),
        ("!If [Neither, yes, no]", "no"),
        ("!FindInMap [M, x, y]", "z"),
        ("!Base64 hi", "aGk="),
        ("12", "12"),
        ("true", "true"),
        ("!Sub '{{resolve:secretsmanager:${Secret}:SecretString}}'", r#"{"a":"1"}"#),
        ("!Sub 'x{{resolve:secretsmanager:${Secret}:SecretString:a}}y'", "x1y"),
    ] {
        assert_eq!(variable(SECTIONS, value, &[]).as_deref(), Ok(expected), "{value}");
    }
}

#[test]
fn no_value_removes_the_variable() {
    let variables =
        environment(SECTIONS, "{ A: !Ref AWS::NoValue, B: !If [Neither, 1, !Ref AWS::NoValue], C: c }", &[]);
    assert_eq!(variables, Ok(BTreeMap::from([("C".to_owned(), "c".to_owned())])));
}

#[test]
fn what_can_not_be_evaluated_is_an_error_that_names_the_place() {
    for value in [
        "!Ref Nowhere",
        "!Ref Needed",
        "!GetAtt Table.StreamArn",
        "!GetAtt Nowhere.Arn",
        "!ImportValue x",
        "!Sub '${Nowhere}'",
        "!Sub '${P'",
        "!If [Nowhere, a, b]",
        "!If [Ring, a, b]",
        "!Select [9, !Ref List]",
        "!Ref List",
        "[a]",
        "'{{resolve:ssm:x}}'",
        "'{{resolve:secretsmanager:nowhere:SecretString}}'",
        "'{{resolve:secretsmanager:x'",
    ] {
        let error = variable(SECTIONS, value, &[]).unwrap_err();
        assert!(
            error.contains("Resources.F.Environment.Variables.V") || error.contains("Conditions.Ring"),
            "{value}: {error}"
        );
    }
}

#[test]
fn given_parameters_are_used_and_checked() {
    assert_eq!(variable(SECTIONS, "!Ref Needed", &[("Needed", "here")]).as_deref(), Ok("here"));
    assert_eq!(variable(SECTIONS, "!If [IsP, yes, no]", &[("P", "q")]).as_deref(), Ok("no"));
    assert!(variable(SECTIONS, "x", &[("Nowhere", "1")]).is_err());
}

#[test]
fn globals_are_merged_under_the_functions_own_settings() {
    let text = "
Globals: { Function: { Timeout: 10, MemorySize: 256, Environment: { Variables: { A: g, B: g } } } }
Resources:
  F:
    Type: AWS::Serverless::Function
    Metadata: { BuildProperties: { Binary: f } }
    Properties: { Timeout: 15, Environment: { Variables: { B: f } } }
  Off:
    Type: AWS::Serverless::Function
    Condition: Never
    Metadata: { BuildProperties: { Binary: off } }
Conditions: { Never: !Equals [a, b] }
";
    let template = template(text);
    let stack = template.evaluate(&BTreeMap::new(), "s").unwrap();
    let functions = stack.functions(&mut Secrets::default()).unwrap();
    let [function] = functions.as_slice() else { panic!("{functions:?}") };
    assert_eq!((function.binary.as_str(), function.name.as_str()), ("f", "s-F"));
    assert_eq!((function.timeout, function.memory_mb), (Duration::from_secs(15), 256));
    assert_eq!(json!(function.environment), json!({"A": "g", "B": "f"}));
}

#[test]
fn routes_have_the_default_authoriser_unless_they_say_none() {
    let text = format!(
        "
Parameters: {{ Issuer: {{ Type: String }}, Audience: {{ Type: CommaDelimitedList }} }}
Resources:{API}
  F:
    Type: AWS::Serverless::Function
    Metadata: {{ BuildProperties: {{ Binary: f }} }}
    Properties:
      Events:
        A: {{ Type: HttpApi, Properties: {{ Method: get, Path: /a }} }}
        B: {{ Type: HttpApi, Properties: {{ Method: POST, Path: '/b/{{ID}}', Auth: {{ Authorizer: NONE }} }} }}
        C: {{ Type: Schedule, Properties: {{ Schedule: rate(1 day) }} }}
"
    );
    let template = template(&text);
    let given = parameters(&[("Issuer", "https://i.example/"), ("Audience", "a,b")]);
    let api = template.evaluate(&given, "s").unwrap().api().unwrap();
    let [a, b] = api.routes.as_slice() else { panic!("{:?}", api.routes) };
    assert_eq!((a.method.as_str(), a.path.as_str(), a.binary.as_str()), ("GET", "/a", "f"));
    let authorizer = a.authorizer.as_ref().unwrap();
    assert_eq!((authorizer.issuer.as_str(), authorizer.audience.join("|").as_str()), ("https://i.example/", "a|b"));
    assert!(b.authorizer.is_none());
    assert!(api.cors.is_none());
}

#[test]
fn the_template_of_this_project_can_be_evaluated() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../template.yaml");
    let template = Template::read(&path).unwrap();
    let given = parameters(&[("JwtIssuer", "http://127.0.0.1:3000"), ("JwtAudience", "local")]);
    let stack = template.evaluate(&given, "local").unwrap();
    assert_eq!(stack.functions(&mut Secrets::default()).unwrap().len(), template.binaries().unwrap().len());
    assert!(stack.api().unwrap().routes.iter().all(|route| route.authorizer.is_some()));
    assert_eq!(stack.tables().unwrap().len(), 1);
}

#[test]
fn a_file_that_is_not_a_template_is_an_error_that_names_it() {
    let error = Template::read(Path::new("/nowhere/template.yaml")).unwrap_err().to_string();
    assert!(error.contains("/nowhere/template.yaml"), "{error}");
    assert!(Template::parse("Transform: x").is_err());
}
