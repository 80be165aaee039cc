//! The checksum of a zlib stream (RFC 1950, 9), and how those of its pieces add up.

use crate::simd::wide;

/// Adler-32 of some bytes.
#[derive(Clone, Copy, Debug)]
pub struct Adler {
    /// 1 and all bytes.
    a: u64,
    /// All values that `a` has had behind a byte.
    b: u64,
    len: u64,
}

const MODULUS: u64 = 65521;
/// Bytes whose sums fit into 32 bits.
const BLOCK: usize = 4096;

impl Adler {
    /// Of bytes.
    pub fn of(bytes: &[u8]) -> Self {
        let (mut a, mut b) = (1, 0);
        for block in bytes.chunks(BLOCK) {
            let mut sums = [0; 2];
            add_up(block, &mut sums);
            b = (b + block.len() as u64 * a + u64::from(sums[1])) % MODULUS;
            a = (a + u64::from(sums[0])) % MODULUS;
        }
        Adler { a, b, len: bytes.len() as u64 }
    }

    /// That of these bytes and of those behind them.
    pub fn then(self, next: Adler) -> Self {
        let before = self.a + MODULUS - 1;
        let a = (before + next.a) % MODULUS;
        let b = (self.b + next.b + next.len % MODULUS * (before % MODULUS)) % MODULUS;
        Adler { a, b, len: self.len + next.len }
    }

    /// As it stands in the file.
    pub fn bytes(self) -> [u8; 4] {
        ((self.b << 16 | self.a) as u32).to_be_bytes()
    }
}

wide! {
    /// The sum of a block, and its sum with each byte as often as there are bytes from it on.
    fn add_up(block: &[u8], sums: &mut [u32; 2]) {
        let (mut plain, mut weighed) = (0, 0);
        for (times, &byte) in (0..block.len() as u32).zip(block.iter().rev()) {
            plain += u32::from(byte);
            weighed += (times + 1) * u32::from(byte);
        }
        *sums = [plain, weighed];
    }
}
