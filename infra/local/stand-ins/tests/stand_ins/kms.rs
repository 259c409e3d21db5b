use aws_sdk_kms::{
    Client,
    error::{ProvideErrorMetadata, SdkError},
    primitives::Blob,
    types::{DataKeySpec, KeyState},
};
use stand_ins::{Kms, KmsKey};
use startup::Clock;

use crate::{
    client,
    serving::{Serving, start},
};

const PEPPER: &str = "arn:aws:kms:us-east-1:111122223333:key/pepper";
const OTHER: &str = "arn:aws:kms:us-east-1:111122223333:key/other";

async fn serve(keys: &[(&str, [u8; 32])]) -> (Client, Serving) {
    let clock = Clock::new(|| "2026-03-01T12:00:00Z".parse().unwrap());
    let keys = keys.iter().map(|(arn, material)| KmsKey::new(arn, material).unwrap());
    let kms = Kms::new(keys, &clock);
    let serving = start(|listener, stop| kms.serve(listener, stop)).await;
    (client!(aws_sdk_kms, &serving.url), serving)
}

async fn pepper_and_other() -> (Client, Serving) {
    serve(&[(PEPPER, [1; 32]), (OTHER, [2; 32])]).await
}

/// The status and the exception of an error, as the SDK has understood them.
fn answer<T, E: ProvideErrorMetadata>(reply: Result<T, SdkError<E>>) -> (u16, String) {
    let error = reply.err().expect("an error");
    let status = error.raw_response().expect("a reply").status().as_u16();
    (status, error.code().unwrap_or_default().to_owned())
}

async fn pepper_blob(client: &Client) -> Blob {
    let sealed = client
        .encrypt()
        .key_id(PEPPER)
        .plaintext(Blob::new(b"plain"))
        .encryption_context("use", "pepper")
        .send();
    sealed.await.unwrap().ciphertext_blob.unwrap()
}

#[tokio::test]
async fn a_data_key_opens_again_under_its_context_and_after_a_restart() {
    let (client, serving) = pepper_and_other().await;
    let made = client.generate_data_key().key_id(PEPPER).key_spec(DataKeySpec::Aes256);
    let made =
        made.encryption_context("use", "pepper").encryption_context("app", "latchkey").send().await.unwrap();
    assert_eq!(made.key_id(), Some(PEPPER));
    assert_eq!(made.plaintext().unwrap().as_ref().len(), 32);
    serving.stop().await;

    let (client, _serving) = pepper_and_other().await;
    let opened = client.decrypt().key_id(PEPPER).ciphertext_blob(made.ciphertext_blob.unwrap());
    let opened = opened
        .encryption_context("app", "latchkey")
        .encryption_context("use", "pepper")
        .send()
        .await
        .unwrap();
    assert_eq!(opened.plaintext(), made.plaintext.as_ref());
    assert_eq!(opened.key_id(), Some(PEPPER));
}

#[tokio::test]
async fn data_keys_differ_and_have_the_length_asked_for() {
    let (client, _serving) = pepper_and_other().await;
    let make = |bytes| client.generate_data_key().key_id("pepper").number_of_bytes(bytes).send();
    let (one, two) = (make(64).await.unwrap().plaintext.unwrap(), make(64).await.unwrap().plaintext.unwrap());
    assert_eq!((one.as_ref().len(), two.as_ref().len()), (64, 64));
    assert_ne!(one, two);
    for bytes in [0, 1025] {
        assert_eq!(answer(make(bytes).await), (400, "ValidationException".to_owned()));
    }
    let both =
        client.generate_data_key().key_id(PEPPER).number_of_bytes(32).key_spec(DataKeySpec::Aes256).send();
    assert_eq!(answer(both.await), (400, "ValidationException".to_owned()));
}

#[tokio::test]
async fn a_wrong_or_missing_context_is_an_invalid_ciphertext() {
    let (client, _serving) = pepper_and_other().await;
    let blob = pepper_blob(&client).await;
    let open = || client.decrypt().key_id(PEPPER).ciphertext_blob(blob.clone());
    for request in [
        open(),
        open().encryption_context("use", "Pepper"),
        open().encryption_context("use", "pepper").encryption_context("more", ""),
    ] {
        let error = request.send().await.unwrap_err();
        assert_eq!(error.raw_response().unwrap().status().as_u16(), 400);
        assert!(error.as_service_error().unwrap().is_invalid_ciphertext_exception(), "{error:?}");
    }
}

