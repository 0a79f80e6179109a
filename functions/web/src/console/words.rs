//! Codes in words, where the verdict has none in English.

use saring_domain::report::Visibility;

/// A visibility in Indonesian and in English.
pub(super) fn visibility(visibility: Visibility) -> (&'static str, &'static str) {
    match visibility {
        Visibility::Publik => ("publik", "public"),
        Visibility::Anonim => ("anonim", "anonymous"),
        Visibility::Rahasia => ("rahasia", "confidential"),
    }
}

/// A reason's code in English; empty for a code that is newer than this list.
pub(super) fn english(code: &str) -> &'static str {
    match code {
        "clean" => "no sign of spam, abuse, hoax or sensitive matter",
        "held.model_unavailable" => "the model is not available",
        "held.timed_out" => "the screening took too long",
        "text.unreadable" => "too little that the model can read",
        "text.too_long" => "longer than the model reads",
        "hoax.unverified" => "resembles a chain message or a sensational claim",
        "spam" => "advertising or fraud",
        "spam.gambling" => "promotes gambling",
        "spam.fraud" => "signs of fraud",
        "spam.promo" => "promotes goods or services",
        "abuse" => "attacks people",
        "abuse.insult" => "insults a person",
        "abuse.hate" => "hate against a group",
        "abuse.sara" => "attacks ethnicity, religion, race or a political group",
        "abuse.sexual" => "sexually vulgar",
        "abuse.threat" => "threatens",
        "hoax.claim" => "passes on an unproven claim",
        "sensitive.child" => "a child is the victim",
        "sensitive.violence" => "domestic or sexual violence",
        "sensitive.selfharm" => "a life may be in danger, act at once",
        "sensitive.accusation" => "accuses an identifiable person of a crime",
        "sensitive.health" => "health of an identifiable person",
        "quality.off_topic" => "no report to the government",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reason_codes;

    #[test]
    fn every_reason_has_words() {
        let missing: Vec<_> = reason_codes::all().into_iter().filter(|code| english(code).is_empty()).collect();
        assert_eq!(missing, Vec::<String>::new());
        assert_eq!(english("spam.unheard_of"), "");
    }
}
