//! What the metadata of an image say of its well, and whether all images agree.

use super::dose::Dose;
use super::well::Well;
use crate::batch::item::Task;
use crate::batch::item_list::ItemList;
use crate::batch::metadata::Metadata;
use crate::recipe::{self, Recipe, ResponseValue};
use crate::words::suggestion;
use crate::{Error, Result};
use std::collections::BTreeMap;

/// What a well is for, if not a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Control {
    Positive,
    Negative,
}

impl Control {
    /// Reads what a sheet says; nothing for a sample.
    pub fn parse(text: Option<&str>) -> Option<Option<Self>> {
        match text.unwrap_or_default().trim().to_ascii_lowercase().as_str() {
            "positive" | "pos" => Some(Some(Control::Positive)),
            "negative" | "neg" => Some(Some(Control::Negative)),
            "" | "sample" => Some(None),
            _ => None,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Control::Positive => "positive",
            Control::Negative => "negative",
        }
    }
}

/// What a well was given.
#[derive(Clone, Debug, PartialEq)]
pub struct Treatment {
    pub compound: String,
    pub dose: Dose,
}

/// What is known of an image's well.
#[derive(Clone, Debug, PartialEq)]
pub struct WellFacts {
    pub plate: String,
    pub well: Well,
    pub control: Option<Control>,
    pub treatment: Option<Treatment>,
    pub plate_set: Option<String>,
}

impl WellFacts {
    /// From the cells of the metadata; nothing for an image without a well.
    ///
    /// # Errors
    /// A cell is missing or cannot be.
    pub fn of(keys: &recipe::Plates, cell: impl Fn(&str) -> Result<Option<String>>) -> Result<Option<Self>> {
        let (plate, well) = match (cell(&keys.plate)?, cell(&keys.well)?) {
            (None, None) => return Ok(None),
            (Some(plate), Some(well)) => (plate, well),
            (plate, _) => {
                let missing = if plate.is_none() { &keys.plate } else { &keys.well };
                let e = Error::usage(format!("the column {missing} is empty"));
                return Err(e.remedy("both plate and well, or neither"));
            }
        };
        let place = Well::parse(&well).ok_or_else(|| {
            Error::usage(format!("\"{well}\" is no well"))
                .remedy("A01 to AF48, also as a1, A-1, 1A, r01c01 or Row 1 Col 1")
        })?;
        if let Some(wells) = keys.wells.filter(|wells| !place.is_on(*wells)) {
            let e = Error::usage(format!("the well {place} is not on a plate of {wells} wells"));
            return Err(e.remedy("plates.wells = 96, 384 or 1536, as the plates are"));
        }
        let word = cell(&keys.control)?;
        let control = Control::parse(word.as_deref()).ok_or_else(|| {
            Error::usage(format!("\"{}\" is no control", word.as_deref().unwrap_or_default()))
                .remedy("positive, negative, sample, or an empty cell")
        })?;
        let mut facts = WellFacts { plate, well: place, control, treatment: None, plate_set: None };
        if let Some(responses) = &keys.responses {
            facts.plate_set = responses.plate_set.as_deref().map_or(Ok(None), &cell)?;
            let is_sample = word.as_deref().is_some_and(|word| word.trim().eq_ignore_ascii_case("sample"));
            facts.treat(
                is_sample,
                responses,
                [&responses.compound, &responses.dose, &responses.unit].map(|name| cell(name)),
            )?;
        }
        Ok(Some(facts))
    }

