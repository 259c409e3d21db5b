use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, header::CONTENT_TYPE};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use multer::Multipart;

/// The largest upload, NuGet.org's limit: 250 MiB. The gateway in front may allow less.
const MAXIMUM_UPLOAD: usize = 250 << 20;

/// Why no file could be taken from a request.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UploadError {
    #[error("a push is multipart/form-data with the package as its first part")]
    NotMultipart,
    #[error("the first part is empty or missing")]
    Empty,
    #[error("an upload is at most {MAXIMUM_UPLOAD} bytes")]
    TooLarge,
    #[error("the upload did not arrive whole: {0}")]
    Interrupted(axum::BoxError),
    #[error("the upload cannot be read: {0}")]
    Malformed(#[from] multer::Error),
}

/// Takes the first part of a multipart body, whatever its name: later parts and all part headers are ignored, as
/// <https://learn.microsoft.com/nuget/api/package-publish-resource> says.
pub(crate) async fn first_part(headers: &HeaderMap, body: Body) -> Result<Bytes, UploadError> {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let boundary =
        content_type.and_then(|value| multer::parse_boundary(value).ok()).ok_or(UploadError::NotMultipart)?;
    let body = Limited::new(body, MAXIMUM_UPLOAD).collect().await.map_err(|error| {
        if error.is::<LengthLimitError>() { UploadError::TooLarge } else { UploadError::Interrupted(error) }
    })?;
    let body = with_proper_end(body.to_bytes(), &boundary);
    let mut parts = Multipart::new(Body::from(body).into_data_stream(), boundary);
    let part = parts.next_field().await?.ok_or(UploadError::Empty)?;
    let bytes = part.bytes().await?;
    if bytes.is_empty() { Err(UploadError::Empty) } else { Ok(bytes) }
}

/// NuGet 2 under Mono writes a bare line feed before the closing boundary, where RFC 2046 wants CR LF. Only the end of
/// the body is mended: inside it a line feed belongs to the file.
fn with_proper_end(body: Bytes, boundary: &str) -> Bytes {
    let close = format!("--{boundary}--");
    match body.strip_suffix(close.as_bytes()).and_then(|rest| rest.strip_suffix(b"\n")) {
        Some(rest) if !rest.ends_with(b"\r") => [rest, b"\r\n", close.as_bytes(), b"\r\n"].concat().into(),
        _ => body,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn upload(content_type: &str, body: &[u8]) -> Result<Bytes, UploadError> {
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, content_type.parse().unwrap())]);
        first_part(&headers, Body::from(body.to_vec())).await
    }

    #[tokio::test]
    async fn takes_what_each_client_sends() {
        let modern = b"--b\r\nContent-Type: application/octet-stream\r\nContent-Disposition: form-data; name=package; \
                       filename=package.nupkg; filename*=utf-8''package.nupkg\r\n\r\nPK\r\n--b--\r\n";
        assert_eq!(upload("multipart/form-data; boundary=\"b\"", modern).await.unwrap(), "PK");
        let old = b"--b\r\nContent-Disposition: form-data; name=\"package\"; filename=\"package\"\r\n\
                    Content-Type: application/octet-stream\r\n\r\nPK\r\n--b--";
        assert_eq!(upload("multipart/form-data; boundary=b", old).await.unwrap(), "PK");
        let mono = b"--b\r\nContent-Disposition: form-data; name=\"package\"; filename=\"package\"\r\n\
                     Content-Type: application/octet-stream\r\n\r\nPK\n\n--b--";
        assert_eq!(upload("multipart/form-data; boundary=b", mono).await.unwrap(), "PK\n");
        let two = b"--b\r\nContent-Disposition: form-data; name=x\r\n\r\nfirst\r\n--b\r\nContent-Disposition: form-data; \
                    name=package\r\n\r\nsecond\r\n--b--\r\n";
        assert_eq!(upload("multipart/form-data; boundary=b", two).await.unwrap(), "first");
    }

    #[tokio::test]
    async fn refuses_the_rest() {
        assert!(matches!(upload("application/octet-stream", b"PK").await, Err(UploadError::NotMultipart)));
        assert!(matches!(upload("multipart/form-data", b"PK").await, Err(UploadError::NotMultipart)));
        assert!(matches!(
            upload("multipart/form-data; boundary=b", b"--b--\r\n").await,
            Err(UploadError::Empty)
        ));
        let empty = b"--b\r\nContent-Disposition: form-data; name=package\r\n\r\n\r\n--b--\r\n";
        assert!(matches!(upload("multipart/form-data; boundary=b", empty).await, Err(UploadError::Empty)));
        let cut = b"--b\r\nContent-Disposition: form-data; name=package\r\n\r\nPK";
        assert!(matches!(
            upload("multipart/form-data; boundary=b", cut).await,
            Err(UploadError::Malformed(_))
        ));
    }
}
