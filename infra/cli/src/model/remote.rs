//! A registry in a bucket: `bundles/VERSION/…` and `current.toml` below a prefix, with versions of each
//! object. What is looked at is brought into a directory that has the form of a models directory.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use saring_classifier::Bundle;
use saring_screen::{GATE_FILE, model_hash};
use saring_store::{Object, Objects, Unless};
use tokio::runtime::Runtime;

use super::lineage::MODEL_FILE;
use super::registry::{BESIDE, CURRENT};
use crate::export::replace;

const BUNDLES: &str = "bundles";
/// Below the models directory; git ignores it.
const MIRRORS: &str = "work/registry";

pub(crate) struct Remote {
    runtime: Runtime,
    objects: Objects,
    mirror: PathBuf,
}

impl Remote {
    pub(crate) fn open(name: &str) -> Result<Self> {
        let runtime = crate::runtime()?;
        let objects = runtime.block_on(Objects::open(name)).context("--registry")?;
        let plain = name.trim_start_matches("s3://").trim_end_matches('/').replace('/', "_");
        Ok(Self { runtime, objects, mirror: super::models()?.join(MIRRORS).join(plain) })
    }

    fn read(&self, key: &str) -> Result<Option<Object>> {
        Ok(self.runtime.block_on(self.objects.read(key))?)
    }

    fn write(&self, key: &str, bytes: Vec<u8>, unless: Unless<'_>) -> Result<()> {
        Ok(self.runtime.block_on(self.objects.write(key, bytes, unless))?)
    }

    /// Brings an object; whether there is one.
    fn bring(&self, key: &str) -> Result<bool> {
        let Some(object) = self.read(key)? else { return Ok(false) };
        let to = self.mirror.join(key);
        let directory = to.parent().context("a key has a directory")?;
        std::fs::create_dir_all(directory).with_context(|| format!("{} cannot be created", directory.display()))?;
        replace(&to, &object.bytes)?;
        Ok(true)
    }

    /// What a listing needs of every bundle: its manifest and its verdict, and which is current.
    pub(crate) fn overview(&self) -> Result<PathBuf> {
        let keys = self.runtime.block_on(self.objects.list(&format!("{BUNDLES}/")))?;
        std::fs::remove_dir_all(&self.mirror).ok();
        std::fs::create_dir_all(self.mirror.join(BUNDLES))
            .with_context(|| format!("{} cannot be created", self.mirror.display()))?;
        let shown = |key: &&String| [MODEL_FILE, GATE_FILE].iter().any(|name| key.ends_with(&format!("/{name}")));
        for key in keys.iter().filter(shown) {
            self.bring(key)?;
        }
        self.bring(CURRENT)?;
        Ok(self.mirror.clone())
    }

    /// Brings a whole bundle; its files have the hashes of its manifest.
    pub(crate) fn bundle(&self, version: &str) -> Result<PathBuf> {
        let place = format!("{BUNDLES}/{version}/");
        let keys = self.runtime.block_on(self.objects.list(&place))?;
        ensure!(
            keys.iter().any(|key| key.ends_with(&format!("/{MODEL_FILE}"))),
            "the registry holds no bundle {version}"
        );
        for key in &keys {
            let name = key.strip_prefix(&place).unwrap_or_default();
            ensure!(!name.is_empty() && !name.contains('/') && !name.starts_with('.'), "{key} is no file of a bundle");
            self.bring(key)?;
        }
        let found = self.mirror.join(BUNDLES).join(version);
        Bundle::load(&found).with_context(|| format!("bundle {version} of the registry cannot be used"))?;
        Ok(found)
    }

    /// Puts a bundle, whose hashes hold, to its version's place. The manifest comes last: before it there
    /// is no bundle.
    pub(crate) fn publish(&self, bundle: &Path, version: &str) -> Result<()> {
        self.runtime.block_on(self.objects.need_versions())?;
        let place = format!("{BUNDLES}/{version}/");
        let read = |name: &str| std::fs::read(bundle.join(name)).with_context(|| format!("{name} cannot be read"));
        if let Some(known) = self.read(&format!("{place}{MODEL_FILE}"))? {
            ensure!(
                crate::export::sha256(&known.bytes) == model_hash(bundle)?,
                "the registry holds another bundle of version {version}"
            );
            for name in BESIDE.into_iter().filter(|name| bundle.join(name).is_file()) {
                self.write(&format!("{place}{name}"), read(name)?, Unless::Never)?;
            }
            return Ok(());
        }
        for entry in std::fs::read_dir(bundle).with_context(|| format!("{} cannot be read", bundle.display()))? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            if name != MODEL_FILE && bundle.join(&name).is_file() {
                self.write(&format!("{place}{name}"), read(&name)?, Unless::Never)?;
            }
        }
        self.write(&format!("{place}{MODEL_FILE}"), read(MODEL_FILE)?, Unless::Exists)
    }

    /// `current.toml` as it is now; empty and without a tag where there is none.
    pub(crate) fn current(&self) -> Result<(String, Option<String>)> {
        let Some(object) = self.read(CURRENT)? else { return Ok((String::new(), None)) };
        let text = String::from_utf8(object.bytes).with_context(|| format!("{CURRENT} of the registry is no text"))?;
        Ok((text, Some(object.tag)))
    }

    /// Moves `current.toml` if nobody moved it since it was read.
    pub(crate) fn set_current(&self, text: &str, read: Option<&str>) -> Result<()> {
        self.runtime.block_on(self.objects.need_versions())?;
        self.write(CURRENT, text.as_bytes().to_vec(), read.map_or(Unless::Exists, Unless::OtherThan))
    }
}
