//! What is worked out when it is first asked for, and kept.

use std::cell::OnceCell;

/// A value that one thread alone works out, and looks at.
#[derive(Clone, Debug)]
pub(super) struct Kept<T>(OnceCell<T>);

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Kept(OnceCell::new())
    }
}

impl<T> Kept<T> {
    /// Of a value that is known.
    pub fn known(value: T) -> Self {
        Kept(OnceCell::from(value))
    }

    /// The value, made now if it is not there.
    pub fn or(&self, make: impl FnOnce() -> T) -> &T {
        match self.0.get() {
            Some(kept) => kept,
            None => {
                let made = make();
                self.0.get_or_init(|| made)
            }
        }
    }
}
