//! The registry of bundles, and the one of them that functions load.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use saring_classifier::Bundle;
use saring_domain::case::ModelVersion;
use saring_screen::{Current, GATE_FILE, REFERENCE_FILE, check_gate, model_hash};

use super::remote::Remote;
use crate::export::replace;

pub(super) const CURRENT: &str = "current.toml";

/// Files of a bundle that its manifest has no hash of: what the gate said and found, once it was there.
pub(super) const BESIDE: [&str; 2] = [GATE_FILE, REFERENCE_FILE];

/// Where bundles are kept.
#[derive(clap::Args)]
pub(crate) struct Place {
    /// Directory with a directory for each version, or `s3://BUCKET/PREFIX`; without it, `bundles` of the
    /// models directory.
    #[arg(long)]
    registry: Option<String>,
}

impl Place {
    /// The bucket, where the registry is one.
    fn remote(&self) -> Result<Option<Remote>> {
        match self.registry.as_deref() {
            Some(name) if name.starts_with("s3://") => Ok(Some(Remote::open(name)?)),
            Some(name) if name.contains("://") => {
                bail!("--registry '{name}' is neither a directory nor s3://BUCKET/PREFIX")
            }
            _ => Ok(None),
        }
    }

    fn local(&self) -> Result<PathBuf> {
        self.registry.as_ref().map_or_else(|| Ok(super::models()?.join("bundles")), |path| Ok(path.into()))
    }

    /// Manifests and verdicts of all bundles, and the directory of the `current.toml` that counts there.
    pub(crate) fn overview(&self) -> Result<(PathBuf, PathBuf)> {
        match self.remote()? {
            Some(remote) => {
                let mirror = remote.overview()?;
                Ok((mirror.join("bundles"), mirror))
            }
            None => Ok((self.local()?, super::models()?)),
        }
    }

    /// The directory of a version that is there, whole.
    pub(crate) fn bundle(&self, version: &str) -> Result<PathBuf> {
        // A version is a name, never a way out of the registry.
        ModelVersion::parse(version).with_context(|| format!("{version} is no version"))?;
        ensure!(!version.contains(['/', '\\']) && !version.starts_with('.'), "{version} is no version");
        if let Some(remote) = self.remote()? {
            return remote.bundle(version);
        }
        let directory = self.local()?;
        let path = directory.join(version);
        ensure!(path.is_dir(), "{} holds no bundle {version}", directory.display());
        Ok(path)
    }
}

/// Copies a bundle, whose hashes hold, to its version's place; there a version never changes, but for
/// the verdict about it.
pub(crate) fn publish(bundle: &Path, place: &Place) -> Result<()> {
    let version = Bundle::load(bundle)?.version().to_owned();
    let to = if let Some(remote) = place.remote()? {
        remote.publish(bundle, &version)?;
        place.registry.clone().unwrap_or_default()
    } else {
        let to = place.local()?.join(&version);
        copy(bundle, &to)?;
        to.display().to_string()
    };
    println!("{version}: {to}");
    Ok(())
}

fn copy(bundle: &Path, to: &Path) -> Result<()> {
    if to.is_dir() {
        ensure!(model_hash(to)? == model_hash(bundle)?, "{} holds another bundle of this version", to.display());
        let is_same = std::path::absolute(bundle)? == std::path::absolute(to)?;
        for name in BESIDE.into_iter().filter(|name| !is_same && bundle.join(name).is_file()) {
            replace(&to.join(name), &std::fs::read(bundle.join(name))?)?;
        }
        return Ok(());
    }
    // Whole or not at all: whoever lists the registry sees no half of a bundle.
    let part = to.with_extension(format!("part-{}", std::process::id()));
    std::fs::create_dir_all(&part).with_context(|| format!("{} cannot be created", part.display()))?;
    for entry in std::fs::read_dir(bundle).with_context(|| format!("{} cannot be read", bundle.display()))? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            std::fs::copy(entry.path(), part.join(entry.file_name()))?;
        }
    }
    std::fs::rename(&part, to).with_context(|| format!("{} cannot be written", to.display()))
}

/// Moves `current.toml` to a bundle that passed its gate: that of the registry first, where it is a bucket.
pub(crate) fn promote(version: &str, place: &Place) -> Result<()> {
    let bundle = place.bundle(version)?;
    usable(&bundle, version)?;
    let models = super::models()?;
    let here = models.join("bundles").join(version);
    if std::path::absolute(&bundle)? != std::path::absolute(&here)? {
        copy(&bundle, &here)?;
        usable(&here, version)?;
    }
    if let Some(remote) = place.remote()? {
        let (text, tag) = remote.current()?;
        if tag.is_none() {
            remote.set_current(&format!("bundle = \"{version}\"\n"), None)?;
        } else if named(&text, "bundle")?.as_deref() != Some(version) {
            let before = named(&text, "bundle")?.with_context(|| format!("{CURRENT} names no bundle"))?;
            remote.set_current(&moved(&text, version, &before)?, tag.as_deref())?;
        }
    }
    let current = Current::load(&models)?;
    if current.bundle == version {
        println!("{version} sudah dipakai / is current already");
        return Ok(());
    }
    set_current(&models, version, &current.bundle)?;
    println!("{version} dipakai / is current, sebelumnya / before it {}", current.bundle);
    Ok(())
}

