//! The queue through the real SDK, with a clock that stands still.

use std::time::{Duration, Instant};

use crate::support::{Queues, receive_count};
use aws_sdk_sqs::error::ProvideErrorMetadata;
use aws_sdk_sqs::primitives::Blob;
use aws_sdk_sqs::types::{
    DeleteMessageBatchRequestEntry, MessageAttributeValue, MessageSystemAttributeName, QueueAttributeName,
    SendMessageBatchRequestEntry,
};
use saring_local::queue::{DeadLetter, QueueSpec};

const NON_EXISTENT: &str = "AWS.SimpleQueueService.NonExistentQueue";

fn entry(id: &str, body: &str) -> SendMessageBatchRequestEntry {
    let entry = SendMessageBatchRequestEntry::builder();
    entry.id(id).message_body(body).build().unwrap()
}

#[tokio::test]
async fn a_message_is_sent_received_and_deleted() {
    let queues = Queues::start().await;
    let url = queues.create("reports", &[]).await;
    let text = MessageAttributeValue::builder();
    let text = text.data_type("String").string_value("wa").build().unwrap();
    let bytes = MessageAttributeValue::builder().data_type("Binary");
    let bytes = bytes.binary_value(Blob::new([0, 1, 2])).build().unwrap();
    let sent = queues.sqs.send_message().queue_url(&url);
    let sent = sent
        .message_body("jalan \"rusak\" 🚧")
        .message_attributes("channel", text.clone())
        .message_attributes("key", bytes.clone())
        .send()
        .await
        .unwrap();

    let messages = queues.receive(&url).await;
    assert_eq!(messages.len(), 1);
    let message = &messages[0];
    assert_eq!(message.message_id, sent.message_id);
    assert_eq!(message.body(), Some("jalan \"rusak\" 🚧"));
    assert_eq!(message.md5_of_body, sent.md5_of_message_body);
    assert!(sent.md5_of_message_attributes.is_some());
    assert_eq!(message.md5_of_message_attributes, sent.md5_of_message_attributes);
    let attributes = message.message_attributes.as_ref().unwrap();
    assert_eq!((&attributes["channel"], &attributes["key"]), (&text, &bytes));
    let system = message.attributes.as_ref().unwrap();
    let now = crate::support::START_MS.to_string();
    assert_eq!(system[&MessageSystemAttributeName::SentTimestamp], now);
    assert_eq!(receive_count(message), 1);
    assert_eq!(queues.depth(&url).await, [0, 1, 0]);

    let delete = queues.sqs.delete_message().queue_url(&url);
    let receipt = message.receipt_handle().unwrap();
    delete.receipt_handle(receipt).send().await.unwrap();
    queues.clock.advance(Duration::from_hours(1));
    assert_eq!(queues.depth(&url).await, [0, 0, 0]);
    assert!(queues.receive(&url).await.is_empty());
}

#[tokio::test]
async fn attributes_come_only_when_they_are_asked_for() {
    let queues = Queues::start().await;
    let url = queues.create("reports", &[]).await;
    let value = MessageAttributeValue::builder();
    let value = value.data_type("String").string_value("x").build().unwrap();
    let send = queues.sqs.send_message().queue_url(&url).message_body("a");
    send.message_attributes("trace.id", value.clone()).message_attributes("other", value).send().await.unwrap();
    let receive = queues.sqs.receive_message().queue_url(&url);
    let received = receive
        .message_attribute_names("trace.*")
        .message_system_attribute_names(MessageSystemAttributeName::SentTimestamp)
        .send()
        .await
        .unwrap();
    let message = &received.messages()[0];
    let names: Vec<_> = message.message_attributes.as_ref().unwrap().keys().collect();
    assert_eq!(names, ["trace.id"]);
    assert_eq!(message.attributes.as_ref().unwrap().len(), 1);
}