    /// Adds what the well was given. A dose of 0 is a negative control, unless the well is said to be a sample; no curve has a
    /// place for it then either.
    fn treat(
        &mut self,
        said_sample: bool,
        names: &recipe::Responses,
        cells: [Result<Option<String>>; 3],
    ) -> Result<()> {
        let [compound, dose, unit] = cells;
        let dose = match dose? {
            Some(text) => Some(Dose::parse(&text, unit?.as_deref()).map_err(|what| {
                Error::usage(what).remedy("a number from 0 on with a point, as 0.5, and one unit, as nM")
            })?),
            None => None,
        };
        let is_none = dose.as_ref().is_some_and(|dose| dose.value() == 0.0);
        if is_none && self.control.is_none() && !said_sample {
            self.control = Some(Control::Negative);
        }
        let is_sample = self.control.is_none();
        self.treatment = match (compound?, dose) {
            (_, Some(_)) if is_none => None,
            (Some(compound), Some(dose)) if is_sample => Some(Treatment { compound, dose }),
            (Some(compound), None) if is_sample => {
                let e = Error::usage(format!("{} of {} has {compound} without a dose", self.well, self.plate));
                return Err(e.remedy(format!("a number in the column {}; 0 for the solvent alone", names.dose)));
            }
            (None, Some(_)) if is_sample => {
                let e = Error::usage(format!("{} of {} has a dose of no compound", self.well, self.plate));
                return Err(e.remedy(format!("a name in the column {}", names.compound)));
            }
            _ => None,
        };
        Ok(())
    }

    /// In words, for an image that contradicts another one of its well.
    fn words(&self) -> String {
        match (&self.treatment, self.control) {
            (Some(t), _) => format!("{} {} {}", t.compound, t.dose.value(), t.dose.unit).trim_end().to_owned(),
            (None, Some(control)) => control.name().into(),
            (None, None) => "no control".into(),
        }
    }
}

/// The plates and wells of the images can be. Returns what the user should know.
///
/// # Errors
/// A column is missing, or a cell of it cannot be, or contradicts another image.
pub fn check(recipes: &[&Recipe], metadata: &Metadata, items: &ItemList) -> Result<Vec<String>> {
    let Some(keys) = recipes.iter().find_map(|recipe| recipe.body.plates.as_ref()) else { return Ok(vec![]) };
    check_names(keys, metadata)?;
    let mut wells: BTreeMap<(String, Well), (WellFacts, String)> = BTreeMap::new();
    let mut plates: BTreeMap<String, (Option<String>, String)> = BTreeMap::new();
    let mut doses: BTreeMap<String, (Dose, String)> = BTreeMap::new();
    for item in items.iter() {
        let (item, name) = (&*item, &item.name);
        let at = |e: Error| Error { what: format!("{}: {}", item.name, e.what), ..e };
        let cell = |name: &str| Ok(metadata.value(item, name).flatten().map(str::to_owned));
        let facts = match WellFacts::of(keys, cell).map_err(at) {
            Ok(facts) => facts,
            // It is not measured, and the reason is another one.
            Err(_) if !matches!(item.task, Task::Measure) => continue,
            Err(e) => return Err(e),
        };
        let Some(facts) = facts else { continue };
        let key = (facts.plate.clone(), facts.well);
        let (other, first) = wells.entry(key).or_insert_with(|| (facts.clone(), name.clone()));
        if (other.control, &other.treatment) != (facts.control, &facts.treatment) {
            let (here, there) = (facts.words(), other.words());
            let what = format!("{} of {} is {here} here and {there} for {first}", facts.well, facts.plate);
            return Err(at(Error::usage(what).remedy("one of them for all images of a well")));
        }
        let (set, first) = plates.entry(facts.plate.clone()).or_insert_with(|| (facts.plate_set.clone(), name.clone()));
        if *set != facts.plate_set {
            let word = |set: &Option<String>| set.clone().unwrap_or_else(|| "none".into());
            let (here, there) = (word(&facts.plate_set), word(set));
            let what = format!("the plate {} is of the set {here} here and {there} for {first}", facts.plate);
            return Err(at(Error::usage(what).remedy("one set for all images of a plate")));
        }
        let Some(Treatment { compound, dose }) = facts.treatment else { continue };
        let (other, first) = doses.entry(compound.clone()).or_insert_with(|| (dose.clone(), name.clone()));
        if !dose.compares_with(other) {
            let word = |dose: &Dose| match dose.unit.as_str() {
                "" => format!("{} without a unit", dose.value()),
                unit => format!("{} {unit}", dose.value()),
            };
            let what = format!("{compound} has the dose {} here and {} for {first}", word(&dose), word(other));
            return Err(at(Error::usage(what).remedy("units that can be turned into each other, as nM and uM")));
        }
    }
    let mut notes = match &keys.responses {
        Some(responses) => without_controls(responses.value, wells.values().map(|(facts, _)| facts))?,
        None => vec![],
    };
    notes.extend(several_units(wells.into_values().filter_map(|(facts, _)| facts.treatment)));
    Ok(notes)
}

