//! The file form of the registry, and its conversion.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::name::check_template;
use super::phrase::{Phrases, Target};
use super::{AgencyType, Body, Date, Kind, Override, Redirect, Registry, RegistryError, Tuning};
use crate::region::Level;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    tuning: TuningFile,
    #[serde(rename = "type")]
    types: Vec<TypeFile>,
    usual: BTreeMap<String, Vec<String>>,
    body: Vec<BodyFile>,
    #[serde(default)]
    official_province: BTreeMap<String, String>,
    #[serde(default)]
    redirect: Vec<RedirectFile>,
    #[serde(default, rename = "override")]
    overrides: Vec<OverrideFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TuningFile {
    addressed: f32,
    asked: f32,
    named: f32,
    redirected: f32,
    topical: f32,
    category: f32,
    cue_words_max: usize,
    candidates_max: usize,
    candidates_min: usize,
    set_score_min: f32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TypeFile {
    code: String,
    name: String,
    district: Option<String>,
    regency: Option<String>,
    province: Option<String>,
    #[serde(default)]
    aliases: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BodyFile {
    #[serde(rename = "type")]
    agency: String,
    name: String,
    #[serde(default)]
    aliases: Vec<String>,
    #[serde(default)]
    words: Vec<String>,
    from: Option<String>,
    until: Option<String>,
    #[serde(default)]
    before: Vec<BeforeFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BeforeFile {
    name: String,
    until: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RedirectFile {
    regions: Vec<String>,
    from: Vec<String>,
    to: String,
    words: Vec<String>,
    name: Option<String>,
    reason: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum LevelFile {
    Province,
    Regency,
    District,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OverrideFile {
    #[serde(rename = "type")]
    agency: String,
    regions: Vec<String>,
    level: Option<LevelFile>,
    name: String,
}

pub(super) fn registry(toml: &str) -> Result<Registry, RegistryError> {
    let file: File = toml::from_str(toml)?;
    let mut registry = Registry {
        tuning: tuning(&file.tuning)?,
        kinds: vec![None; AgencyType::COUNT],
        bodies: Vec::with_capacity(file.body.len()),
        defaults: vec![None; AgencyType::COUNT],
        overrides: Vec::with_capacity(file.overrides.len()),
        redirects: Vec::with_capacity(file.redirect.len()),
        usual: Vec::with_capacity(file.usual.len()),
        official_province: file.official_province.into_iter().collect(),
        phrases: Phrases::default(),
    };
    for kind in file.types {
        add_type(&mut registry, kind)?;
    }
    for body in file.body {
        add_body(&mut registry, body)?;
    }
    for redirect in file.redirect {
        add_redirect(&mut registry, redirect)?;
    }
    for over in file.overrides {
        let level = over.level.map(|level| match level {
            LevelFile::Province => Level::Province,
            LevelFile::Regency => Level::Regency,
            LevelFile::District => Level::District,
        });
        check_template(&over.name)?;
        let agency = AgencyType::parse(&over.agency)?;
        registry.overrides.push(Override { agency, regions: over.regions, level, name: over.name });
    }
    for (category, types) in file.usual {
        registry.usual.push((category, parse_all(&types)?));
    }
    Ok(registry)
}

fn tuning(file: &TuningFile) -> Result<Tuning, RegistryError> {
    let boosts = [
        ("addressed", file.addressed),
        ("asked", file.asked),
        ("named", file.named),
        ("redirected", file.redirected),
        ("topical", file.topical),
        ("category", file.category),
        ("set_score_min", file.set_score_min),
    ];
    if let Some((name, _)) = boosts.into_iter().find(|(_, value)| !(0.0..1.0).contains(value)) {
        return Err(RegistryError::Tuning { name, expected: "at least 0 and less than 1" });
    }
    if file.candidates_max == 0 || file.candidates_max < file.candidates_min {
        return Err(RegistryError::Tuning { name: "candidates_max", expected: "1 or more, and not below the least" });
    }
    Ok(Tuning {
        addressed: file.addressed,
        asked: file.asked,
        named: file.named,
        redirected: file.redirected,
        topical: file.topical,
        category: file.category,
        cue_words_max: file.cue_words_max,
        candidates_max: file.candidates_max,
        candidates_min: file.candidates_min,
        set_score_min: file.set_score_min,
    })
}

fn add_type(registry: &mut Registry, file: TypeFile) -> Result<(), RegistryError> {
    let agency = AgencyType::parse(&file.code)?;
    for template in [&file.district, &file.regency, &file.province].into_iter().flatten() {
        check_template(template)?;
    }
    for alias in &file.aliases {
        registry.phrases.add_name(alias, Target::Type(agency));
    }
    let kind = Kind { name: file.name, district: file.district, regency: file.regency, province: file.province };
    registry.kinds[agency.at()] = Some(kind);
    Ok(())
}

fn add_body(registry: &mut Registry, file: BodyFile) -> Result<(), RegistryError> {
    let agency = AgencyType::parse(&file.agency)?;
    if registry.kinds[agency.at()].is_none() {
        return Err(RegistryError::Missing(agency.code()));
    }
    let at = registry.bodies.len();
    for alias in file.aliases.iter().chain(std::iter::once(&file.name)) {
        registry.phrases.add_name(alias, Target::Body(at));
    }
    for word in &file.words {
        registry.phrases.add_topic(word, Target::Body(at));
    }
    let date = |text: Option<String>| text.map(|t| Date::parse(&t)).transpose();
    let before: Result<Vec<_>, RegistryError> =
        file.before.into_iter().map(|b| Ok((b.name, Date::parse(&b.until)?))).collect();
    let mut before = before?;
    before.sort_by_key(|(_, until)| *until);
    registry.defaults[agency.at()].get_or_insert(at);
    registry.bodies.push(Body { agency, name: file.name, from: date(file.from)?, until: date(file.until)?, before });
    Ok(())
}

fn add_redirect(registry: &mut Registry, file: RedirectFile) -> Result<(), RegistryError> {
    let at = registry.redirects.len();
    for word in &file.words {
        registry.phrases.add_topic(word, Target::Redirect(at));
    }
    if let Some(template) = &file.name {
        check_template(template)?;
    }
    registry.redirects.push(Redirect {
        regions: file.regions,
        from: parse_all(&file.from)?,
        to: AgencyType::parse(&file.to)?,
        name: file.name,
        reason: file.reason,
    });
    Ok(())
}

fn parse_all(codes: &[String]) -> Result<Vec<AgencyType>, RegistryError> {
    codes.iter().map(|code| AgencyType::parse(code)).collect()
}
