//! The files that are written for an image.

use super::context::BatchContext;
use super::item::{Item, Source};
use super::parts::Written;
use crate::image::{GRAY_UNIT, Scan};
use crate::pipeline::{FoundSets, MeasuredSet, Outcome};
use crate::recipe::{DicomFile, GeoJsonFile, ImageFiles, Objects, Recipe};
use crate::write::dicom;
use crate::write::geojson::{Drawn, GeoJson};
use crate::{Error, Kind, Result, read, write};
use std::collections::BTreeMap;

/// Files of GeoJSON that are being written, by object set, with their places.
pub type GeoJsonFiles = BTreeMap<String, (String, GeoJson)>;

impl BatchContext<'_> {
    /// Longest side of an overlay in pixels.
    pub fn overlay_size(&self) -> usize {
        self.settings.overlay_size.unwrap_or(write::LONGEST)
    }

    /// Places of the label image and the overlay of a set, below the output folder.
    fn outputs(&self, item: &Item, recipe: &Recipe, set: &str) -> [Option<String>; 2] {
        let usual = if is_nifti(recipe) { ".nii.gz" } else { ".tif" };
        [
            self.settings.labels.then(|| format!("labels/{}", label_file(item, recipe, set))),
            self.settings.overlays.then(|| format!("overlays/{}", item.output(set, usual, ".png"))),
        ]
    }

    /// Place of the objects of a set as DICOM below the output folder.
    fn dicom_output(item: &Item, set: &str, file: DicomFile) -> String {
        format!("labels/{}", item.output(set, ".dcm", file.end()))
    }

    /// Only habitats have regions that lie in each other.
    fn is_for(file: DicomFile, set: Option<&Objects>) -> bool {
        file != DicomFile::Nested || set.is_some_and(|set| set.habitats().is_some())
    }

    /// Place of the objects of a set as GeoJSON below the output folder.
    fn geojson_output(item: &Item, recipe: &Recipe, set: &str, file: GeoJsonFile) -> String {
        let usual = if is_nifti(recipe) { ".nii.gz" } else { ".tif" };
        format!("labels/{}", item.output(set, usual, file.end()))
    }

    /// Place of a derived image below the output folder.
    fn image_output(item: &Item, recipe: &Recipe, name: &str) -> String {
        let (usual, end) = if is_nifti(recipe) { (".nii.gz", ".nii.gz") } else { (".tif", ".ome.tif") };
        format!("images/{}", item.output(name, usual, end))
    }

    /// Place of the gallery of a set below the output folder.
    fn gallery_output(item: &Item, set: &str) -> String {
        format!("galleries/{}", item.output(set, ".tif", ".png"))
    }

    /// Every file that the image should have, with so many objects in its sets.
    pub fn all_outputs(&self, item: &Item, recipe: &Recipe, objects: &[(String, usize)]) -> Vec<String> {
        let body = &recipe.body;
        let sets = body.objects.iter().filter(|(_, o)| o.write).flat_map(|(name, _)| self.outputs(item, recipe, name));
        let has_objects = |set: &String| objects.iter().any(|(name, count)| name == set && *count > 0);
        let written = body.objects.iter().filter(|(set, o)| o.write && self.settings.labels && has_objects(set));
        let dicom = written.flat_map(|(set, o)| {
            let files = body.output.dicom.iter().filter(|file| Self::is_for(**file, Some(o)));
            files.map(|f| Self::dicom_output(item, set, *f))
        });
        let geojson = body.output.geojson.filter(|_| self.settings.labels).into_iter().flat_map(|file| {
            let written = body.objects.iter().filter(|(_, o)| o.write);
            written.map(move |(set, _)| Self::geojson_output(item, recipe, set, file))
        });
        let images = body.written_images().map(|name| Self::image_output(item, recipe, name));
        let galleries = body.gallery.keys().filter(|_| self.settings.overlays);
        let galleries = galleries.map(|set| Self::gallery_output(item, set));
        sets.flatten().chain(dicom).chain(geojson).chain(images).chain(galleries).collect()
    }

    /// Writes them.
    pub fn set_down(&self, item: &Item, recipe: &Recipe, scan: &Scan, outcome: &Outcome) -> Result<Vec<Written>> {
        let mut written = Vec::new();
        for image in &outcome.images {
            let below = Self::image_output(item, recipe, &image.name);
            let path = self.out.path(&below)?;
            // Neither format has a place for the unit of values.
            let name = if image.unit == GRAY_UNIT { &format!("{} (Gy)", image.name) } else { &image.name };
            if is_nifti(recipe) {
                write::nifti_image(path, name, &image.volume, scan.patient_grid.as_ref())?;
            } else {
                write::image(path, name, &image.volume)?;
            }
            written.push(Written::of(self.out.folder(), below)?);
        }
        written.extend(self.set_down_dicom(item, recipe, scan, outcome)?);
        for gallery in outcome.galleries.iter().filter(|_| self.settings.overlays) {
            let below = Self::gallery_output(item, &gallery.set);
            write::gallery(&self.out.path(&below)?, gallery)?;
            written.push(Written::of(self.out.folder(), below)?);
        }
        let sets = if self.settings.overlays { &outcome.sets[..] } else { &[] };
        let shown: Vec<usize> = sets.iter().flat_map(|set| [Some(set.channel), set.beneath]).flatten().collect();
        let scan = &*scan.with_samples(&shown)?;
        // Sets that follow each other are mostly shown over the same channels: laid out once.
        let mut laid: Option<([Option<usize>; 2], write::Backdrop)> = None;
        for set in &outcome.sets {
            let [labels, overlay] = self.outputs(item, recipe, &set.name);
            if let Some(below) = labels {
                let path = self.out.path(&below)?;
                if is_nifti(recipe) {
                    write::nifti_labels(
                        path,
                        &set.name,
                        &set.objects.labels,
                        scan.spacing,
                        scan.patient_grid.as_ref(),
                    )?;
                } else {
                    write::labels(path, &set.name, &set.objects.labels, scan.spacing)?;
                }
                written.push(Written::of(self.out.folder(), below)?);
            }
            if let (Some(below), Some(channel)) = (overlay, scan.channels.get(set.channel)) {
                let over = [Some(set.channel), set.beneath];
                let mut backdrop = match laid.take() {
                    Some((same, backdrop)) if same == over => backdrop,
                    _ => {
                        let beneath = set.beneath.and_then(|i| scan.channels.get(i));
                        write::Backdrop::new(write::Picture::of(scan, channel, beneath, self.overlay_size()))?
                    }
                };
                backdrop.overlay(self.out.path(&below)?, &[(set.name.as_str(), &set.objects.labels)])?;
                laid = Some((over, backdrop));
                written.push(Written::of(self.out.folder(), below)?);
            }
        }
        Ok(written)
    }

    /// Opens the files of the sets as GeoJSON, where the recipe says so: features come as rows are made.
    pub fn begin_geojson(&self, item: &Item, recipe: &Recipe, found: &FoundSets) -> Result<GeoJsonFiles> {
        let mut files = GeoJsonFiles::new();
        let Some(file) = recipe.body.output.geojson.filter(|_| self.settings.labels) else { return Ok(files) };
        for (place, (name, _)) in recipe.body.objects.iter().filter(|(_, o)| o.write).enumerate() {
            let Some(objects) = found.set(name) else { continue };
            let below = Self::geojson_output(item, recipe, name, file);
            // Cells have the labels of the nuclei that they were grown from.
            let nuclei = recipe.body.grown_from(name).and_then(|from| found.set(from));
            let drawn = Drawn {
                image: item.name.clone(),
                set: name.clone(),
                place,
                objects: objects.on_host(),
                nuclei: nuclei.map(|nuclei| nuclei.labels.clone()),
                classes: recipe.body.classes(name),
            };
            let file = GeoJson::create(&self.out.path(&below)?, drawn)?;
            files.insert(name.clone(), (below, file));
        }
        Ok(files)
    }

    /// Ends the files of GeoJSON.
    pub fn finish_geojson(&self, files: GeoJsonFiles) -> Result<Vec<Written>> {
        let finish = |(below, file): (String, GeoJson)| {
            file.finish()?;
            Written::of(self.out.folder(), below)
        };
        files.into_values().map(finish).collect()
    }

    /// Writes the object sets as DICOM, where the recipe says so. A set without objects has no such file: the formats know none.
    fn set_down_dicom(&self, item: &Item, recipe: &Recipe, scan: &Scan, outcome: &Outcome) -> Result<Vec<Written>> {
        let files = &recipe.body.output.dicom;
        if files.is_empty() || !self.settings.labels {
            return Ok(vec![]);
        }
        let (Source::Series(series), Some(spacing), Some(patient_grid)) =
            (&item.source, scan.spacing, scan.patient_grid)
        else {
            return Err(Error::usage("the image is no DICOM series that lies in a patient")
                .needed_for(format!("the files of output.dicom in the recipe {}", recipe.name))
                .remedy("--set output.dicom=[] for images that are not"));
        };
        let source = read::dicom_source(series, recipe.body.files.time)?;
        let mut written = Vec::new();
        for set in outcome.sets.iter().filter(|set| set.objects.labels.count > 0) {
            let labels = &set.objects.labels;
            let found = dicom::Found {
                set: &set.name,
                recipe: &recipe.name,
                labels,
                names: &[],
                source: &source,
                spacing,
                patient_grid,
            };
            for file in files.iter().filter(|file| Self::is_for(**file, recipe.body.objects.get(&set.name))) {
                let below = Self::dicom_output(item, &set.name, *file);
                let path = self.out.path(&below)?;
                match file {
                    DicomFile::Seg => dicom::seg(&path, &found)?,
                    DicomFile::Labelmap => dicom::labelmap(&path, &found)?,
                    DicomFile::Rtstruct => dicom::rtstruct(&path, &found, recipe.body.output.contours)?,
                    DicomFile::Nested => {
                        let regions = nested(set, recipe, scan, outcome)?;
                        let found = dicom::Found { labels: &regions.labels, names: &regions.names, ..found };
                        dicom::rtstruct(&path, &found, recipe.body.output.contours)?;
                    }
                }
                written.push(Written::of(self.out.folder(), below)?);
            }
        }
        Ok(written)
    }
}

/// The regions of a set of habitats that lie in each other.
fn nested(set: &MeasuredSet, recipe: &Recipe, scan: &Scan, outcome: &Outcome) -> Result<dicom::Nested> {
    let step = recipe.body.objects.get(&set.name).and_then(Objects::habitats);
    let p = step.ok_or_else(|| Error::new(Kind::Internal, "nested regions of a set without habitats"))?;
    let whole = outcome.sets.iter().find(|other| other.name == p.set).ok_or_else(|| {
        Error::usage(format!("nested regions need the objects of \"{}\", which are not written", p.set))
            .remedy(format!("write = true in [objects.{}]", p.set))
    })?;
    let unit = scan.channels.get(set.channel).map_or("", |channel| channel.unit);
    dicom::nested(&set.objects, &whole.objects.labels, p, unit)
}

/// Place of the label image of a set below `labels/`.
pub(super) fn label_file(item: &Item, recipe: &Recipe, set: &str) -> String {
    let (usual, end) = if is_nifti(recipe) { (".nii.gz", ".nii.gz") } else { (".tif", ".ome.tif") };
    item.output(set, usual, end)
}

fn is_nifti(recipe: &Recipe) -> bool {
    recipe.body.image_files() == ImageFiles::Nifti
}
