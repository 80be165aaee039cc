//! When a scan was taken, and after which injection: what tells a follow-up from another series of one examination.

/// As far as the tables tell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Examination {
    /// Day and time of the scan, `2024-01-05T10:00:00`, or its day, else that of the study; nothing where only the time of day is known.
    pub time: Option<String>,
    /// Day and time of the injection, in the same way.
    pub injection: Option<String>,
    /// StudyInstanceUID.
    pub study_uid: Option<String>,
}

impl Examination {
    /// The day of the scan, `2024-01-05`.
    pub fn day(&self) -> Option<&str> {
        self.time.as_ref()?.get(..10)
    }

    /// Why two scans are parts of one examination: beds, delayed images and reconstructions are no follow-up of each other. The UID of the
    /// study counts where days are not known, as some archives give one to all scans of a patient.
    pub fn shared_with(&self, other: &Self) -> Option<String> {
        // To the minute: series may round the seconds.
        let minute = |e: &Self| e.injection.as_ref().and_then(|t| t.get(..16)).map(|t| t.replace('T', " "));
        if let Some(at) = both(minute(self), minute(other)) {
            return Some(format!("both scans follow the injection of {at}"));
        }
        match (self.day(), other.day()) {
            (Some(a), Some(b)) => (a == b).then(|| format!("both scans are of {a}")),
            _ => both(self.study_uid.as_ref(), other.study_uid.as_ref()).map(|uid| format!("both are of study {uid}")),
        }
    }
}

/// What both have, if it is the same.
fn both<T: PartialEq>(a: Option<T>, b: Option<T>) -> Option<T> {
    a.filter(|a| b.as_ref() == Some(a))
}

#[cfg(test)]
mod tests {
    //! Oracle: what a reader would say.
    use super::*;

    fn at(time: &str, injection: &str, uid: &str) -> Examination {
        let text = |t: &str| Some(t.to_string()).filter(|t| !t.is_empty());
        Examination { time: text(time), injection: text(injection), study_uid: text(uid) }
    }

    #[test]
    fn one_injection_or_one_day_is_one_examination() {
        let first = at("2024-01-15T23:50:00", "2024-01-15T22:50:00", "1.2");
        let why = |other: Examination| {
            assert_eq!(other.shared_with(&first), first.shared_with(&other));
            first.shared_with(&other)
        };
        let injection = "both scans follow the injection of 2024-01-15 22:50";
        assert_eq!(
            why(at("2024-01-16T00:10:00", "2024-01-15T22:50:30", "1.3")).as_deref(),
            Some(injection),
            "past midnight"
        );
        assert_eq!(why(at("2024-01-15T08:00:00", "", "")).as_deref(), Some("both scans are of 2024-01-15"));
        assert_eq!(why(at("2024-01-15", "", "")).as_deref(), Some("both scans are of 2024-01-15"), "only a day");
        assert_eq!(why(at("", "", "1.2")).as_deref(), Some("both are of study 1.2"));
        assert_eq!(why(at("2024-04-15T10:00:00", "2024-04-15T09:00:00", "1.2")), None, "one UID for all of a patient");
        assert_eq!(why(at("2024-04-15T10:00:00", "", "1.3")), None);
        assert_eq!(why(Examination::default()), None, "nothing known");
    }
}
