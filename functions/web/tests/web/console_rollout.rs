//! The page of a candidate model.

use saring_domain::case::{Actor, ModelVersion};
use saring_domain::policy::Decision::{Publish, Review};
use saring_domain::rollout::{Count, Counts, Defaults, Disagreement, Mode, Proportion, Rollout, Side};
use saring_store::EndedBy;

use crate::console::{only_console_markup, seen};
use crate::support::{World, console, console_as, get, minutes, record, report, screened, tracking};

#[tokio::test]
async fn the_page_shows_counts_and_where_the_models_differ() {
    let world = World::start().await;
    let router = console(&world).await;
    let empty = seen(&get(&router, "/console/calon").await.body);
    assert!(empty.contains("Belum pernah ada model calon"), "{empty}");

    let defaults = Defaults::parse(include_str!("../../../../models/rollout.toml")).unwrap();
    let rollout = Rollout {
        candidate: ModelVersion::parse("model<2>").unwrap(),
        mode: Mode::Canary,
        share: Proportion::new(0.25).unwrap(),
        window_minutes: defaults.window_minutes,
        bounds: defaults.bounds,
        started_at: minutes(0),
        started_by: Actor::parse("data:ayu").unwrap(),
    };
    world.cases.start_rollout(&rollout).await.unwrap();
    let case = record(&world.cases, 1, "Promo besar", Publish).await;
    let text = report("r-1", "Promo besar");
    let (current, candidate) = (Side::from(&screened(&text, Review)), Side::from(&screened(&text, Publish)));
    let found = Disagreement { case: case.id(), at: minutes(1), current, candidate };
    let mut counts = Counts::default();
    found.count(&mut counts);
    counts.add(Count::Screened, 40);
    counts.add(Count::Missing, 7);
    world.cases.count_rollout(1, 0, &counts, minutes(1)).await.unwrap();
    world.cases.add_disagreement(1, &found).await.unwrap();
    let page = get(&router, "/console/calon").await.body;
    let text = seen(&page);
    assert!(text.contains("kenari") && text.contains("25.0%") && text.contains("Berbeda pendapat"), "{text}");
    assert!(
        text.contains("Calon tidak ada di fungsi: laporan tanpa calon") && page.contains("<strong>7</strong>"),
        "{text}"
    );
    assert!(page.contains("model&lt;2&gt;") && page.contains("<svg") && !page.contains("Promo besar"), "{page}");
    assert!(page.contains(&format!("/console/cases/{}", tracking(1).case_id())), "{page}");
    only_console_markup(&page);
    // Who may see no case gets no link to one.
    let data = console_as(&world, "data").await;
    assert!(!get(&data, "/console/calon").await.body.contains("/console/cases/"));

    let live = world.cases.rollout().await.unwrap();
    world.cases.end_rollout(&live, EndedBy::Bounds, "window 0: error rate", &Actor::sweep(), minutes(5)).await.unwrap();
    let text = seen(&get(&router, "/console/calon").await.body);
    assert!(text.contains("dihentikan otomatis") && text.contains("window 0: error rate"), "{text}");
}
