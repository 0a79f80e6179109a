//! The page of what drifts.

use saring_domain::drift::{Drift, Part, Summary};

use crate::console::{only_console_markup, seen};
use crate::support::{World, console_as, get, get_with};

fn dimension(name: &str, psi: f64) -> Drift {
    let part = |name: &str, before, now| Part { name: name.to_owned(), before, now };
    let parts = vec![part("jalan<b>", 0.75, 0.25), part("lampu", 0.25, 0.75)];
    Drift { dimension: name.to_owned(), psi, chance: 0.05, ks: Some(0.5), parts }
}

#[tokio::test]
async fn the_page_shows_what_drifts_and_programs_get_it_as_json() {
    let world = World::start().await;
    let data = console_as(&world, "data").await;
    let empty = seen(&get(&data, "/console/pergeseran").await.body);
    assert!(empty.contains("Belum ada perbandingan"), "{empty}");
    let found = Summary {
        at_ms: 1_764_000_000_000,
        model: "model<2>".to_owned(),
        revision: "0011223344556677".to_owned(),
        rows: 900,
        reports: 120,
        decisions: 40,
        dimensions: vec![dimension("score.category", 0.9), dimension("input.[LINK]", 0.04)],
        days: Vec::new(),
    };
    let kept = world.cases.keep_drift(found).await.unwrap();
    assert_eq!((kept.days.len(), kept.days[0].largest), (1, [0.0, 0.9, 0.0]));
    let page = get(&data, "/console/pergeseran").await.body;
    let text = seen(&page);
    assert!(text.contains("120 / 900") && text.contains("kategori") && text.contains("bergeser"), "{text}");
    assert!(page.contains("model&lt;2&gt;") && page.contains("jalan&lt;b&gt;") && page.contains("<svg"), "{page}");
    only_console_markup(&page);
    let calon = get(&data, "/console/calon").await.body;
    assert!(calon.contains("href=\"/console/pergeseran\""), "{calon}");

    let json = get_with(&data, "/console/pergeseran", "accept", "application/json").await.json();
    assert_eq!((&json["reports"], &json["dimensions"][0]["drift"]), (&120.into(), &true.into()));
    let document = get(&data, "/console/openapi.json").await.json();
    let answer = &document["paths"]["/console/pergeseran"]["get"]["responses"]["200"]["content"];
    let schema = &answer["application/json"]["schema"]["anyOf"][0];
    for name in schema["required"].as_array().unwrap() {
        assert!(json.get(name.as_str().unwrap()).is_some(), "{name}");
    }
    assert_eq!(json.as_object().unwrap().len(), schema["required"].as_array().unwrap().len());
}
