//! The numbers of objects, which are the `label` of their rows: where there is room, and of lesions always.
//!
//! Microscopy: in the middle of the object, where no line and no other object lies, else beside it, where nothing lies; in
//! letters as large as the object bears. PET: beside the object, so that its uptake stays to be seen; where objects crowd,
//! farther off, with a line to it.

use super::colours::Colours;
use super::font::Letters;
use super::paint::Canvas;
use super::palette::LINES;
use super::silhouettes::{Place, Silhouettes};

/// Letters for numbers within objects of at least so many rows, the largest first.
const INSIDE: [(usize, Letters); 3] = [(48, Letters::words(2)), (20, Letters::words(1)), (0, Letters::digits(1))];
/// Letters beside objects of microscopy, and beside those of PET.
const BESIDE: Letters = Letters::digits(1);
const LESION: Letters = Letters::words(2);
/// Pixels between an object and the number beside it.
const GAP: usize = 3;
/// With more objects than this in a panel no number is forced: it would be illegible.
const MOST_FORCED: usize = 500;
/// Directions in which a number may lie, in the order in which they are tried: down, and to the right.
const DIRECTIONS: [[isize; 2]; 8] = [[0, 1], [0, -1], [-1, 0], [1, 0], [-1, 1], [1, 1], [-1, -1], [1, -1]];
/// How far off a forced number may lie, in heights of its letters.
const FARTHEST: usize = 12;

/// A panel that numbers are written in.
struct Panel<'a> {
    canvas: &'a mut Canvas,
    left: usize,
    objects: &'a Silhouettes,
}

/// A rectangle of a panel.
#[derive(Clone, Copy)]
struct Frame {
    y: usize,
    x: usize,
    height: usize,
    width: usize,
}

/// Writes the numbers of objects whose outlines are drawn.
pub(super) fn numbers(canvas: &mut Canvas, left: usize, objects: &Silhouettes, colours: &Colours, forced: bool) {
    let places = objects.places();
    let forced = forced && places.len() <= MOST_FORCED;
    let mut panel = Panel { canvas, left, objects };
    for place in places {
        let (text, colour) = (place.label.to_string(), colours.get(place.label));
        let spot = if forced { Some(panel.forced(&place, &text)) } else { panel.free_spot(&place, &text) };
        let Some((frame, letters)) = spot else { continue };
        if forced {
            panel.leader(&frame, &place, colour);
        }
        let colour = panel.canvas.ground.number(colour);
        panel.canvas.seamed(frame.y, left + frame.x, &text, letters, colour);
    }
}

