//! The template that is deployed, held against the code, against `infra/rights.toml` and against
//! what must never be left out. Each check has a name; `mistakes` plants what each must catch.

mod code;
mod data;
mod facts;
mod functions;
mod mistakes;
mod operations;
mod queues;
mod rights;
mod start;
mod yaml;

use facts::Facts;

/// A name and what it finds wrong.
type Check = (&'static str, fn(&Facts) -> Vec<String>);

const CHECKS: [Check; 18] = [
    ("visibility_outlasts_the_function", queues::visibility_outlasts_the_function),
    ("failures_are_reported_by_item", queues::failures_are_reported_by_item),
    ("mappings_are_bounded", queues::mappings_are_bounded),
    ("queues_have_dead_letters", queues::queues_have_dead_letters),
    ("transport_is_encrypted", data::transport_is_encrypted),
    ("rest_is_encrypted_with_our_key", data::rest_is_encrypted_with_our_key),
    ("table_is_the_stores", data::table_is_the_stores),
    ("table_can_be_restored", data::table_can_be_restored),
    ("rights_are_those_of_the_list", rights::rights_are_those_of_the_list),
    ("environment_is_that_of_the_list", functions::environment_is_that_of_the_list),
    ("functions_are_published_gradually", functions::functions_are_published_gradually),
    ("logs_are_kept_and_end", functions::logs_are_kept_and_end),
    ("console_needs_a_token", functions::console_needs_a_token),
    ("public_routes_are_throttled", functions::public_routes_are_throttled),
    ("alarms_reach_a_person", operations::alarms_reach_a_person),
    ("metrics_are_written", operations::metrics_are_written),
    ("nothing_is_hard_coded", operations::nothing_is_hard_coded),
    ("parameters_are_documented_and_used", operations::parameters_are_documented_and_used),
];

#[test]
fn the_template_is_sound() {
    let facts = Facts::load();
    let findings: Vec<_> = CHECKS
        .iter()
        .flat_map(|(name, check)| check(&facts).into_iter().map(move |finding| format!("{name}: {finding}")))
        .collect();
    assert!(findings.is_empty(), "\n{}", findings.join("\n"));
}
