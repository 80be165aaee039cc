//! The colours of a picture. A pixel is one byte, an index into them: a third of the work, and of the file, that full
//! colour would be.
//!
//! First the ground: greys, or, where two channels are shown, 26 greys of the one in each of 9 strengths of blue of the other.
//! Then the colours of lines twice, light for dark ground and dark for light ground, and what words and numbers need.

/// Colours of objects.
pub(super) const COLOURS: usize = 8;
/// Index of the brightest ground. Of one channel a grey is its own index.
pub(super) const BRIGHTEST: u8 = 233;
/// Steps of the grey channel and of the blue one, where there are two: 26 * 9 = 234.
const GREYS: u8 = 26;
const BLUES: u8 = 9;
/// Index of the first colour of lines: above it nothing is ground.
pub(super) const LINES: u8 = BRIGHTEST + 1;
/// Index of white lines and words; on paper they are black.
pub(super) const WHITE: u8 = LINES + 2 * COLOURS as u8;
/// Index of what is laid around numbers: black, on paper white.
pub(super) const HALO: u8 = WHITE + 1;
/// Index of words.
pub(super) const WORDS: u8 = WHITE + 2;

/// Colours that are told apart on dark ground, by most people with a colour vision deficiency too, as neighbours differ in
/// lightness as well.
const LIGHT: [[u8; 3]; COLOURS] = [
    [255, 85, 75],
    [90, 215, 90],
    [255, 205, 50],
    [80, 170, 255],
    [245, 120, 235],
    [60, 225, 220],
    [255, 150, 50],
    [185, 145, 255],
];
/// The same for light ground.
const DARK: [[u8; 3]; COLOURS] = [
    [215, 20, 20],
    [0, 125, 45],
    [165, 105, 0],
    [20, 80, 225],
    [190, 15, 165],
    [0, 120, 140],
    [170, 75, 0],
    [115, 55, 215],
];
/// Grey of the brightest ground of microscopy, so that white stays above it.
const TOP: u32 = 225;
/// Ground of this lightness and more has the dark lines.
const LIGHT_GROUND: u32 = 120;

/// What the ground shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ground {
    /// One channel, bright on black.
    Grey,
    /// A channel in grey, and another one in blue beneath it.
    GreyOnBlue,
    /// Dark on white.
    Paper,
}

/// Part of the index of a tone that is shown in grey over another one in blue: both parts add up.
pub(super) fn in_grey(tone: u8) -> u8 {
    step(tone, GREYS)
}

/// Part of the index of a tone that is shown in blue beneath another one.
pub(super) fn in_blue(tone: u8) -> u8 {
    step(tone, BLUES) * GREYS
}

fn step(tone: u8, steps: u8) -> u8 {
    let top = u32::from(BRIGHTEST);
    ((u32::from(tone) * u32::from(steps - 1) + top / 2) / top) as u8
}

impl Ground {
    fn colour(self, index: u8) -> [u8; 3] {
        let part = |v: u8, of: u8, top: u32| (u32::from(v) * top / u32::from(of)) as u8;
        match self {
            Ground::Grey => [part(index, BRIGHTEST, TOP); 3],
            Ground::Paper => [255 - part(index, BRIGHTEST, 255); 3],
            Ground::GreyOnBlue => {
                let (grey, blue) = (part(index % GREYS, GREYS - 1, TOP), part(index / GREYS, BLUES - 1, TOP));
                [blue / 4, blue / 3, blue].map(|b| b.max(grey))
            }
        }
    }

    /// Red, green and blue of every index.
    pub fn palette(self) -> Vec<u8> {
        let [white, halo, words] = match self {
            Ground::Paper => [0, 255, 75],
            _ => [255, 0, 160],
        };
        let ground = (0..=BRIGHTEST).map(|i| self.colour(i));
        ground.chain(LIGHT).chain(DARK).chain([[white; 3], [halo; 3], [words; 3]]).flatten().collect()
    }

    /// Whether lines need the dark colours there.
    pub fn is_light(self, index: u8) -> bool {
        let [r, g, b] = self.colour(index).map(u32::from);
        3 * r + 6 * g + b >= 10 * LIGHT_GROUND
    }

    /// Colours of numbers, which have a halo of black, on paper of white.
    pub fn number(self, colour: usize) -> u8 {
        LINES + (colour + if self == Ground::Paper { COLOURS } else { 0 }) as u8
    }
}

#[cfg(test)]
mod tests {
    //! Mechanics.
    use super::*;

    #[test]
    fn lines_differ_from_any_ground() {
        for ground in [Ground::Grey, Ground::GreyOnBlue, Ground::Paper] {
            let palette = ground.palette();
            assert_eq!(palette.len(), 3 * (usize::from(WORDS) + 1));
            let colour = |i: usize| [0, 1, 2].map(|c| f64::from(palette[3 * i + c]));
            for index in 0..=BRIGHTEST {
                let family = usize::from(LINES) + if ground.is_light(index) { COLOURS } else { 0 };
                for line in family..family + COLOURS {
                    let [a, b] = [usize::from(index), line].map(colour);
                    let apart = a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
                    assert!(apart >= 60.0, "{ground:?}: {a:?} {b:?}");
                }
            }
        }
    }

    #[test]
    fn both_channels_have_their_steps() {
        let shown = |grey, blue| Ground::GreyOnBlue.colour(in_grey(grey) + in_blue(blue));
        assert_eq!(shown(0, 0), [0; 3]);
        assert_eq!(shown(BRIGHTEST, 0), [TOP as u8; 3]);
        assert_eq!(shown(BRIGHTEST, BRIGHTEST), [TOP as u8; 3]);
        assert_eq!(shown(0, BRIGHTEST), [56, 75, 225]);
        assert_eq!(shown(117, 0)[0], 117);
    }
}
