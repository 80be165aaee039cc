//! Which sets the objects of a set leave out, whoever of those that it comes from says so.

use super::{Body, Step};
use std::collections::BTreeSet;

impl Body {
    /// The sets whose voxels are none of the objects of this set: those that it excludes, and those that the set excludes which
    /// it begins with or divides. `exclude` with `touching` leaves objects whole and does not count.
    pub fn excluded(&self, name: &str) -> BTreeSet<&str> {
        let (mut all, mut next, mut seen) = (BTreeSet::new(), vec![name], BTreeSet::new());
        while let Some(name) = next.pop() {
            let Some(set) = self.objects.get(name).filter(|_| seen.insert(name)) else { continue };
            all.extend(set.exclude.iter().map(String::as_str));
            all.extend(set.steps.iter().flatten().filter_map(taken_away));
            next.extend(set.start.as_deref());
            next.extend(set.habitats().map(|step| step.set.as_str()));
        }
        all
    }
}

fn taken_away(step: &Step) -> Option<&str> {
    match step {
        Step::Exclude(p) if p.touching.is_none() => Some(&p.set),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    //! Invariant of the presets, and an oracle by hand.
    use crate::recipe::{PRESETS, Recipe};

    /// No set that a preset draws on PET, at whatever threshold, has voxels of what is to be left out.
    #[test]
    fn presets_leave_out_in_all_of_their_sets_what_they_leave_out_in_one() {
        let with = PRESETS.iter().map(|p| p.recipe().unwrap()).filter(|r| r.body.objects.contains_key("excluded"));
        let with: Vec<Recipe> = with.collect();
        assert!(with.len() >= 5, "{}", with.len());
        for recipe in &with {
            for name in recipe.body.objects.keys().filter(|name| !["excluded", "liver"].contains(&name.as_str())) {
                let excluded = recipe.body.excluded(name);
                assert!(excluded.contains("excluded"), "{} of {}", name, recipe.name);
            }
        }
    }

    #[test]
    fn sets_that_begin_with_another_leave_out_what_it_leaves_out() {
        let text = "[channels]\npet = [0]\n[objects.a]\nlabels = 'a.nii.gz'\n[objects.b]\nlabels = 'b.nii.gz'\n\
                    [objects.one]\nchannel = 'pet'\nsteps = [{ op = 'threshold', method = 'fixed', at_least = 4.0 }, \
                    { op = 'exclude', set = 'a' }, { op = 'exclude', set = 'b', touching = 50 }]\n\
                    [objects.two]\nstart = 'one'\nchannel = 'pet'\n\
                    steps = [{ op = 'contour', percent = 41, within = '30 mm' }]\n\
                    [objects.three]\nstart = 'two'\nchannel = 'pet'\nsteps = [{ op = 'exclude', set = 'b' }]\n\
                    [objects.four]\nchannel = 'pet'\nsteps = [{ op = 'habitats', set = 'two', percent = [50] }]\n\
                    [objects.five]\nlabels = 'five.nii.gz'\nexclude = 'b'\n";
        let recipe = Recipe::parse("r", text, &[]).unwrap();
        let of = |name: &str| recipe.body.excluded(name).into_iter().collect::<Vec<_>>().join(" ");
        assert_eq!(["a", "one", "two", "three", "four", "five"].map(of), ["", "a", "a", "a b", "a", "b"]);
    }
}
