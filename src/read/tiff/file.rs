//! An open TIFF file with its pages.

use super::codes::{Compression, Photometric};
use super::directory::{Directory, Tiff};
use super::page::Page;
use crate::read::Source;
use crate::read::layout::{Layout, Plane};
use crate::read::raster::lossy;
use crate::{Error, Result};

/// What colours inks make depends on the press.
const INKS: &str = "its channels are inks of a print (PhotometricInterpretation 5, CMYK), no measured light, unless a program has written channels of light under that name: \
                    measure the image from the microscope, or a copy in RGB or grey";

/// An open file with its pages.
pub struct File<'a> {
    /// Its skeleton.
    pub tiff: Tiff<'a>,
    /// The entries of its first page.
    pub directory: Directory,
    /// Its pages.
    pub pages: Vec<Page>,
    /// Pages left out: smaller copies, and those unlike the first.
    reduced: usize,
    unlike: usize,
}

impl<'a> File<'a> {
    /// Opens a file and looks at all its pages.
    ///
    /// # Errors
    /// It is damaged, or of a variant that is not read.
    pub fn open(source: &'a Source<'a>) -> Result<Self> {
        let (tiff, directories) = Tiff::open(source)?;
        let first = directories.first().cloned().unwrap_or_default();
        let mut file = File { tiff, directory: first, pages: Vec::new(), reduced: 0, unlike: 0 };
        for (n, directory) in directories.iter().enumerate() {
            match Page::new(&file.tiff, directory) {
                Ok(page) => file.pages.push(page),
                Err(e) if n == 0 => return Err(e),
                Err(e) => return Err(Error { what: format!("page {n}: {}", e.what), ..e }),
            }
        }
        Ok(file)
    }

    /// Keeps the pages that are like the first full one: plain files hold thumbnails and labels of slides too.
    pub fn keep_alike(&mut self) {
        let all = self.pages.len();
        if self.pages.iter().any(|p| !p.reduced) {
            self.pages.retain(|p| !p.reduced);
        }
        self.reduced = all - self.pages.len();
        let full = self.pages.len();
        if let Some(first) = self.pages.first().cloned() {
            self.pages.retain(|p| alike(p, &first));
        }
        self.unlike = full - self.pages.len();
    }

    /// Counts the samples of planar pages as pages.
    pub fn unfold(&mut self) {
        self.pages = self.pages.iter().flat_map(Page::unfolded).collect();
    }

    /// A page by its number. Where there is only one, it may be the first of a run, if the format knows that.
    pub fn page(&self, number: usize, runs: bool) -> Result<Page> {
        match (self.pages.get(number), self.pages.as_slice()) {
            (Some(page), _) => Ok(page.clone()),
            (None, [only]) if runs => only.in_run(&self.tiff, number as u64),
            (None, pages) => Err(Error::format(format!("page {number} is wanted, the file has {}", pages.len()))),
        }
    }
}

impl File<'_> {
    /// The page of a plane, which must be like the first one.
    pub fn like(&self, first: &Page, plane: Plane, runs: bool) -> Result<Page> {
        let page = self.page(plane.page, runs)?;
        if alike(&page, first) {
            return Ok(page);
        }
        Err(Error::format(format!("page {} has another size or type than the first", plane.page)))
    }
}

fn alike(a: &Page, b: &Page) -> bool {
    (a.width, a.height, a.samples, a.stored) == (b.width, b.height, b.samples, b.stored)
}

impl File<'_> {
    /// What of its pages is left out.
    pub fn left_out(&self, layout: &mut Layout) {
        if self.unlike > 0 {
            layout.warnings.push(format!("{} pages of another size or type than the first were left out", self.unlike));
        }
        let all = self.pages.len();
        if layout.format == "ImageJ TIFF" && layout.described.is_some_and(|n| n < all) {
            let left = all - layout.described.unwrap_or(all);
            layout.warnings.push(format!("{left} of {all} pages were not described and left out"));
        }
    }

    /// What is to be known about it.
    pub fn facts(&self, page: &Page, layout: &mut Layout) {
        let mut fact = |name: &str, value: String| layout.facts.push((name.into(), value));
        fact("format", layout.format.into());
        fact("stored type", page.stored.to_string());
        fact("byte order", if self.tiff.little { "little-endian" } else { "big-endian" }.into());
        if self.tiff.big {
            fact("variant", "BigTIFF".into());
        }
        fact("compression", page.compression.name().into());
        if page.compression == Compression::Jpeg {
            layout.warnings.push(lossy(page.compression.name()));
        }
        let [rows, columns] = page.chunk;
        fact(
            "chunks",
            if page.tiled { format!("tiles of {rows} x {columns}") } else { format!("strips of {rows} rows") },
        );
        fact("pages", self.pages.len().to_string());
        if self.reduced > 0 {
            fact("smaller copies", format!("{} pages, not read", self.reduced));
        }
        if page.sub_images {
            fact("images below pages", "not read; mostly smaller copies".into());
        }
        match page.photometric {
            Photometric::Grey { white_is_zero: true } => fact("photometric", "white is zero; values as stored".into()),
            Photometric::Palette => fact("photometric", "colour map left out; values as stored".into()),
            Photometric::Rgb => fact("photometric", "RGB".into()),
            Photometric::Separated => {
                fact("photometric", "inks".into());
                layout.warnings.push(INKS.into());
            }
            Photometric::YCbCr => fact("photometric", "YCbCr, turned into RGB".into()),
            Photometric::Grey { .. } => {}
        }
    }
}
