//! `saring erase`: a case and its original, for good.

use anyhow::{Context, Result};
use saring_domain::case::{Actor, CaseId};
use saring_notify::sweep;
use saring_store::{Cases, Erasure, TableConfig};

/// Erases and prints what came of it. `by` goes into the trail.
pub(crate) async fn run(case: &str, by: &str) -> Result<()> {
    let id = CaseId::parse(case)?;
    let actor = Actor::parse(by)?;
    let cases = Cases::connect(&TableConfig::from_env()?).await;
    let erased = cases.erase(id, &actor, sweep::now()).await.with_context(|| format!("case {id} is not erased"))?;
    match erased {
        Erasure::Done => println!("{id}: dihapus / erased"),
        Erasure::Before => println!("{id}: sudah dihapus sebelumnya / was erased before"),
    }
    println!("jejak audit tetap ada / the audit trail stays: saring verify");
    Ok(())
}
