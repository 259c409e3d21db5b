//! A metric as a line of the log: CloudWatch's embedded metric format.
//!
//! Source: CloudWatch's user guide, "Specification: Embedded metric format". One JSON object; what `_aws` names as metric
//! or dimension stands beside it, metrics as numbers and dimensions as text.

use chrono::{DateTime, Utc};
use serde::{Serialize, Serializer, ser::SerializeMap as _};

use crate::{Function, Metric, Namespace, metric::Datum};

struct Line<'a> {
    datum: &'a Datum,
    metadata: Metadata<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Metadata<'a> {
    /// Milliseconds since 1970.
    timestamp: i64,
    cloud_watch_metrics: [Directive<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Directive<'a> {
    namespace: &'a Namespace,
    dimensions: &'static [&'static [&'static str]],
    metrics: Vec<Definition>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Definition {
    name: &'static str,
    unit: &'static str,
}

/// The line, with its line break.
pub(crate) fn of(metric: Metric, function: Function, namespace: &Namespace, at: DateTime<Utc>) -> String {
    let datum = metric.datum(function);
    let metrics = datum.numbers.iter().map(|(name, _)| Definition { name, unit: "Count" }).collect();
    let directive = Directive { namespace, dimensions: datum.sets, metrics };
    let metadata = Metadata { timestamp: at.timestamp_millis(), cloud_watch_metrics: [directive] };
    // Names, texts and integers: serde_json writes them all.
    let mut line = serde_json::to_string(&Line { datum: &datum, metadata }).unwrap_or_default();
    line.push('\n');
    line
}

impl Serialize for Line<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut line = serializer.serialize_map(None)?;
        line.serialize_entry("_aws", &self.metadata)?;
        for (name, value) in &self.datum.dimensions {
            line.serialize_entry(name, value)?;
        }
        for (name, number) in &self.datum.numbers {
            line.serialize_entry(name, number)?;
        }
        line.end()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use keys::Reason;
    use serde_json::Value;

    use super::*;
    use crate::{Answered, BounceKind, Cause, Door, MailOutcome};

    fn line(metric: Metric, function: Function) -> String {
        let at = DateTime::from_timestamp_millis(1_800_000_000_123).unwrap();
        of(metric, function, &"Latchkey/live".parse().unwrap(), at)
    }

    /// Everything that can be counted, by everybody.
    fn everything() -> Vec<(Metric, Function)> {
        let answers = [Answered::Allow, Answered::Fault].into_iter();
        let answers: Vec<_> = answers.chain(Reason::ALL.map(Answered::Deny)).collect();
        let mut all = vec![Metric::Sweep { due_left: 0 }, Metric::Sweep { due_left: u64::MAX }];
        for door in [Door::Gateway, Door::Authorize] {
            all.extend(answers.iter().map(|answered| Metric::Decision(door, *answered)));
        }
        all.extend([Cause::Table, Cause::Kms, Cause::Mail, Cause::Other].map(Metric::Fault));
        all.extend([MailOutcome::Sent, MailOutcome::Refused, MailOutcome::Failed].map(Metric::Mail));
        all.extend([BounceKind::Bounce, BounceKind::Complaint].map(Metric::Bounce));
        let functions = [Function::KeyManagement, Function::PushAuthorizer, Function::ExpirySweeper];
        functions.iter().flat_map(|function| all.iter().map(|metric| (*metric, *function))).collect()
    }

    #[test]
    fn lines_are_as_cloudwatch_reads_them() {
        let aws = |metrics: &str, sets: &str| {
            format!(
                r#"{{"_aws":{{"Timestamp":1800000000123,"CloudWatchMetrics":[{{"Namespace":"Latchkey/live","Dimensions":{sets},"Metrics":[{metrics}]}}]}},"#
            )
        };
        for (metric, expected) in [
            (
                Metric::Decision(Door::Gateway, Answered::Deny(Reason::PackageNotCovered)),
                aws(r#"{"Name":"Decisions","Unit":"Count"}"#, r#"[["door","reason"],["door"]]"#)
                    + r#""door":"gateway","reason":"package_not_covered","Decisions":1}"#,
            ),
            (
                Metric::Fault(Cause::Kms),
                aws(r#"{"Name":"Faults","Unit":"Count"}"#, r#"[["function","cause"]]"#)
                    + r#""function":"expiry-sweeper","cause":"kms","Faults":1}"#,
            ),
            (
                Metric::Sweep { due_left: 7 },
                aws(r#"{"Name":"Sweeps","Unit":"Count"},{"Name":"DueLeft","Unit":"Count"}"#, "[[]]")
                    + r#""Sweeps":1,"DueLeft":7}"#,
            ),
        ] {
            assert_eq!(line(metric, Function::ExpirySweeper), expected + "\n");
        }
    }

    #[test]
    fn whatever_is_counted_keeps_to_the_specification() {
        let printable =
            |text: &str| (1..=1024).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        for (metric, function) in everything() {
            let line = line(metric, function);
            assert_eq!(line.matches('\n').count(), 1, "one event of the log: {line}");
            let line: Value = serde_json::from_str(&line).unwrap();
            let directive = &line["_aws"]["CloudWatchMetrics"][0];
            let metrics = directive["Metrics"].as_array().unwrap();
            assert!((1..=100).contains(&metrics.len()));
            for metric in metrics {
                let name = metric["Name"].as_str().unwrap();
                assert!(printable(name) && name.len() <= 255 && line[name].is_u64(), "{line}");
            }
            let mut members = BTreeSet::from(["_aws"]);
            members.extend(metrics.iter().filter_map(|metric| metric["Name"].as_str()));
            for set in directive["Dimensions"].as_array().unwrap() {
                let set: Vec<&str> = set.as_array().unwrap().iter().filter_map(Value::as_str).collect();
                assert!(set.len() <= 30);
                for name in &set {
                    assert!(printable(name) && name.len() <= 255, "{line}");
                    assert!(line[name].as_str().is_some_and(printable), "{line}");
                }
                members.extend(set);
            }
            let all: BTreeSet<&str> = line.as_object().unwrap().keys().map(String::as_str).collect();
            assert_eq!(all, members, "nothing is written that is not counted");
        }
    }

    #[test]
    fn there_are_51_series_and_no_more() {
        let mut series = BTreeSet::new();
        for (metric, function) in everything() {
            let Datum { numbers, dimensions, sets } = metric.datum(function);
            for (name, _) in &numbers {
                for set in sets {
                    let kept = dimensions.iter().filter(|(dimension, _)| set.contains(dimension));
                    series.insert((*name, kept.copied().collect::<Vec<_>>()));
                }
            }
        }
        assert_eq!(series.len(), 51, "the crate's documentation says so");
    }
}