/// Moves `current.toml` back to the bundle of before; done twice, it is as it was.
pub(crate) fn rollback(place: &Place) -> Result<()> {
    let models = super::models()?;
    let Some(remote) = place.remote()? else {
        let current = Current::load(&models)?;
        let Some(before) = current.previous else { bail!("{CURRENT} names no previous bundle") };
        usable(&models.join("bundles").join(&before), &before)?;
        set_current(&models, &before, &current.bundle)?;
        println!("{before} dipakai lagi / is current again, sebelumnya / before it {}", current.bundle);
        return Ok(());
    };
    let (text, tag) = remote.current()?;
    let current = named(&text, "bundle")?.context("the registry has no current bundle")?;
    let before = named(&text, "previous")?.with_context(|| format!("{CURRENT} names no previous bundle"))?;
    let bundle = remote.bundle(&before)?;
    usable(&bundle, &before)?;
    copy(&bundle, &models.join("bundles").join(&before))?;
    remote.set_current(&moved(&text, &before, &current)?, tag.as_deref())?;
    set_current(&models, &before, &current)?;
    println!("{before} dipakai lagi / is current again, sebelumnya / before it {current}");
    Ok(())
}

/// What `current.toml` says under a key.
fn named(text: &str, key: &str) -> Result<Option<String>> {
    let table: toml::Table = text.parse().with_context(|| format!("{CURRENT} is not valid"))?;
    Ok(table.get(key).and_then(toml::Value::as_str).map(str::to_owned))
}

/// Whether a bundle's files have their hashes, and it passed the gate with exactly these.
fn usable(bundle: &Path, version: &str) -> Result<()> {
    let found = Bundle::load(bundle).with_context(|| format!("{} cannot be used", bundle.display()))?;
    ensure!(found.version() == version, "{} says that it is {}", bundle.display(), found.version());
    check_gate(bundle).with_context(|| format!("{version} may not become the current bundle"))
}

/// Writes both names; comments and other keys stay, but for a candidate that is current now.
fn set_current(models: &Path, bundle: &str, previous: &str) -> Result<()> {
    let path = models.join(CURRENT);
    let text = std::fs::read_to_string(&path).with_context(|| format!("{} cannot be read", path.display()))?;
    replace(&path, moved(&text, bundle, previous)?.as_bytes())
}

fn moved(text: &str, bundle: &str, previous: &str) -> Result<String> {
    let key = |line: &str| line.split('=').next().unwrap_or_default().trim().to_owned();
    let before: toml::Table = text.parse().with_context(|| format!("{CURRENT} is not valid"))?;
    let is_candidate = before.get("candidate").and_then(toml::Value::as_str) == Some(bundle);
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    lines.retain(|line| key(line) != "previous" && !(is_candidate && key(line) == "candidate"));
    let at =
        lines.iter().position(|line| key(line) == "bundle").with_context(|| format!("{CURRENT} names no bundle"))?;
    lines[at] = format!("bundle = \"{bundle}\"");
    lines.insert(at + 1, format!("previous = \"{previous}\""));
    let text = lines.join("\n") + "\n";
    let after: toml::Table = text.parse().with_context(|| format!("{CURRENT} would not be valid"))?;
    ensure!(after["bundle"].as_str() == Some(bundle), "{CURRENT} has a form that can't be edited");
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_other_keys_stay() {
        let text = "# why\nbundle = \"a\"\n# tried\ncandidate = \"c\"\nshare = 0.1\n";
        let once = moved(text, "b", "a").expect("it can be moved");
        assert_eq!(once, "# why\nbundle = \"b\"\nprevious = \"a\"\n# tried\ncandidate = \"c\"\nshare = 0.1\n");
        let back = moved(&once, "a", "b").expect("it can be moved");
        assert_eq!(back, "# why\nbundle = \"a\"\nprevious = \"b\"\n# tried\ncandidate = \"c\"\nshare = 0.1\n");
        let promoted = moved(&back, "c", "a").expect("it can be moved");
        assert_eq!(promoted, "# why\nbundle = \"c\"\nprevious = \"a\"\n# tried\nshare = 0.1\n");
    }
}
