//! The environment variables each function is deployed with, `Globals` and its own.

use std::collections::BTreeMap;

use serde_json::Value as Json;
use serde_yaml_ng::Value as Yaml;

use super::{
    DefinitionError, TEMPLATE_FILE,
    fault::Place,
    template::{Template, typed},
};

pub(super) fn read(
    template: &Template,
) -> Result<BTreeMap<String, BTreeMap<String, String>>, DefinitionError> {
    let globals = Place::top_of(TEMPLATE_FILE).at("Globals").at("Function");
    let common = match template.globals.get("Function") {
        Some(function) => variables(template, function, &globals)?,
        None => BTreeMap::new(),
    };
    let mut environments = BTreeMap::new();
    for (name, place, properties) in template.written("AWS::Serverless::Function") {
        let mut environment = common.clone();
        environment.extend(variables(template, properties, &place)?);
        environments.insert(name.to_owned(), environment);
    }
    Ok(environments)
}

fn variables(
    template: &Template,
    function: &Yaml,
    place: &Place,
) -> Result<BTreeMap<String, String>, DefinitionError> {
    let place = place.at("Environment").at("Variables");
    let Some(variables) = function.get("Environment").and_then(|environment| environment.get("Variables"))
    else {
        return Ok(BTreeMap::new());
    };
    let resolved: BTreeMap<String, Json> =
        typed(template.scope.resolve(variables, &place)?.unwrap_or_default(), &place)?;
    Ok(resolved
        .into_iter()
        .map(|(name, value)| match value {
            Json::String(text) => (name, text),
            other => (name, other.to_string()),
        })
        .collect())
}
