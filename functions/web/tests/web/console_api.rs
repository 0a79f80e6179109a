//! What programs are told of the interface, held against what it answers.

use saring_domain::policy::Decision::Review;
use serde_json::{Map, Value};

use crate::support::{Provider, World, get, post_form, record, tracking};

/// What is wrong with a value; a word that this doesn't know fails, so that nothing is passed over.
fn errors(schema: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
    let rules: &Map<String, Value> = schema.as_object().unwrap();
    for (word, rule) in rules {
        let holds = match word.as_str() {
            "type" => match rule.as_str().unwrap() {
                "object" => value.is_object(),
                "array" => value.is_array(),
                "string" => value.is_string(),
                "integer" => value.is_u64(),
                "number" => value.is_number(),
                "null" => value.is_null(),
                other => panic!("type {other}"),
            },
            "enum" => rule.as_array().unwrap().contains(value),
            "anyOf" => rule.as_array().unwrap().iter().any(|one| {
                let mut inner = Vec::new();
                errors(one, value, at, &mut inner);
                inner.is_empty()
            }),
            "minimum" => value.as_u64() >= rule.as_u64(),
            "format" => {
                assert_eq!(rule, "date-time");
                value.as_str().is_some_and(|text| text.len() == 24 && text.ends_with('Z'))
            }
            "pattern" => {
                assert_eq!(rule, "^[0-9A-HJKMNP-TV-Z]{16}$");
                let digit = |c: char| c.is_ascii_digit() || (c.is_ascii_uppercase() && !"ILOU".contains(c));
                value.as_str().is_some_and(|text| text.len() == 16 && text.chars().all(digit))
            }
            "items" => {
                for (index, one) in value.as_array().into_iter().flatten().enumerate() {
                    errors(rule, one, &format!("{at}[{index}]"), found);
                }
                true
            }
            "required" => rule.as_array().unwrap().iter().all(|name| value.get(name.as_str().unwrap()).is_some()),
            "properties" | "additionalProperties" => {
                for (name, one) in value.as_object().into_iter().flatten() {
                    match rules.get("properties").and_then(|known| known.get(name)) {
                        Some(known) => errors(known, one, &format!("{at}.{name}"), found),
                        None if rules["additionalProperties"] == Value::Bool(false) => {
                            found.push(format!("{at}.{name} is not described"));
                        }
                        None => errors(&rules["additionalProperties"], one, &format!("{at}.{name}"), found),
                    }
                }
                true
            }
            other => panic!("the word {other}"),
        };
        if !holds {
            found.push(format!("{at}: {word} {rule} does not hold for {value}"));
        }
    }
}

#[tokio::test]
async fn answers_are_as_they_are_described() {
    let world = World::start().await;
    let provider = Provider::start().await;
    let wulan = provider.console_for(&world.cases, "wulan", "supervisor");
    for seed in 1..=6 {
        record(&world.cases, seed, &format!("Promo nomor {seed}"), Review).await;
    }
    let document = get(&wulan, "/console/openapi.json").await.json();
    let id = |seed: u8| tracking(seed).case_id().to_string();
    let check = |method: &str, path: &str, answer: &Value| {
        let described = &document["paths"][path][method]["responses"]["200"]["content"]["application/json"]["schema"];
        assert!(described.is_object(), "{method} {path}");
        let mut found = Vec::new();
        errors(described, answer, path, &mut found);
        assert!(found.is_empty(), "{found:#?}");
        // A schema that takes anything would say nothing.
        let mut damaged = answer.clone();
        damaged["unheard_of"] = Value::Null;
        errors(described, &damaged, path, &mut found);
        assert!(!found.is_empty(), "{path} takes anything");
    };
    for (path, real) in [
        ("/console", "/console".to_owned()),
        ("/console/denyut", "/console/denyut".to_owned()),
        ("/console/cases/{id}", format!("/console/cases/{}", id(1))),
    ] {
        let request = crate::support::get_with(&wulan, &real, "accept", "application/json").await;
        check("get", path, &request.json());
    }
    for (seed, action, form) in [
        (1, "ambil", "version=1"),
        (1, "detak", "version=2"),
        (1, "lepas", "version=2"),
        (1, "putus", "version=3&choice=reject:spam"),
        (1, "segera", "version=4"),
        (1, "emas", "version=5"),
        (2, "putus", "version=1&choice=ask:place"),
        (2, "batal", "version=2"),
        (3, "eskalasi", "version=1&why=legal"),
        (4, "serah", "version=1&to=sari"),
        (5, "koreksi", "version=1&spam=0&fine=spam.promo&fine_given=1"),
    ] {
        let answer = post_form(&wulan, &format!("/console/cases/{}/{action}", id(seed)), form).await;
        assert_eq!(answer.status, 200, "{action}: {}", answer.body);
        check("post", &format!("/console/cases/{{id}}/{action}"), &answer.json());
    }
    let folded =
        post_form(&wulan, &format!("/console/cases/{}/gabung", id(6)), &format!("version=1&into={}", id(5))).await;
    check("post", "/console/cases/{id}/gabung", &folded.json());
    let (chosen, version) = (format!("choice=reject:spam&id={}", id(6)), format!("id={}", id(6)));
    check("post", "/console/massal", &post_form(&wulan, "/console/massal", &chosen).await.json());
    let done = post_form(&wulan, "/console/massal/putus", &format!("{chosen}:1")).await;
    check("post", "/console/massal/putus", &done.json());
    check(
        "post",
        "/console/massal/batal",
        &post_form(&wulan, "/console/massal/batal", &format!("{version}:2")).await.json(),
    );
}

#[tokio::test]
async fn parameters_of_the_queue_are_described_and_taken() {
    let world = World::start().await;
    let console = crate::support::console(&world).await;
    let document = get(&console, "/console/openapi.json").await.json();
    let parameters = document["paths"]["/console"]["get"]["parameters"].as_array().unwrap().clone();
    assert!(parameters.len() >= 10, "{parameters:?}");
    for parameter in parameters {
        let (name, schema) = (parameter["name"].as_str().unwrap(), &parameter["schema"]);
        let values = schema["enum"].as_array().cloned().unwrap_or_default();
        for value in values {
            let path = format!("/console?{name}={}", value.as_str().unwrap());
            assert_eq!(get(&console, &path).await.status, 200, "{path}");
        }
    }
    for wrong in ["bagian=x", "campaign=x", "limit=21", "page=301"] {
        assert_eq!(get(&console, &format!("/console?{wrong}")).await.status, 400, "{wrong}");
    }
}
