//! Oracle: which channel a person would take.
use super::*;
use crate::image::{Modality, NO_UNIT, Volume};
use crate::recipe::preset;
use crate::units::Shape;

fn scan(names: &[&str]) -> Scan {
    filled(&names.iter().map(|n| (*n, 9)).collect::<Vec<_>>())
}

fn filled(channels: &[(&str, i32)]) -> Scan {
    let shape = Shape::flat(1, 2);
    let channel = |(name, most): &(&str, i32)| Channel {
        name: name.to_string(),
        unit: NO_UNIT,
        volume: Volume::new(shape, vec![0, *most]).unwrap(),
        saturated: None,
        saturation: None,
    };
    Scan::new(Modality::Fluorescence, shape, channels.iter().map(channel).collect())
}

/// Roles as `nuclear=1 probe=0`, and how many warnings; or the error.
fn cells(scan: &Scan, settings: &[&str]) -> (String, usize) {
    let cells = preset("cells").unwrap();
    let settings: Vec<String> = settings.iter().map(|s| s.to_string()).collect();
    let recipe = Recipe::parse("cells", cells.text, &settings).unwrap();
    match Roles::find(scan, &recipe) {
        Ok(mut roles) => {
            roles.found.sort();
            let words: Vec<String> = roles.found.iter().map(|(r, i)| format!("{r}={i}")).collect();
            (words.join(" "), roles.warnings.len())
        }
        Err(e) => (e.to_string(), 0),
    }
}

#[test]
fn the_stain_is_nuclear_and_another_channel_is_the_probe() {
    for (names, want) in [
        (&["GFP", "DAPI (405)"][..], ("nuclear=1 probe=0", 1)),
        (&["Alexa 488", "Hoechst33342"], ("nuclear=1 probe=0", 1)),
        (&["FITC", "DAPI-1"], ("nuclear=1 probe=0", 1)),
        (&["EGFP", "dapi"], ("nuclear=1 probe=0", 1)),
        (&["DAPI", "EGFR"], ("nuclear=0 probe=1", 1)),
        (&["DAPI", "probe"], ("nuclear=0 probe=1", 0)),
        (&["probe 488", "x", "H2B-mCherry"], ("nuclear=2 probe=0", 0)),
        (&["GFP", "Cy5"], ("nuclear=0 probe=1", 2)),
        (&["nuclear probe", "x"], ("nuclear=0 probe=1", 1)),
        (&["DAPI-1", "DAPI-2", "x"], ("nuclear=0 probe=1", 2)),
        (&["DAPI"], ("nuclear=0", 0)),
        (&["ch0"], ("nuclear=0", 0)),
        (&["GFP"], ("nuclear=0", 1)),
    ] {
        let (roles, warnings) = cells(&scan(names), &[]);
        assert_eq!((roles.as_str(), warnings), want, "{names:?}");
    }
}

#[test]
fn a_colour_picture_has_blue_nuclei_if_it_has_any_blue() {
    assert_eq!(cells(&filled(&[("R", 0), ("G", 200), ("B", 100)]), &[]), ("nuclear=2 probe=1".into(), 2));
    // What JPEG leaves of the other colours is none.
    assert_eq!(cells(&filled(&[("R", 20), ("G", 200), ("B", 15)]), &[]), ("nuclear=1 probe=0".into(), 2));
    assert_eq!(cells(&filled(&[("R", 200), ("G", 150), ("B", 0)]), &[]), ("nuclear=0 probe=1".into(), 2));
    // Channels that merely have these letters for names are no colours.
    assert_eq!(cells(&scan(&["A", "B"]), &[]).0, "nuclear=0 probe=1");
    // A blank picture stays one.
    assert_eq!(cells(&filled(&[("R", 0), ("G", 0), ("B", 0)]), &[]).0, "nuclear=2 probe=1");
}

