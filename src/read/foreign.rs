//! Formats that are known but not read, so that a message can name them and the way out.
//!
//! First come the files that look like one that is read and are not it: a slide scanner's preview in a TIFF or a JPEG. Then the
//! mark among the first 512 bytes decides, and where a mark stands for several formats, or for none, the extension.
//! Marks after the readers of Bio-Formats, tifffile and the libraries of the makers, and the magic files of file(1).

use super::{FORMATS, HEAD_BYTES, Source, nifti};
use crate::Error;
use std::path::Path;

/// A format that is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Foreign {
    /// As it stands in messages.
    pub name: &'static str,
    /// What to do.
    pub remedy: &'static str,
}

impl Foreign {
    /// The error for a file of the format.
    pub fn error(&self) -> Error {
        Error::unsupported(format!("{} files are not read", self.name)).remedy(self.remedy)
    }
}

const MICROSCOPE: &str = "a conversion to OME-TIFF, for example with Fiji or bfconvert";
const SLIDE: &str = "the region of interest as OME-TIFF, for example from QuPath, Fiji or bfconvert";
const SCANNER: &str = "a conversion to NIfTI, for example with 3D Slicer, ITK-SNAP or dcm2niix";
const ARRAY: &str =
    "a copy as OME-TIFF, for example with tifffile.imwrite, which takes the axes and the size of a pixel";
const PICTURE: &str = "a copy as TIFF or PNG, without loss";
const MOVIE: &str = "the frames as one TIFF each";
const ARCHIVE: &str = "the files in it, unpacked";
const DRAWING: &str = "the image itself, as TIFF or PNG";

/// Bytes and where they stand; all of them must be there.
type Mark = &'static [(usize, &'static [u8])];

