//! CloudFormation's intrinsic functions, as far as the two files use them.
//!
//! `Ref`, `Fn::Sub` (with one text), `Fn::GetAtt`, `Fn::If`, and in conditions `Fn::Equals` and `Fn::Not`, each in its
//! long form and as a YAML tag. What refers to `AWS::NoValue` falls out of the list or mapping it stands in. A function
//! that is not in this list is an error, never passed through as text.

use std::collections::BTreeMap;

use serde_json::Value as Json;
use serde_yaml_ng::Value as Yaml;

use super::{
    ACCOUNT, DefinitionError, PARTITION, REGION, STACK,
    fault::{Place, Problem},
};

/// What names stand for.
#[derive(Debug, Default)]
pub(super) struct Scope {
    /// Parameters with their values.
    pub(super) parameters: BTreeMap<String, String>,
    /// Conditions, not yet evaluated.
    pub(super) conditions: BTreeMap<String, Yaml>,
    /// Resources with their types.
    pub(super) resources: BTreeMap<String, String>,
    /// What `Resource.Attribute` stands for on this machine, where the template alone cannot tell.
    pub(super) attributes: BTreeMap<String, String>,
}

impl Scope {
    /// The value with every function in it evaluated; none where all of it is `AWS::NoValue`.
    pub(super) fn resolve(&self, value: &Yaml, place: &Place) -> Result<Option<Json>, DefinitionError> {
        if let Some((function, argument)) = called(value) {
            return self.call(function, argument, place);
        }
        Ok(Some(match value {
            Yaml::Mapping(mapping) => {
                let mut object = serde_json::Map::new();
                for (key, value) in mapping {
                    let Some(key) = key.as_str() else {
                        return Err(place.unsupported("keys that are no text"));
                    };
                    if let Some(value) = self.resolve(value, &place.at(key))? {
                        object.insert(key.to_owned(), value);
                    }
                }
                Json::Object(object)
            }
            Yaml::Sequence(sequence) => {
                let mut array = Vec::new();
                for (index, value) in sequence.iter().enumerate() {
                    array.extend(self.resolve(value, &place.at(index))?);
                }
                Json::Array(array)
            }
            scalar => serde_json::to_value(scalar)
                .map_err(|error| place.fault(Problem::Unreadable(error.to_string())))?,
        }))
    }

    fn call(&self, function: &str, argument: &Yaml, place: &Place) -> Result<Option<Json>, DefinitionError> {
        let place = place.at(function);
        let one = || {
            argument.as_str().ok_or_else(|| place.unsupported(format!("{function} of anything but one text")))
        };
        match function {
            "Ref" if argument.as_str() == Some("AWS::NoValue") => Ok(None),
            "Ref" => self.reference(one()?, &place).map(|text| Some(Json::String(text))),
            "Fn::GetAtt" => {
                let path = match argument {
                    Yaml::Sequence(parts) => {
                        parts.iter().filter_map(Yaml::as_str).collect::<Vec<_>>().join(".")
                    }
                    _ => one()?.to_owned(),
                };
                self.reference(&path, &place).map(|text| Some(Json::String(text)))
            }
            "Fn::Sub" => self.substitute(one()?, &place).map(|text| Some(Json::String(text))),
            "Fn::If" => match argument.as_sequence().map(Vec::as_slice) {
                Some([Yaml::String(condition), yes, no]) => {
                    let branch = if self.condition(condition, &place)? { yes } else { no };
                    self.resolve(branch, &place)
                }
                _ => Err(place.unsupported("Fn::If of this shape")),
            },
            _ => Err(place.unsupported(format!("function {function}"))),
        }
    }

    /// What a parameter, pseudo parameter, resource or `Resource.Attribute` stands for.
    fn reference(&self, name: &str, place: &Place) -> Result<String, DefinitionError> {
        if let Some(value) = self.parameters.get(name).or_else(|| self.attributes.get(name)) {
            return Ok(value.clone());
        }
        let pseudo = match name {
            "AWS::AccountId" => Some(ACCOUNT),
            "AWS::Partition" => Some(PARTITION),
            "AWS::Region" => Some(REGION),
            "AWS::StackName" => Some(STACK),
            "AWS::URLSuffix" => Some("amazonaws.com"),
            _ => None,
        };
        if let Some(value) = pseudo {
            return Ok(value.to_owned());
        }
        let (resource, attribute) =
            name.split_once('.').map_or((name, None), |(name, rest)| (name, Some(rest)));
        match (self.resources.get(resource).map(String::as_str), attribute) {
            (Some(_), None) => Ok(resource.to_owned()),
            (Some("AWS::Serverless::Function"), Some("Arn")) => {
                Ok(format!("arn:{PARTITION}:lambda:{REGION}:{ACCOUNT}:function:{resource}"))
            }
            _ => Err(place.unresolved(name)),
        }
    }

