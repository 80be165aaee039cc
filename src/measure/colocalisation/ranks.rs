//! Ranks of samples, from which rank correlation, rank weights, Otsu's threshold and walks over sorted voxels are made.

use crate::measure::order;

/// The distinct samples of an object, in rising order, and which of them each voxel has.
pub(super) struct Ranks {
    /// Distinct samples.
    pub distinct: Vec<i32>,
    /// Voxels that have them.
    pub counts: Vec<u64>,
    /// Which of the distinct samples each voxel has.
    pub dense: Vec<u32>,
}

impl Ranks {
    pub fn of(samples: &[i32]) -> Self {
        let (mut distinct, mut counts) = (Vec::new(), Vec::<u64>::new());
        for s in order::sorted(samples) {
            match (distinct.last() == Some(&s), counts.last_mut()) {
                (true, Some(n)) => *n += 1,
                _ => {
                    distinct.push(s);
                    counts.push(1);
                }
            }
        }
        let dense = dense(samples, &distinct);
        Ranks { distinct, counts, dense }
    }

    /// The voxels in the order of their samples, equal ones as they come.
    pub fn order(&self) -> Vec<u32> {
        let mut next: Vec<usize> = self.before().map(|n| n as usize).collect();
        let mut order = vec![0; self.dense.len()];
        for (i, &rank) in (0u32..).zip(&self.dense) {
            let at = &mut next[rank as usize];
            order[*at] = i;
            *at += 1;
        }
        order
    }

    /// Twice the mean rank of the voxels that have each distinct sample, ranks from 1: a whole number.
    pub fn twice_mean(&self) -> Vec<i64> {
        self.before().zip(&self.counts).map(|(before, n)| (2 * before + n + 1) as i64).collect()
    }

    /// Voxels below each distinct sample.
    fn before(&self) -> impl Iterator<Item = u64> {
        self.counts.iter().scan(0, |sum, n| Some(std::mem::replace(sum, *sum + n)))
    }

    /// The largest sample of the lower class where the variance between two classes is largest (Otsu), over the distinct
    /// samples themselves, not over bins.
    pub fn otsu(&self) -> Option<i32> {
        let n: i128 = self.counts.iter().map(|&n| i128::from(n)).sum();
        let weighted = |(&s, &n): (&i32, &u64)| i128::from(s) * i128::from(n);
        let all: i128 = self.distinct.iter().zip(&self.counts).map(weighted).sum();
        let (mut below, mut sum, mut best) = (0i128, 0i128, None);
        for (s, count) in self.distinct.iter().zip(&self.counts) {
            below += i128::from(*count);
            sum += weighted((s, count));
            if below == n {
                break;
            }
            let apart = (sum * n - all * below) as f64;
            let between = apart * apart / (below as f64 * (n - below) as f64);
            if best.is_none_or(|(most, _)| between > most) {
                best = Some((between, *s));
            }
        }
        best.map(|(_, s)| s)
    }
}

/// Where a table by sample is small beside the object, it is looked up; else searched for.
fn dense(samples: &[i32], distinct: &[i32]) -> Vec<u32> {
    let (Some(&low), Some(&high)) = (distinct.first(), distinct.last()) else { return vec![] };
    let span = high.abs_diff(low) as usize;
    if span > 8 * samples.len() + 1024 {
        return samples.iter().map(|s| distinct.partition_point(|d| d < s) as u32).collect();
    }
    let mut table = vec![0; span + 1];
    for (rank, &s) in (0u32..).zip(distinct) {
        table[s.abs_diff(low) as usize] = rank;
    }
    samples.iter().map(|s| table[s.abs_diff(low) as usize]).collect()
}

#[cfg(test)]
mod tests {
    //! Oracle: worked out by hand.
    use super::*;

    #[test]
    fn ranks_of_a_few_samples() {
        for far in [9, i32::MAX] {
            let ranks = Ranks::of(&[5, -3, far, 5]);
            assert_eq!((&ranks.distinct[..], &ranks.counts[..]), (&[-3, 5, far][..], &[1, 2, 1][..]));
            assert_eq!((&ranks.dense[..], ranks.order()), (&[1, 0, 2, 1][..], vec![1, 0, 3, 2]));
            assert_eq!(ranks.twice_mean(), [2, 5, 8]);
        }
        assert_eq!(Ranks::of(&[1, 2, 2, 8, 9]).otsu(), Some(2));
        assert_eq!(Ranks::of(&[4, 4]).otsu(), None);
        assert_eq!(Ranks::of(&[]).otsu(), None);
    }
}
