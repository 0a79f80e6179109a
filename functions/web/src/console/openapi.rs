//! The interface for programs, described from the table of routes, the types of the answers and the
//! fields of the forms.

use axum::response::IntoResponse;
use saring_domain::score::Flag;
use serde_json::{Map, Value, json};

use super::api::{Beat, Brief, Checked, Drifting, Full, Listed, Original, Outcomes, Preview, Pulse};
use super::described::Described;
use super::fields::{self, Field};
use super::identity::{Need, Role};
use super::table;

/// What a route answers.
enum Answer {
    /// JSON of this schema, or a page for browsers.
    Json(Value),
    Page,
    Csv,
}

/// What a route is for.
struct About {
    summary: &'static str,
    fields: Vec<Field>,
    answer: Answer,
}

fn json_of<T: Described>(summary: &'static str, fields: impl Into<Vec<Field>>) -> About {
    About { summary, fields: fields.into(), answer: Answer::Json(T::schema()) }
}

fn page(summary: &'static str, fields: impl Into<Vec<Field>>) -> About {
    About { summary, fields: fields.into(), answer: Answer::Page }
}

fn about(path: &str) -> Option<About> {
    use Field::{
        Agency, BulkChoice, Campaign, Category, CheckChoice, Choice, Claim, Drop, Fine, FineGiven, IdVersions, Ids,
        Into, Kind, Last, Name, Note, Query, To, Version, Why, Words,
    };
    Some(match path {
        "/console" => json_of::<Listed>("Cases that wait, the most pressing first", []),
        "/console/cases/{id}" => json_of::<Full>("A case with its evidence", []),
        "/console/denyut" => json_of::<Pulse>("Whether the first page of the queue changed, by ETag", []),
        "/console/berikut" => page("Takes the next free case and leads to it", []),
        "/console/cases/{id}/ambil" => json_of::<Brief>("Takes a case, or keeps it longer", [Version]),
        "/console/cases/{id}/lepas" => json_of::<Brief>("Gives up one's own lock", [Version]),
        "/console/cases/{id}/rebut" => json_of::<Brief>("Takes another's lock away", [Version]),
        "/console/cases/{id}/detak" => json_of::<Beat>("Keeps one's own lock", [Version]),
        "/console/cases/{id}/putus" => json_of::<Brief>("Decides; the decision rests", [Version, Choice, Agency, Note]),
        "/console/cases/{id}/batal" => json_of::<Brief>("Takes a resting decision back", [Version, Note]),
        "/console/cases/{id}/segera" => json_of::<Brief>("Lets one's own resting decision take effect", [Version]),
        "/console/cases/{id}/eskalasi" => json_of::<Brief>("Lets a supervisor decide", [Version, Why, Note]),
        "/console/cases/{id}/serah" => json_of::<Brief>("Gives a case to another moderator", [Version, To, Note]),
        "/console/cases/{id}/gabung" => json_of::<Brief>("Folds a case into the campaign of another", [Version, Into]),
        "/console/cases/{id}/koreksi" => {
            let mut fields = vec![Version, Category, Agency];
            fields.extend(Flag::ALL.map(Field::Flag));
            fields.extend([Fine, FineGiven, Claim, Drop, Words, Kind, Note]);
            json_of::<Brief>("Corrects labels and personal data", fields)
        }
        "/console/cases/{id}/asli" => json_of::<Original>("Reads the original; the trail says so", []),
        "/console/cases/{id}/emas" => json_of::<Brief>("Makes a decided case a golden one", []),
        "/console/massal" => json_of::<Preview>(
            "What a decision would do to several cases, or to a campaign",
            [BulkChoice, Ids, Campaign],
        ),
        "/console/massal/putus" => json_of::<Outcomes>("Decides about several cases", [BulkChoice, IdVersions]),
        "/console/massal/batal" => json_of::<Outcomes>("Takes several resting decisions back", [IdVersions]),
        "/console/tampilan" => page("Keeps a view of the queue under a name", [Name, Query]),
        "/console/tampilan/hapus" => page("Removes a view", [Name]),
        "/console/periksa" => page("The next decision to check, without the first", []),
        "/console/periksa/{key}" => json_of::<Checked>("Records a second decision", [CheckChoice]),
        "/console/perbedaan" => page("Where two people decided differently", []),
        "/console/perbedaan/{key}" => page("Records which of two decisions is right", [Last]),
        "/console/angka" => page("Figures", []),
        "/console/calon" => page("What a candidate model says beside the current one", []),
        "/console/pergeseran" => json_of::<Option<Drifting>>("What came lately against the bundle's reference", []),
        "/console/angka.csv" => About { summary: "Figures as a file", fields: Vec::new(), answer: Answer::Csv },
        "/console/keluar" => page("Ends the session", []),
        "/console/openapi.json" => {
            let answer = Answer::Json(json!({ "type": "object" }));
            About { summary: "This description", fields: Vec::new(), answer }
        }
        _ => return None,
    })
}

