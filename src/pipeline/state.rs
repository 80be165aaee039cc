//! What the steps of an object set pass on.

use super::doubt::Parted;
use super::geometry::Geometry;
use super::image::Smooth;
use super::level::Levelled;
use super::mask::Dimmer;
use super::roles::{Roles, source};
use super::specks::Light;
use crate::device::{Buffer, Device};
use crate::image::{Channel, Labels, Mask, ObjectSet, Regions, Scan, SpotDepth, Volume};
use crate::ops::free_ground::FreeGround;
use crate::ops::label::{Connectivity, label};
use crate::ops::noise::AskedNoise;
use crate::ops::pixelwise::{add, foreground};
use crate::profile::stage;
use crate::recipe::Step;
use crate::{Error, Kind, Result};
use std::collections::BTreeMap;

/// An image with what is known of its noise.
#[derive(Clone)]
pub(super) struct Picture {
    pub volume: Volume,
    /// Sigma in pixels of all smoothing so far: over a few of it noise is correlated.
    pub smoothed: f64,
}

/// Image, mask and labels so far, and the images that steps have named.
pub(super) struct State<'a> {
    pub device: &'a Device,
    pub geometry: Geometry,
    /// The channel as the file has it, on the host; a margin of it is filled.
    pub file: &'a Volume,
    /// Where objects may be found, if that is not everywhere; on the host.
    pub searched: Option<&'a Mask>,
    /// Where none of the objects is near that these grow from, if there is enough of it.
    pub free: Option<FreeGround>,
    /// The channel as the steps found it; nothing once no step will read an image any more.
    original: Option<Volume>,
    /// The same without an even slope of its ground, if it has one.
    pub levelled: Option<Levelled>,
    /// The light that was cut off specks in it.
    pub light: Light,
    /// Its samples are this many times those of the file: a power of two.
    pub lift: u32,
    /// The largest sample that the file can store, if it is of an integer type.
    pub saturation: Option<i32>,
    /// What the last step that makes an image has made; nothing as above.
    image: Option<Picture>,
    named: BTreeMap<String, Picture>,
    /// What the step before has smoothed to look at it.
    pub smooth: Option<Smooth>,
    /// The noise of the channel, asked for by whoever knows that a step will want it.
    pub noise: Option<AskedNoise<'a>>,
    /// Nothing once objects have replaced it.
    pub mask: Option<Mask>,
    pub labels: Option<Labels>,
    /// What the last split has done.
    pub parted: Option<Parted>,
    /// What objects were when they were found, by the numbers that they had then: where they lie if they are points, which cluster habitats
    /// are of.
    pub origin: Option<Regions>,
    /// How long spots are along z, once they have been found.
    pub spot_depth: Option<SpotDepth>,
    /// Heights to split on.
    pub landscape: Option<Volume>,
    /// In the values of the image.
    pub thresholds: Vec<f64>,
    /// All channels, and the images that are made of them.
    scan: &'a Scan,
    roles: &'a Roles,
    /// Object sets that are there already.
    pub sets: &'a BTreeMap<String, ObjectSet>,
    /// Sets that `exclude` took away, here or in the set that this one begins with, by name: what grows later may not take their
    /// voxels back.
    pub excluded: BTreeMap<String, Labels>,
    /// Contours are drawn around these objects, here or in a set that begins with them.
    pub has_contours: bool,
    /// Objects that were found and dropped, each step's by themselves, if contours are drawn around the others.
    pub dropped: Vec<Labels>,
    /// What the user should look at.
    pub warnings: Vec<String>,
    /// What else is worth knowing.
    pub notes: Vec<String>,
    /// The same of thresholds that look beyond what they were chosen for, until it is told.
    pub dimmer: Vec<Dimmer>,
}

fn gone() -> Error {
    Error::new(Kind::Internal, "a step reads an image that was let go")
}

impl<'a> State<'a> {
    pub fn new(
        device: &'a Device,
        geometry: Geometry,
        file: &'a Volume,
        original: Volume,
        (lift, saturation): (u32, Option<i32>),
        (scan, roles): (&'a Scan, &'a Roles),
        sets: &'a BTreeMap<String, ObjectSet>,
    ) -> Self {
        State {
            device,
            geometry,
            file,
            searched: None,
            free: None,
            image: Some(Picture { volume: original.clone(), smoothed: 0.0 }),
            original: Some(original),
            levelled: None,
            light: vec![],
            lift,
            saturation,
            named: BTreeMap::new(),
            smooth: None,
            noise: None,
            mask: None,
            labels: None,
            parted: None,
            origin: None,
            spot_depth: None,
            landscape: None,
            thresholds: Vec::new(),
            scan,
            roles,
            sets,
            excluded: BTreeMap::new(),
            has_contours: false,
            dropped: vec![],
            warnings: Vec::new(),
            notes: Vec::new(),
            dimmer: Vec::new(),
        }
    }

    /// An image without an even slope of its ground, where that is known: of the channel as the steps found it.
    pub fn level(&self, image: &Volume) -> Volume {
        let is_original = self.original.as_ref().is_some_and(|original| original.samples.is(&image.samples));
        let levelled = self.levelled.as_ref().filter(|_| is_original);
        levelled.map_or_else(|| image.clone(), |levelled| levelled.volume.clone())
    }