impl Panel<'_> {
    /// Inside the object, or beside it.
    fn free_spot(&self, place: &Place, text: &str) -> Option<(Frame, Letters)> {
        let rows = place.end[0] - place.first[0];
        let inside = INSIDE.into_iter().filter(|(least, _)| rows >= *least).find_map(|(_, letters)| {
            let frame = self.frame(place.centre.map(|c| c as isize), text, letters)?;
            self.holds_only(place.label, &frame).then_some((frame, letters))
        });
        inside.or_else(|| {
            let beside = |to: &[isize; 2]| self.toward(*to, 0, place, text, BESIDE);
            let frame = DIRECTIONS[..4].iter().filter_map(beside).find(|f| self.is_empty(f))?;
            Some((frame, BESIDE))
        })
    }

    /// Beside the object, or farther off; where nothing is free, in its middle.
    fn forced(&self, place: &Place, text: &str) -> (Frame, Letters) {
        let spots = (0..FARTHEST).flat_map(|step| DIRECTIONS.map(|to| (step, to)));
        let mut frames = spots.filter_map(|(step, to)| self.toward(to, step, place, text, LESION));
        let frame = frames.find(|f| self.is_empty(f)).unwrap_or_else(|| {
            let (height, width) = (LESION.height(), LESION.width(text));
            let least =
                |centre: usize, half: usize, all: usize| centre.min(all.saturating_sub(half)).saturating_sub(half);
            let y = least(place.centre[0], height / 2 + 1, self.objects.rows.len());
            Frame { y, x: least(place.centre[1], width / 2 + 1, self.objects.width), height, width }
        });
        (frame, LESION)
    }

    /// Around a centre, if it lies in the panel.
    fn frame(&self, centre: [isize; 2], text: &str, letters: Letters) -> Option<Frame> {
        let (height, width) = (letters.height(), letters.width(text));
        let start = |centre: isize, size: usize| usize::try_from(centre - size as isize / 2).ok();
        let (y, x) = (start(centre[0], height)?, start(centre[1], width)?);
        (y + height < self.objects.rows.len() && x + width < self.objects.width).then_some(Frame {
            y,
            x,
            height,
            width,
        })
    }

    /// In a direction from the object, so many steps farther off than beside it.
    fn toward(&self, to: [isize; 2], step: usize, place: &Place, text: &str, letters: Letters) -> Option<Frame> {
        let size = [letters.height(), letters.width(text)];
        let away = |a: usize| {
            let middle = (place.first[a] + place.end[a]) as isize / 2;
            let half = (place.end[a] - place.first[a] + size[a]) / 2 + GAP + step * letters.height();
            middle + to[a] * half as isize
        };
        self.frame([away(0), away(1)], text, letters)
    }

    /// No line, no number and no other object lies there.
    fn holds_only(&self, label: u32, frame: &Frame) -> bool {
        self.is_ground(frame, 0)
            && (frame.y..frame.y + frame.height).all(|y| self.crossing(y, frame, 0).all(|l| l == label))
    }

    /// Nothing lies there, nor one pixel around it.
    fn is_empty(&self, frame: &Frame) -> bool {
        self.is_ground(frame, 1)
            && (frame.y.saturating_sub(1)..=frame.y + frame.height).all(|y| self.crossing(y, frame, 1).next().is_none())
    }

    fn is_ground(&self, frame: &Frame, around: usize) -> bool {
        let span = |from: usize, size: usize| from.saturating_sub(around)..from + size + around;
        span(frame.y, frame.height).all(|y| {
            let mut row = span(frame.x, frame.width);
            row.all(|x| self.canvas.at(y, self.left + x).is_none_or(|dot| dot < LINES))
        })
    }

    /// Labels of the runs of a row that lie in the frame, or so many pixels beside it.
    fn crossing(&self, y: usize, frame: &Frame, around: usize) -> impl Iterator<Item = u32> {
        let (from, to) = (frame.x.saturating_sub(around), frame.x + frame.width + around);
        self.objects.row(y).iter().filter(move |r| r.from < to && r.to > from).map(|r| r.label)
    }

    /// A line from a number that is far off to its object.
    fn leader(&mut self, frame: &Frame, place: &Place, colour: usize) {
        let start = [frame.y + frame.height / 2, frame.x + frame.width / 2];
        let offset = [0, 1].map(|a| place.centre[a] as isize - start[a] as isize);
        let steps = offset.map(isize::unsigned_abs).into_iter().max().unwrap_or(0);
        for i in 0..steps {
            let at = |a: usize| (start[a] as isize + offset[a] * i as isize / steps as isize) as usize;
            let (y, x) = (at(0), at(1));
            let seam = |v: usize, from: usize, size: usize| v + 2 < from || v > from + size + 1;
            let apart = seam(y, frame.y, frame.height) || seam(x, frame.x, frame.width);
            if !self.objects.of(y, place.label).iter().all(|r| x < r.from || x >= r.to) {
                return;
            }
            if apart && self.canvas.at(y, self.left + x).is_some_and(|dot| dot < LINES) {
                self.canvas.line(y, self.left + x, colour);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    //! Mechanics, on small grids.
    use super::super::paint::Stroke;
    use super::super::palette::{COLOURS, Ground};
    use super::super::silhouettes::tests::of;
    use super::*;

    /// Pixels of numbers: what is drawn beyond the outlines, seams left out.
    fn written(labels: &[u32], width: usize, ground: Ground, forced: bool) -> Vec<[usize; 2]> {
        let objects = of(labels, width);
        let colours = Colours::of(&objects);
        let mut canvas = Canvas::new(labels.len() / width, width, ground);
        canvas.outlines(0, &objects, &colours, Stroke::Solid, 1);
        let before = canvas.dots.clone();
        numbers(&mut canvas, 0, &objects, &colours, forced);
        let is_line = |dot: u8| (LINES..LINES + 2 * COLOURS as u8).contains(&dot);
        let new = (0..before.len()).filter(|&i| canvas.dots[i] != before[i] && is_line(canvas.dots[i]));
        new.map(|i| [i / width, i % width]).collect()
    }

    /// A block of 1 in a grid of 40 by 60.
    fn block(rows: std::ops::Range<usize>, columns: std::ops::Range<usize>) -> Vec<u32> {
        (0..40 * 60).map(|i| u32::from(rows.contains(&(i / 60)) && columns.contains(&(i % 60)))).collect()
    }

    #[test]
    fn a_number_stands_in_its_object_where_there_is_room() {
        let dots = written(&block(10..25, 20..40), 60, Ground::Grey, false);
        assert_eq!(dots.len(), 8, "the digit 1 of 3 by 5 dots");
        assert!(dots.iter().all(|[y, x]| (11..24).contains(y) && (21..39).contains(x)), "{dots:?}");
    }

    #[test]
    fn it_stands_beside_a_small_object_and_nowhere_in_a_crowd() {
        let dots = written(&block(10..14, 20..24), 60, Ground::Grey, false);
        assert!(dots.len() == 8 && dots.iter().all(|[_, x]| *x >= 24), "{dots:?}");
        let crowd: Vec<u32> = (0..40 * 60).map(|i| (i / 60 / 4 * 15 + i % 60 / 4 + 1) as u32).collect();
        assert_eq!(written(&crowd, 60, Ground::Grey, false), [[0; 2]; 0]);
    }

    #[test]
    fn a_lesion_always_has_its_number() {
        let one = written(&block(10..25, 20..40), 60, Ground::Paper, true);
        // The digit 1 of 5 by 7 dots, twice as large, and the dot that leads to it from the outline.
        assert!(one.len() == 10 * 4 + 1 && one.iter().all(|[_, x]| *x >= 40), "{one:?}");
        let crowd: Vec<u32> = (0..40 * 60).map(|i| (i / 60 / 4 * 15 + i % 60 / 4 + 1) as u32).collect();
        assert!(written(&crowd, 60, Ground::Paper, true).len() > 100);
    }

    #[test]
    fn a_number_stands_in_the_hole_of_its_own_object_only() {
        // A ring of 1 with nothing in it, and one with object 2 in it.
        let ring = |inner: u32| -> Vec<u32> {
            let at = |i: usize| match (i / 60, i % 60) {
                (12..28, 20..40) => inner,
                (5..35, 10..50) => 1,
                _ => 0,
            };
            (0..40 * 60).map(at).collect()
        };
        let middle =
            |dots: &[[usize; 2]]| dots.iter().filter(|[y, x]| (12..28).contains(y) && (20..40).contains(x)).count();
        let empty = written(&ring(0), 60, Ground::Grey, false);
        assert!(middle(&empty) == empty.len() && !empty.is_empty());
        assert_eq!(middle(&written(&ring(2), 60, Ground::Grey, false)), 11, "the digit 2 alone");
    }
}
