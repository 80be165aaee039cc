//! The families that a recipe measures, with the parameters that its tables `[measure.SET.FAMILY]` give them.

use super::names::one_name;
use super::place::likely;
use super::pointed::Source;
use super::validate::Checker;
use super::wrong_type::told;
use super::{Body, Measure};
use crate::measure::{self, Chosen, Context, FAMILIES};
use crate::units::Unit;
use crate::words::words;
use crate::{Error, Result};
use serde::Deserializer;
use serde::de::Error as _;
use std::collections::BTreeSet;
use toml::{Table, Value};

/// Keys of a measure that are no families.
const OWN_KEYS: [&str; 2] = ["features", "channels"];
/// The key of a family's table that goes behind the names of its columns.
const ALIAS: &str = "as";

/// Names of families.
pub(super) fn names<'de, D: Deserializer<'de>>(d: D) -> std::result::Result<Vec<String>, D::Error> {
    let names = words(d)?;
    names.iter().try_for_each(|name| measure::registry::entry_of(name).map(drop).map_err(D::Error::custom))?;
    Ok(names)
}

/// Puts the families of all measures together.
pub(super) fn choose(body: &mut Body, source: &Source) -> Result<()> {
    let chosen: Vec<(String, Vec<Chosen>)> = {
        let checker = Checker { body, source };
        let of = |(set, measure)| Ok((String::clone(set), checker.chosen(set, measure)?));
        body.measure.iter().map(of).collect::<Result<_>>()?
    };
    for (set, families) in chosen {
        if let Some(measure) = body.measure.get_mut(&set) {
            measure.families = families;
        }
    }
    Ok(())
}

impl Measure {
    /// A family is measured.
    fn has(&self, family: &str) -> bool {
        self.features.iter().any(|name| name == family)
    }
}

