//! Drawings as SVG: rectangles, circles, lines and words. Places have two decimals, so the same drawing is the same bytes.

use std::fmt::Write;

/// A drawing of this size in pixels, white.
#[derive(Debug)]
pub struct Svg {
    size: [f64; 2],
    body: String,
}

/// Where words stand about their place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// Behind it.
    Start,
    /// Over it.
    Middle,
    /// Before it.
    End,
}

/// A colour of a scale from 0 to 1: viridis, which rises evenly in lightness (S. van der Walt and N. Smith, CC0), as `#rrggbb`.
pub fn scale_colour(part: f64) -> String {
    const STOPS: [[f64; 3]; 9] = [
        [68.0, 1.0, 84.0],
        [71.0, 45.0, 123.0],
        [59.0, 82.0, 139.0],
        [44.0, 114.0, 142.0],
        [33.0, 145.0, 140.0],
        [40.0, 174.0, 128.0],
        [94.0, 201.0, 98.0],
        [173.0, 220.0, 48.0],
        [253.0, 231.0, 37.0],
    ];
    let at = part.clamp(0.0, 1.0) * (STOPS.len() - 1) as f64;
    let i = (at as usize).min(STOPS.len() - 2);
    let mix = |k: usize| (STOPS[i][k] + (STOPS[i + 1][k] - STOPS[i][k]) * (at - i as f64)).round() as u8;
    format!("#{:02x}{:02x}{:02x}", mix(0), mix(1), mix(2))
}

impl Svg {
    /// An empty drawing.
    pub fn new(width: f64, height: f64) -> Self {
        Svg { size: [width, height], body: String::new() }
    }

    fn put(&mut self, line: std::fmt::Arguments) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.body, "{line}");
    }

    /// A filled rectangle, with a line around it where `line` is a colour.
    pub fn rectangle(&mut self, [x, y]: [f64; 2], [width, height]: [f64; 2], fill: &str, line: Option<&str>) {
        let line = line.map(|colour| format!(" stroke=\"{colour}\"")).unwrap_or_default();
        let [x, y, width, height] = [x, y, width, height].map(place);
        self.put(format_args!(
            "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" fill=\"{fill}\"{line}/>"
        ));
    }

    /// A filled circle.
    pub fn circle(&mut self, [x, y]: [f64; 2], radius: f64, fill: &str) {
        let [x, y, radius] = [x, y, radius].map(place);
        self.put(format_args!("<circle cx=\"{x}\" cy=\"{y}\" r=\"{radius}\" fill=\"{fill}\"/>"));
    }

    /// A line through places.
    pub fn line(&mut self, places: &[[f64; 2]], colour: &str, width: f64, dashed: bool) {
        let points: Vec<String> = places.iter().map(|[x, y]| format!("{},{}", place(*x), place(*y))).collect();
        let dashes = if dashed { " stroke-dasharray=\"4 3\"" } else { "" };
        let (points, width) = (points.join(" "), place(width));
        self.put(format_args!(
            "<polyline points=\"{points}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"{width}\"{dashes}/>"
        ));
    }

    /// Words with their base line at a place.
    pub fn words(&mut self, [x, y]: [f64; 2], size: f64, anchor: Anchor, colour: &str, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let ([x, y, size], text) = ([x, y, size].map(place), escaped(text));
        self.put(format_args!(
            "<text x=\"{x}\" y=\"{y}\" font-size=\"{size}\" text-anchor=\"{anchor}\" fill=\"{colour}\">{text}</text>"
        ));
    }

    /// The file.
    pub fn finish(self) -> String {
        let ([width, height], body) = (self.size.map(place), self.body);
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
             font-family=\"sans-serif\">\n<rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>\n{body}</svg>\n"
        )
    }
}

/// With two decimals at most.
fn place(value: f64) -> String {
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".into() } else { text.into() }
}

/// Text as XML has it; characters that it cannot have are left out.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {}
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    //! Mechanics.
    use super::*;

    #[test]
    fn a_drawing_is_xml() {
        let mut svg = Svg::new(20.0, 10.5);
        svg.circle([1.0 / 3.0, -0.001], 2.0, "#000000");
        svg.words([1.0, 2.0], 9.0, Anchor::End, "#000000", "a < b & \u{1}c");
        let text = svg.finish();
        let parsed = roxmltree::Document::parse(&text).unwrap();
        let named = |name: &str| parsed.descendants().find(|n| n.has_tag_name(name)).unwrap();
        assert_eq!([named("circle").attribute("cx"), named("circle").attribute("cy")], [Some("0.33"), Some("0")]);
        assert_eq!((named("text").text(), named("svg").attribute("height")), (Some("a < b & c"), Some("10.5")));
        assert_eq!([0.0, 0.5, 2.0].map(scale_colour), ["#440154", "#21918c", "#fde725"]);
    }
}