#[tokio::test]
async fn a_message_reappears_when_its_time_out_ends_and_old_receipts_go_stale() {
    let queues = Queues::start().await;
    let url = queues.create("reports", &[]).await;
    queues.send(&url, "a").await;
    let first = queues.receive(&url).await.remove(0);
    queues.clock.advance(Duration::from_millis(29_999));
    assert!(queues.receive(&url).await.is_empty());
    queues.clock.advance(Duration::from_millis(1));
    let second = queues.receive(&url).await.remove(0);
    assert_eq!(receive_count(&second), 2);
    assert_ne!(first.receipt_handle, second.receipt_handle);

    // The service accepts a stale receipt and deletes nothing.
    let delete = queues.sqs.delete_message().queue_url(&url);
    let stale = first.receipt_handle().unwrap();
    delete.receipt_handle(stale).send().await.unwrap();
    assert_eq!(queues.depth(&url).await, [0, 1, 0]);

    // The latest receipt deletes even after its time-out.
    queues.clock.advance(Duration::from_secs(31));
    let delete = queues.sqs.delete_message().queue_url(&url);
    let latest = second.receipt_handle().unwrap();
    delete.receipt_handle(latest).send().await.unwrap();
    assert_eq!(queues.depth(&url).await, [0, 0, 0]);
}

#[tokio::test]
async fn a_receipt_that_is_none_is_refused() {
    let queues = Queues::start().await;
    let url = queues.create("reports", &[]).await;
    let other = queues.create("other", &[]).await;
    queues.send(&other, "a").await;
    let foreign = queues.receive(&other).await.remove(0);
    for handle in ["bukan", "1.2", foreign.receipt_handle().unwrap()] {
        let delete = queues.sqs.delete_message().queue_url(&url);
        let error = delete.receipt_handle(handle).send().await.unwrap_err();
        assert_eq!(error.code(), Some("ReceiptHandleIsInvalid"), "{handle}");
    }
}

#[tokio::test]
async fn visibility_can_be_changed_while_in_flight() {
    let queues = Queues::start().await;
    let url = queues.create("reports", &[]).await;
    queues.send(&url, "a").await;
    let message = queues.receive(&url).await.remove(0);
    let change = |seconds| {
        let change = queues.sqs.change_message_visibility().queue_url(&url);
        let handle = message.receipt_handle().unwrap();
        change.receipt_handle(handle).visibility_timeout(seconds)
    };
    change(100).send().await.unwrap();
    queues.clock.advance(Duration::from_secs(99));
    assert_eq!(queues.depth(&url).await, [0, 1, 0]);
    change(0).send().await.unwrap();
    assert_eq!(queues.depth(&url).await, [1, 0, 0]);
    let error = change(5).send().await.unwrap_err().into_service_error();
    assert!(error.is_message_not_inflight(), "{error}");
    let error = change(43_201).send().await.unwrap_err();
    assert_eq!(error.code(), Some("InvalidParameterValue"));
}

#[tokio::test]
async fn a_delay_holds_a_message_back() {
    let queues = Queues::start().await;
    let url = queues.create("reports", &[(QueueAttributeName::DelaySeconds, "5")]).await;
    queues.send(&url, "default").await;
    let send = queues.sqs.send_message().queue_url(&url);
    let send = send.message_body("longer").delay_seconds(10);
    send.send().await.unwrap();
    assert_eq!(queues.depth(&url).await, [0, 0, 2]);
    queues.clock.advance(Duration::from_secs(5));
    assert_eq!(queues.receive(&url).await[0].body(), Some("default"));
    queues.clock.advance(Duration::from_secs(5));
    assert_eq!(queues.receive(&url).await[0].body(), Some("longer"));
}

#[tokio::test]
async fn messages_past_their_retention_are_gone() {
    let queues = Queues::start().await;
    let retention = (QueueAttributeName::MessageRetentionPeriod, "60");
    let url = queues.create("reports", &[retention]).await;
    queues.send(&url, "a").await;
    queues.clock.advance(Duration::from_mins(1));
    assert_eq!(queues.depth(&url).await, [0, 0, 0]);
    assert!(queues.receive(&url).await.is_empty());
}

