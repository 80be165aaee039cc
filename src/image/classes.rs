//! Which class each object of a set is of: cell types, phenotypes.

use std::collections::HashMap;

/// The class of each object of a set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Classes {
    /// Names of the classes.
    pub names: Vec<String>,
    /// The place of its name there, for the objects 1, 2, ...; nothing where an object is of none of them.
    pub of: Vec<Option<u32>>,
    /// Of which classes no number can be given, since nothing is known of what decides; of none if empty.
    pub unsure: Vec<bool>,
}

impl Classes {
    /// Of names, one an object, in the order in which they are met.
    pub fn of_words<'a>(words: impl Iterator<Item = Option<&'a str>>) -> Self {
        let (mut classes, mut places) = (Classes::default(), HashMap::new());
        for word in words {
            let place = word.map(|word| {
                *places.entry(word).or_insert_with(|| {
                    classes.names.push(word.to_owned());
                    classes.names.len() as u32 - 1
                })
            });
            classes.of.push(place);
        }
        classes
    }

    /// The name of the class of an object, counted from 0.
    pub fn name(&self, object: usize) -> Option<&str> {
        let place = self.of.get(object).copied().flatten()?;
        self.names.get(place as usize).map(String::as_str)
    }

    /// Whether it is known which objects are of a class.
    pub fn is_sure(&self, class: usize) -> bool {
        !self.unsure.get(class).copied().unwrap_or(false)
    }

    /// Number of objects of each class.
    pub fn counts(&self) -> Vec<usize> {
        let mut counts = vec![0; self.names.len()];
        self.of.iter().flatten().for_each(|place| counts[*place as usize] += 1);
        counts
    }
}
