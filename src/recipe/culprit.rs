//! Which value a recipe is refused for. What reads steps, cutoffs and values of several kinds looks at them as a whole, and its
//! errors tell of the whole: a list of twelve steps over fourteen lines. So the recipe is read again, with less and less in it, until
//! what is left is the value without which the error would be another.

use toml::{Table, Value};

/// What the reader says of a recipe, or nothing where it can be read.
pub(super) type Read<'a> = &'a dyn Fn(&Table) -> Option<String>;

/// The place of an error.
pub(super) struct Culprit {
    /// Keys and places in lists, from the top.
    pub path: Vec<String>,
    /// What stands there.
    pub value: Value,
    /// What the reader says.
    pub message: String,
}

impl Culprit {
    /// The key that the value stands behind, itself or in a list.
    pub fn key(&self) -> Option<&str> {
        self.path.iter().rev().find(|name| name.parse::<usize>().is_err()).map(String::as_str)
    }

    /// The path, for whoever looks up lines.
    pub fn names(&self) -> Vec<&str> {
        self.path.iter().map(String::as_str).collect()
    }
}

/// The first value in the order of the reader that it has something against; the table itself where no part of it is at fault.
pub(super) fn find(table: &Table, read: Read) -> Option<Culprit> {
    let message = read(table)?;
    let mut search = Search { table: Value::Table(table.clone()), message, read };
    let mut path = vec![];
    while let Some(name) = search.child(&path) {
        path.push(name);
    }
    let mut value = Value::Table(table.clone());
    for name in &path {
        value = below(&mut value, name)?.clone();
    }
    Some(Culprit { path, value, message: search.message })
}

/// What the reader says where another value stands in the place of the one that it has something against.
pub(super) fn message_with(table: &Table, path: &[String], value: Value, read: Read) -> Option<String> {
    let mut whole = Value::Table(table.clone());
    let (last, above) = path.split_last()?;
    let place = above.iter().try_fold(&mut whole, |at, name| below(at, name))?;
    match place {
        Value::Table(keys) => drop(keys.insert(last.clone(), value)),
        other => *below(other, last)? = value,
    }
    whole.as_table().and_then(read)
}

/// What stands behind a key, or at a place in a list.
pub(super) fn below<'a>(value: &'a mut Value, name: &str) -> Option<&'a mut Value> {
    match value {
        Value::Table(keys) => keys.get_mut(name),
        Value::Array(all) => all.get_mut(name.parse::<usize>().ok()?),
        _ => None,
    }
}

/// Keys that say which keys may stand beside them.
const TOLD_BY: [&str; 2] = ["op", "kind"];

struct Search<'a> {
    table: Value,
    message: String,
    read: Read<'a>,
}

impl Search<'_> {
    /// The part of what stands at `path` that is at fault. Parts that come before it go, so that they are out of the way below.
    fn child(&mut self, path: &[String]) -> Option<String> {
        let value = path.iter().try_fold(&mut self.table, |at, name| below(at, name))?.clone();
        match value {
            Value::Array(all) => {
                let begin = |n: usize| Value::Array(all[..n].to_vec());
                if self.is_same(path, begin(0)) {
                    return None;
                }
                let least = first(all.len(), |n| self.is_same(path, begin(n)));
                self.put(path, begin(least));
                Some(least.checked_sub(1)?.to_string())
            }
            Value::Table(keys) => {
                // A step is told by its operation, a filter by its kind: these go last.
                let (told_by, others): (Vec<&String>, Vec<&String>) =
                    keys.keys().partition(|key| TOLD_BY.contains(&key.as_str()));
                let order = [others, told_by].concat();
                let without = |n: usize| {
                    let mut rest = keys.clone();
                    order[..n].iter().for_each(|key| drop(rest.remove(key.as_str())));
                    Value::Table(rest)
                };
                if self.is_same(path, without(order.len())) {
                    return None;
                }
                let least = first(order.len(), |n| !self.is_same(path, without(n)));
                let at = least.checked_sub(1)?;
                // Alone it is read faster, where the error stays the same.
                let mut alone = keys.clone();
                alone.retain(|key, _| *key == *order[at] || TOLD_BY.contains(&key));
                let alone = Value::Table(alone);
                let rest = if self.is_same(path, alone.clone()) { alone } else { without(at) };
                self.put(path, rest);
                Some(order[at].clone())
            }
            _ => None,
        }
    }

    /// The error stays what it is with that value. Of keys that are missing, which one is told depends on those that are there.
    fn is_same(&self, path: &[String], value: Value) -> bool {
        let message = match (path.is_empty(), value) {
            (true, Value::Table(table)) => (self.read)(&table),
            (true, _) => None,
            (false, value) => self.table.as_table().and_then(|table| message_with(table, path, value, self.read)),
        };
        let is_missing = |text: &str| text.starts_with("missing field");
        message.is_some_and(|new| new == self.message || is_missing(&new) && is_missing(&self.message))
    }

    fn put(&mut self, path: &[String], value: Value) {
        if let Some(place) = path.iter().try_fold(&mut self.table, |at, name| below(at, name)) {
            *place = value;
        }
    }
}

/// The least number up to `most` for which it holds, where it holds for all above that.
fn first(most: usize, holds: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut high) = (0, most);
    while low < high {
        let middle = (low + high) / 2;
        if holds(middle) { high = middle } else { low = middle + 1 }
    }
    high
}

#[cfg(test)]
mod tests {
    //! Mechanics.
    use super::*;
    use crate::recipe::Body;

    fn path(text: &str) -> String {
        let read = |table: &Table| {
            let text = toml::to_string(table).unwrap();
            toml::from_str::<Body>(&text).err().map(|e| e.message().to_string())
        };
        find(&toml::from_str(text).unwrap(), &read).unwrap().path.join(".")
    }

    #[test]
    fn the_first_value_at_fault_is_found_wherever_it_stands() {
        let steps = |steps: &str| format!("[objects.s]\nchannel = \"n\"\nsteps = [\n{steps}\n]\n");
        let good = "{ op = \"gaussian\", sigma = \"1 px\" },";
        assert_eq!(path(&steps(&format!("{good}\n{{ op = \"median\", radius = 4 }},"))), "objects.s.steps.1.radius");
        // Two of a kind in one step, and in two of them.
        let two = "{ op = \"gaussian\", sigma = 1, at_least = 1 },";
        assert_eq!(path(&steps(&format!("{good}{two}{two}"))), "objects.s.steps.1.sigma");
        assert_eq!(path(&steps(&format!("{good}{{ op = \"medan\", radius = \"4 px\" }}"))), "objects.s.steps.1.op");
        assert_eq!(path(&steps(&format!("{good}{{ op = \"median\" }},{{ op = \"median\" }}"))), "objects.s.steps.1");
        assert_eq!(path(&steps(&format!("{good}{{ radius = \"4 px\" }}"))), "objects.s.steps.1");
        assert_eq!(path("[objects.s.grow]\nfrom = \"a\"\n"), "objects.s.grow");
        assert_eq!(path("[channels]\nnuclear = [\"a\", true]\n"), "channels.nuclear.1");
        assert_eq!(path("chanels = 1\n"), "chanels");
    }
}