impl Checker<'_> {
    fn chosen(&self, set: &str, measure: &Measure) -> Result<Vec<Chosen>> {
        for key in measure.tables.keys() {
            self.is_family(set, measure, key)?;
        }
        let mut all = vec![];
        for entry in FAMILIES.iter().filter(|entry| measure.has(entry.name)) {
            match measure.tables.get(entry.name) {
                None => all.push(self.with(set, entry, &[entry.name], Table::new())?),
                Some(Value::Table(table)) => all.push(self.with(set, entry, &[entry.name], table.clone())?),
                Some(Value::Array(tables)) => {
                    for (i, table) in tables.iter().enumerate() {
                        let Value::Table(table) = table else { return Err(self.no_table(set, entry.name)) };
                        all.push(self.with(set, entry, &[entry.name, &i.to_string()], table.clone())?);
                    }
                }
                Some(_) => return Err(self.no_table(set, entry.name)),
            }
        }
        Ok(all)
    }

    /// A key of a measure is a family that is measured.
    fn is_family(&self, set: &str, measure: &Measure, key: &str) -> Result<()> {
        let here = ["measure", set, key];
        if measure.has(key) {
            return Ok(());
        }
        if FAMILIES.iter().any(|entry| entry.name == key) {
            let mut names: Vec<&str> = measure.features.iter().map(String::as_str).collect();
            names.push(key);
            let e = self.error(format!("the family {key} has parameters, but is not measured"), &here);
            return Err(e.remedy(format!("features = {names:?}")));
        }
        if let Some(entry) = FAMILIES.iter().find(|entry| entry.keys.contains(&key)) {
            let e = self.error(format!("{key} is a parameter of the family {}", entry.name), &here);
            return Err(e.remedy(format!("{}.{key}, or a table [measure.{set}.{}]", entry.name, entry.name)));
        }
        let known: Vec<&str> = OWN_KEYS.into_iter().chain(FAMILIES.iter().map(|entry| entry.name)).collect();
        let e = self.error(format!("unknown key \"{key}\""), &here);
        Err(e.remedy(likely(key, &known)))
    }

    fn no_table(&self, set: &str, family: &str) -> Error {
        let e = self.error(format!("the parameters of {family} are a table"), &["measure", set, family]);
        e.remedy(format!("{family} = {{ KEY = VALUE }}, or a table [measure.{set}.{family}]"))
    }

    fn with(&self, set: &str, entry: &measure::registry::Entry, path: &[&str], mut table: Table) -> Result<Chosen> {
        let here = [&["measure", set], path].concat();
        let alias = match table.remove(ALIAS) {
            None => None,
            Some(Value::String(alias)) => {
                self.name(&alias, &[&here[..], &[ALIAS]].concat())?;
                Some(alias)
            }
            Some(_) => {
                let e = self.error("a name is a text", &[&here[..], &[ALIAS]].concat());
                return Err(e.remedy("as = \"NAME\", which goes behind the names of columns"));
            }
        };
        let parameters = toml::to_string(&table).map_err(|e| Error::usage(e.to_string()))?;
        let chosen = entry.with(&parameters).map_err(|e| self.wrong(entry, &here, &table, &e))?;
        Ok(Chosen { alias, ..chosen })
    }

    /// What is wrong with the parameters of a family.
    fn wrong(&self, entry: &measure::registry::Entry, here: &[&str], table: &Table, e: &toml::de::Error) -> Error {
        let read = |table: &Table| {
            let parameters = toml::to_string(table).ok()?;
            // `as` is known before: it belongs to every family, and none reads it.
            let known = |message: &str| match message.starts_with("unknown field") {
                true => format!("{message}, `{ALIAS}`"),
                false => message.to_owned(),
            };
            entry.with(&parameters).err().map(|e| known(e.message()))
        };
        let told = told(self.source.text, table, here, &format!(" of the family {}", entry.name), &read);
        told.unwrap_or_else(|| self.error(e.message().to_owned(), here))
    }

    /// What families name is there, and what they are given can be.
    pub fn families(&self, set: &str, measure: &Measure) -> Result<()> {
        let roles: Vec<&str> = self.body.channels.keys().map(String::as_str).collect();
        let channels = measure.channels.as_ref().map_or(roles, |all| all.iter().map(String::as_str).collect());
        for chosen in &measure.families {
            let here = |key: &'static str| ["measure", set, chosen.name, key];
            let mentions = chosen.family.mentions();
            for (key, other) in mentions.sets {
                self.known("object set", other, &here(key), &self.body.objects)?;
            }
            for (key, channel) in mentions.channels {
                if !channels.contains(&channel) {
                    let e = self.error(format!("\"{channel}\" is no channel that is measured"), &here(key));
                    return Err(e.remedy(likely(channel, &channels)));
                }
            }
            let classes = self.body.classes(set);
            if let Some(key) = mentions.of_classes.filter(|_| classes.is_empty()) {
                let e = self
                    .error(format!("{key} is made of classes, and the objects of \"{set}\" have none,"), &here(key));
                return Err(e.remedy(format!("rules in [phenotypes.{set}], or classes = [...] in [objects.{set}]")));
            }
            for (key, class) in mentions.classes {
                if !classes.iter().any(|known| known == class) {
                    let known: Vec<&str> = classes.iter().map(String::as_str).collect();
                    let e = self.error(format!("\"{class}\" is no class of \"{set}\""), &here(key));
                    return Err(match known.is_empty() {
                        true => e.remedy(format!("classes = [...] in [objects.{set}], or [phenotypes.{set}]")),
                        false => e.remedy(likely(class, &known)),
                    });
                }
            }
            let objected = |o: measure::Objection| self.error(o.what, &here(o.key)).remedy(o.remedy);
            chosen.family.check(&channels).map_err(objected)?;
        }
        self.columns_differ(set, measure, &channels)?;
        let channels: Vec<(&str, &str)> = channels.iter().map(|c| (*c, "")).collect();
        let classes = self.body.classes(set);
        let context = Context { unit: Unit::Um, channels: &channels, volumes: false, classes: &classes };
        match measure::twice(&measure.families, &context) {
            None => Ok(()),
            Some([a, b]) => Err(one_name(set, &a.name, [&a.definition, &b.definition])),
        }
    }

    /// A family that is measured several times gives every time other columns.
    fn columns_differ(&self, set: &str, measure: &Measure, channels: &[&str]) -> Result<()> {
        let classes = self.body.classes(set);
        for (i, chosen) in measure.families.iter().enumerate() {
            let same_name = |other: &&Chosen| other.name == chosen.name;
            if !measure.families[..i].iter().any(|other| same_name(&other)) {
                continue;
            }
            let names = |one: &Chosen| -> BTreeSet<String> {
                let channels: Vec<(&str, &str)> = channels.iter().map(|c| (*c, "")).collect();
                let context = Context { unit: Unit::Um, channels: &channels, volumes: false, classes: &classes };
                let with = measure::dictionary(std::slice::from_ref(one), &context);
                let without: BTreeSet<String> =
                    measure::dictionary(&[], &context).into_iter().map(|d| d.name).collect();
                with.into_iter().map(|d| d.name).filter(|name| !without.contains(name)).collect()
            };
            let mine = names(chosen);
            let before = measure.families[..i].iter().filter(same_name);
            if let Some(twice) = before.flat_map(names).find(|name| mine.contains(name)) {
                let what = format!("two tables of the family {} give the column {twice}", chosen.name);
                let e = self.error(what, &["measure", set, chosen.name, "1"]);
                return Err(e.remedy("as = \"NAME\" in one of them, which goes behind the names of its columns"));
            }
        }
        Ok(())
    }
}
