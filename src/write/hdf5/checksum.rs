//! The checksum of HDF5's newer structures: Bob Jenkins' hash of 2006 ("lookup3", public domain) with a first value of 0.

/// The checksum of bytes.
pub fn checksum(bytes: &[u8]) -> u32 {
    let start = 0xdead_beef_u32.wrapping_add(bytes.len() as u32);
    let (mut a, mut b, mut c) = (start, start, start);
    let word = |block: &[u8], i: usize| {
        block.iter().skip(4 * i).take(4).enumerate().fold(0, |word, (k, byte)| word | u32::from(*byte) << (8 * k))
    };
    // The last block is finished another way, even if it is full.
    let blocks = bytes.len().saturating_sub(1) / 12;
    for block in bytes.chunks(12).take(blocks) {
        a = a.wrapping_add(word(block, 0));
        b = b.wrapping_add(word(block, 1));
        c = c.wrapping_add(word(block, 2));
        mix(&mut a, &mut b, &mut c);
    }
    let last = &bytes[12 * blocks..];
    if last.is_empty() {
        return c;
    }
    a = a.wrapping_add(word(last, 0));
    b = b.wrapping_add(word(last, 1));
    c = c.wrapping_add(word(last, 2));
    for (shift, turn) in [14, 11, 25, 16, 4, 14, 24].into_iter().enumerate() {
        match shift % 3 {
            0 => c = (c ^ b).wrapping_sub(b.rotate_left(turn)),
            1 => a = (a ^ c).wrapping_sub(c.rotate_left(turn)),
            _ => b = (b ^ a).wrapping_sub(a.rotate_left(turn)),
        }
    }
    c
}

fn mix(a: &mut u32, b: &mut u32, c: &mut u32) {
    let step = |x: &mut u32, y: &mut u32, z: &mut u32, turn: u32| {
        *x = x.wrapping_sub(*z) ^ z.rotate_left(turn);
        *z = z.wrapping_add(*y);
    };
    step(a, b, c, 4);
    step(b, c, a, 6);
    step(c, a, b, 8);
    step(a, b, c, 16);
    step(b, c, a, 19);
    step(c, a, b, 4);
}

#[cfg(test)]
mod tests {
    //! Oracle: the values that lookup3's own test driver prints.
    use super::*;

    #[test]
    fn as_published() {
        assert_eq!(checksum(b""), 0xdead_beef);
        assert_eq!(checksum(b"Four score and seven years ago"), 0x1777_0551);
    }
}
