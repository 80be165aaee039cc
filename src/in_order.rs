//! Work that is done side by side and can fail: what is told is the first error in order. What rayon collects into a `Result`, or tries for each, ends with the
//! one that came first in time, so the reason of an image that fails would be another one from run to run.

use crate::Result;
use rayon::prelude::*;

/// All that was made, or the first error in order.
pub(crate) fn in_order<T: Send>(made: impl ParallelIterator<Item = Result<T>>) -> Result<Vec<T>> {
    made.collect::<Vec<_>>().into_iter().collect()
}

/// The same where nothing is kept: what comes behind an error is left out where that is known in time.
pub(crate) fn each_in_order(done: impl ParallelIterator<Item = Result<()>>) -> Result<()> {
    done.find_map_first(Result::err).map_or(Ok(()), Err)
}

#[cfg(test)]
mod tests {
    //! Invariant: whichever fails first in time, the error is the same.
    use super::*;
    use crate::Error;
    use std::time::Duration;

    #[test]
    fn the_error_is_the_first_in_order_not_in_time() {
        let one = |i: u64| {
            // Later ones fail sooner.
            std::thread::sleep(Duration::from_micros(40 * (64 - i)));
            if i >= 3 { Err(Error::usage(format!("{i}"))) } else { Ok(i) }
        };
        let pool = rayon::ThreadPoolBuilder::new().num_threads(8).build().unwrap();
        for _ in 0..20 {
            let made = pool.install(|| in_order((0..64).into_par_iter().map(one)));
            assert_eq!(made.unwrap_err().what, "3");
            let done = pool.install(|| each_in_order((0..64).into_par_iter().map(|i| one(i).map(drop))));
            assert_eq!(done.unwrap_err().what, "3");
        }
        assert_eq!(in_order((0..3).into_par_iter().map(one)).unwrap(), [0, 1, 2]);
        assert!(each_in_order((0..3).into_par_iter().map(|i| one(i).map(drop))).is_ok());
    }
}
