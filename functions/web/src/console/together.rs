//! Reports that say the same as a case.

use std::fmt::{self, Write as _};

use saring_domain::campaign::HELD_SHOWN_MIN;
use saring_domain::case::{Case, CaseId};
use saring_store::{Campaign, Cases, PageRequest};

use super::case_page::{moment, section};
use super::frame::{Both, csrf_field};
use super::identity::{Permission, Session};
use super::words;
use super::{bulk_page, case_path};
use crate::html::Escaped;

/// Members that are named, the first ones.
const SHOWN: u16 = 20;

/// A campaign and its first members.
pub(super) struct Together {
    campaign: Campaign,
    members: Vec<Case>,
}

/// What a case belongs to. A page without it is better than none, so a failure only leaves it out.
pub(super) async fn read(cases: &Cases, id: CaseId) -> Option<Together> {
    let read = async || {
        let Some(campaign) = cases.campaign_of(id).await? else { return Ok(None) };
        let page = cases.campaign_members(campaign.id, &PageRequest { items: SHOWN, after: None }).await?;
        Ok::<_, saring_store::StoreError>(Some(Together { campaign, members: page.items }))
    };
    read().await.unwrap_or_else(|error| {
        tracing::warn!(case.id = %id, error = &error as &dyn std::error::Error, "alike reports could not be read");
        None
    })
}

impl Together {
    fn others(&self) -> String {
        let more = if self.campaign.is_open_ended() { "+" } else { "" };
        format!("{}{more}", self.campaign.members.saturating_sub(1))
    }

    fn is_suspicious(&self) -> bool {
        self.campaign.held >= HELD_SHOWN_MIN
    }

    /// As a reason: many of the same that the screening held. It decides nothing.
    pub(super) fn reason(&self, html: &mut String) -> fmt::Result {
        if !self.is_suspicious() {
            return Ok(());
        }
        let (others, held) = (self.others(), self.campaign.held);
        writeln!(
            html,
            "<li>bagian dari kampanye: {others} laporan lain hampir sama, {held} ditahan penyaringan <span lang=\"en\">part \
             of a campaign: {others} other reports say almost the same, the screening held {held}</span> \
             <span class=\"code\">campaign</span></li>"
        )
    }

    /// How many say the same, and who.
    pub(super) fn list(&self, html: &mut String, session: &Session, id: CaseId) -> fmt::Result {
        section(html, ("Laporan serupa", "Similar reports"))?;
        let others = self.others();
        if !self.is_suspicious() {
            writeln!(
                html,
                "<p>Didukung {others} laporan serupa. <span lang=\"en\">Supported by {others} similar reports.</span></p>"
            )?;
        }
        html.push_str("<ul>\n");
        for case in self.members.iter().filter(|case| case.id() != id) {
            let status = Both(words::status(case.status()));
            let (path, number) = (case_path(case.id()), case.id().to_string());
            writeln!(
                html,
                "<li><a href=\"{path}\"><span class=\"code\">{}</span></a> <span class=\"badge\">{status}</span> {}</li>",
                Escaped(&number),
                moment(case.record().received_at)
            )?;
        }
        html.push_str("</ul>\n");
        let all = Both(("Semua anggota yang menunggu, di antrean", "All members that wait, in the queue"));
        writeln!(html, "<p><a href=\"/console?campaign={}\">{all}</a></p>", self.campaign.id)?;
        if session.may(Permission::Decide) {
            self.decide(html, session)?;
        }
        html.push_str("</section>\n");
        Ok(())
    }

    /// One decision about all members that wait; a page shows first what it would do to each.
    fn decide(&self, html: &mut String, session: &Session) -> fmt::Result {
        write!(
            html,
            "<form method=\"post\" action=\"/console/massal\" class=\"row\">{}<input type=\"hidden\" name=\"campaign\" \
             value=\"{}\"><label>{} <kbd>d</kbd><select name=\"choice\" data-key=\"d\">",
            csrf_field(session),
            self.campaign.id,
            Both(("Putuskan semua yang menunggu", "Decide all that wait"))
        )?;
        bulk_page::options(html)?;
        writeln!(
            html,
            "</select></label><button type=\"submit\">{}</button></form>",
            Both(("Pratinjau kampanye", "Preview of the campaign"))
        )
    }
}