/// Plates with doses but without a control that responses are set against.
///
/// # Errors
/// None of them has one.
fn without_controls<'a>(value: ResponseValue, wells: impl Iterator<Item = &'a WellFacts>) -> Result<Vec<String>> {
    let (name, needed): (_, &[Control]) = match value {
        ResponseValue::Mean => return Ok(vec![]),
        ResponseValue::PercentOfControl => ("percent_of_control", &[Control::Negative]),
        ResponseValue::PercentEffect => ("percent_effect", &[Control::Negative, Control::Positive]),
    };
    let mut plates: BTreeMap<&str, (bool, Vec<Control>)> = BTreeMap::new();
    for facts in wells {
        let (has_doses, controls) = plates.entry(&facts.plate).or_default();
        *has_doses |= facts.treatment.is_some();
        controls.extend(facts.control);
    }
    let mut notes = vec![];
    for control in needed {
        let dosed = || plates.iter().filter(|(_, (has_doses, _))| *has_doses);
        let lacking: Vec<&str> =
            dosed().filter(|(_, (_, controls))| !controls.contains(control)).map(|(plate, _)| *plate).collect();
        let word = control.name();
        if !lacking.is_empty() && lacking.len() == dosed().count() {
            let e = Error::usage(format!("plates.responses.value = \"{name}\": no plate has a {word} control"));
            return Err(e.remedy(format!("{word} in the column control of those wells, or value = \"mean\"")));
        }
        notes.extend(lacking.iter().map(|plate| format!("note: {plate} has no {word} control: no curves of {name}")));
    }
    Ok(notes)
}

/// Compounds whose doses are given in several units.
fn several_units(treatments: impl Iterator<Item = Treatment>) -> Vec<String> {
    let mut doses: BTreeMap<String, Vec<Dose>> = BTreeMap::new();
    treatments.for_each(|t| doses.entry(t.compound).or_default().push(t.dose));
    let note = |(compound, doses): (&String, &Vec<Dose>)| {
        super::dose::common_unit(doses.iter()).1.map(|note| format!("note: {compound}: {note}"))
    };
    doses.iter().filter_map(note).collect()
}

/// The columns that the recipe needs are there.
fn check_names(keys: &recipe::Plates, metadata: &Metadata) -> Result<()> {
    let known: Vec<&str> = metadata.names().iter().map(String::as_str).collect();
    for (key, name) in keys.names() {
        if ["control", "unit"].contains(&key) || known.contains(&name) {
            continue;
        }
        let key = if ["plate", "well"].contains(&key) { key.into() } else { format!("responses.{key}") };
        let places = if keys.layout.is_some() {
            "the sample sheet, files.groups nor the layout"
        } else {
            "the sample sheet nor files.groups"
        };
        let e = Error::usage(format!("plates.{key}: neither {places} has a column \"{name}\""));
        return Err(e.remedy(match suggestion(name, &known) {
            Some(likely) => format!("plates.{key} = \"{likely}\""),
            None if keys.layout.is_some() => format!(
                "a column {name} in the layout, or plates.{key} = \"NAME\" with the name of the column that is it, of {}",
                known.join(", ")
            ),
            None => format!("a column {name} in the sheet, or {{{name}}} in files.groups"),
        }));
    }
    Ok(())
}
