//! What lesions are judged by a liver for: PERCIST is a rule of FDG, which other tracers do not keep.

use crate::image::Scan;
use crate::pet::suv::is_fdg;
use crate::recipe::{Objects, Organ, Recipe, Sphere, SphereAt};
use crate::table::Cells;

/// What to say of a scan with another tracer, as far as the file names one, whose liver is looked for or judges lesions.
pub(in crate::pipeline) fn other_tracer(scan: &Scan, recipe: &Recipe) -> Option<String> {
    let Some(Cells::Text(names)) = scan.audit.column("tracer").map(|column| &column.cells) else { return None };
    let other = names.iter().flatten().find(|name| !is_fdg(Some(name)) && !is_fluorine(name))?;
    judges_by_liver(recipe).then(|| {
        format!(
            "doubtful: the tracer is {other}, but lesions are found or judged by the liver, as PERCIST does for FDG: the liver of other tracers \
             is no measure of lesions; use a preset with a limit of its own (pet, pet-41), or one that fits the tracer"
        )
    })
}

/// The nuclide of FDG alone names no tracer.
fn is_fluorine(name: &str) -> bool {
    let letters: String = name.to_lowercase().chars().filter(char::is_ascii_alphabetic).collect();
    matches!(letters.as_str(), "" | "f" | "fluor" | "fluorine")
}

fn judges_by_liver(recipe: &Recipe) -> bool {
    let finds = |set: &Objects| matches!(set.sphere, Some(Sphere { at: SphereAt::Organ(Organ::Liver), .. }));
    let mut families = recipe.body.measure.values().flat_map(|measure| &measure.families);
    let names_liver = families.any(|chosen| chosen.family.mentions().sets.iter().any(|(key, _)| *key == "liver"));
    names_liver || recipe.body.objects.values().any(finds)
}

#[cfg(test)]
mod tests {
    //! Kind: oracle (tracers by name).
    use super::*;
    use crate::image::Modality;
    use crate::recipe::PRESETS;
    use crate::table::Column;
    use crate::units::Shape;

    #[test]
    fn percist_is_for_fdg() {
        let told = |preset: &str, tracer: Option<&str>| {
            let recipe = PRESETS.iter().find(|p| p.name == preset).unwrap().recipe().unwrap();
            let mut scan = Scan::new(Modality::Pet, Shape::new(1, 1, 1), vec![]);
            scan.audit.push(Column::new("tracer", "", "", Cells::Text(vec![tracer.map(String::from)])));
            other_tracer(&scan, &recipe)
        };
        for tracer in ["PSMA-11", "Ga-68 DOTATATE", "FLT", "Fluoroestradiol", "Choline"] {
            assert!(told("pet-percist", Some(tracer)).unwrap().contains(tracer));
            assert_eq!(told("pet", Some(tracer)), None);
        }
        for tracer in
            [Some("FDG -- fluorodeoxyglucose"), Some("Fludeoxyglucose F18"), Some("F-18"), Some("^18^Fluorine"), None]
        {
            assert_eq!(told("pet-percist", tracer), None, "{tracer:?}");
        }
    }
}
