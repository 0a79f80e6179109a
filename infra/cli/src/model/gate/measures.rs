//! What is measured of each row, and the slices that a row belongs to.

use saring_domain::score::{Fine, Flag};
use serde_json::Value;

use super::settings::Settings;
use crate::evaluate::{Pair, harmful, is_published};

/// Characters of a code that name a province.
const PROVINCE_CHARS: usize = 2;
const RANKS_TOP: usize = 3;
/// Words of a text up to which it falls into the group.
const LENGTHS: [(usize, &str); 5] =
    [(10, "1-10"), (20, "11-20"), (40, "21-40"), (80, "41-80"), (usize::MAX, "over-80")];

/// Which slices a measure is looked at in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Sliced {
    Yes,
    WholeOnly,
}

/// A figure of one row, more is better; nothing where the row says nothing of it.
type Of = Box<dyn Fn(&Pair) -> Option<f64>>;

pub(super) struct Measure {
    pub(super) name: String,
    /// Its tolerance's name in the settings.
    pub(super) tolerance: &'static str,
    pub(super) sliced: Sliced,
    pub(super) of: Of,
}

fn measure(name: &'static str, sliced: Sliced, of: impl Fn(&Pair) -> Option<f64> + 'static) -> Measure {
    Measure { name: name.to_owned(), tolerance: name, sliced, of: Box::new(of) }
}

/// Everything that a bundle is measured by.
pub(super) fn all(settings: &Settings) -> Vec<Measure> {
    let share = |hit: bool| Some(f64::from(u8::from(hit)));
    let never = settings.never_publish.clone();
    let mut out = vec![
        measure("decision", Sliced::Yes, move |p| share(p.out["decision"] == decision(&p.row)?)),
        measure("harm.held", Sliced::Yes, move |p| (harmful(&p.row)?).then(|| share(!is_published(p)))?),
        measure("legitimate.published", Sliced::Yes, move |p| {
            (decision(&p.row)? == "publish").then(|| share(is_published(p)))?
        }),
        measure("angry.published", Sliced::WholeOnly, move |p| {
            (p.row["slice"] == "angry" && decision(&p.row)? == "publish").then(|| share(is_published(p)))?
        }),
        measure("never.held", Sliced::WholeOnly, move |p| carries(&p.row, &never).then(|| share(!is_published(p)))?),
        measure("visibility", Sliced::WholeOnly, move |p| {
            p.row["visibility"].is_string().then(|| share(p.row["visibility"] == p.out["visibility"]))?
        }),
        measure("category", Sliced::Yes, move |p| share(rank(p, "category", "code")? == 0)),
        measure("category.top3", Sliced::WholeOnly, move |p| share(rank(p, "category", "code")? < RANKS_TOP)),
        measure("agency", Sliced::Yes, move |p| share(rank(p, "agency", "type")? == 0)),
        measure("agency.top3", Sliced::WholeOnly, move |p| share(rank(p, "agency", "type")? < RANKS_TOP)),
    ];
    for flag in Flag::ALL {
        let of = move |p: &Pair| Some(brier(p.out["flags"][flag.code()].as_f64()?, flag_label(&p.row, flag)?));
        out.push(Measure { name: flag.code().to_owned(), tolerance: "flags", sliced: Sliced::Yes, of: Box::new(of) });
    }
    for fine in Fine::ALL {
        let of = move |p: &Pair| Some(brier(p.out["fine"][fine.code()].as_f64()?, fine_label(&p.row, fine)?));
        let name = fine.code().to_owned();
        out.push(Measure { name, tolerance: "fine", sliced: Sliced::WholeOnly, of: Box::new(of) });
    }
    out
}

/// 1 less the squared error.
fn brier(p: f64, label: bool) -> f64 {
    1.0 - (p - f64::from(u8::from(label))).powi(2)
}

pub(super) fn flag_label(row: &Value, flag: Flag) -> Option<bool> {
    row[flag.code()].as_i64().map(|v| v == 1)
}

/// An authored row lists all fine labels that apply; a decision lists those known not to apply too.
fn fine_label(row: &Value, fine: Fine) -> Option<bool> {
    if fine == Fine::QualityOffTopic && row["slice"].is_string() {
        return Some(row["slice"] == "strange");
    }
    if carries(row, &[fine.code().to_owned()]) {
        return Some(true);
    }
    match row.get("fine_absent").and_then(Value::as_array) {
        Some(absent) => absent.iter().any(|f| f == fine.code()).then_some(false),
        None => row["fine"].is_array().then_some(false),
    }
}

fn carries(row: &Value, labels: &[String]) -> bool {
    row["fine"]
        .as_array()
        .is_some_and(|fine| fine.iter().filter_map(Value::as_str).any(|f| labels.iter().any(|l| l == f)))
}

/// What should happen to a row: authored rows say it, a moderator's decision implies it.
pub(super) fn decision(row: &Value) -> Option<&str> {
    if let Some(said) = row["decision"].as_str() {
        return Some(said);
    }
    if Flag::ALL.iter().any(|f| flag_label(row, *f) == Some(true)) {
        return Some("review");
    }
    row["outcome"].as_str().filter(|o| o.starts_with("publish")).map(|_| "publish")
}

fn rank(pair: &Pair, head: &str, key: &str) -> Option<usize> {
    let wanted = pair.row[head].as_str()?;
    let found = pair.out[head].as_array().and_then(|r| r.iter().position(|c| c[key] == wanted));
    Some(found.unwrap_or(usize::MAX))
}

/// Names of the slices that a row belongs to.
pub(super) fn slices(row: &Value, settings: &Settings) -> Vec<String> {
    let named = |group: &str, key: &str| row[key].as_str().map(|name| format!("{group}.{name}"));
    let mut out: Vec<String> = [("category", "category"), ("variety", "variety"), ("slice", "slice")]
        .into_iter()
        .filter_map(|(group, key)| named(group, key))
        .collect();
    let code = row["region"].as_str().unwrap_or_default();
    let group = settings.regions.iter().find(|(_, begins)| begins.iter().any(|b| code.starts_with(b.as_str())));
    out.push(format!("region.{}", group.map_or("none", |(name, _)| name)));
    if let Some(province) = code.get(..PROVINCE_CHARS) {
        out.push(format!("province.{province}"));
    }
    let words = row["text"].as_str().unwrap_or_default().split_whitespace().count();
    out.extend(LENGTHS.iter().find(|(limit, _)| words <= *limit).map(|(_, name)| format!("length.{name}")));
    if carries(row, &settings.never_publish) {
        out.push("never_publish".to_owned());
    }
    if row.get("outcome").is_some() {
        out.push("source.decisions".to_owned());
    }
    out
}
