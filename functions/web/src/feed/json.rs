//! JSON Feed 1.1: <https://www.jsonfeed.org/version/1.1/>.

use saring_store::{FeedItem, Page};
use serde::Serialize;

use super::listing::Listing;
use super::reference::Reference;
use super::{DESCRIPTION, TITLE};
use crate::settings::Settings;

pub(super) const PATH: &str = "/feed.json";

#[derive(Serialize)]
struct FeedWire<'a> {
    version: &'static str,
    title: &'static str,
    description: &'static str,
    home_page_url: String,
    feed_url: String,
    language: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_url: Option<String>,
    items: Vec<ItemWire<'a>>,
}

#[derive(Serialize)]
struct ItemWire<'a> {
    id: String,
    url: String,
    content_text: &'a str,
    date_published: String,
    tags: Vec<&'a str>,
    #[serde(rename = "_saring")]
    extension: ExtensionWire<'a>,
}

#[derive(Serialize)]
struct ExtensionWire<'a> {
    agency: Option<&'a str>,
    region: Option<RegionWire<'a>>,
}

#[derive(Serialize)]
struct RegionWire<'a> {
    code: &'a str,
    name: &'a str,
}

pub(super) fn render(page: &Page<FeedItem>, listing: &Listing, settings: &Settings) -> String {
    let next = page.next.as_ref().map(|next| settings.link(&format!("{PATH}{}", listing.next(next))));
    let wire = FeedWire {
        version: "https://jsonfeed.org/version/1.1",
        title: TITLE,
        description: DESCRIPTION,
        home_page_url: settings.link("/"),
        feed_url: settings.link(PATH),
        language: "id",
        next_url: next,
        items: page.items.iter().map(|one| item(one, settings)).collect(),
    };
    serde_json::to_string(&wire).expect("the wire form has only json types")
}

fn item<'a>(item: &'a FeedItem, settings: &Settings) -> ItemWire<'a> {
    let region = item.region.as_ref().map(|region| RegionWire { code: &region.code, name: &region.name });
    ItemWire {
        id: item.id.to_string(),
        url: settings.link(&format!("/laporan/{}", Reference::from(item))),
        content_text: &item.text,
        date_published: item.published_at.rfc3339(),
        tags: item.category.as_deref().into_iter().collect(),
        extension: ExtensionWire { agency: item.agency.as_deref(), region },
    }
}
