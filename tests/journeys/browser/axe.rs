//! axe-core, which finds what keeps a page from people who use it without eyes, hands or a large screen.

use std::fs;

use serde_json::Value;

use super::Browser;
use crate::places;

impl Browser {
    /// What axe-core objects to in the page as it is now, by all of its rules: each with its rule and place.
    pub(crate) async fn violations(&self) -> Vec<String> {
        if self.run("return globalThis.axe === undefined", &[]).await == true {
            let source = fs::read_to_string(places::tool("npm/node_modules/axe-core/axe.min.js")).unwrap();
            self.run(&source, &[]).await;
        }
        let found = self
            .run(
                "return axe.run(document, { resultTypes: ['violations'] }).then((found) => found.violations)",
                &[],
            )
            .await;
        let nodes = |violation: &Value| {
            let nodes = violation["nodes"].as_array().expect("a violation is somewhere").iter();
            nodes
                .map(|node| format!("{} at {}: {}", violation["id"], node["target"], node["failureSummary"]))
                .collect::<Vec<_>>()
        };
        found.as_array().expect("axe answers a list").iter().flat_map(nodes).collect()
    }
}
