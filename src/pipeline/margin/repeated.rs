//! A margin that repeats the first or last row or column of the picture, as padding and registration leave it.
//!
//! Two rows of a camera are never alike, for they have noise; those of an enlarged image are, but everywhere.

use crate::units::Shape;

/// So many rows that repeat one are a margin; fewer do no harm.
const SOME: usize = 3;
/// A row has noise where so many neighbours in it are unlike, and one in so many.
const UNLIKE: usize = 12;
const ONE_IN: usize = 8;
/// Of the rows of a picture one in so many may be as the one before.
const ALIKE: usize = 20;

/// The picture within such a margin, 1 where it is, if it has one.
pub(super) fn repeated(shape: Shape, samples: &[i32]) -> Option<Vec<u8>> {
    let Shape { y, x, .. } = shape;
    let rows = picture(Lines { shape, samples, n: y, length: x, steps: [x, 1] });
    let columns = picture(Lines { shape, samples, n: x, length: y, steps: [1, x] });
    let is_in = |i: usize| {
        let [_, row, column] = shape.position(i);
        u8::from(rows.contains(&row) && columns.contains(&column))
    };
    (rows.len() < y || columns.len() < x).then(|| (0..shape.len()).map(is_in).collect())
}

/// Rows of all planes, or columns.
struct Lines<'a> {
    shape: Shape,
    samples: &'a [i32],
    n: usize,
    length: usize,
    /// From a line to the next, and along it.
    steps: [usize; 2],
}

impl Lines<'_> {
    /// All samples of a line, plane by plane.
    fn of(&self, line: usize) -> impl Iterator<Item = i32> {
        let [across, on] = self.steps;
        let planes = self.samples.chunks_exact((self.shape.y * self.shape.x).max(1));
        planes.flat_map(move |plane| (0..self.length).map(move |k| plane[line * across + k * on]))
    }

    fn are_alike(&self, a: usize, b: usize) -> bool {
        self.of(a).eq(self.of(b))
    }

    fn has_noise(&self, line: usize) -> bool {
        let unlike = self.of(line).zip(self.of(line).skip(1)).filter(|(a, b)| a != b).count();
        unlike >= UNLIKE.max(self.length * self.shape.z / ONE_IN)
    }

    /// How many of some lines repeat the one before the first of them.
    fn repeats(&self, mut lines: impl Iterator<Item = usize>) -> usize {
        let Some(first) = lines.next() else { return 0 };
        let n = lines.take_while(|line| self.are_alike(first, *line)).count();
        if n >= SOME && self.has_noise(first) { n } else { 0 }
    }
}

/// The lines that are no repeats of its first and its last one; all if it has none, or repeats everywhere.
fn picture(lines: Lines) -> std::ops::Range<usize> {
    let (first, last) = (lines.repeats(0..lines.n), lines.repeats((0..lines.n).rev()));
    let picture = first..lines.n - last;
    if picture.len() == lines.n || first + last >= lines.n {
        return 0..lines.n;
    }
    let alike = picture.clone().skip(1).filter(|line| lines.are_alike(line - 1, *line)).count();
    if alike > picture.len() / ALIKE { 0..lines.n } else { picture }
}