#[tokio::test]
async fn a_tampered_blob_is_an_invalid_ciphertext_wherever_it_was_touched() {
    let (client, _serving) = pepper_and_other().await;
    let blob = pepper_blob(&client).await.into_inner();
    for at in [0, 10, blob.len() / 2, blob.len() - 1] {
        let mut tampered = blob.clone();
        tampered[at] ^= 0x80;
        let open = client.decrypt().key_id(PEPPER).ciphertext_blob(Blob::new(tampered));
        let open = open.encryption_context("use", "pepper").send().await;
        assert_eq!(answer(open), (400, "InvalidCiphertextException".to_owned()), "byte {at}");
    }
    let none = client.decrypt().ciphertext_blob(Blob::new(b"no blob")).send();
    assert_eq!(answer(none.await), (400, "InvalidCiphertextException".to_owned()));
}

#[tokio::test]
async fn the_same_key_with_other_bytes_opens_nothing() {
    let (client, _serving) = pepper_and_other().await;
    let blob = pepper_blob(&client).await;
    let (client, _serving) = serve(&[(PEPPER, [3; 32])]).await;
    let open =
        client.decrypt().key_id(PEPPER).ciphertext_blob(blob).encryption_context("use", "pepper").send();
    assert_eq!(answer(open.await), (400, "InvalidCiphertextException".to_owned()));
}

#[tokio::test]
async fn another_key_is_incorrect() {
    let (client, _serving) = pepper_and_other().await;
    let blob = pepper_blob(&client).await;
    let open =
        client.decrypt().key_id(OTHER).ciphertext_blob(blob).encryption_context("use", "pepper").send();
    let error = open.await.unwrap_err();
    assert_eq!(error.raw_response().unwrap().status().as_u16(), 400);
    assert!(error.as_service_error().unwrap().is_incorrect_key_exception(), "{error:?}");
}

#[tokio::test]
async fn a_disabled_key_does_nothing_until_it_is_enabled() {
    let (client, _serving) = pepper_and_other().await;
    let blob = pepper_blob(&client).await;
    let open = || client.decrypt().ciphertext_blob(blob.clone()).encryption_context("use", "pepper").send();
    client.disable_key().key_id(PEPPER).send().await.unwrap();

    let disabled = (400, "DisabledException".to_owned());
    assert_eq!(answer(open().await), disabled);
    let make = client.generate_data_key().key_id(PEPPER).number_of_bytes(32).send();
    assert_eq!(answer(make.await), disabled);
    assert_eq!(answer(client.encrypt().key_id(PEPPER).plaintext(Blob::new(b"x")).send().await), disabled);
    assert!(client.generate_data_key().key_id(OTHER).number_of_bytes(32).send().await.is_ok());

    client.enable_key().key_id(PEPPER).send().await.unwrap();
    assert_eq!(open().await.unwrap().plaintext.unwrap().as_ref(), b"plain");
}

#[tokio::test]
async fn a_key_describes_itself() {
    let (client, _serving) = pepper_and_other().await;
    client.disable_key().key_id(OTHER).send().await.unwrap();
    let pepper = client.describe_key().key_id("pepper").send().await.unwrap().key_metadata.unwrap();
    assert_eq!((pepper.arn(), pepper.key_id()), (Some(PEPPER), "pepper"));
    assert_eq!((pepper.enabled(), pepper.key_state()), (true, Some(&KeyState::Enabled)));
    assert_eq!(pepper.creation_date().unwrap().secs(), 1_772_366_400);
    let other = client.describe_key().key_id(OTHER).send().await.unwrap().key_metadata.unwrap();
    assert_eq!((other.enabled(), other.key_state()), (false, Some(&KeyState::Disabled)));
}

#[tokio::test]
async fn an_unknown_key_is_not_found() {
    let (client, _serving) = pepper_and_other().await;
    let blob = pepper_blob(&client).await;
    let unknown = "arn:aws:kms:us-east-1:111122223333:key/unknown";
    let not_found = (400, "NotFoundException".to_owned());
    assert_eq!(answer(client.describe_key().key_id(unknown).send().await), not_found);
    assert_eq!(answer(client.disable_key().key_id(unknown).send().await), not_found);
    assert_eq!(
        answer(client.generate_data_key().key_id(unknown).number_of_bytes(32).send().await),
        not_found
    );
    assert_eq!(
        answer(client.decrypt().key_id(unknown).ciphertext_blob(blob.clone()).send().await),
        not_found
    );

    let (client, _serving) = serve(&[(OTHER, [2; 32])]).await;
    let open = client.decrypt().ciphertext_blob(blob).send();
    assert_eq!(answer(open.await), (400, "AccessDeniedException".to_owned()));
}

#[tokio::test]
async fn what_is_not_offered_is_refused() {
    let (client, _serving) = pepper_and_other().await;
    assert_eq!(answer(client.create_key().send().await), (400, "UnknownOperationException".to_owned()));
    let dry = client.generate_data_key().key_id(PEPPER).number_of_bytes(32).dry_run(true).send();
    assert_eq!(answer(dry.await), (400, "ValidationException".to_owned()));
}