    fn substitute(&self, text: &str, place: &Place) -> Result<String, DefinitionError> {
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            let Some((name, after)) = after.split_once('}') else {
                return Err(place.unsupported("Fn::Sub without a closing brace"));
            };
            out.push_str(before);
            match name.strip_prefix('!') {
                Some(literal) => out.push_str(&format!("${{{literal}}}")),
                None => out.push_str(&self.reference(name, place)?),
            }
            rest = after;
        }
        out.push_str(rest);
        Ok(out)
    }

    fn condition(&self, name: &str, place: &Place) -> Result<bool, DefinitionError> {
        let condition =
            self.conditions.get(name).ok_or_else(|| place.unresolved(format!("condition {name}")))?;
        self.holds(condition, place)
    }

    fn holds(&self, condition: &Yaml, place: &Place) -> Result<bool, DefinitionError> {
        match called(condition)
            .map(|(function, argument)| (function, argument.as_sequence().map(Vec::as_slice)))
        {
            Some(("Fn::Equals", Some([left, right]))) => {
                Ok(self.resolve(left, place)? == self.resolve(right, place)?)
            }
            Some(("Fn::Not", Some([condition]))) => self.holds(condition, place).map(|holds| !holds),
            _ => Err(place.unsupported("condition of this shape")),
        }
    }
}

/// The function a value is a call of, by its long name, and its argument.
fn called(value: &Yaml) -> Option<(&str, &Yaml)> {
    match value {
        Yaml::Tagged(tagged) => {
            let long = match tagged.tag.to_string().as_str() {
                "!Ref" => "Ref",
                "!Sub" => "Fn::Sub",
                "!GetAtt" => "Fn::GetAtt",
                "!If" => "Fn::If",
                "!Equals" => "Fn::Equals",
                "!Not" => "Fn::Not",
                _ => "an unknown tag",
            };
            Some((long, &tagged.value))
        }
        Yaml::Mapping(mapping) if mapping.len() == 1 => {
            let (key, argument) = mapping.iter().next()?;
            let key = key.as_str()?;
            (key == "Ref" || key.starts_with("Fn::")).then_some((key, argument))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn resolve(text: &str) -> Result<Option<Json>, String> {
        let pairs =
            |pairs: &[(&str, &str)]| pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let scope = Scope {
            parameters: pairs(&[("Warn", "on"), ("Origin", "https://gallery.example")]),
            conditions: serde_yaml_ng::from_str(
                "{Warns: !Equals [!Ref Warn, on], Quiet: !Not [!Equals [!Ref Warn, on]]}",
            )
            .unwrap(),
            resources: pairs(&[("Decide", "AWS::Serverless::Function"), ("Table", "AWS::DynamoDB::Table")]),
            attributes: pairs(&[("Key.Arn", "arn:key")]),
        };
        let value = serde_yaml_ng::from_str(text).unwrap();
        scope.resolve(&value, &Place::top_of("file.yaml").at("X")).map_err(|error| error.to_string())
    }

    #[test]
    fn functions_work_in_both_spellings() {
        assert_eq!(resolve("!Ref Origin"), resolve("{Ref: Origin}"));
        assert_eq!(resolve("!Sub '${Origin}/x'").unwrap(), Some(json!("https://gallery.example/x")));
        assert_eq!(
            resolve("{'Fn::Sub': '${Origin}/${!x}/{id}'}").unwrap(),
            Some(json!("https://gallery.example/${x}/{id}"))
        );
        let arn = json!("arn:aws:lambda:us-east-1:000000000000:function:Decide");
        assert_eq!(resolve("!GetAtt Decide.Arn").unwrap(), Some(arn.clone()));
        assert_eq!(resolve("{'Fn::GetAtt': [Decide, Arn]}").unwrap(), Some(arn));
        assert_eq!(resolve("!GetAtt Key.Arn").unwrap(), Some(json!("arn:key")));
        assert_eq!(resolve("!Ref Table").unwrap(), Some(json!("Table")));
    }

    #[test]
    fn a_condition_chooses_and_no_value_falls_out() {
        assert_eq!(
            resolve("{a: !If [Warns, 1, 2], b: !If [Quiet, 1, !Ref AWS::NoValue]}").unwrap(),
            Some(json!({"a": 1}))
        );
        assert_eq!(resolve("[1, !Ref AWS::NoValue, 2]").unwrap(), Some(json!([1, 2])));
    }

    #[test]
    fn what_is_not_known_is_named_with_its_place() {
        assert_eq!(resolve("{a: !Ref Nothing}").unwrap_err(), "file.yaml: X.a.Ref: there is no Nothing");
        assert_eq!(
            resolve("!GetAtt Table.StreamArn").unwrap_err(),
            "file.yaml: X.Fn::GetAtt: there is no Table.StreamArn"
        );
        assert_eq!(
            resolve("!If [Never, 1, 2]").unwrap_err(),
            "file.yaml: X.Fn::If: there is no condition Never"
        );
        let unsupported = "file.yaml: X.an unknown tag: the local gateway has no function an unknown tag";
        assert_eq!(resolve("!ImportValue a").unwrap_err(), unsupported);
        assert_eq!(
            resolve("{'Fn::Join': ['', [a]]}").unwrap_err(),
            "file.yaml: X.Fn::Join: the local gateway has no function Fn::Join"
        );
    }
}
