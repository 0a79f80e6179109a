//! The interface for programs, described from the table of routes itself.

use axum::response::IntoResponse;
use serde_json::{Map, Value, json};

use super::identity::{Need, Role};
use super::table;

/// What a route is for and which fields its form has.
fn about(path: &str) -> (&'static str, &'static [&'static str]) {
    match path {
        "/console" => ("Cases that wait, the most pressing first", &[]),
        "/console/cases/{id}" => ("A case with its evidence", &[]),
        "/console/denyut" => ("Whether the first page of the queue changed, by ETag", &[]),
        "/console/berikut" => ("Takes the next free case", &[]),
        "/console/cases/{id}/ambil" => ("Takes a case, or keeps it longer", &["version"]),
        "/console/cases/{id}/lepas" => ("Gives up one's own lock", &["version"]),
        "/console/cases/{id}/rebut" => ("Takes another's lock away", &["version"]),
        "/console/cases/{id}/detak" => ("Keeps one's own lock", &["version"]),
        "/console/cases/{id}/putus" => ("Decides; the decision rests", &["version", "choice", "agency", "note"]),
        "/console/cases/{id}/batal" => ("Takes a resting decision back", &["version", "note"]),
        "/console/cases/{id}/segera" => ("Lets one's own resting decision take effect", &["version"]),
        "/console/cases/{id}/eskalasi" => ("Lets a supervisor decide", &["version", "why", "note"]),
        "/console/cases/{id}/serah" => ("Gives a case to another moderator", &["version", "to", "note"]),
        "/console/cases/{id}/koreksi" => (
            "Corrects labels and personal data",
            &[
                "version", "category", "agency", "spam", "abuse", "hoax", "fine", "claim", "drop", "words", "kind",
                "note",
            ],
        ),
        "/console/cases/{id}/asli" => ("Reads the original; the trail says so", &["version"]),
        "/console/cases/{id}/emas" => ("Makes a decided case a golden one", &["version"]),
        "/console/massal" => ("What a decision would do to several cases", &["choice", "id"]),
        "/console/massal/putus" => ("Decides about several cases", &["choice", "id"]),
        "/console/periksa/{key}" => ("Records a second decision", &["choice"]),
        "/console/perbedaan/{key}" => ("Records which of two decisions is right", &["last"]),
        "/console/angka.csv" => ("Figures as a file", &[]),
        _ => ("A page", &[]),
    }
}

/// The description of every route that asks for a token.
pub(super) fn document() -> Value {
    let mut paths = Map::new();
    for (method, path, need, _) in table() {
        let Need::May(permission) = need else { continue };
        let (summary, fields) = about(path);
        let roles: Vec<&str> =
            Role::ALL.iter().filter(|role| role.allows(permission)).map(|role| role.code()).collect();
        let mut operation = json!({
            "summary": summary, "security": [{ "bearer": [] }], "x-roles": roles,
            "responses": {
                "200": { "description": "done", "content": { "application/json": {} } },
                "400": { "$ref": "#/components/responses/Problem" }, "401": { "$ref": "#/components/responses/Problem" },
                "403": { "$ref": "#/components/responses/Problem" }, "404": { "$ref": "#/components/responses/Problem" },
                "409": { "$ref": "#/components/responses/Problem" },
            },
        });
        let names = path.split(['{', '}']).skip(1).step_by(2);
        let parameters: Vec<Value> = names
            .map(|name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }))
            .collect();
        operation["parameters"] = json!(parameters);
        if method == "POST" {
            let properties: Map<String, Value> =
                fields.iter().map(|field| ((*field).to_owned(), json!({ "type": "string" }))).collect();
            let required: Vec<&str> = fields
                .iter()
                .copied()
                .filter(|field| matches!(*field, "version" | "choice" | "why" | "to" | "last"))
                .collect();
            let schema = json!({ "type": "object", "properties": properties, "required": required });
            operation["requestBody"] =
                json!({ "content": { "application/x-www-form-urlencoded": { "schema": schema } } });
        }
        let entry = paths.entry(path).or_insert_with(|| json!({}));
        entry[method.to_lowercase()] = operation;
    }
    json!({
        "openapi": "3.1.0",
        "info": { "title": "Saring: konsol petugas / moderators' console", "version": env!("CARGO_PKG_VERSION") },
        "paths": paths,
        "components": {
            "securitySchemes": { "bearer": { "type": "http", "scheme": "bearer", "bearerFormat": "JWT" } },
            "responses": { "Problem": {
                "description": "problem details (RFC 9457)",
                "content": { "application/problem+json": { "schema": { "type": "object" } } },
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
    fn every_form_is_described() {
        for (method, path, need, _) in table() {
            let page = matches!(path, "/console/keluar" | "/console/tampilan" | "/console/tampilan/hapus");
            if method == "POST" && !page && matches!(need, Need::May(_)) {
                assert_ne!(about(path).0, "A page", "{path}");
            }
        }
    }
}
