//! What the types of a recipe cannot say about its derived images.

use super::place::list;
use super::validate::Checker;
use super::{Body, Step};
use crate::Result;

/// Checks the derived images and returns them in an order in which each comes after that which it is made of.
pub(super) fn check(body: &Body, text: &str) -> Result<Vec<String>> {
    let checker = Checker { body, text };
    body.images.keys().try_for_each(|name| checker.image(name))?;
    let mut order: Vec<String> = Vec::new();
    while order.len() < body.images.len() {
        let is_made = |source: &str| !body.images.contains_key(source) || order.iter().any(|n| n == source);
        let next = body.images.iter().find(|(name, image)| !order.contains(name) && is_made(&image.channel));
        let Some((name, _)) = next else {
            let stuck: Vec<&str> = body.images.keys().filter(|n| !order.contains(n)).map(String::as_str).collect();
            return Err(checker
                .error(format!("images need each other: {}", list(&stuck)), &["images", stuck.first().unwrap_or(&"")])
                .remedy("let one of them be made of a channel"));
        };
        order.push(name.clone());
    }
    Ok(order)
}

impl Checker<'_> {
    fn image(&self, name: &str) -> Result<()> {
        let here = ["images", name];
        let Some(image) = self.body.images.get(name) else { return Ok(()) };
        self.name(name, &here)?;
        if self.body.channels.contains_key(name) || self.body.objects.contains_key(name) {
            return Err(self
                .error(format!("\"{name}\" is an image, and something else as well"), &here)
                .remedy(format!("[images.{name}_image]")));
        }
        self.source(&image.channel, &["images", name, "channel"])?;
        if image.steps.is_empty() {
            return Err(self
                .error(format!("the image \"{name}\" has no steps"), &here)
                .remedy("steps = [{ op = \"gaussian\", sigma = \"2 px\" }]"));
        }
        let makes_image = |step: &Step| !step.needs_objects() && !matches!(step, Step::Threshold(_) | Step::Spots(_));
        if let Some((i, step)) = image.steps.iter().enumerate().find(|(_, step)| !makes_image(step)) {
            let index = i.to_string();
            return Err(self
                .error(format!("\"{}\" makes no image", step.name()), &["images", name, "steps", &index])
                .remedy("leave it to an object set: channel = the name of this image"));
        }
        self.filters(&image.steps, &["images", name, "steps"])?;
        self.names_of_steps(&image.steps, &["images", name, "steps"])
    }
}
