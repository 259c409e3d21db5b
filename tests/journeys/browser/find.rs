//! Things on a page, by what they are to somebody who cannot see it.

use std::time::Instant;

use hyper::Method;
use serde_json::{Value, json};

use super::{Browser, PATIENCE, wire::ElementId};

/// Something on the page.
pub(crate) struct Element<'a> {
    browser: &'a Browser,
    id: ElementId,
}

impl Browser {
    /// Waits until the page has exactly one thing of this role (<https://www.w3.org/TR/wai-aria-1.2/#role_definitions>)
    /// and accessible name.
    pub(crate) async fn find(&self, role: &str, name: &str) -> Element<'_> {
        let started = Instant::now();
        loop {
            let ids = self.nodes(role, Some(name)).await;
            if let [only] = ids.as_slice()
                && let Some(id) = self.element(only).await
            {
                return Element { browser: self, id };
            }
            if started.elapsed() > PATIENCE {
                self.gave_up(&format!("the one {role} {name:?}"), &format!("there are {}", ids.len())).await;
            }
            self.next_frame().await;
        }
    }

    /// Waits until there is no such thing.
    pub(crate) async fn gone(&self, role: &str, name: &str) {
        let started = Instant::now();
        while !self.nodes(role, Some(name)).await.is_empty() {
            if started.elapsed() > PATIENCE {
                self.gave_up(&format!("the end of the {role} {name:?}"), "it stays").await;
            }
            self.next_frame().await;
        }
    }

    /// The accessible names of all things of this role, in the page's order.
    pub(crate) async fn names(&self, role: &str) -> Vec<String> {
        let nodes = self.nodes(role, None).await;
        nodes.iter().map(|node| node["name"]["value"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// Waits until the page says this somewhere.
    pub(crate) async fn says(&self, text: &str) {
        let body = format!("{} return text().includes(arguments[0])", include_str!("text.js"));
        self.until(&format!("{text:?}"), &body, &[text.into()]).await;
    }

    /// Waits until the page says this nowhere.
    pub(crate) async fn says_no_more(&self, text: &str) {
        let body = format!("{} return !text().includes(arguments[0])", include_str!("text.js"));
        self.until(&format!("the end of {text:?}"), &body, &[text.into()]).await;
    }

    pub(crate) async fn click(&self, role: &str, name: &str) {
        self.find(role, name).await.click().await;
    }

    /// Types `text` into the empty or emptied field of this name.
    pub(crate) async fn fill(&self, role: &str, name: &str, text: &str) {
        let field = self.find(role, name).await;
        field.post("/clear", &json!({})).await;
        field.type_in(text).await;
    }

    /// Chooses, in the box of this name, the option that reads so.
    pub(crate) async fn choose(&self, name: &str, option: &str) {
        let select = self.find("combobox", name).await;
        let found = self
            .run(
                "return [...arguments[0].options].find((option) => option.label === arguments[1])",
                &[select.id.argument(), option.into()],
            )
            .await;
        let id = ElementId::of(&found).unwrap_or_else(|| panic!("{name:?} has no option {option:?}"));
        Element { browser: self, id }.click().await;
    }

    /// Role and accessible name of what has the focus.
    pub(crate) async fn focused(&self) -> (String, String) {
        let found = self
            .run(
                "let at = document.activeElement;
                 while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
                 return at",
                &[],
            )
            .await;
        let id = ElementId::of(&found).expect("a page has an active element, be it the body");
        let element = Element { browser: self, id };
        (element.get("/computedrole").await, element.get("/computedlabel").await)
    }

    /// The nodes of the accessibility tree with this role, and name if one is given, that a reader gets to.
    async fn nodes(&self, role: &str, name: Option<&str>) -> Vec<Value> {
        let document = self.wire.devtools("Runtime.evaluate", &json!({ "expression": "document" })).await;
        let mut query = json!({ "objectId": document["result"]["objectId"], "role": role });
        if let Some(name) = name {
            query["accessibleName"] = name.into();
        }
        // A document that is just being left has none.
        let found = self
            .wire
            .call(
                Method::POST,
                "/goog/cdp/execute",
                &json!({ "cmd": "Accessibility.queryAXTree", "params": query }),
            )
            .await;
        let mut found = found.unwrap_or_default();
        let mut nodes = match found["nodes"].take() {
            Value::Array(nodes) => nodes,
            _ => Vec::new(),
        };
        nodes.retain(|node| node["ignored"] == false && node["backendDOMNodeId"].is_number());
        nodes
    }

    /// The element behind such a node; none if it has gone meanwhile.
    async fn element(&self, node: &Value) -> Option<ElementId> {
        let devtools = async |command: &str, parameters: Value| {
            let command = json!({ "cmd": command, "params": parameters });
            self.wire.call(Method::POST, "/goog/cdp/execute", &command).await.ok()
        };
        let node = json!({ "backendNodeId": node["backendDOMNodeId"] });
        let object = devtools("DOM.resolveNode", node).await?;
        let keep = json!({
            "objectId": object["object"]["objectId"],
            "functionDeclaration": "function() { globalThis.foundByJourney = this; }",
        });
        devtools("Runtime.callFunctionOn", keep).await?;
        let found = "const found = globalThis.foundByJourney; delete globalThis.foundByJourney; return found";
        ElementId::of(&self.wire.run(found, &[]).await.ok()?)
    }

    async fn next_frame(&self) {
        // A page that is just being left has no next frame, and is asked about again all the same.
        let _ =
            self.wire.run("return new Promise((frame) => requestAnimationFrame(() => frame()))", &[]).await;
    }
}

impl Element<'_> {
    /// Clicks its middle, after scrolling it into view. Something that lies over it ends the journey.
    pub(crate) async fn click(&self) {
        self.post("/click", &json!({})).await;
    }

    /// Types at its end.
    pub(crate) async fn type_in(&self, text: &str) {
        self.post("/value", &json!({ "text": text })).await;
    }

    pub(crate) async fn is_enabled(&self) -> bool {
        self.browser.wire.get(&self.path("/enabled")).await == true
    }

    /// Whether it is ticked or chosen.
    pub(crate) async fn is_selected(&self) -> bool {
        self.browser.wire.get(&self.path("/selected")).await == true
    }

    /// A property of the element: `value`, say.
    pub(crate) async fn property(&self, name: &str) -> Value {
        self.browser.wire.get(&self.path(&format!("/property/{name}"))).await
    }

    async fn get(&self, path: &str) -> String {
        let value = self.browser.wire.get(&self.path(path)).await;
        value.as_str().expect("the driver answers text").to_owned()
    }

    async fn post(&self, path: &str, body: &Value) {
        self.browser.wire.post(&self.path(path), body).await;
    }

    fn path(&self, rest: &str) -> String {
        format!("/element/{}{rest}", self.id.0)
    }
}