#[test]
fn what_the_user_gives_is_taken_or_refused() {
    let image = scan(&["DAPI", "EGFR (647)", "HER2"]);
    let roles = |settings: &[&str]| cells(&image, settings).0;
    assert_eq!(roles(&["channels.probe=EGFR"]), "nuclear=0 probe=1");
    assert_eq!(roles(&["channels.probe=2"]), "nuclear=0 probe=2");
    // The very name goes before the same one in other letters.
    assert_eq!(cells(&scan(&["DAPI", "CD3", "cd3"]), &["channels.probe=cd3"]).0, "nuclear=0 probe=2");
    assert_eq!(roles(&["channels.probe=[\"CK\", \"her2\"]"]), "nuclear=0 probe=2");
    // Two channels that the file calls the same; a wavelength is no number of that kind.
    let twice = scan(&["DAPI", "CD4", "CD4 (2)"]);
    assert!(cells(&twice, &["channels.probe=CD4"]).0.contains("fits the channels \"CD4\", \"CD4 (2)\""));
    assert_eq!(cells(&twice, &["channels.probe=CD4 (2)"]).0, "nuclear=0 probe=2");
    assert_eq!(cells(&scan(&["DAPI", "CD4", "CD4 (647)"]), &["channels.probe=CD4"]).0, "nuclear=0 probe=1");
    assert_eq!(cells(&scan(&["DAPI", "EGFR", "EGFR (2)"]), &[]), ("nuclear=0 probe=1".into(), 1));
    // One channel for both only if both say so.
    assert_eq!(cells(&image, &["channels.probe=0"]), ("nuclear=0 probe=0".into(), 1));
    assert_eq!(cells(&scan(&["DAPI (405)"]), &["channels.probe=0", "channels.nuclear=0"]).1, 1);
    insta::assert_snapshot!(roles(&["channels.probe=EGFX"]), @r#"
    no channel for "probe": the recipe says "EGFX"; the image has "DAPI", "EGFR (647)", "HER2"
      try: --set channels.probe='"EGFR (647)"'
    "#);
    insta::assert_snapshot!(cells(&scan(&["DAPI", "Alexa 488", "Alexa 405"]), &["channels.probe=Alexa"]).0, @r#"
    probe: "Alexa" fits the channels "Alexa 488", "Alexa 405"
      try: --set channels.probe='"Alexa 488"'
    "#);
    insta::assert_snapshot!(cells(&scan(&["GFP", "DAPI (405)"]), &["channels.probe=1"]).0, @r#"
    the channel "DAPI (405)" would be probe and nuclear
      try: --set channels.probe='"GFP"'
    "#);
}

/// What is measured under the name of a molecule is that molecule.
#[test]
fn no_remedy_offers_another_molecule() {
    let remedy = |names: &[&str], probe: &str| {
        let (said, _) = cells(&scan(names), &[&format!("channels.probe={probe}")]);
        said.split_once("try: ").unwrap().1.to_owned()
    };
    for others in [&["DAPI", "CD45", "CD4RA"][..], &["DAPI", "CD8"], &["DAPI", "GFP"], &["DAPI"]] {
        let said = remedy(others, "CD4");
        assert!(
            said.starts_with("--set channels.probe='\"NAME\"'") && others.iter().all(|name| !said.contains(name)),
            "{said}"
        );
    }
    assert_eq!(remedy(&["DAPI", "CD4RA", "C4"], "CD4"), "--set channels.probe='\"C4\"'");
}

/// Whatever is wrong, what the error says to try ends it.
#[test]
fn every_remedy_for_a_role_helps() {
    for (names, settings) in [
        (&["DAPI", "EGFR"][..], &["channels.probe=EGFX"][..]),
        (&["DAPI", "Alexa 488", "Alexa 405"], &["channels.probe=Alexa"]),
        (&["GFP", "DAPI (405)"], &["channels.probe=1"]),
        (&["DAPI"], &["channels.probe=EGFR"]),
        (&["DAPI (405)"], &["channels.probe=0"]),
        (&["DAPI"], &["channels.probe=4"]),
        (&["probe"], &[]),
        (&["probe 2"], &[]),
        (&["DAPI", "CD4", "CD4 (2)"], &["channels.probe=CD4"]),
        (&["a'\"b", "c"], &["channels.nuclear=zzz"]),
        (&["a'b", "c"], &["channels.nuclear=zzz", "channels.probe=zzz"]),
    ] {
        let mut settings: Vec<String> = settings.iter().map(|s| s.to_string()).collect();
        let image = scan(names);
        let mut last = String::new();
        for _ in 0..3 {
            let (now, _) = cells(&image, &settings.iter().map(String::as_str).collect::<Vec<_>>());
            let Some((_, remedy)) = now.split_once("try: ") else {
                last = now;
                break;
            };
            assert_ne!(now, last, "the remedy changed nothing");
            settings.extend(remedy.split("--set ").skip(1).map(|s| s.trim().replace('\'', "")));
            last = now;
        }
        assert!(last.starts_with("nuclear="), "{names:?} with {settings:?}: {last}");
    }
}
