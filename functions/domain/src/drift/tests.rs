use super::*;
use crate::quality::draw;

fn observations(seed: &str, count: usize, shift: f64) -> Vec<Observation> {
    let one = |at: usize| {
        let chance = |what: &str| draw(&[seed, what, &at.to_string()]);
        let category = if chance("category") < 0.3 + shift { "pendidikan" } else { "perhubungan" };
        let angle = (chance("angle") * 3.0 + shift * 4.0) as f32;
        Observation {
            numbers: vec![("input.characters".to_owned(), 200.0 * (chance("length") + shift))],
            codes: vec![("score.category".to_owned(), category.to_owned())],
            embedding: vec![angle.cos(), angle.sin()],
            held: chance("held") < 0.4,
        }
    };
    (0..count).map(one).collect()
}

fn labels(seed: &str, count: usize, publish: f64) -> Vec<&'static str> {
    let one = |at: usize| if draw(&[seed, &at.to_string()]) < publish { "publish" } else { "spam" };
    (0..count).map(one).collect()
}

fn compared(reference: &Reference, observations: &[Observation], labels: &[&str]) -> Vec<Drift> {
    let mut counts = Counts::default();
    for one in observations {
        reference.count(one, &mut counts);
    }
    // As they come back from a table, in two parts.
    let mut kept = Counts::default();
    kept.reports += counts.reports;
    counts.iter().for_each(|(name, count)| kept.add_named(name, count));
    assert_eq!(kept, counts);
    reference.compare(&kept, labels.iter().copied())
}

#[test]
fn a_change_is_named_and_chance_is_none() {
    let reference = Reference::of("m", &observations("reference", 3000, 0.0), &labels("l", 900, 0.2)).unwrap();
    let json = serde_json::to_string(&reference).unwrap();
    let read = Reference::parse(&json).unwrap();
    assert_eq!((&read, read.revision()), (&reference, reference.revision()));
    let mut alarms = 0;
    for round in 0..200 {
        let seed = round.to_string();
        let same = compared(&reference, &observations(&seed, 60, 0.0), &labels(&seed, 30, 0.2));
        assert_eq!(same.len(), 5, "{same:?}");
        alarms += same.iter().filter(|drift| drift.is_one()).count();
    }
    assert!(alarms <= 20, "{alarms} of 1000 were alarms by chance");
    let other = compared(&reference, &observations("other", 300, 0.4), &labels("other", 60, 0.7));
    assert!(other.iter().all(Drift::is_one), "{other:?}");
    let length = other.iter().find(|drift| drift.dimension == "input.characters").unwrap();
    assert!((length.ks.unwrap() - 0.4).abs() < 0.1, "{length:?}");
    assert!(length.parts.iter().all(|part| (0.0..=1.0).contains(&part.now)), "{length:?}");
    assert_eq!(other.iter().filter(|drift| drift.group() == Group::Label).count(), 1);
}

#[test]
fn a_code_that_never_came_before_counts() {
    let reference = Reference::of("m", &observations("reference", 1000, 0.0), &[]).unwrap();
    let mut now = observations("now", 300, 0.0);
    for one in now.iter_mut().take(100) {
        one.codes[0].1 = "baru".to_owned();
    }
    let found = compared(&reference, &now, &["spam"]);
    assert_eq!((found[0].dimension.as_str(), found[0].is_one()), ("score.category", true));
    assert!(found.iter().all(|drift| drift.group() != Group::Label), "without labels there is nothing to compare");
    assert_eq!(Reference::of("m", &[], &[]), None);
    assert_eq!(reference.compare(&Counts::default(), std::iter::empty()), []);
}

/// The same lengths, scores and categories about something else.
#[test]
fn another_topic_shows_in_the_embedding_alone() {
    let reference = Reference::of("m", &observations("reference", 3000, 0.0), &[]).unwrap();
    let mut now = observations("now", 300, 0.0);
    for one in &mut now {
        one.embedding = vec![-1.0, -0.1];
    }
    let drifted: Vec<String> =
        compared(&reference, &now, &[]).into_iter().filter(Drift::is_one).map(|drift| drift.dimension).collect();
    assert!(drifted.contains(&"input.embedding".to_owned()) && drifted.len() <= 2, "{drifted:?}");
}

#[test]
fn days_are_kept_in_order_and_of_one_reference() {
    let reference = Reference::of("m", &observations("reference", 1000, 0.0), &[]).unwrap();
    let at = |shift: f64, revision: &str| Summary {
        at_ms: 0,
        model: "m".to_owned(),
        revision: revision.to_owned(),
        rows: 1000,
        reports: 300,
        decisions: 0,
        dimensions: compared(&reference, &observations("now", 300, shift), &[]),
        days: Vec::new(),
    };
    let first = at(0.0, "a").after(None, "2026-11-24");
    assert_eq!((first.drifted(), first.largest(Group::Input)), (0, 0.0), "{first:?}");
    let again = at(0.4, "a").after(Some(first.clone()), "2026-11-24");
    assert!(again.days.len() == 1 && again.days[0].largest[0] > PSI_MAX);
    let next = at(0.0, "a").after(Some(again), "2026-11-25");
    assert_eq!(next.days.iter().map(|day| day.day.as_str()).collect::<Vec<_>>(), ["2026-11-24", "2026-11-25"]);
    assert_eq!(at(0.0, "b").after(Some(next), "2026-11-26").days.len(), 1);
    let json = serde_json::to_string(&first).unwrap();
    assert_eq!(serde_json::from_str::<Summary>(&json).unwrap().days, first.days);
}

#[test]
fn decisions_are_what_held_reports_were() {
    let known = [("publish_anonymous", "publish"), ("reject.spam", "spam"), ("return.polri", "other")];
    assert_eq!(known.map(|(ruling, _)| label_of(ruling)), known.map(|(_, label)| label));
}
