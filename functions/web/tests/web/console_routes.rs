//! Every route of the console for every role, and for nobody.

use axum::body::Body;
use axum::http::Request;
use saring_domain::policy::Decision::Review;
use saring_web::Role;
use saring_web::console::routes;

use crate::support::{Provider, World, ask, record, tracking};

/// Who may call a route; `None` for routes before the login.
fn allowed(method: &str, path: &str) -> Option<Vec<Role>> {
    use Role::{Auditor, Data, Moderator, Reader, Supervisor};
    Some(match (method, path) {
        ("GET", "/console/masuk" | "/console/masuk/kembali" | "/console/berkas/{name}") => return None,
        (
            _,
            "/console" | "/console/cases/{id}" | "/console/denyut" | "/console/tampilan" | "/console/tampilan/hapus",
        ) => vec![Reader, Moderator, Supervisor, Auditor],
        ("POST", "/console/cases/{id}/rebut" | "/console/cases/{id}/emas" | "/console/perbedaan/{key}") => {
            vec![Supervisor]
        }
        ("GET", "/console/perbedaan") => vec![Supervisor, Auditor],
        ("GET", "/console/angka" | "/console/calon" | "/console/openapi.json") => Role::ALL.to_vec(),
        ("GET", "/console/angka.csv" | "/console/pergeseran") => vec![Supervisor, Data, Auditor],
        ("GET", "/console/periksa")
        | (
            "POST",
            "/console/periksa/{key}"
            | "/console/berikut"
            | "/console/massal"
            | "/console/massal/putus"
            | "/console/massal/batal",
        ) => {
            vec![Moderator, Supervisor]
        }
        ("POST", path) if path.starts_with("/console/cases/{id}/") => vec![Moderator, Supervisor],
        ("POST", "/console/keluar") => vec![Reader, Moderator, Supervisor, Data, Auditor],
        _ => panic!("{method} {path} has no row here"),
    })
}

#[tokio::test]
async fn every_route_for_every_role() {
    let world = World::start().await;
    record(&world.cases, 1, "Promo", Review).await;
    let provider = Provider::start().await;
    let console = provider.console(&world);
    let id = tracking(1).case_id().to_string();
    for (method, path) in routes() {
        let real = path.replace("{id}", &id).replace("{name}", "x.css").replace("{key}", "x");
        let request = || Request::builder().method(method).uri(&real);
        let nobody = ask(&console, request().body(Body::empty()).unwrap()).await.status.as_u16();
        let Some(allowed) = allowed(method, path) else {
            assert_ne!(nobody, 401, "{method} {path}");
            continue;
        };
        assert_eq!(nobody, 401, "{method} {path} for nobody");
        for role in Role::ALL {
            let token = provider.issuer.token("siti", &[role.code()]).unwrap();
            let asked = request().header("authorization", format!("Bearer {token}")).body(Body::empty()).unwrap();
            let status = ask(&console, asked).await.status.as_u16();
            // What a role may do can still be refused for what it says.
            assert_ne!(status, 401, "{method} {path} for {}", role.code());
            assert_eq!(status != 403, allowed.contains(&role), "{method} {path} for {}: {status}", role.code());
        }
        let token = provider.issuer.token("siti", &["admin", "Moderator"]).unwrap();
        let asked = request().header("authorization", format!("Bearer {token}")).body(Body::empty()).unwrap();
        assert_eq!(ask(&console, asked).await.status, 403, "{method} {path} for unknown roles");
    }
}
