//! What a judgement is.

/// Metabolic response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Response {
    /// Complete metabolic response.
    Cmr,
    /// Partial metabolic response.
    Pmr,
    /// Stable metabolic disease.
    Smd,
    /// Progressive metabolic disease.
    Pmd,
    /// Not evaluable.
    Ne,
}

impl Response {
    /// All of them, from the best to the worst, then what cannot be judged.
    pub const ALL: [Response; 5] = [Response::Cmr, Response::Pmr, Response::Smd, Response::Pmd, Response::Ne];

    /// The word for tables.
    pub fn name(self) -> &'static str {
        match self {
            Response::Cmr => "CMR",
            Response::Pmr => "PMR",
            Response::Smd => "SMD",
            Response::Pmd => "PMD",
            Response::Ne => "NE",
        }
    }
}

/// A response with the rule that made it.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement {
    /// The response.
    pub response: Response,
    /// What made it, or why there is no response.
    pub reason: String,
    /// The rules that held, each with its source.
    pub rules: Vec<&'static str>,
    /// What the reader should look at.
    pub notes: Vec<String>,
}
