//! Drawing on a picture: grey values, outlines of labels, bars and words.
//!
//! A pixel is one byte, an index into a palette: a third of the work, and of the file, that full colour would be.

use super::font;
use super::view::Silhouettes;

/// Colours that are told apart on grey, by most people with a colour vision deficiency too, as neighbours differ in
/// lightness as well.
const COLOURS: [[u8; 3]; 8] = [
    [255, 85, 75],
    [90, 215, 90],
    [255, 205, 50],
    [80, 170, 255],
    [245, 120, 235],
    [60, 225, 220],
    [255, 150, 50],
    [185, 145, 255],
];
/// The same on white paper, where the picture is darkest inside an outline: not too light, not too dark.
const COLOURS_ON_PAPER: [[u8; 3]; 8] = [
    [235, 30, 30],
    [0, 160, 60],
    [240, 140, 0],
    [20, 100, 240],
    [215, 20, 190],
    [0, 160, 185],
    [160, 90, 20],
    [130, 70, 230],
];
/// Index of the brightest grey. A grey is its own index.
pub(super) const BRIGHTEST: u8 = 215;
/// Index of the first colour.
const COLOURED: u8 = BRIGHTEST + 1;
/// Index of white.
pub(super) const WHITE: u8 = COLOURED + COLOURS.len() as u8;
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

/// Red, green and blue of every index.
pub(super) fn palette() -> Vec<u8> {
    let greys = (0..=BRIGHTEST).map(|grey| [grey; 3]);
    greys.chain(COLOURS).chain([[255; 3]]).flatten().collect()
}

/// The palette turned round, as for print: nothing is white, the brightest and the words are black.
pub(super) fn palette_on_paper() -> Vec<u8> {
    let greys = (0..=BRIGHTEST).map(|grey| [255 - (u32::from(grey) * 255 / u32::from(BRIGHTEST)) as u8; 3]);
    greys.chain(COLOURS_ON_PAPER).chain([[0; 3]]).flatten().collect()
}

/// A picture of indices into the palette.
pub(super) struct Canvas {
    pub height: usize,
    pub width: usize,
    pub dots: Vec<u8>,
}

impl Canvas {
    pub fn black(height: usize, width: usize) -> Self {
        Canvas { height, width, dots: vec![0; height * width] }
    }

