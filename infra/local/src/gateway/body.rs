//! Reading a request's body up to the size API Gateway carries.

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;

/// API Gateway's limit for a payload, of either kind of API: 10 MB.
pub(super) const LIMIT: usize = 10 * 1024 * 1024;

/// Why there is no body.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum BodyError {
    /// It is over the limit.
    TooLarge,
    /// The client went away, or sent something that is not HTTP.
    Broken,
}

/// The whole body. One that is too large is read to its end all the same, so that a client that writes before it reads
/// gets to see the refusal rather than a closed connection.
pub(super) async fn read(mut body: Body) -> Result<Bytes, BodyError> {
    let mut read = BytesMut::new();
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| BodyError::Broken)?;
        let Ok(piece) = frame.into_data() else { continue };
        length += piece.len();
        if length <= LIMIT {
            read.extend_from_slice(&piece);
        } else {
            read.clear();
        }
    }
    if length <= LIMIT { Ok(read.freeze()) } else { Err(BodyError::TooLarge) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_body_is_read_up_to_the_limit() {
        assert_eq!(read(Body::from(vec![7; LIMIT])).await.unwrap().len(), LIMIT);
        assert_eq!(read(Body::from(vec![7; LIMIT + 1])).await, Err(BodyError::TooLarge));
        assert_eq!(read(Body::empty()).await, Ok(Bytes::new()));
    }
}
