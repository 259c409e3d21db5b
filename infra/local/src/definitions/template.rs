//! `template.yaml` as a whole: its sections, the values of its parameters, and its resources by type.

use std::collections::BTreeMap;

use serde::{
    Deserialize,
    de::{DeserializeOwned, IgnoredAny},
};
use serde_json::Value as Json;
use serde_yaml_ng::Value as Yaml;

use super::{
    DefinitionError, TEMPLATE_FILE,
    fault::{Place, Problem},
    intrinsics::Scope,
};

/// Resource types whose presence changes nothing in how the two gateways answer.
const NOT_ACTED_ON: [&str; 19] = [
    "AWS::ApiGateway::Account",
    "AWS::ApiGateway::ClientCertificate",
    "AWS::CloudWatch::Alarm",
    "AWS::CloudWatch::Dashboard",
    "AWS::Events::Rule",
    "AWS::IAM::ManagedPolicy",
    "AWS::IAM::Role",
    "AWS::KMS::Key",
    "AWS::Lambda::Permission",
    "AWS::Logs::LogGroup",
    "AWS::SES::ConfigurationSet",
    "AWS::SES::ConfigurationSetEventDestination",
    "AWS::SES::EmailIdentity",
    "AWS::SNS::Subscription",
    "AWS::SNS::Topic",
    "AWS::SNS::TopicPolicy",
    "AWS::SQS::Queue",
    "AWS::SQS::QueuePolicy",
    "AWS::Scheduler::Schedule",
];