/// A form of these fields, as browsers send it.
fn form(fields: &[Field]) -> Value {
    let properties: Map<String, Value> = fields.iter().map(|field| (field.name().to_owned(), field.schema())).collect();
    let required: Vec<&str> = fields.iter().filter(|field| field.is_required()).map(|field| field.name()).collect();
    let schema = json!({ "type": "object", "properties": properties, "required": required });
    json!({ "required": !required.is_empty(), "content": { "application/x-www-form-urlencoded": { "schema": schema } } })
}

fn answer(answer: &Answer) -> Value {
    let page = json!({ "schema": { "type": "string" } });
    match answer {
        Answer::Json(schema) => json!({ "application/json": { "schema": schema }, "text/html": page }),
        Answer::Page => json!({ "text/html": page }),
        Answer::Csv => json!({ "text/csv": page }),
    }
}

fn operation(method: &str, path: &str, roles: &[&str], about: &About) -> Value {
    let problem = || json!({ "$ref": "#/components/responses/Problem" });
    let mut operation = json!({
        "summary": about.summary, "security": [{ "bearer": [] }], "x-roles": roles,
        "responses": { "200": { "description": "done", "content": answer(&about.answer) } },
    });
    for status in ["400", "401", "403", "404", "409", "503"] {
        operation["responses"][status] = problem();
    }
    let names = path.split(['{', '}']).skip(1).step_by(2);
    let of_path =
        names.map(|name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }));
    let mut parameters: Vec<Value> = of_path.collect();
    if matches!(path, "/console" | "/console/denyut") {
        parameters.extend(fields::of_queue());
    }
    operation["parameters"] = json!(parameters);
    if method == "POST" {
        operation["requestBody"] = form(&about.fields);
    }
    operation
}

/// The description of every route that asks for a token.
pub(super) fn document() -> Value {
    let mut paths = Map::new();
    for (method, path, need, _) in table() {
        let (Need::May(permission), Some(about)) = (need, about(path)) else { continue };
        let roles: Vec<&str> =
            Role::ALL.iter().filter(|role| role.allows(permission)).map(|role| role.code()).collect();
        let entry = paths.entry(path).or_insert_with(|| json!({}));
        entry[method.to_lowercase()] = operation(method, path, &roles, &about);
    }
    let text = json!({ "type": "string" });
    let problem = json!({
        "type": "object",
        "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": text, "title": text, "status": { "type": "integer", "minimum": 400 }, "detail": text,
            "field": text, "limit": { "anyOf": [text, { "type": "integer" }] },
        },
    });
    json!({
        "openapi": "3.1.0",
        "info": { "title": "Saring: konsol petugas / moderators' console", "version": env!("CARGO_PKG_VERSION") },
        "paths": paths,
        "components": {
            "securitySchemes": { "bearer": { "type": "http", "scheme": "bearer", "bearerFormat": "JWT" } },
            "responses": { "Problem": {
                "description": "problem details (RFC 9457)",
                "content": { "application/problem+json": { "schema": problem } },
            } },
        },
    })
}

pub(super) async fn get() -> impl IntoResponse {
    axum::Json(document())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_is_described() {
        for (_, path, need, _) in table() {
            assert!(!matches!(need, Need::May(_)) || about(path).is_some(), "{path}");
        }
    }

    #[test]
    fn fields_are_more_than_texts() {
        let document = document();
        let schema = |path: &str, field: &str| {
            let form = &document["paths"][path]["post"]["requestBody"]["content"]["application/x-www-form-urlencoded"];
            form["schema"]["properties"][field].clone()
        };
        assert_eq!(schema("/console/cases/{id}/ambil", "version")["type"], "integer");
        let choices = schema("/console/cases/{id}/putus", "choice");
        assert!(choices["enum"].as_array().unwrap().contains(&json!("reject:spam")), "{choices}");
        assert!(schema("/console/massal/putus", "choice").to_string().contains("escalate:"));
        assert!(!schema("/console/massal/putus", "choice").to_string().contains("return:"));
        assert_eq!(schema("/console/cases/{id}/koreksi", "fine")["type"], "array");
    }
}
