//! Huffman's codes, none longer than a limit.

/// The code of each symbol as the format has it: in order of their lengths, those of one length in order of the symbols.
pub(super) struct Codes {
    /// The code, its first bit lowest, and the number of its bits; none of a symbol that is never there.
    codes: Vec<(u16, u8)>,
}

impl Codes {
    /// By how often each symbol is there, of two or more.
    pub fn of(counts: &[u32], most_bits: u8) -> Self {
        let mut counts = counts.to_vec();
        // Two symbols at least have a code: some readers take no other.
        while counts.iter().filter(|n| **n > 0).count() < 2 {
            let Some(free) = counts.iter_mut().find(|n| **n == 0) else { break };
            *free = 1;
        }
        let mut lengths = lengths(&counts);
        while lengths.iter().any(|bits| *bits > most_bits) {
            // The more alike the counts, the more alike the lengths.
            counts.iter_mut().for_each(|n| *n = n.div_ceil(2));
            lengths = self::lengths(&counts);
        }
        let mut codes = vec![(0, 0); counts.len()];
        let mut next = 0_u16;
        for bits in 1..=most_bits {
            next <<= 1;
            for (code, _) in codes.iter_mut().zip(&lengths).filter(|(_, length)| **length == bits) {
                *code = (next.reverse_bits() >> (16 - bits), bits);
                next += 1;
            }
        }
        Codes { codes }
    }

    /// The code of a symbol and the number of its bits.
    #[inline(always)]
    pub fn get(&self, symbol: usize) -> (u64, u32) {
        let (code, bits) = self.codes[symbol];
        (u64::from(code), u32::from(bits))
    }

    /// The number of bits of each code.
    pub fn lengths(&self) -> impl Iterator<Item = usize> {
        self.codes.iter().map(|(_, bits)| usize::from(*bits))
    }
}

/// How deep each symbol lies in the tree that joins the two rarest again and again (Huffman 1952).
fn lengths(counts: &[u32]) -> Vec<u8> {
    let mut symbols: Vec<usize> = (0..counts.len()).filter(|&s| counts[s] > 0).collect();
    symbols.sort_by_key(|&s| counts[s]);
    // The symbols, and behind them what they are joined to: both ascend.
    let n = symbols.len();
    let mut times: Vec<u64> = symbols.iter().map(|&s| u64::from(counts[s])).collect();
    let mut parents = vec![0; 2 * n];
    let (mut symbol, mut joined) = (0, n);
    while times.len() + 1 < 2 * n {
        let mut both = 0;
        for _ in 0..2 {
            let is_symbol = symbol < n && times.get(joined).is_none_or(|t| times[symbol] <= *t);
            let rarest = if is_symbol { &mut symbol } else { &mut joined };
            both += times[*rarest];
            parents[*rarest] = times.len();
            *rarest += 1;
        }
        times.push(both);
    }
    let mut depths = vec![0_u8; times.len()];
    for k in (0..times.len().saturating_sub(1)).rev() {
        depths[k] = depths[parents[k]] + 1;
    }
    let mut lengths = vec![0; counts.len()];
    symbols.iter().zip(depths).for_each(|(&s, depth)| lengths[s] = depth);
    lengths
}
