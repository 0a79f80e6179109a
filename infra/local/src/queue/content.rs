//! What a message may hold, how large it is, and its digests.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::error::QueueError;
use super::wire::{MessageAttribute, MessageAttributes, OutgoingMessage};

/// Bytes of a message, and of all messages of one batch, with attributes.
pub const MESSAGE_BYTES_MAX: usize = 1_048_576;
/// Attributes of one message.
pub const MESSAGE_ATTRIBUTES_MAX: usize = 10;
/// Characters of an attribute's name and of its type.
const ATTRIBUTE_NAME_CHARS_MAX: usize = 256;

/// The hexadecimal MD5 of a body.
pub(super) fn body_digest(body: &str) -> String {
    format!("{:x}", md5::compute(body))
}

/// The hexadecimal MD5 of attributes, by the algorithm that clients verify:
/// in order of name, the length-prefixed name and type, a transport byte, the
/// length-prefixed value. `None` if there are no attributes.
pub(super) fn attributes_digest(attributes: &MessageAttributes) -> Result<Option<String>, QueueError> {
    const STRING_TRANSPORT: u8 = 1;
    const BINARY_TRANSPORT: u8 = 2;
    if attributes.is_empty() {
        return Ok(None);
    }
    let mut buffer = Vec::new();
    let push = |buffer: &mut Vec<u8>, part: &[u8]| {
        // Lengths fit: the whole message is at most MESSAGE_BYTES_MAX.
        let length = u32::try_from(part.len()).unwrap_or(u32::MAX);
        buffer.extend_from_slice(&length.to_be_bytes());
        buffer.extend_from_slice(part);
    };
    for (name, attribute) in attributes {
        push(&mut buffer, name.as_bytes());
        push(&mut buffer, attribute.data_type.as_bytes());
        buffer.push(if is_binary(attribute) { BINARY_TRANSPORT } else { STRING_TRANSPORT });
        push(&mut buffer, &value_bytes(attribute)?);
    }
    Ok(Some(format!("{:x}", md5::compute(buffer))))
}

/// Checks a message against the limits and returns its size in bytes.
pub(super) fn check_message(message: &OutgoingMessage, bytes_max: usize) -> Result<usize, QueueError> {
    if !message.message_system_attributes.is_empty() {
        return Err(QueueError::UnsupportedOperation("MessageSystemAttributes".to_owned()));
    }
    if message.message_body.is_empty() {
        return Err(invalid("MessageBody", "must not be empty"));
    }
    if let Some(char) = message.message_body.chars().find(|&c| !is_allowed(c)) {
        return Err(QueueError::InvalidMessageContents(u32::from(char)));
    }
    let bytes = message.message_body.len() + check_attributes(&message.message_attributes)?;
    if bytes > bytes_max {
        return Err(invalid("MessageBody", &format!("message has {bytes} bytes, at most {bytes_max} are allowed")));
    }
    Ok(bytes)
}

fn check_attributes(attributes: &MessageAttributes) -> Result<usize, QueueError> {
    if attributes.len() > MESSAGE_ATTRIBUTES_MAX {
        return Err(invalid("MessageAttributes", &format!("at most {MESSAGE_ATTRIBUTES_MAX} are allowed")));
    }
    let mut bytes = 0;
    for (name, attribute) in attributes {
        if name.is_empty() || name.chars().count() > ATTRIBUTE_NAME_CHARS_MAX {
            return Err(invalid("MessageAttributes", "name has 1 to 256 characters"));
        }
        let value = value_bytes(attribute)?;
        if value.is_empty() {
            return Err(invalid("MessageAttributes", "value must not be empty"));
        }
        bytes += name.len() + attribute.data_type.len() + value.len();
    }
    Ok(bytes)
}

/// The bytes of a value; an error if type and value do not go together.
fn value_bytes(attribute: &MessageAttribute) -> Result<Vec<u8>, QueueError> {
    let kind = attribute.data_type.split('.').next().unwrap_or_default();
    match (kind, &attribute.string_value, &attribute.binary_value) {
        ("String" | "Number", Some(value), None) => Ok(value.clone().into_bytes()),
        ("Binary", None, Some(value)) => {
            BASE64.decode(value).map_err(|_| invalid("MessageAttributes", "binary value is not base64"))
        }
        _ => Err(invalid("MessageAttributes", "type is String, Number or Binary with a value of that type")),
    }
}

fn is_binary(attribute: &MessageAttribute) -> bool {
    attribute.binary_value.is_some()
}

/// The characters of XML 1.0, which the service allows in a body.
fn is_allowed(char: char) -> bool {
    matches!(char, '\t' | '\n' | '\r' | '\u{20}'..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}

/// An invalid parameter and what it must be.
pub(super) fn invalid(name: &'static str, reason: &str) -> QueueError {
    QueueError::InvalidParameterValue { name, reason: reason.to_owned() }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that panics has failed")]
mod tests {
    use super::*;

    fn string(value: &str) -> MessageAttribute {
        MessageAttribute { data_type: "String".to_owned(), string_value: Some(value.to_owned()), binary_value: None }
    }

    fn message(body: &str) -> OutgoingMessage {
        OutgoingMessage {
            message_body: body.to_owned(),
            delay_seconds: None,
            message_attributes: MessageAttributes::new(),
            message_system_attributes: MessageAttributes::new(),
        }
    }

    #[test]
    fn digests_agree_with_other_implementations() {
        // Body: RFC 1321. Attributes: the documented algorithm, computed in Python.
        assert_eq!(body_digest("abc"), "900150983cd24fb0d6963f7d28e17f72");
        assert_eq!(attributes_digest(&MessageAttributes::new()).unwrap(), None);
        let mut attributes = MessageAttributes::new();
        attributes.insert("b".to_owned(), string("satu"));
        attributes.insert(
            "a".to_owned(),
            MessageAttribute {
                data_type: "Binary".to_owned(),
                string_value: None,
                binary_value: Some(BASE64.encode([0, 1, 2])),
            },
        );
        assert_eq!(attributes_digest(&attributes).unwrap().unwrap(), "07c6c83f47484131b4f718041d7f75af");
    }

    #[test]
    fn messages_outside_the_limits_are_refused() {
        let full = "a".repeat(MESSAGE_BYTES_MAX);
        assert_eq!(check_message(&message(&full), MESSAGE_BYTES_MAX).unwrap(), MESSAGE_BYTES_MAX);
        let mut one_more = message(&full);
        one_more.message_attributes.insert("k".to_owned(), string("v"));
        let codes: Vec<_> = [one_more, message(""), message("a\u{0}b")]
            .iter()
            .map(|m| check_message(m, MESSAGE_BYTES_MAX).unwrap_err().code())
            .collect();
        assert_eq!(codes, ["InvalidParameterValue", "InvalidParameterValue", "InvalidMessageContents"]);
    }

    #[test]
    fn a_value_must_have_its_type() {
        let mut wrong = string("v");
        wrong.data_type = "Binary".to_owned();
        assert!(value_bytes(&wrong).is_err());
        wrong.data_type = "Ganjil".to_owned();
        assert!(value_bytes(&wrong).is_err());
        wrong.data_type = "Number.int".to_owned();
        assert_eq!(value_bytes(&wrong).unwrap(), b"v");
    }
}
