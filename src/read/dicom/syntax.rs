//! Transfer syntaxes: how a file is written, by its UID. After PS3.5, section 10, and PS3.6, annex A.

use super::set::Coding;
use crate::{Error, Result};

/// How pixels are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codec {
    /// As they are.
    Native,
    /// Run lengths (PackBits) of byte planes.
    Rle,
    /// JPEG: baseline, extended, or lossless by prediction.
    Jpeg,
    /// JPEG 2000.
    Jpeg2000,
    /// Not read.
    Other,
}

/// A transfer syntax.
#[derive(Clone, Debug, PartialEq)]
pub struct Syntax {
    /// Its UID; empty if the file does not say.
    pub uid: String,
    /// Its name, or the UID where it is not known.
    pub name: String,
    /// Coding of the elements.
    pub coding: Coding,
    /// Everything behind the file meta information is deflated.
    pub deflated: bool,
    /// Packing of pixels.
    pub codec: Codec,
}

const PREFIX: &str = "1.2.840.10008.1.2";

/// The UID behind the common beginning, a name, and the packing.
const KNOWN: &[(&str, &str, Codec)] = &[
    ("", "Implicit VR Little Endian", Codec::Native),
    (".1", "Explicit VR Little Endian", Codec::Native),
    (".1.98", "Encapsulated Uncompressed Explicit VR Little Endian", Codec::Other),
    (".1.99", "Deflated Explicit VR Little Endian", Codec::Native),
    (".2", "Explicit VR Big Endian", Codec::Native),
    (".5", "RLE Lossless", Codec::Rle),
    (".4.50", "JPEG Baseline", Codec::Jpeg),
    (".4.51", "JPEG Extended", Codec::Jpeg),
    (".4.57", "JPEG Lossless", Codec::Jpeg),
    (".4.70", "JPEG Lossless SV1", Codec::Jpeg),
    (".4.80", "JPEG-LS Lossless", Codec::Other),
    (".4.81", "JPEG-LS Near-lossless", Codec::Other),
    (".4.90", "JPEG 2000 Lossless", Codec::Jpeg2000),
    (".4.91", "JPEG 2000", Codec::Jpeg2000),
    (".4.92", "JPEG 2000 Multi-component Lossless", Codec::Other),
    (".4.93", "JPEG 2000 Multi-component", Codec::Other),
    (".4.94", "JPIP Referenced", Codec::Other),
    (".4.95", "JPIP Referenced Deflate", Codec::Other),
    (".4.100", "MPEG2 Main Profile", Codec::Other),
    (".4.101", "MPEG2 High Profile", Codec::Other),
    (".4.102", "MPEG-4 AVC/H.264", Codec::Other),
    (".4.103", "MPEG-4 AVC/H.264 BD-compatible", Codec::Other),
    (".4.107", "HEVC/H.265 Main Profile", Codec::Other),
    (".4.108", "HEVC/H.265 Main 10 Profile", Codec::Other),
    (".4.110", "JPEG XL Lossless", Codec::Other),
    (".4.111", "JPEG XL JPEG Recompression", Codec::Other),
    (".4.112", "JPEG XL", Codec::Other),
    (".4.201", "High-Throughput JPEG 2000 Lossless", Codec::Other),
    (".4.202", "High-Throughput JPEG 2000 RPCL Lossless", Codec::Other),
    (".4.203", "High-Throughput JPEG 2000", Codec::Other),
];

impl Syntax {
    /// The syntax of this UID. Nobody but the standard may name one whose elements are not explicit and little-endian.
    pub fn of(uid: &str) -> Self {
        let rest = uid.strip_prefix(PREFIX);
        let known = rest.and_then(|rest| KNOWN.iter().find(|k| k.0 == rest));
        let (name, codec) = known.map_or((uid, Codec::Other), |k| (k.1, k.2));
        let coding = Coding { big: rest == Some(".2"), explicit: rest != Some("") };
        let deflated = matches!(rest, Some(".1.99" | ".4.95"));
        Syntax { uid: uid.into(), name: name.into(), coding, deflated, codec }
    }

    /// The syntax of a file that does not say it, from its first element.
    pub fn guess(first: &[u8]) -> Self {
        let big = matches!(first, [0, low, ..] if *low > 0);
        let explicit = first.get(4..6).is_some_and(|vr| vr.iter().all(u8::is_ascii_uppercase));
        let coding = Coding { big, explicit };
        Syntax { uid: String::new(), name: "not stated".into(), coding, deflated: false, codec: Codec::Native }
    }

    /// Refuses what is not decoded.
    ///
    /// # Errors
    /// Pixels of this syntax are not read; the error names it.
    pub fn decoded(&self) -> Result<()> {
        if self.codec != Codec::Other {
            return Ok(());
        }
        Err(self.refused(""))
    }

    /// The error for pixels that are not decoded.
    pub fn refused(&self, what: &str) -> Error {
        Error::unsupported(format!("pixels packed as {} ({}){what} are not read", self.name, self.uid)).remedy(
            "a conversion to uncompressed DICOM, for example with dcmdjpeg, dcmdjpls, gdcmconv --raw or dcm2niix",
        )
    }

    /// Packed by JPEG with cosines, of which 8 bits are decoded.
    pub fn is_dct(&self) -> bool {
        matches!(self.name.as_str(), "JPEG Baseline" | "JPEG Extended")
    }

    /// Values may differ from what was measured.
    pub fn lossy(&self) -> bool {
        matches!(self.name.as_str(), "JPEG Baseline" | "JPEG Extended" | "JPEG 2000")
    }
}
