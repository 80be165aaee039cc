//! Heat maps of plates, and the curves of their compounds, as SVG.

use super::facts::Control;
use super::logistic::Curve;
use super::responses::{Response, response_name};
use super::well::Well;
use super::{Plate, Plates};
use crate::write::names;
use crate::write::svg::{Anchor, Svg, scale_colour};
use std::collections::BTreeMap;

const INK: &str = "#222222";
const PALE: &str = "#cccccc";
/// Colours of plates, which colour-blind readers tell apart (M. Okabe and K. Ito).
const COLOURS: [&str; 7] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000"];

/// One for each plate and column that the recipe names, with its place in the folder of the results.
pub fn heat_maps(all: &Plates) -> Vec<(String, String)> {
    let drawn = |k: &usize| all.keys.draws(&all.columns[*k].name);
    let columns: Vec<usize> = (0..all.columns.len()).filter(drawn).collect();
    let one = |(name, plate): (&String, &Plate), k: usize| {
        let below = format!("plates/{}/heat_map_{}.svg", names::folder(name), all.columns[k].name);
        (below, heat_map(all, name, plate, k))
    };
    all.plates.iter().flat_map(|plate| columns.iter().map(move |k| one(plate, *k))).collect()
}

fn heat_map(all: &Plates, name: &str, plate: &Plate, k: usize) -> String {
    let (format, column) = (plate.format(all), &all.columns[k]);
    let cell = (960.0 / f64::from(format.columns)).clamp(18.0, 60.0);
    let (left, top) = (40.0, 64.0);
    let [width, height] = [format.columns, format.rows].map(|n| f64::from(n) * cell);
    let mut svg = Svg::new(left + width + 110.0, top + height + 34.0);
    svg.words([left, 22.0], 16.0, Anchor::Start, INK, name);
    let unit = if matches!(&*column.unit, "" | "1") { String::new() } else { format!(" ({})", column.unit) };
    svg.words([left, 40.0], 12.0, Anchor::Start, INK, &format!("{}{unit}, mean of the well", column.name));
    let values: Vec<f64> = plate.wells.values().filter_map(|images| images.value(k)).collect();
    let least = values.iter().copied().reduce(f64::min);
    let most = values.iter().copied().reduce(f64::max);
    let (least, most) = (least.unwrap_or(0.0), most.unwrap_or(0.0));
    let part = |value: f64| if most > least { (value - least) / (most - least) } else { 0.5 };
    let letters = (cell * 0.5).min(14.0);
    for row in 1..=format.rows {
        let y = top + (f64::from(row) - 0.5) * cell;
        let letter = Well { row, column: 1 }.to_string();
        let letter = letter.trim_end_matches(|c: char| c.is_ascii_digit());
        svg.words([left - 6.0, y + letters * 0.35], letters, Anchor::End, INK, letter);
        for column in 1..=format.columns {
            let x = left + (f64::from(column) - 0.5) * cell;
            if row == 1 {
                svg.words([x, top - 6.0], letters, Anchor::Middle, INK, &column.to_string());
            }
            let images = plate.wells.get(&Well { row, column });
            let value = images.and_then(|images| images.value(k));
            let fill = value.map_or("#ffffff".into(), |v| scale_colour(part(v)));
            svg.rectangle([x - cell / 2.0, y - cell / 2.0], [cell; 2], &fill, Some(PALE));
            let sign = images.and_then(|images| images.control).map(|c| if c == Control::Positive { "+" } else { "-" });
            let sign_colour = if value.is_some_and(|v| part(v) < 0.6) { "#ffffff" } else { INK };
            sign.into_iter().for_each(|s| {
                svg.words([x, y + letters * 0.4], letters * 1.2, Anchor::Middle, sign_colour, s);
            });
        }
    }
    let (x, bar) = (left + width + 24.0, height.min(240.0));
    let steps = 48;
    for i in 0..steps {
        let y = top + bar * f64::from(i) / f64::from(steps);
        let colour = scale_colour(1.0 - (f64::from(i) + 0.5) / f64::from(steps));
        // A little higher than its step: else the ground shows between them.
        svg.rectangle([x, y], [14.0, bar / f64::from(steps) + if i + 1 < steps { 0.5 } else { 0.0 }], &colour, None);
    }
    if !values.is_empty() {
        svg.words([x + 20.0, top + 9.0], 11.0, Anchor::Start, INK, &short(most));
        svg.words([x + 20.0, top + bar], 11.0, Anchor::Start, INK, &short(least));
    }
    let legend = "+ positive control, - negative control, white: no value";
    svg.words([left, top + height + 22.0], 11.0, Anchor::Start, INK, legend);
    svg.finish()
}

/// Width and height of the picture of a compound, and the frame of its curve within.
const PANEL: [f64; 2] = [250.0, 210.0];
const FRAME: [f64; 4] = [46.0, 40.0, 190.0, 122.0];
const A_ROW: usize = 5;