/// Marks of one format each.
const MARKS: &[(&str, &str, Mark)] = &[
    ("Zeiss CZI", MICROSCOPE, &[(0, b"ZISRAWFILE")]),
    ("Nikon ND2", MICROSCOPE, &[(0, &[0xda, 0xce, 0xbe, 0x0a])]),
    ("Olympus ETS", SLIDE, &[(0, b"SIS\0")]),
    ("DeltaVision", MICROSCOPE, &[(96, &[0xa0, 0xc0])]),
    ("DeltaVision", MICROSCOPE, &[(96, &[0xc0, 0xa0])]),
    ("MRC", MICROSCOPE, &[(208, b"MAP ")]),
    ("Andor SIF", MICROSCOPE, &[(0, b"Andor Technology Multi-Channel File")]),
    ("Imspector OBF", MICROSCOPE, &[(0, b"OMAS_BF_")]),
    ("Gatan DM3", MICROSCOPE, &[(0, &[0, 0, 0, 3]), (8, &[0, 0, 0, 1])]),
    ("Gatan DM4", MICROSCOPE, &[(0, &[0, 0, 0, 4]), (12, &[0, 0, 0, 1])]),
    ("ICS", MICROSCOPE, &[(0, b"\t\nics_version")]),
    ("ICS", MICROSCOPE, &[(0, b"\t\r\nics_version")]),
    ("Bio-Rad PIC", MICROSCOPE, &[(14, &[1, 0]), (54, &[0x39, 0x30])]),
    ("NRRD", SCANNER, &[(0, b"NRRD000")]),
    ("MetaImage", SCANNER, &[(0, b"ObjectType = ")]),
    ("MetaImage", SCANNER, &[(0, b"NDims = ")]),
    ("ECAT", SCANNER, &[(0, b"MATRIX7")]),
    ("Interfile", SCANNER, &[(0, b"!INTERFILE")]),
    ("Interfile", SCANNER, &[(0, b"INTERFILE")]),
    ("Philips PAR/REC", SCANNER, &[(0, b"# === DATA DESCRIPTION FILE")]),
    ("GIPL", SCANNER, &[(252, &[0xef, 0xff, 0xe9, 0xb0])]),
    ("Inveon", SCANNER, &[(0, b"#\n#\n# Header file for data image")]),
    ("Agilent FDF", SCANNER, &[(0, b"#!/usr/local/fdf/startup")]),
    ("Amira mesh", SCANNER, &[(0, b"# AmiraMesh")]),
    ("Amira mesh", SCANNER, &[(0, b"# Avizo")]),
    ("VTK", SCANNER, &[(0, b"# vtk DataFile")]),
    ("NumPy", ARRAY, &[(0, b"\x93NUMPY")]),
    ("MATLAB", ARRAY, &[(0, b"MATLAB 5.0 MAT-file")]),
    ("MATLAB", ARRAY, &[(0, b"MATLAB 7.3 MAT-file")]),
    ("FITS", ARRAY, &[(0, b"SIMPLE  =")]),
    ("JPEG XL", PICTURE, &[(0, &[0xff, 0x0a])]),
    ("JPEG XL", PICTURE, &[(0, b"\0\0\0\x0cJXL ")]),
    ("JPEG 2000", PICTURE, &[(0, &[0xff, 0x4f, 0xff, 0x51])]),
    ("JPEG XR", PICTURE, &[(0, &[b'I', b'I', 0xbc])]),
    ("GIF", PICTURE, &[(0, b"GIF8")]),
    ("WebP", PICTURE, &[(0, b"RIFF"), (8, b"WEBP")]),
    ("AVIF", PICTURE, &[(4, b"ftypavi")]),
    ("HEIC", PICTURE, &[(4, b"ftyphei")]),
    ("HEIC", PICTURE, &[(4, b"ftyphev")]),
    ("HEIC", PICTURE, &[(4, b"ftypmif1")]),
    ("OpenEXR", PICTURE, &[(0, &[0x76, 0x2f, 0x31, 0x01])]),
    ("Radiance HDR", PICTURE, &[(0, b"#?RADIANCE")]),
    ("Photoshop", PICTURE, &[(0, b"8BPS")]),
    ("GIMP", PICTURE, &[(0, b"gimp xcf")]),
    ("QOI", PICTURE, &[(0, b"qoif")]),
    ("DDS", PICTURE, &[(0, b"DDS ")]),
    ("MP4 or QuickTime", MOVIE, &[(4, b"ftyp")]),
    ("AVI", MOVIE, &[(0, b"RIFF"), (8, b"AVI ")]),
    ("Matroska or WebM", MOVIE, &[(0, &[0x1a, 0x45, 0xdf, 0xa3])]),
    ("PDF", DRAWING, &[(0, b"%PDF")]),
    ("PostScript", DRAWING, &[(0, b"%!PS")]),
    ("SVG", DRAWING, &[(0, b"<svg")]),
];

/// Marks of containers: the extension may say what is in them.
const CONTAINERS: &[(&str, &str, Mark)] = &[
    ("Leica LIF", MICROSCOPE, &[(0, &[0x70, 0, 0, 0]), (8, &[0x2a])]),
    ("OLE (Olympus OIB, Zeiss ZVI)", MICROSCOPE, &[(0, &[0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1])]),
    ("HDF5", ARRAY, &[(0, b"\x89HDF\r\n\x1a\n")]),
    ("NetCDF", ARRAY, &[(0, b"CDF\x01")]),
    ("NetCDF", ARRAY, &[(0, b"CDF\x02")]),
    ("JPEG 2000", PICTURE, &[(4, b"jP  ")]),
    ("ZIP", ARCHIVE, &[(0, b"PK\x03\x04")]),
    ("7z", ARCHIVE, &[(0, &[b'7', b'z', 0xbc, 0xaf, 0x27, 0x1c])]),
    ("RAR", ARCHIVE, &[(0, b"Rar!\x1a\x07")]),
    ("xz", ARCHIVE, &[(0, &[0xfd, b'7', b'z', b'X', b'Z', 0])]),
    ("bzip2", ARCHIVE, &[(0, b"BZh")]),
    ("zstd", ARCHIVE, &[(0, &[0x28, 0xb5, 0x2f, 0xfd])]),
    ("tar", ARCHIVE, &[(257, b"ustar")]),
    ("gzip", "the unpacked file; of packed files only NIfTI is read", &[(0, &[0x1f, 0x8b])]),
];

