//! Who acts in a world.

pub(crate) mod moderators;
pub(crate) mod notify;
pub(crate) mod screen;
pub(crate) mod senders;
pub(crate) mod sweep;

use crate::random::Random;

/// At which await a process dies, if it does.
pub(crate) fn crash(random: &mut Random, per_mille: u64) -> Option<usize> {
    random.per_mille(per_mille).strikes().then(|| 1 + random.below(60))
}