    /// Sets a pixel; one outside the picture is left out.
    pub fn dot(&mut self, y: usize, x: usize, colour: u8) {
        if y < self.height && x < self.width {
            self.dots[y * self.width + x] = colour;
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

    /// Words with their upper left corner at y, x; `size` pixels a dot.
    pub fn text(&mut self, y: usize, x: usize, text: &str, size: usize, colour: u8) {
        for (i, letter) in text.chars().enumerate() {
            for (row, bits) in font::glyph(letter).into_iter().enumerate() {
                for column in (0..font::WIDTH).filter(|c| bits >> (font::WIDTH - 1 - c) & 1 == 1) {
                    let left = x + (i * (font::WIDTH + 1) + column) * size;
                    self.bar(y + row * size, left, size, size, colour);
                }
            }
        }
    }

    /// Grey values in rows of `width`, from the top, `left` pixels from the left.
    pub fn greys(&mut self, left: usize, width: usize, greys: &[u8]) {
        for (line, row) in self.dots.chunks_exact_mut(self.width).zip(greys.chunks(width)) {
            line[left..left + width].copy_from_slice(row);
        }
    }

    /// Lines of `weight` pixels just inside each object, from the top, `left` pixels from the left. Objects cut by the edge
    /// of the image stay open there.
    pub fn outlines(&mut self, left: usize, objects: &Silhouettes, colours: &Colours, stroke: Stroke, weight: usize) {
        let (width, n) = (objects.width, objects.ends.len());
        for i in 0..n {
            let (y, x) = (i / width, i % width);
            if stroke == Stroke::Dashed && !((x + y) / DASH).is_multiple_of(2) {
                continue;
            }
            for &label in objects.at(i) {
                let lacks = |j: usize| objects.at(j).binary_search(&label).is_err();
                let edge = (1..=weight).any(|k| {
                    (x >= k && lacks(i - k))
                        || (x + k < width && lacks(i + k))
                        || (y >= k && lacks(i - k * width))
                        || (i + k * width < n && lacks(i + k * width))
                });
                if edge {
                    self.dot(y, left + x, colours.get(label));
                }
            }
        }
    }
}

/// A colour for each label: the next in turn, or the first after it that no near object with a lower label has.
pub(super) struct Colours {
    /// Labels in the picture, ascending, and the place of each one's colour.
    chosen: Vec<(u32, usize)>,
}

impl Colours {
    pub fn of(objects: &Silhouettes) -> Self {
        let pairs = near_pairs(objects);
        let mut present = objects.labels.clone();
        present.sort_unstable();
        present.dedup();
        let mut colours = Colours { chosen: Vec::with_capacity(present.len()) };
        let mut rest = &pairs[..];
        for label in present {
            let (near, after) = rest.split_at(rest.partition_point(|p| p.0 <= label));
            let taken = near.iter().filter(|p| p.0 == label).fold(0_u32, |set, p| set | 1 << colours.place(p.1));
            rest = after;
            let first = (label as usize - 1) % COLOURS.len();
            let free = (first..first + COLOURS.len()).map(|c| c % COLOURS.len()).find(|c| taken >> c & 1 == 0);
            colours.chosen.push((label, free.unwrap_or(first)));
        }
        colours
    }

    fn place(&self, label: u32) -> usize {
        self.chosen.binary_search_by_key(&label, |c| c.0).map_or(0, |i| self.chosen[i].1)
    }

    fn get(&self, label: u32) -> u8 {
        COLOURED + self.place(label) as u8
    }
}

/// Pairs (higher, lower) of different labels that share a pixel or follow each other in a row or column within `NEAR`
/// pixels, sorted.
fn near_pairs(objects: &Silhouettes) -> Vec<(u32, u32)> {
    let mut pairs = Vec::new();
    let (n, width) = (objects.ends.len(), objects.width.max(1));
    let mut walk = |pixels: &mut dyn Iterator<Item = usize>| {
        let (mut last, mut gap): (&[u32], usize) = (&[], 0);
        for here in pixels.map(|i| objects.at(i)) {
            if here.is_empty() {
                gap += 1;
                continue;
            }
            if here != last && gap <= NEAR {
                pairs.extend(last.iter().flat_map(|&a| here.iter().map(move |&b| (a.max(b), a.min(b)))));
            }
            if here.len() > 1 && here != last {
                pairs.extend(here.iter().flat_map(|&a| here.iter().map(move |&b| (a.max(b), a.min(b)))));
            }
            (last, gap) = (here, 0);
        }
    };
    (0..n / width).for_each(|y| walk(&mut (y * width..(y + 1) * width)));
    (0..width).for_each(|x| walk(&mut (x..n).step_by(width)));
    pairs.retain(|p| p.0 != p.1);
    pairs.sort_unstable();
    pairs.dedup();
    pairs
}

#[cfg(test)]
mod tests {
    //! Mechanics, on small literal grids.
    use super::*;

    fn of(labels: &[u32], width: usize) -> Silhouettes {
        let mut objects = Silhouettes { width, ..Default::default() };
        for &label in labels {
            objects.labels.extend(Some(label).filter(|l| *l > 0));
            objects.ends.push(objects.labels.len());
        }
        objects
    }

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
        let objects = of(&labels, 6);
        canvas.outlines(0, &objects, &Colours::of(&objects), Stroke::Solid, 1);
        let drawn: Vec<bool> = canvas.dots.iter().map(|d| *d != 0).collect();
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
        assert_eq!((canvas.dots[8], canvas.dots[9]), (COLOURED, COLOURED + 1));
    }
}