/// Formats by their extensions, in lower case.
const EXTENSIONS: &[(&str, &str, &[&str])] = &[
    ("Zeiss CZI", MICROSCOPE, &["czi"]),
    ("Zeiss ZVI", MICROSCOPE, &["zvi"]),
    ("Nikon ND2", MICROSCOPE, &["nd2"]),
    ("Leica LIF", MICROSCOPE, &["lif", "lof", "lifext", "xlif", "xlef"]),
    ("Olympus OIB", MICROSCOPE, &["oib"]),
    ("Olympus OIF", MICROSCOPE, &["oif"]),
    ("Olympus OIR", MICROSCOPE, &["oir", "poir"]),
    ("Imaris", MICROSCOPE, &["ims"]),
    ("DeltaVision", MICROSCOPE, &["dv", "r3d"]),
    ("MRC", MICROSCOPE, &["mrc", "ccp4"]),
    ("ICS", MICROSCOPE, &["ics", "ids"]),
    ("Princeton SPE", MICROSCOPE, &["spe"]),
    ("Andor SIF", MICROSCOPE, &["sif"]),
    ("Gatan DM3", MICROSCOPE, &["dm3"]),
    ("Gatan DM4", MICROSCOPE, &["dm4"]),
    ("Imspector", MICROSCOPE, &["obf", "msr"]),
    ("3i SlideBook", MICROSCOPE, &["sld", "sldy"]),
    ("Volocity", MICROSCOPE, &["mvd2", "acff"]),
    ("KLB", MICROSCOPE, &["klb"]),
    ("XCT", SCANNER, &["xct"]),
    ("Olympus ETS", SLIDE, &["ets"]),
    ("Hamamatsu VMS", SLIDE, &["vms", "vmu", "ndpis"]),
    ("MetaImage", SCANNER, &["mha", "mhd", "zraw"]),
    ("NRRD", SCANNER, &["nrrd", "nhdr"]),
    ("MINC", SCANNER, &["mnc", "mnc2"]),
    ("Interfile", SCANNER, &["hv", "h33", "i33"]),
    ("GE raw data", SCANNER, &["rdf"]),
    ("ECAT", SCANNER, &["ecat"]),
    ("GIPL", SCANNER, &["gipl"]),
    ("FreeSurfer", SCANNER, &["mgh", "mgz"]),
    ("AFNI", SCANNER, &["brik"]),
    ("BrainVoyager", SCANNER, &["vmr", "v16"]),
    ("Philips PAR/REC", SCANNER, &["par"]),
    ("VTK", SCANNER, &["vtk", "vti"]),
    ("Agilent FDF", SCANNER, &["fdf"]),
    ("HDF5", ARRAY, &["h5", "hdf5", "he5", "hdf"]),
    ("NumPy", ARRAY, &["npy", "npz"]),
    ("MATLAB", ARRAY, &["mat"]),
    ("FITS", ARRAY, &["fits", "fts"]),
    ("raw samples", ARRAY, &["raw"]),
    ("JPEG 2000", PICTURE, &["jp2", "j2k", "jpx", "jpf"]),
    ("JPEG XL", PICTURE, &["jxl"]),
    ("JPEG XR", PICTURE, &["jxr", "wdp"]),
    ("JPEG-LS", PICTURE, &["jls"]),
    ("GIF", PICTURE, &["gif"]),
    ("WebP", PICTURE, &["webp"]),
    ("HEIC", PICTURE, &["heic", "heif"]),
    ("AVIF", PICTURE, &["avif"]),
    ("OpenEXR", PICTURE, &["exr"]),
    ("Photoshop", PICTURE, &["psd", "psb"]),
    ("portable pixmap", PICTURE, &["pgm", "ppm", "pnm", "pbm", "pam", "pfm"]),
    ("Targa", PICTURE, &["tga"]),
    ("SVG", DRAWING, &["svg", "svgz"]),
    ("AVI", MOVIE, &["avi"]),
    ("MP4 or QuickTime", MOVIE, &["mp4", "m4v", "mov"]),
    ("Matroska or WebM", MOVIE, &["mkv", "webm"]),
];

