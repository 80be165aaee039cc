//! Drawing on a picture: its ground, outlines of objects, bars and words.

use super::colours::Colours;
use super::font::Letters;
use super::palette::{BRIGHTEST, COLOURS, Ground, HALO, LINES, WHITE};
use super::silhouettes::{Run, Silhouettes};

/// Pixels of a dash, and of the gap after it.
const DASH: usize = 3;

/// How an outline is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stroke {
    Solid,
    Dashed,
}

/// A picture of indices into the palette of its ground.
pub(super) struct Canvas {
    pub height: usize,
    pub width: usize,
    pub ground: Ground,
    pub dots: Vec<u8>,
    /// What a line is drawn over in the darker shade of its colour: light ground, and lines in that shade.
    light: [bool; 256],
}

impl Canvas {
    pub fn new(height: usize, width: usize, ground: Ground) -> Self {
        let light = std::array::from_fn(|i| match i as u8 {
            ground_there @ 0..=BRIGHTEST => ground.is_light(ground_there),
            line @ LINES..WHITE => usize::from(line - LINES) >= COLOURS,
            _ => false,
        });
        Canvas { height, width, ground, dots: vec![0; height * width], light }
    }

    /// The index of a pixel, if it lies in the picture.
    pub fn at(&self, y: usize, x: usize) -> Option<u8> {
        (x < self.width).then(|| self.dots.get(y * self.width + x).copied()).flatten()
    }

    /// Sets a pixel; one outside the picture is left out.
    pub fn dot(&mut self, y: usize, x: usize, colour: u8) {
        if y < self.height && x < self.width {
            self.dots[y * self.width + x] = colour;
        }
    }

    /// A pixel of a line: in the lighter or the darker shade of its colour, whichever stands out from the ground.
    pub fn line(&mut self, y: usize, x: usize, colour: usize) {
        if let Some(under) = self.at(y, x) {
            self.dots[y * self.width + x] =
                LINES + (colour + COLOURS * usize::from(self.light[usize::from(under)])) as u8;
        }
    }

    pub fn bar(&mut self, y: usize, x: usize, height: usize, width: usize, colour: u8) {
        for dy in 0..height {
            for dx in 0..width {
                self.dot(y + dy, x + dx, colour);
            }
        }
    }

    /// A short line in the manner of the stroke, for a legend.
    pub fn sample(&mut self, y: usize, x: usize, width: usize, stroke: Stroke, colour: u8) {
        for dx in 0..width {
            if stroke == Stroke::Solid || (dx / DASH).is_multiple_of(2) {
                self.bar(y, x + dx, 2, 1, colour);
            }
        }
    }

    /// Words with their upper left corner at y, x.
    pub fn text(&mut self, y: usize, x: usize, text: &str, letters: Letters, colour: u8) {
        for [dy, dx] in letters.places(text) {
            self.bar(y + dy, x + dx, letters.size, letters.size, colour);
        }
    }

    /// The same with a seam around each dot, which no line is lost under, so that it can be read on any ground.
    pub fn seamed(&mut self, y: usize, x: usize, text: &str, letters: Letters, colour: u8) {
        for [dy, dx] in letters.places(text) {
            for y in (y + dy).saturating_sub(1)..=y + dy + letters.size {
                for x in (x + dx).saturating_sub(1)..=x + dx + letters.size {
                    if self.at(y, x).is_some_and(|under| under < LINES) {
                        self.dot(y, x, HALO);
                    }
                }
            }
        }
        self.text(y, x, text, letters, colour);
    }

    /// Ground in rows of `width`, from the top, `left` pixels from the left.
    pub fn lay(&mut self, left: usize, width: usize, ground: &[u8]) {
        for (line, row) in self.dots.chunks_exact_mut(self.width).zip(ground.chunks(width)) {
            line[left..left + width].copy_from_slice(row);
        }
    }

    /// Lines of `weight` pixels just inside each object, from the top, `left` pixels from the left. Objects cut by the edge
    /// of the image stay open there.
    pub fn outlines(&mut self, left: usize, objects: &Silhouettes, colours: &Colours, stroke: Stroke, weight: usize) {
        for (y, row) in objects.rows.iter().enumerate() {
            // The runs of the rows beside that no object before has had: both go by label.
            let beside = |k: usize| [y.checked_sub(k), Some(y + k).filter(|y| *y < objects.rows.len())];
            let mut others: Vec<&[Run]> = (1..=weight).flat_map(beside).flatten().map(|y| objects.row(y)).collect();
            for run in row {
                let colour = colours.get(run.label);
                let mut draw = |from: usize, to: usize| {
                    for x in from..to {
                        if stroke == Stroke::Solid || ((x + y) / DASH).is_multiple_of(2) {
                            self.line(y, left + x, colour);
                        }
                    }
                };
                if run.from > 0 {
                    draw(run.from, run.to.min(run.from + weight));
                }
                if run.to < objects.width {
                    draw(run.from.max(run.to.saturating_sub(weight)), run.to);
                }
                for others in &mut others {
                    while let Some((_, rest)) = others.split_first().filter(|(other, _)| other.label < run.label) {
                        *others = rest;
                    }
                    gaps(run, others, &mut draw);
                }
            }
        }
    }
}