/// Resource types that the modules beside this one read.
const ACTED_ON: [&str; 10] = [
    "AWS::ApiGateway::Deployment",
    "AWS::ApiGateway::RestApi",
    "AWS::ApiGateway::Stage",
    "AWS::ApiGatewayV2::Api",
    "AWS::ApiGatewayV2::Authorizer",
    "AWS::ApiGatewayV2::Integration",
    "AWS::ApiGatewayV2::Route",
    "AWS::ApiGatewayV2::Stage",
    "AWS::DynamoDB::Table",
    "AWS::Serverless::Function",
];

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Document {
    #[serde(rename = "AWSTemplateFormatVersion")]
    _version: IgnoredAny,
    transform: String,
    #[serde(rename = "Description")]
    _description: IgnoredAny,
    #[serde(rename = "Metadata")]
    _metadata: Option<IgnoredAny>,
    // Rules are about what an operator may deploy.
    #[serde(rename = "Rules")]
    _rules_not_acted_on: Option<IgnoredAny>,
    #[serde(default)]
    parameters: BTreeMap<String, Parameter>,
    #[serde(default)]
    conditions: BTreeMap<String, Yaml>,
    #[serde(default)]
    globals: Yaml,
    resources: BTreeMap<String, Resource>,
    #[serde(rename = "Outputs")]
    _outputs: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Parameter {
    #[serde(rename = "Type")]
    _type: IgnoredAny,
    default: Option<Json>,
    allowed_values: Option<Vec<String>>,
    #[serde(rename = "Description")]
    _description: Option<IgnoredAny>,
    #[serde(rename = "ConstraintDescription")]
    _constraint: Option<IgnoredAny>,
    #[serde(rename = "AllowedPattern")]
    _pattern: Option<IgnoredAny>,
    #[serde(rename = "MinLength")]
    _shortest: Option<IgnoredAny>,
    #[serde(rename = "MaxLength")]
    _longest: Option<IgnoredAny>,
    #[serde(rename = "MinValue")]
    _minimum: Option<IgnoredAny>,
    #[serde(rename = "MaxValue")]
    _maximum: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Resource {
    #[serde(rename = "Type")]
    kind: String,
    #[serde(default)]
    properties: Yaml,
    condition: Option<String>,
    #[serde(rename = "DependsOn")]
    _depends_on: Option<IgnoredAny>,
    #[serde(rename = "DeletionPolicy")]
    _deletion_policy: Option<IgnoredAny>,
    #[serde(rename = "UpdateReplacePolicy")]
    _update_replace_policy: Option<IgnoredAny>,
    #[serde(rename = "Metadata")]
    _metadata: Option<IgnoredAny>,
}

/// The template, its parameters having values.
pub(super) struct Template {
    pub(super) scope: Scope,
    pub(super) globals: Yaml,
    resources: BTreeMap<String, Resource>,
}

impl Template {
    pub(super) fn read(text: &str, values: &BTreeMap<String, String>) -> Result<Self, DefinitionError> {
        let top = Place::top_of(TEMPLATE_FILE);
        let document: Document = serde_yaml_ng::from_str(text)
            .map_err(|error| top.fault(Problem::Unreadable(error.to_string())))?;
        if document.transform != "AWS::Serverless-2016-10-31" {
            return Err(top.at("Transform").unsupported(format!("transform {}", document.transform)));
        }
        let resources = &document.resources;
        for (name, resource) in resources {
            let place = top.at("Resources").at(name);
            if NOT_ACTED_ON.contains(&resource.kind.as_str()) {
                continue;
            }
            if !ACTED_ON.contains(&resource.kind.as_str()) {
                return Err(place.at("Type").unsupported(format!("resource of type {}", resource.kind)));
            }
            if resource.condition.is_some() {
                return Err(place.at("Condition").unsupported("resource that depends on a condition"));
            }
        }
        let mut parameters = BTreeMap::new();
        for (name, parameter) in &document.parameters {
            let place = top.at("Parameters").at(name);
            parameters.insert(name.clone(), parameter.value(values.get(name), &place)?);
        }
        let attributes: BTreeMap<_, _> = values
            .iter()
            .filter(|(name, _)| !parameters.contains_key(*name))
            .map(|(k, v)| (k.clone(), v.clone()))
            .collect();
        if let Some(name) = attributes.keys().find(|name| {
            let resource = name.split_once('.').map_or(name.as_str(), |(resource, _)| resource);
            !resources.contains_key(resource)
        }) {
            return Err(top.unresolved(format!("parameter or resource {name}, which a value was given for")));
        }
        let kinds = resources.iter().map(|(name, resource)| (name.clone(), resource.kind.clone())).collect();
        Ok(Self {
            scope: Scope { parameters, conditions: document.conditions, resources: kinds, attributes },
            globals: document.globals,
            resources: document.resources,
        })
    }

    /// The resources of a type: name, place of the properties, properties as written.
    pub(super) fn written(&self, kind: &str) -> impl Iterator<Item = (&str, Place, &Yaml)> {
        self.resources.iter().filter(move |(_, resource)| resource.kind == kind).map(|(name, resource)| {
            let place = Place::top_of(TEMPLATE_FILE).at("Resources").at(name).at("Properties");
            (name.as_str(), place, &resource.properties)
        })
    }

    /// The resources of a type, their properties evaluated and read as a `T`.
    pub(super) fn all<T: DeserializeOwned>(
        &self,
        kind: &str,
    ) -> Result<Vec<(&str, Place, T)>, DefinitionError> {
        let read = |(name, place, properties)| {
            let properties = self.scope.resolve(properties, &place)?.unwrap_or_default();
            let properties = typed(properties, &place)?;
            Ok((name, place, properties))
        };
        self.written(kind).map(read).collect()
    }

    /// The only resource of a type.
    pub(super) fn only<T: DeserializeOwned>(&self, kind: &str) -> Result<(&str, Place, T), DefinitionError> {
        let resources = Place::top_of(TEMPLATE_FILE).at("Resources");
        let mut all = self.all(kind)?;
        match (all.pop(), all.is_empty()) {
            (Some(only), true) => Ok(only),
            (Some(_), false) => Err(resources.unsupported(format!("second resource of type {kind}"))),
            (None, _) => Err(resources.unresolved(format!("resource of type {kind}"))),
        }
    }

    /// The name of the function that an ARN, or API Gateway's path to invoke one, stands for.
    pub(super) fn function(&self, arn: &str, place: &Place) -> Result<String, DefinitionError> {
        let name =
            arn.rsplit_once(":function:").map(|(_, name)| name.strip_suffix("/invocations").unwrap_or(name));
        match name {
            Some(name)
                if self.scope.resources.get(name).is_some_and(|kind| kind == "AWS::Serverless::Function") =>
            {
                Ok(name.to_owned())
            }
            _ => Err(place.unresolved(format!("function {arn}"))),
        }
    }
}

impl Parameter {
    fn value(&self, given: Option<&String>, place: &Place) -> Result<String, DefinitionError> {
        let default = || match self.default.as_ref()? {
            Json::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        };
        let Some(value) = given.cloned().or_else(default) else {
            return Err(place.fault(Problem::Parameter("needs a value".to_owned())));
        };
        match &self.allowed_values {
            Some(allowed) if !allowed.contains(&value) => {
                Err(place.fault(Problem::Parameter(format!("cannot be {value:?}, but one of {allowed:?}"))))
            }
            _ => Ok(value),
        }
    }
}

/// Reads a value as a `T`; the error tells the place within it.
pub(super) fn typed<T: DeserializeOwned>(value: Json, place: &Place) -> Result<T, DefinitionError> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = error.path().to_string();
        let place = if path == "." { place.clone() } else { place.at(path) };
        place.fault(Problem::Unreadable(error.into_inner().to_string()))
    })
}