/// One for each plate and column, and for each set of several plates and column, with all their compounds.
pub fn responses(all: &Plates, responses: &[Response]) -> Vec<(String, String)> {
    let Some(keys) = &all.keys.responses else { return vec![] };
    let mut drawings: BTreeMap<(String, usize), Vec<&Response>> = BTreeMap::new();
    for response in responses {
        let folder = match (&response.plate, &response.set) {
            (Some(plate), _) => format!("plates/{}", names::folder(plate)),
            (None, Some(set)) => format!("plate_sets/{}", names::folder(set)),
            (None, None) => "plate_sets/all".into(),
        };
        drawings.entry((folder, response.column)).or_default().push(response);
    }
    let draw = |((folder, column), responses): ((String, usize), Vec<&Response>)| {
        let (name, unit) = response_name(all, keys, column);
        let title = match (&responses[0].plate, &responses[0].set) {
            (Some(plate), _) => plate.clone(),
            (None, Some(set)) => format!("all plates of {set}"),
            (None, None) => "all plates".into(),
        };
        let unit = if matches!(&*unit, "" | "1") { String::new() } else { format!(" ({unit})") };
        (format!("{folder}/responses_{name}.svg"), curves(&title, &format!("{name}{unit}"), &responses))
    };
    drawings.into_iter().map(draw).collect()
}

fn curves(title: &str, name: &str, responses: &[&Response]) -> String {
    let (across, down) = (responses.len().min(A_ROW), responses.len().div_ceil(A_ROW));
    let mut svg = Svg::new(across as f64 * PANEL[0] + 10.0, down as f64 * PANEL[1] + 50.0);
    svg.words([14.0, 22.0], 16.0, Anchor::Start, INK, title);
    svg.words([14.0, 40.0], 12.0, Anchor::Start, INK, name);
    for (i, response) in responses.iter().enumerate() {
        panel(&mut svg, [(i % A_ROW) as f64 * PANEL[0], 50.0 + (i / A_ROW) as f64 * PANEL[1]], response);
    }
    svg.finish()
}

/// The points of a compound, its curve, and what is said of it.
fn panel(svg: &mut Svg, [left, top]: [f64; 2], response: &Response) {
    let [x0, y0, width, height] = [left + FRAME[0], top + FRAME[1], FRAME[2], FRAME[3]];
    svg.words([x0, top + 18.0], 13.0, Anchor::Start, INK, &cut(&response.compound, 28));
    let unit = &response.unit;
    let said = match (response.ec50(), &response.found.reason) {
        (Some([ec50, low, high]), _) => {
            format!("EC50 {} {unit} ({} to {})", short(ec50), short(low), short(high))
        }
        (None, reason) => reason.clone().unwrap_or_default(),
    };
    svg.words([x0, top + 33.0], 10.0, Anchor::Start, INK, &cut(&said, 42));
    svg.rectangle([x0, y0], [width, height], "#ffffff", Some(PALE));
    let Some((doses, values)) = response.ranges() else { return };
    let x = |log_dose: f64| x0 + width * (log_dose - doses[0]) / (doses[1] - doses[0]);
    let y = |value: f64| y0 + height * (values[1] - value) / (values[1] - values[0]);
    let (first, last) = (doses[0].ceil() as i32, doses[1].floor() as i32);
    // Not more decades than there is room for their names.
    let every = ((last - first) / 5 + 1) as usize;
    for decade in (first..=last).step_by(every) {
        let at = x(f64::from(decade));
        svg.line(&[[at, y0 + height], [at, y0 + height + 4.0]], INK, 1.0, false);
        svg.words([at, y0 + height + 16.0], 10.0, Anchor::Middle, INK, &short(libm::exp10(f64::from(decade))));
    }
    svg.words([x0 + width, y0 + height + 29.0], 10.0, Anchor::End, INK, &format!("dose {unit}"));
    for value in values {
        let at = y(value);
        svg.words([x0 - 4.0, at + if at > y0 { 0.0 } else { 9.0 }], 10.0, Anchor::End, INK, &short(value));
    }
    if let Some(curve) = &response.found.curve {
        draw_curve(svg, curve, doses, &x, &y);
        svg.line(&[[x(curve.log_ec50), y0], [x(curve.log_ec50), y0 + height]], PALE, 1.0, true);
    }
    for (point, plate) in response.points.iter().zip(&response.plates) {
        svg.circle([x(point.log_dose), y(point.response)], 2.5, COLOURS[plate % COLOURS.len()]);
    }
}

fn draw_curve(svg: &mut Svg, curve: &Curve, doses: [f64; 2], x: &dyn Fn(f64) -> f64, y: &dyn Fn(f64) -> f64) {
    let steps = 60;
    let at = |i: i32| doses[0] + (doses[1] - doses[0]) * f64::from(i) / f64::from(steps);
    let places: Vec<[f64; 2]> = (0..=steps).map(|i| [x(at(i)), y(curve.response(at(i)))]).collect();
    svg.line(&places, INK, 1.5, false);
}

impl Response {
    /// What the axes show: logarithms of doses and responses, a little wider than the points.
    fn ranges(&self) -> Option<([f64; 2], [f64; 2])> {
        let wider = |of: &dyn Fn(usize) -> f64| {
            let all = (0..self.points.len()).map(of);
            let [least, most] = all.map(|v| [v, v]).reduce(|a, b| [a[0].min(b[0]), a[1].max(b[1])])?;
            let margin = if most > least { 0.06 * (most - least) } else { 0.5 * least.abs().max(1.0) };
            Some([least - margin, most + margin])
        };
        Some((wider(&|i| self.points[i].log_dose)?, wider(&|i| self.points[i].response)?))
    }
}

/// A number in three digits.
fn short(value: f64) -> String {
    if value == 0.0 {
        return "0".into();
    }
    let magnitude = libm::floor(libm::log10(value.abs())) as i32;
    if !(-3..6).contains(&magnitude) {
        return format!("{value:.1e}");
    }
    let text = format!("{value:.*}", (2 - magnitude).max(0) as usize);
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').into() } else { text }
}

/// Words that have room.
fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}\u{2026}", &text[..end]),
        None => text.into(),
    }
}
