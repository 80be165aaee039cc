//! What an image is made of.

use std::borrow::Cow;

/// An element of an image. On the device each one takes a 32-bit word.
pub trait Word: Copy + Default + Send + Sync + 'static {
    /// To the device's word.
    fn word(self) -> u32;
    /// To the device's words; the same memory where they are words already.
    fn words(elements: &[Self]) -> Cow<'_, [u32]> {
        elements.iter().map(|v| v.word()).collect()
    }
    /// From the device's word.
    fn from_word(word: u32) -> Self;
}

impl Word for i32 {
    fn words(elements: &[Self]) -> Cow<'_, [u32]> {
        Cow::Borrowed(bytemuck::cast_slice(elements))
    }
    fn word(self) -> u32 {
        self as u32
    }
    fn from_word(word: u32) -> Self {
        word as i32
    }
}

impl Word for u32 {
    fn words(elements: &[Self]) -> Cow<'_, [u32]> {
        Cow::Borrowed(elements)
    }
    fn word(self) -> u32 {
        self
    }
    fn from_word(word: u32) -> Self {
        word
    }
}

impl Word for u8 {
    fn word(self) -> u32 {
        self.into()
    }
    fn from_word(word: u32) -> Self {
        word as u8
    }
}