/// What begins like a TIFF or a JPEG but holds only a preview there.
const PREVIEWS: &[(&str, &str, &[&str])] = &[
    ("Olympus VSI", SLIDE, &["vsi"]),
    ("MRXS", SLIDE, &["mrxs"]),
    ("camera raw", PICTURE, &["dng", "nef", "cr2", "arw", "pef", "sr2"]),
];

/// The format of a file that is known but not read, by its first bytes, else by its extension.
pub fn foreign(path: &Path) -> Option<Foreign> {
    let head = Source::open(path).and_then(|s| s.head(HEAD_BYTES)).ok()?;
    recognise(path, &head)
}

/// The format of a file with these first bytes.
pub(super) fn recognise(path: &Path, head: &[u8]) -> Option<Foreign> {
    let extension = path.extension().map(|e| e.to_string_lossy().to_lowercase()).unwrap_or_default();
    let by = |list: &[(&'static str, &'static str, &[&str])]| {
        let found = list.iter().find(|f| f.2.contains(&extension.as_str()))?;
        Some(Foreign { name: found.0, remedy: found.1 })
    };
    let marked = |list: &[(&'static str, &'static str, Mark)]| {
        let stands = |(at, bytes): &(usize, &[u8])| head.get(*at..).is_some_and(|rest| rest.starts_with(bytes));
        let found = list.iter().find(|f| f.2.iter().all(stands))?;
        Some(Foreign { name: found.0, remedy: found.1 })
    };
    if let Some(preview) = by(PREVIEWS) {
        return Some(preview);
    }
    // The first mark of a JPEG-LS stream is its own; it would pass for a JPEG.
    if head.starts_with(&[0xff, 0xd8, 0xff, 0xf7]) {
        return Some(Foreign { name: "JPEG-LS", remedy: PICTURE });
    }
    if FORMATS.iter().any(|f| (f.detect)(head)) {
        return None;
    }
    if nifti::is_analyze(head) {
        return Some(Foreign { name: "Analyze 7.5", remedy: SCANNER });
    }
    if matches!(head, [b'P', b'1'..=b'7', b'\n' | b' ' | b'\r' | b'\t', ..]) {
        return Some(Foreign { name: "portable pixmap", remedy: PICTURE });
    }
    marked(MARKS).or_else(|| by(EXTENSIONS)).or_else(|| marked(CONTAINERS))
}

/// A folder that is one image in a format that is not read, or the data of a slide beside it: nothing in it is an image.
pub fn foreign_folder(path: &Path) -> Option<Foreign> {
    let name = path.file_name()?.to_string_lossy();
    let lower = name.to_lowercase();
    let holds = |names: &[&str]| names.iter().any(|n| path.join(n).is_file());
    let beside = |name: String| path.with_file_name(name).is_file();
    let found = |name, remedy| Some(Foreign { name, remedy });
    if lower.ends_with(".zarr") || holds(&[".zgroup", ".zarray", ".zattrs", "zarr.json"]) {
        return found("OME-Zarr", MICROSCOPE);
    }
    if lower.ends_with(".n5") {
        return found("N5", MICROSCOPE);
    }
    if holds(&["Slidedat.ini"]) || beside(format!("{name}.mrxs")) {
        return found("MRXS", SLIDE);
    }
    if lower.ends_with(".oif.files") {
        return found("Olympus OIF", MICROSCOPE);
    }
    let inner = name.strip_prefix('_').and_then(|n| n.strip_suffix('_')).filter(|n| !n.is_empty());
    if inner.is_some_and(|n| beside(format!("{n}.vsi"))) {
        return found("Olympus VSI", SLIDE);
    }
    None
}

#[cfg(test)]
mod tests {
    //! Mechanics: literal bytes and names.
    use super::*;

