//! How the page is looked at: light or dark, wide or narrow, and pictures of it.

use std::path::Path;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use super::Browser;

/// Light or dark, as people set it for their whole system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    Light,
    Dark,
}

impl Scheme {
    pub(crate) const BOTH: [Self; 2] = [Self::Light, Self::Dark];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

impl Browser {
    /// Prefers this scheme, and that nothing moves.
    pub(crate) async fn prefer(&self, scheme: Scheme) {
        let features = [("prefers-color-scheme", scheme.name()), ("prefers-reduced-motion", "reduce")];
        self.features(&features).await;
    }

    /// Has these media features (<https://www.w3.org/TR/mediaqueries-5/>), and of all others what it has by itself.
    pub(crate) async fn features(&self, features: &[(&str, &str)]) {
        let features: Vec<_> =
            features.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect();
        self.wire.devtools("Emulation.setEmulatedMedia", &json!({ "features": features })).await;
    }

    /// Makes the window this many CSS pixels wide, `zoom` device pixels each: half as wide at 2 is a zoom of 200 %.
    pub(crate) async fn width(&self, pixels: u32, zoom: u32) {
        let size = json!({ "width": pixels, "height": 900, "deviceScaleFactor": zoom, "mobile": false });
        self.wire.devtools("Emulation.setDeviceMetricsOverride", &size).await;
        self.until("the new width", "return innerWidth === arguments[0]", &[pixels.into()]).await;
    }

    /// What reaches beyond the window's sides, so that the page scrolls sideways.
    pub(crate) async fn overhang(&self) -> Vec<String> {
        let parts = self.run(include_str!("overhang.js"), &[]).await;
        let parts = parts.as_array().expect("it is a list").iter();
        parts.map(|part| part.as_str().unwrap_or_default().to_owned()).collect()
    }

    /// A picture of the whole page, `<name>.png` in the journey's folder.
    pub(crate) async fn picture(&self, name: &str) {
        let shot = json!({ "captureBeyondViewport": true });
        self.shoot(&shot, &self.folder.join(format!("{name}.png"))).await;
    }

    /// A picture, in this file, of the part of the page that this selector finds and a little around it, from its top
    /// down to at most `height` pixels.
    pub(crate) async fn picture_of(&self, selector: &str, height: u32, file: &Path) {
        let clip = self
            .run(
                "scrollTo(0, 0);
                 const { x, y, width, height } = document.querySelector(arguments[0]).getBoundingClientRect();
                 return { x: x - 16, y: y - 16, width: width + 32, height: Math.min(height + 32, arguments[1]), scale: 1 }",
                &[selector.into(), height.into()],
            )
            .await;
        self.shoot(&json!({ "captureBeyondViewport": true, "clip": clip }), file).await;
    }

    async fn shoot(&self, shot: &Value, file: &Path) {
        let shot = self.wire.devtools("Page.captureScreenshot", shot).await;
        let bytes = BASE64_STANDARD.decode(shot["data"].as_str().expect("a picture has data")).unwrap();
        std::fs::write(file, bytes).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    }

    /// Looks at the page as it is now in every way: light and dark, wide and narrow, with axe-core, for what does not
    /// fit, and for a key text anywhere in it. `state` names the pictures.
    pub(crate) async fn look_at(&self, state: &str) {
        for scheme in Scheme::BOTH {
            self.prefer(scheme).await;
            for width in [1280, 375] {
                self.width(width, 1).await;
                assert!(self.overhang().await.is_empty(), "{state}, {width}: {:?}", self.overhang().await);
                let violations = self.violations().await;
                assert!(
                    violations.is_empty(),
                    "{state}, {}, {width}: {}",
                    scheme.name(),
                    violations.join("\n")
                );
                self.picture(&format!("{state}-{}-{width}", scheme.name())).await;
            }
        }
        for (width, zoom) in [(320, 1), (640, 2)] {
            self.width(width, zoom).await;
            assert!(self.overhang().await.is_empty(), "{state}, {width}: {:?}", self.overhang().await);
        }
        self.width(1280, 1).await;
        self.prefer(Scheme::Light).await;
        self.holdings().await;
    }
}
