//! The types that numbers are stored in.

/// Numbers as stored, in raster order.
#[derive(Clone, Debug)]
pub enum Numbers {
    /// Unsigned, up to 32 bits.
    Uint(Vec<u32>),
    /// Signed, up to 32 bits.
    Int(Vec<i32>),
    /// More than 32 bits; unsigned ones beyond i64 are held at its maximum.
    Long(Vec<i64>),
    /// Floats of 32 bits: they become samples in place.
    Float(Vec<f32>),
    /// Floats.
    Real(Vec<f64>),
}

/// The type that numbers are stored in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Unsigned integer.
    Uint,
    /// Signed integer.
    Int,
    /// IEEE float.
    Float,
}

/// A stored type: kind and significant bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Kind of number.
    pub kind: Kind,
    /// Bits that carry the number.
    pub bits: u8,
}

impl std::fmt::Display for Stored {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = match self.kind {
            Kind::Uint => "uint",
            Kind::Int => "int",
            Kind::Float => "float",
        };
        write!(f, "{name}{}", self.bits)
    }
}

impl Stored {
    /// The largest number it can hold, if it is an integer type.
    pub fn largest(self) -> Option<i128> {
        let bits = u32::from(self.bits);
        match self.kind {
            Kind::Uint => 1i128.checked_shl(bits).map(|v| v - 1),
            Kind::Int => 1i128.checked_shl(bits.saturating_sub(1)).map(|v| v - 1),
            Kind::Float => None,
        }
    }

    /// Empty room for numbers of this type, at the given number of bits each.
    pub fn room(self, len: usize) -> Numbers {
        match (self.kind, self.bits) {
            (Kind::Float, ..=32) => Numbers::Float(vec![0.0; len]),
            (Kind::Float, _) => Numbers::Real(vec![0.0; len]),
            (_, 33..) => Numbers::Long(vec![0; len]),
            (Kind::Uint, _) => Numbers::Uint(vec![0; len]),
            (Kind::Int, _) => Numbers::Int(vec![0; len]),
        }
    }
}
