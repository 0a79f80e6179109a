//! The policy that this program was built with; it speaks only for verdicts under its own version.

use std::sync::LazyLock;

use saring_domain::case::PolicyVersion;
use saring_domain::policy::Policy;

static POLICY: LazyLock<Policy> = LazyLock::new(|| {
    Policy::parse(include_str!("../../../../models/policy.toml")).expect("the built-in policy is tested")
});

/// The policy of a verdict, if it is the one that is known here.
pub(super) fn policy(version: &PolicyVersion) -> Option<&'static Policy> {
    Some(&*POLICY).filter(|policy| policy.version() == version.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_speaks_for_its_own_version_only() {
        let version = |name: &str| PolicyVersion::parse(name).unwrap();
        assert!(policy(&version(POLICY.version())).is_some());
        assert!(policy(&version("another")).is_none());
    }
}