#[tokio::test]
async fn a_message_received_too_often_goes_to_the_dead_letter_queue() {
    let queues = Queues::start().await;
    let client = queues.host.client();
    let dead = queues.create("dead", &[]).await;
    let spec = QueueSpec {
        name: "reports".to_owned(),
        visibility_timeout: Duration::from_secs(10),
        dead_letter: Some(DeadLetter { queue: "dead".to_owned(), receives_max: 2 }),
    };
    let url = client.ensure_queue(&spec).await.unwrap();
    let id = queues.send(&url, "poison").await;
    let mut last = None;
    for receives in 1..=2 {
        let message = queues.receive(&url).await.remove(0);
        assert_eq!(receive_count(&message), receives);
        last = Some(message);
        queues.clock.advance(Duration::from_secs(10));
    }
    // A message behind it takes its place in the same receive.
    queues.send(&url, "next").await;
    assert_eq!(queues.receive(&url).await[0].body(), Some("next"));
    assert_eq!(queues.depth(&dead).await, [1, 0, 0]);

    // Whoever still works on the poison can't delete it from the dead letters.
    let delete = queues.sqs.delete_message().queue_url(&url);
    let handle = last.unwrap().receipt_handle.unwrap();
    delete.receipt_handle(handle).send().await.unwrap();
    let message = queues.receive(&dead).await.remove(0);
    assert_eq!(message.message_id(), Some(id.as_str()));
    assert_eq!(receive_count(&message), 1);
    let source = MessageSystemAttributeName::DeadLetterQueueSourceArn;
    let system = message.attributes.unwrap();
    assert!(system[&source].ends_with(":reports"), "{system:?}");
}

#[tokio::test]
async fn batches_have_limits_and_report_each_entry() {
    let queues = Queues::start().await;
    let url = queues.create("reports", &[]).await;
    let batch = |entries: Vec<_>| {
        let send = queues.sqs.send_message_batch().queue_url(&url);
        send.set_entries(Some(entries)).send()
    };
    let ids: Vec<_> = (0..11).map(|i| i.to_string()).collect();
    let eleven = ids.iter().map(|id| entry(id, "a")).collect();
    let error = batch(eleven).await.unwrap_err().into_service_error();
    assert!(error.is_too_many_entries_in_batch_request(), "{error}");
    let error = batch(vec![]).await.unwrap_err().into_service_error();
    assert!(error.is_empty_batch_request(), "{error}");
    let twice = batch(vec![entry("a", "1"), entry("a", "2")]).await;
    let error = twice.unwrap_err().into_service_error();
    assert!(error.is_batch_entry_ids_not_distinct(), "{error}");
    let error = batch(vec![entry("a b", "1")]).await.unwrap_err();
    assert!(error.into_service_error().is_invalid_batch_entry_id());
    let half = "a".repeat(600 * 1024);
    let large = batch(vec![entry("a", &half), entry("b", &half)]).await;
    let error = large.unwrap_err().into_service_error();
    assert!(error.is_batch_request_too_long(), "{error}");

    let mixed = batch(vec![entry("good", "a"), entry("bad", "\u{1}")]).await;
    let mixed = mixed.unwrap();
    assert_eq!(mixed.successful()[0].id(), "good");
    let failed = &mixed.failed()[0];
    assert_eq!((failed.id(), failed.sender_fault()), ("bad", true));
    assert_eq!(failed.code(), "InvalidMessageContents");

    let message = queues.receive(&url).await.remove(0);
    let delete = |id: &str, handle: &str| {
        let entry = DeleteMessageBatchRequestEntry::builder().id(id);
        entry.receipt_handle(handle).build().unwrap()
    };
    let good = delete("good", message.receipt_handle().unwrap());
    let entries = vec![good, delete("bad", "bukan")];
    let request = queues.sqs.delete_message_batch().queue_url(&url);
    let deleted = request.set_entries(Some(entries)).send().await.unwrap();
    assert_eq!(deleted.successful()[0].id(), "good");
    assert_eq!(deleted.failed()[0].code(), "ReceiptHandleIsInvalid");
    assert_eq!(queues.depth(&url).await, [0, 0, 0]);
}