/// What of a run none of the first of the others covers, those of its label, which go from left to right.
fn gaps(run: &Run, others: &[Run], mut draw: impl FnMut(usize, usize)) {
    let mut from = run.from;
    for other in others {
        if other.label != run.label || other.from >= run.to {
            break;
        }
        if other.from > from {
            draw(from, other.from);
        }
        from = from.max(other.to);
    }
    if from < run.to {
        draw(from, run.to);
    }
}

#[cfg(test)]
mod tests {
    //! Mechanics, on small literal grids.
    use super::super::silhouettes::tests::of;
    use super::*;

    fn drawn(labels: &[u32], width: usize, weight: usize) -> Vec<u8> {
        let objects = of(labels, width);
        let mut canvas = Canvas::new(labels.len() / width, width, Ground::Grey);
        canvas.outlines(0, &objects, &Colours::of(&objects), Stroke::Solid, weight);
        canvas.dots
    }

    #[test]
    fn lines_lie_inside() {
        #[rustfmt::skip]
        let labels = [
            0, 0, 0, 0, 0, 0,
            1, 1, 1, 9, 9, 9,
            1, 1, 1, 9, 9, 9,
            1, 1, 1, 9, 9, 9,
            0, 0, 0, 0, 0, 0,
        ];
        #[rustfmt::skip]
        let expected = [
            0, 0, 0, 0, 0, 0,
            1, 1, 1, 1, 1, 1,
            0, 0, 1, 1, 0, 0,
            1, 1, 1, 1, 1, 1,
            0, 0, 0, 0, 0, 0,
        ];
        assert_eq!(drawn(&labels, 6, 1).iter().map(|d| u8::from(*d != 0)).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn lines_are_those_of_a_naive_search() {
        let (width, height) = (31, 20);
        let labels: Vec<u32> = (0..width * height).map(|i| (i / 5 * 2_654_435_761 % 977 % 4) as u32).collect();
        for weight in [1, 2] {
            let got = drawn(&labels, width, weight);
            for (i, &label) in labels.iter().enumerate() {
                let (y, x) = (i / width, i % width);
                let lacks = |y: Option<usize>, x: Option<usize>| match (y, x) {
                    (Some(y), Some(x)) if y < height && x < width => labels[y * width + x] != label,
                    _ => false,
                };
                let edge = (1..=weight).any(|k| {
                    lacks(y.checked_sub(k), Some(x))
                        || lacks(Some(y + k), Some(x))
                        || lacks(Some(y), x.checked_sub(k))
                        || lacks(Some(y), Some(x + k))
                });
                assert_eq!(got[i] != 0, label > 0 && edge, "{y}, {x}");
            }
        }
    }

    #[test]
    fn lines_are_darker_on_light_ground() {
        let objects = of(&[0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0], 4);
        let mut canvas = Canvas::new(3, 4, Ground::Grey);
        canvas.lay(0, 4, &[BRIGHTEST, BRIGHTEST, 0, 0].repeat(3));
        canvas.outlines(0, &objects, &Colours::of(&objects), Stroke::Solid, 2);
        assert_eq!(canvas.dots[5..7], [LINES + COLOURS as u8, LINES]);
    }

    #[test]
    fn a_seam_leaves_lines_as_they_are() {
        let mut canvas = Canvas::new(7, 7, Ground::Grey);
        canvas.bar(0, 0, 7, 1, LINES);
        canvas.seamed(1, 1, "1", Letters::digits(1), WHITE);
        let row = |y: usize| -> String {
            let name = |d: &u8| match *d {
                LINES => 'l',
                WHITE => 'w',
                HALO => 'h',
                _ => '.',
            };
            canvas.dots[7 * y..7 * y + 7].iter().map(name).collect()
        };
        assert_eq!([0, 1, 2].map(row), ["lhhh...", "lhwh...", "lwwh..."]);
    }
}
