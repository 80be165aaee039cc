//! Drawing on a picture: grey values, outlines of labels, bars and words.

use super::font;

/// Colours that are told apart on grey, by most people with a colour vision deficiency too, as neighbours differ in
/// lightness as well.
const PALETTE: [[u8; 3]; 8] = [
    [255, 85, 75],
    [90, 215, 90],
    [255, 205, 50],
    [80, 170, 255],
    [245, 120, 235],
    [60, 225, 220],
    [255, 150, 50],
    [185, 145, 255],
];
/// Objects closer than this many pixels get different colours.
const NEAR: usize = 6;
/// Pixels of a dash, and of the gap after it.
const DASH: usize = 3;

/// How an outline is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stroke {
    Solid,
    Dashed,
}

/// A picture of 8-bit red, green and blue.
pub(super) struct Canvas {
    pub height: usize,
    pub width: usize,
    pub rgb: Vec<u8>,
}

impl Canvas {
    pub fn black(height: usize, width: usize) -> Self {
        Canvas { height, width, rgb: vec![0; height * width * 3] }
    }

    /// Sets a pixel; one outside the picture is left out.
    pub fn dot(&mut self, y: usize, x: usize, colour: [u8; 3]) {
        if y < self.height && x < self.width {
            let i = (y * self.width + x) * 3;
            self.rgb[i..i + 3].copy_from_slice(&colour);
        }
    }

    pub fn bar(&mut self, y: usize, x: usize, height: usize, width: usize, colour: [u8; 3]) {
        for dy in 0..height {
            for dx in 0..width {
                self.dot(y + dy, x + dx, colour);
            }
        }
    }

    /// A short line in the manner of the stroke, for a legend.
    pub fn sample(&mut self, y: usize, x: usize, width: usize, stroke: Stroke, colour: [u8; 3]) {
        for dx in 0..width {
            if stroke == Stroke::Solid || (dx / DASH).is_multiple_of(2) {
                self.bar(y, x + dx, 2, 1, colour);
            }
        }
    }

    /// Words with their upper left corner at y, x; `size` pixels a dot.
    pub fn text(&mut self, y: usize, x: usize, text: &str, size: usize, colour: [u8; 3]) {
        for (i, letter) in text.chars().enumerate() {
            for (row, bits) in font::glyph(letter).into_iter().enumerate() {
                for column in (0..font::WIDTH).filter(|c| bits >> (font::WIDTH - 1 - c) & 1 == 1) {
                    let left = x + (i * (font::WIDTH + 1) + column) * size;
                    self.bar(y + row * size, left, size, size, colour);
                }
            }
        }
    }

    /// Lines of one pixel just inside each object of a map as large as the picture's upper part. Objects cut by the edge of
    /// the image stay open there.
    pub fn outlines(&mut self, labels: &[u32], stroke: Stroke) {
        let width = self.width;
        let colours = Colours::of(labels, width);
        for (i, &label) in labels.iter().enumerate().filter(|(_, l)| **l > 0) {
            let (y, x) = (i / width, i % width);
            let differs = |j: usize| labels.get(j).is_some_and(|&l| l != label);
            let edge = (x > 0 && differs(i - 1))
                || (x + 1 < width && differs(i + 1))
                || (y > 0 && differs(i - width))
                || differs(i + width);
            if edge && (stroke == Stroke::Solid || ((x + y) / DASH).is_multiple_of(2)) {
                self.dot(y, x, colours.get(label));
            }
        }
    }
}

/// A colour for each label: the next in the palette, or the first after it that no near object with a lower label has.
struct Colours {
    /// Labels in the map, ascending, and the place of each one's colour in the palette.
    chosen: Vec<(u32, usize)>,
}

impl Colours {
    fn of(labels: &[u32], width: usize) -> Self {
        let pairs = near_pairs(labels, width);
        let mut present: Vec<u32> = labels.iter().copied().filter(|&l| l > 0).collect();
        present.sort_unstable();
        present.dedup();
        let mut colours = Colours { chosen: Vec::with_capacity(present.len()) };
        let mut rest = &pairs[..];
        for label in present {
            let split = rest.partition_point(|p| p.0 <= label);
            let taken =
                rest[..split].iter().filter(|p| p.0 == label).fold(0_u32, |set, p| set | 1 << colours.place(p.1));
            rest = &rest[split..];
            let first = (label as usize - 1) % PALETTE.len();
            let free = (first..first + PALETTE.len()).map(|c| c % PALETTE.len()).find(|c| taken >> c & 1 == 0);
            colours.chosen.push((label, free.unwrap_or(first)));
        }
        colours
    }

    fn place(&self, label: u32) -> usize {
        self.chosen.binary_search_by_key(&label, |c| c.0).map_or(0, |i| self.chosen[i].1)
    }

    fn get(&self, label: u32) -> [u8; 3] {
        PALETTE[self.place(label)]
    }
}

/// Pairs (higher, lower) of different labels that follow each other in a row or column within `NEAR` pixels, sorted.
fn near_pairs(labels: &[u32], width: usize) -> Vec<(u32, u32)> {
    let mut pairs = Vec::new();
    let height = labels.len() / width.max(1);
    let mut walk = |start: usize, step: usize, n: usize| {
        let (mut last, mut gap) = (0, 0);
        for label in (0..n).filter_map(|k| labels.get(start + k * step).copied()) {
            if label == 0 {
                gap += 1;
                continue;
            }
            if last != 0 && last != label && gap <= NEAR {
                pairs.push((label.max(last), label.min(last)));
            }
            (last, gap) = (label, 0);
        }
    };
    (0..height).for_each(|y| walk(y * width, 1, width));
    (0..width).for_each(|x| walk(x, width, height));
    pairs.sort_unstable();
    pairs.dedup();
    pairs
}

#[cfg(test)]
mod tests {
    //! Mechanics, on small literal grids.
    use super::*;

    #[test]
    fn lines_lie_inside_and_neighbours_differ() {
        #[rustfmt::skip]
        let labels = [
            0, 0, 0, 0, 0, 0,
            1, 1, 1, 9, 9, 9,
            1, 1, 1, 9, 9, 9,
            1, 1, 1, 9, 9, 9,
            0, 0, 0, 0, 0, 0,
        ];
        let mut canvas = Canvas::black(5, 6);
        canvas.outlines(&labels, Stroke::Solid);
        let drawn: Vec<bool> = canvas.rgb.chunks(3).map(|p| p != [0, 0, 0]).collect();
        #[rustfmt::skip]
        let expected = [
            0, 0, 0, 0, 0, 0,
            1, 1, 1, 1, 1, 1,
            0, 0, 1, 1, 0, 0,
            1, 1, 1, 1, 1, 1,
            0, 0, 0, 0, 0, 0,
        ];
        assert_eq!(drawn, expected.map(|v| v == 1));
        // 1 and 9 would both take the first colour.
        let pixel = |i: usize| canvas.rgb[3 * i..3 * i + 3].to_vec();
        assert_ne!(pixel(8), pixel(9));
    }
}