#[tokio::test]
async fn a_message_has_at_most_a_mebibyte() {
    let queues = Queues::start().await;
    let url = queues.create("reports", &[]).await;
    let full = "a".repeat(1024 * 1024);
    queues.send(&url, &full).await;
    assert_eq!(queues.receive(&url).await[0].body(), Some(full.as_str()));
    let send = queues.sqs.send_message().queue_url(&url);
    let error = send.message_body(full + "a").send().await.unwrap_err();
    assert_eq!(error.code(), Some("InvalidParameterValue"));
}

#[tokio::test]
async fn a_long_poll_ends_with_the_first_message_or_with_its_time() {
    let queues = Queues::start().await;
    let url = queues.create("reports", &[]).await;
    let poll = |wait| queues.sqs.receive_message().queue_url(&url).wait_time_seconds(wait).send();
    let started = Instant::now();
    let (polled, _) = tokio::join!(poll(20), async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        queues.send(&url, "a").await
    });
    assert_eq!(polled.unwrap().messages().len(), 1);
    let waited = started.elapsed();
    assert!(waited >= Duration::from_millis(300), "{waited:?}");
    assert!(waited < Duration::from_secs(5), "{waited:?}");

    // It also sees a message whose time-out ends.
    let (polled, ()) = tokio::join!(poll(20), async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        queues.clock.advance(Duration::from_secs(30));
    });
    assert_eq!(polled.unwrap().messages().len(), 1);

    let started = Instant::now();
    assert!(poll(1).await.unwrap().messages().is_empty());
    assert!(started.elapsed() >= Duration::from_secs(1));
}

#[tokio::test]
async fn queues_are_found_listed_changed_and_purged() {
    let queues = Queues::start().await;
    let timeout = QueueAttributeName::VisibilityTimeout;
    let url = queues.create("reports", &[(timeout.clone(), "7")]).await;
    assert_eq!(queues.create("reports", &[(timeout.clone(), "7")]).await, url);
    let again = queues.sqs.create_queue().queue_name("reports");
    let again = again.attributes(timeout.clone(), "8").send().await;
    let error = again.unwrap_err().into_service_error();
    assert!(error.is_queue_name_exists(), "{error}");

    let found = queues.sqs.get_queue_url().queue_name("reports").send().await;
    assert_eq!(found.unwrap().queue_url(), Some(url.as_str()));
    let missing = queues.sqs.get_queue_url().queue_name("lain").send().await;
    let error = missing.unwrap_err().into_service_error();
    assert!(error.is_queue_does_not_exist(), "{error}");
    assert_eq!(error.code(), Some(NON_EXISTENT));

    queues.create("review", &[]).await;
    let list = queues.sqs.list_queues().queue_name_prefix("rep").send();
    assert_eq!(list.await.unwrap().queue_urls(), std::slice::from_ref(&url));

    let set = queues.sqs.set_queue_attributes().queue_url(&url);
    set.attributes(timeout.clone(), "9").send().await.unwrap();
    let get = queues.sqs.get_queue_attributes().queue_url(&url);
    let get = get.attribute_names(QueueAttributeName::All).send().await;
    let attributes = get.unwrap().attributes.unwrap();
    assert_eq!(attributes[&timeout], "9");
    let arn = &attributes[&QueueAttributeName::QueueArn];
    assert_eq!(arn, "arn:aws:sqs:ap-southeast-3:000000000000:reports");

    queues.send(&url, "a").await;
    queues.sqs.purge_queue().queue_url(&url).send().await.unwrap();
    assert_eq!(queues.depth(&url).await, [0, 0, 0]);
}

#[tokio::test]
async fn what_is_not_emulated_is_refused() {
    let queues = Queues::start().await;
    let fifo = queues.sqs.create_queue().queue_name("a.fifo").send().await;
    assert_eq!(fifo.unwrap_err().code(), Some("InvalidParameterValue"));
    let url = queues.create("reports", &[]).await;
    let tags = queues.sqs.list_queue_tags().queue_url(&url).send().await;
    let code = tags.unwrap_err().code().map(str::to_owned);
    assert_eq!(code.as_deref(), Some("AWS.SimpleQueueService.UnsupportedOperation"));
    let receive = queues.sqs.receive_message().queue_url(&url);
    let error = receive.max_number_of_messages(11).send().await.unwrap_err();
    assert_eq!(error.code(), Some("InvalidParameterValue"));
}