    fn name(path: &str, head: &[u8]) -> Option<&'static str> {
        recognise(Path::new(path), head).map(|f| f.name)
    }

    #[test]
    fn marks_are_seen_where_they_stand() {
        for (name, _, mark) in MARKS.iter().chain(CONTAINERS) {
            let mut head = vec![0u8; HEAD_BYTES];
            for (at, bytes) in *mark {
                head[*at..at + bytes.len()].copy_from_slice(bytes);
            }
            let found = recognise(Path::new("x"), &head).map(|f| f.name);
            let alike = [("AVIF", "MP4 or QuickTime"), ("HEIC", "MP4 or QuickTime")];
            assert!(found == Some(*name) || alike.contains(&(found.unwrap_or(""), name)), "{name}: {found:?}");
        }
        assert_eq!(name("x", b"\0\0\0\x20ftypheic"), Some("HEIC"));
        assert_eq!(name("x", b"\0\0\0\x20ftypavif"), Some("AVIF"));
        assert_eq!(name("x", b"\0\0\0\x20ftypisom"), Some("MP4 or QuickTime"));
        assert_eq!(name("x", b"P5\n3 3\n255\n"), Some("portable pixmap"));
        assert_eq!(name("x", &[0xff, 0xd8, 0xff, 0xf7, 0, 11]), Some("JPEG-LS"));
        assert_eq!(name("x", b""), None);
        assert_eq!(name("x.txt", b"some words"), None);
    }

    #[test]
    fn an_extension_says_what_a_container_holds() {
        let ole = [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1];
        assert_eq!(name("a.OIB", &ole), Some("Olympus OIB"));
        assert_eq!(name("a.zvi", &ole), Some("Zeiss ZVI"));
        assert_eq!(name("a.ims", b"\x89HDF\r\n\x1a\n"), Some("Imaris"));
        assert_eq!(name("a.mnc", b"\x89HDF\r\n\x1a\n"), Some("MINC"));
        assert_eq!(name("a.nd2", b"\0\0\0\x0cjP  "), Some("Nikon ND2"));
        assert_eq!(name("a.mgz", &[0x1f, 0x8b, 8]), Some("FreeSurfer"));
        assert_eq!(name("a.npz", b"PK\x03\x04"), Some("NumPy"));
        // A mark of one format outweighs a wrong name.
        assert_eq!(name("a.tif", b"ZISRAWFILE"), Some("Zeiss CZI"));
        assert_eq!(name("a.lif", b"ZISRAWFILE"), Some("Zeiss CZI"));
    }

    #[test]
    fn what_is_read_is_not_foreign_but_previews_are() {
        for head in [&b"II*\0"[..], b"MM\0+", b"\x89PNG\r\n\x1a\n", &[0xff, 0xd8, 0xff, 0xe0], b"BM"] {
            assert_eq!(name("a.czi", head), None, "{head:?}");
        }
        for slide in ["a.svs", "a.ndpi", "a.scn", "a.lsm", "a.stk", "a.bif"] {
            assert_eq!(name(slide, b"II*\0"), None, "{slide}");
        }
        assert_eq!(name("a.vsi", b"II*\0"), Some("Olympus VSI"));
        assert_eq!(name("a.mrxs", &[0xff, 0xd8, 0xff, 0xe0]), Some("MRXS"));
        assert_eq!(name("a.nef", b"MM\0*"), Some("camera raw"));
    }

    #[test]
    fn folders_of_other_formats_are_one_image() {
        let dir = tempfile::tempdir().unwrap();
        let make = |below: &str| {
            let path = dir.path().join(below);
            std::fs::create_dir_all(&path).unwrap();
            path
        };
        let name = |path: &Path| foreign_folder(path).map(|f| f.name);
        assert_eq!(name(&make("a.ome.zarr")), Some("OME-Zarr"));
        assert_eq!(name(&make("b.n5")), Some("N5"));
        assert_eq!(name(&make("c.oif.files")), Some("Olympus OIF"));
        let group = make("well");
        assert_eq!(name(&group), None);
        std::fs::write(group.join("zarr.json"), "{}").unwrap();
        assert_eq!(name(&group), Some("OME-Zarr"));
        let (slide, stack) = (make("s"), make("_v_"));
        assert_eq!((name(&slide), name(&stack)), (None, None));
        std::fs::write(dir.path().join("s.mrxs"), "").unwrap();
        std::fs::write(dir.path().join("v.vsi"), "").unwrap();
        assert_eq!((name(&slide), name(&stack)), (Some("MRXS"), Some("Olympus VSI")));
    }
}
