//! Words of bits behind each other, the lowest bit first.

use super::codes::Codes;

/// Bits that are being written.
pub(super) struct Bits {
    /// The bytes that are whole, and room behind them.
    out: Vec<u8>,
    /// Number of the whole ones.
    whole: usize,
    /// What comes behind them: fewer than 8 bits.
    word: u64,
    bits: u32,
}

impl Bits {
    /// With room for half of so many bytes at first.
    pub fn new(bytes: usize) -> Self {
        Bits { out: vec![0; bytes / 2 + 512], whole: 0, word: 0, bits: 0 }
    }

    /// A word of so many bits, 56 at most; its other bits are 0.
    pub fn push(&mut self, (word, bits): (u64, u32)) {
        self.make_room(0);
        self.word |= word << self.bits;
        self.bits += bits;
        self.set_down();
    }

    /// The codes of bytes.
    pub fn literals(&mut self, bytes: &[u8], codes: &Codes) {
        let (fours, rest) = bytes.as_chunks::<4>();
        // A code has at most two bytes.
        self.make_room(2 * bytes.len());
        for four in fours {
            for byte in four {
                let (code, bits) = codes.get(usize::from(*byte));
                self.word |= code << self.bits;
                self.bits += bits;
            }
            self.set_down();
        }
        rest.iter().for_each(|byte| self.push(codes.get(usize::from(*byte))));
    }

    /// Zeros up to the next whole byte.
    pub fn fill_byte(&mut self) {
        self.push((0, (8 - self.bits) % 8));
    }

    /// All bytes, the last one filled up with zeros.
    pub fn finish(mut self) -> Vec<u8> {
        self.fill_byte();
        self.out.truncate(self.whole);
        self.out
    }

    /// Room for so many bytes and a word.
    fn make_room(&mut self, bytes: usize) {
        let need = self.whole + bytes + size_of::<u64>();
        if need > self.out.len() {
            self.out.resize(need.max(2 * self.out.len()), 0);
        }
    }

    /// Sets down the whole bytes of the word, for which there is room.
    #[inline(always)]
    fn set_down(&mut self) {
        self.out[self.whole..self.whole + size_of::<u64>()].copy_from_slice(&self.word.to_le_bytes());
        self.whole += (self.bits / 8) as usize;
        self.word >>= self.bits / 8 * 8;
        self.bits %= 8;
    }
}
