//! Open311 `GeoReport` v2, reading only: <https://wiki.open311.org/GeoReport_v2>.
//!
//! Services are the categories, requests the published reports. A request's place is its region by name
//! and code; coordinates are never public. It is 'open' as long as it is public, and its moment is that
//! of its publication.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, Uri, header};
use axum::response::Response;
use axum::routing::get;
use saring_store::FeedItem;

use super::Public;
use super::listing::{self, Listing};
use super::record::{Record, Value, json, xml};
use super::reference::{Reference, find};
use crate::answer::{Audience, Document};
use crate::categories::{self, Category};
use crate::error::WebError;
use crate::lang::Lang;
use crate::query::{Parameters, Query};

const REQUESTS: &str = "/open311/v2/requests";
/// Requests that can be asked for by id at once.
const IDS_MAX: usize = 20;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Format {
    Json,
    Xml,
}

/// A list of records with the names of its elements.
struct List<'a> {
    names: [&'static str; 2],
    records: Vec<Record<'a>>,
}

pub(super) fn routes() -> axum::Router<Public> {
    axum::Router::new()
        .route("/open311/v2/services.json", get(services))
        .route("/open311/v2/services.xml", get(services))
        .route("/open311/v2/services/{file}", get(service))
        .route("/open311/v2/requests.json", get(requests))
        .route("/open311/v2/requests.xml", get(requests))
        .route("/open311/v2/requests/{file}", get(request))
}

async fn services(uri: Uri, headers: HeaderMap, parameters: Parameters) -> Response {
    let format = Format::of(uri.path()).unwrap_or(Format::Json);
    let lang = Query::read(parameters).and_then(|query| Lang::of(&query, &headers));
    format.answer(lang.map(|lang| {
        let records = categories::ALL.iter().map(|category| service_record(category, lang)).collect();
        let list = List { names: ["services", "service"], records };
        format.document(&list, Some(lang), None).answer(&headers)
    }))
}

async fn service(Path(file): Path<String>, headers: HeaderMap) -> Response {
    let Some((code, format)) = Format::split(&file) else { return Format::Json.answer(Err(WebError::NoPage)) };
    format.answer(categories::find(code).ok_or(WebError::NoPage).map(|category| {
        let definition = vec![("service_code", Value::Text(category.code.into())), ("attributes", Value::NoRecords)];
        let body = match format {
            Format::Json => json(&definition),
            Format::Xml => xml("service_definition", &definition),
        };
        format.of_body(body, None, None).answer(&headers)
    }))
}

async fn requests(State(public): State<Public>, uri: Uri, headers: HeaderMap, parameters: Parameters) -> Response {
    let format = Format::of(uri.path()).unwrap_or(Format::Json);
    format.answer(list_requests(&public, format, &headers, parameters).await)
}

async fn list_requests(
    public: &Public,
    format: Format,
    headers: &HeaderMap,
    parameters: Parameters,
) -> Result<Response, WebError> {
    let query = Query::read(parameters)?;
    let lang = Lang::of(&query, headers)?;
    if let Some(ids) = query.given("service_request_id")? {
        let records = by_id(public, ids, lang).await?;
        return Ok(format.requests(records, lang, None).answer(headers));
    }
    let listing = Listing::of_requests(&query)?;
    // Every public report is open; there are no others to list.
    if !query.given("status")?.is_none_or(|wanted| wanted.split(',').any(|status| status.trim() == "open")) {
        return Ok(format.requests(Vec::new(), lang, None).answer(headers));
    }
    let page = listing::read(&public.cases, &listing).await?;
    let records = page.items.iter().map(|item| request_record(item, lang)).collect();
    let extension = format.extension();
    let next = page.next.as_ref();
    let next = next.map(|next| public.settings.link(&format!("{REQUESTS}.{extension}{}", listing.next(next))));
    Ok(format.requests(records, lang, next).answer(headers))
}

/// Those of the named requests that are public; the specification asks to leave the others out.
async fn by_id(public: &Public, ids: &str, lang: Lang) -> Result<Vec<Record<'static>>, WebError> {
    let ids: Vec<_> = ids.split(',').map(str::trim).collect();
    if ids.len() > IDS_MAX {
        return Err(WebError::Parameter { name: "service_request_id", expected: "at most 20 ids" });
    }
    let mut records = Vec::new();
    for reference in ids.into_iter().filter_map(Reference::parse) {
        records.extend(find(&public.cases, reference).await?.map(|item| owned(request_record(&item, lang))));
    }
    Ok(records)
}