    /// The image that a step reads.
    pub fn of(&self, name: &Option<String>) -> Result<Volume> {
        self.picture(name).map(|p| p.volume)
    }

    /// The same with all light of specks: what parts objects and draws their outlines.
    pub fn with_light(&self, name: &Option<String>) -> Result<Volume> {
        let volume = self.of(name)?;
        if self.light.is_empty() {
            return Ok(volume);
        }
        let mut light = vec![0; volume.shape.len()];
        self.light.iter().for_each(|(i, sample)| light[*i as usize] = *sample);
        add(self.device, &volume, &volume.with(self.device.place(&Buffer::on_host(light))?))
    }

    /// The same, with what is known of its noise.
    pub fn picture(&self, name: &Option<String>) -> Result<Picture> {
        match name.as_deref() {
            None => self.image.clone().ok_or_else(gone),
            Some("original") => Ok(Picture { volume: self.original()?.clone(), smoothed: 0.0 }),
            Some(name) => self
                .named
                .get(name)
                .cloned()
                .ok_or_else(|| Error::usage(format!("no earlier step is called \"{name}\""))),
        }
    }

    /// Channels and images by their names, as the file has them.
    pub fn channels(&self, names: &[String]) -> Result<Vec<&'a Channel>> {
        names.iter().map(|name| source(name, self.scan, self.roles).map(|(_, channel)| channel)).collect()
    }

    /// The channel as the steps found it.
    pub fn original(&self) -> Result<&Volume> {
        self.original.as_ref().ok_or_else(gone)
    }

    /// Lets the images go where none of the steps to come reads one: they are most of what an object set holds.
    pub fn forget_images(&mut self, to_come: &[Step]) {
        if !to_come.iter().any(Step::reads_image) {
            (self.image, self.original, self.levelled) = (None, None, None);
            self.named.clear();
        }
    }

    /// Keeps an image under a name.
    pub fn name(&mut self, name: &str, image: Picture) {
        self.named.insert(name.to_owned(), image);
    }

    /// Passes an image on that a step has made of `from` and smoothed by a sigma of `by` pixels, and keeps it under a name if
    /// it has one.
    pub fn put(&mut self, from: &Picture, volume: Volume, by: f64, name: &Option<String>) {
        let image = Picture { volume, smoothed: libm::hypot(from.smoothed, by) };
        if let Some(name) = name {
            self.name(name, image.clone());
        }
        self.image = Some(image);
    }

    /// The mask so far: where there are objects, if they came last.
    pub fn mask(&self, step: &str) -> Result<Mask> {
        let missing =
            || Error::usage(format!("\"{step}\" comes before any threshold")).remedy("a threshold step before it");
        self.mask_if_any()?.ok_or_else(missing)
    }

    /// The mask so far, if there is one.
    pub fn mask_if_any(&self) -> Result<Option<Mask>> {
        match (&self.mask, &self.labels) {
            (Some(mask), _) => Ok(Some(mask.clone())),
            (None, Some(labels)) => Ok(Some(foreground(self.device, labels)?)),
            (None, None) => Ok(None),
        }
    }

    /// The labels so far; the mask is labelled if no step has done so.
    pub fn labels(&mut self, step: &str) -> Result<Labels> {
        match &self.labels {
            Some(labels) => Ok(labels.clone()),
            None => label(self.device, &self.mask(step)?, Connectivity::Full),
        }
    }

    /// Does the next step.
    pub fn step(&mut self, step: &Step) -> Result<()> {
        if !matches!(step, Step::Gaussian(_)) {
            self.smooth = None;
        }
        if let Some(e) = step.too_wide(|length| self.geometry.px(length).ok()) {
            return Err(e);
        }
        stage("step", step.name(), || match step {
            Step::Gaussian(p) => self.gaussian(p),
            Step::Median(p) => self.median(p),
            Step::Mean(p) => self.mean(p),
            Step::TopHat(p) => self.top_hat(p),
            Step::Opening(p) => self.opening(p),
            Step::Closing(p) => self.closing(p),
            Step::Background(p) => self.background(p),
            Step::DimSpecks(p) => self.dim_specks(p),
            Step::BlankNoise(p) => self.blank_noise(p),
            Step::Denoise(p) => self.denoise(p),
            Step::RollingBall(p) => self.rolling_ball(p),
            Step::Filter(p) => self.filter(p),
            Step::Threshold(p) => self.threshold(p),
            Step::FillHoles(p) => self.fill_holes(p),
            Step::Habitats(p) => self.habitats(p),
            Step::Prescription(p) => self.prescription(p),
            Step::Texture(p) => self.texture_map(p),
            Step::Spots(p) => self.spots(p),
            Step::Label(p) => self.label(p),
            Step::Landscape(p) => self.landscape(p),
            Step::Split(p) => self.split(p),
            Step::Refine(p) => self.refine(p),
            Step::Keep(p) => self.keep(p),
            Step::Exclude(p) => self.exclude(p),
            Step::Contour(p) => self.contour(p),
            Step::Watershed(p) => self.watershed(p),
            Step::Propagate(p) => self.propagate(p),
        })
    }
}