async fn request(
    State(public): State<Public>,
    Path(file): Path<String>,
    headers: HeaderMap,
    parameters: Parameters,
) -> Response {
    let Some((id, format)) = Format::split(&file) else { return Format::Json.answer(Err(WebError::NoReport)) };
    let read = async {
        let lang = Lang::of(&Query::read(parameters)?, &headers)?;
        let reference = Reference::parse(id).ok_or(WebError::NoReport)?;
        let item = find(&public.cases, reference).await?.ok_or(WebError::NoReport)?;
        Ok(format.requests(vec![request_record(&item, lang)], lang, None).answer(&headers))
    };
    format.answer(read.await)
}

fn service_record(category: &Category, lang: Lang) -> Record<'static> {
    vec![
        ("service_code", Value::Text(category.code.into())),
        ("service_name", Value::Text(category.name(lang).into())),
        ("description", Value::Text(category.keywords.into())),
        ("metadata", Value::No),
        ("type", Value::Text("batch".into())),
        ("keywords", Value::Text(category.keywords.into())),
        ("group", Value::Text(lang.pick("Laporan warga", "Citizens' reports").into())),
    ]
}

fn request_record(item: &FeedItem, lang: Lang) -> Record<'_> {
    let at = item.published_at.rfc3339();
    let code = item.category.as_deref();
    let text = |text: Option<&'_ str>| text.map_or(Value::Nothing, |text| Value::Text(text.to_owned().into()));
    vec![
        ("service_request_id", Value::Text(Reference::from(item).to_string().into())),
        ("status", Value::Text("open".into())),
        ("status_notes", Value::Nothing),
        ("service_name", text(code.map(|code| categories::name(code, lang)))),
        ("service_code", text(code)),
        ("description", Value::Text(item.text.as_str().into())),
        ("agency_responsible", text(item.agency.as_deref())),
        ("service_notice", Value::Nothing),
        ("requested_datetime", Value::Text(at.clone().into())),
        ("updated_datetime", Value::Text(at.into())),
        ("expected_datetime", Value::Nothing),
        ("address", text(item.region.as_ref().map(|region| region.name.as_str()))),
        ("address_id", text(item.region.as_ref().map(|region| region.code.as_str()))),
        ("zipcode", Value::Nothing),
        ("lat", Value::Nothing),
        ("long", Value::Nothing),
        ("media_url", Value::Nothing),
    ]
}

fn owned(record: Record<'_>) -> Record<'static> {
    record.into_iter().map(|(name, value)| (name, value.into_owned())).collect()
}

impl Format {
    fn of(path: &str) -> Option<Self> {
        Self::split(path).map(|(_, format)| format)
    }

    fn split(file: &str) -> Option<(&str, Self)> {
        match file.rsplit_once('.')? {
            (name, "json") => Some((name, Self::Json)),
            (name, "xml") => Some((name, Self::Xml)),
            _ => None,
        }
    }

    fn extension(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Xml => "xml",
        }
    }

    fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json; charset=utf-8",
            Self::Xml => "text/xml; charset=utf-8",
        }
    }

    fn requests(self, records: Vec<Record<'_>>, lang: Lang, next: Option<String>) -> Document {
        self.document(&List { names: ["service_requests", "request"], records }, Some(lang), next)
    }

    fn document(self, list: &List<'_>, lang: Option<Lang>, next: Option<String>) -> Document {
        self.of_body(self.write(list), lang, next)
    }

    fn of_body(self, body: String, lang: Option<Lang>, next: Option<String>) -> Document {
        Document { content_type: self.content_type(), body, lang, next, audience: Audience::Programs }
    }

    fn write(self, list: &List<'_>) -> String {
        match self {
            Self::Json => super::record::json_list(&list.records),
            Self::Xml => super::record::xml_list(list.names, &list.records),
        }
    }

    /// An answer, with errors in the form of the specification.
    fn answer(self, result: Result<Response, WebError>) -> Response {
        let error = match result {
            Ok(response) => return response,
            Err(error) => error,
        };
        let code = error.status().as_u16();
        let record = vec![("code", Value::Number(code.into())), ("description", Value::Text(error.to_string().into()))];
        let body = self.write(&List { names: ["errors", "error"], records: vec![record] });
        let mut response = error.dress(body);
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(self.content_type()));
        response
    }
}
