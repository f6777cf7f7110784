//! Times as PostgreSQL keeps them: microseconds since 2000, UTC.

use std::error::Error;

use bytes::{Buf, BufMut, BytesMut};
use proto::UnixMillis;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, accepts, to_sql_checked};

/// 2000-01-01T00:00:00Z, in milliseconds since 1970.
const EPOCH: i64 = 946_684_800_000;

/// A time as a parameter or a column of type `timestamptz`, exact to the
/// millisecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct At(pub(super) UnixMillis);

impl ToSql for At {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        let micros = self
            .0
            .checked_sub(EPOCH)
            .and_then(|millis| millis.checked_mul(1000))
            .ok_or("a time that PostgreSQL cannot hold")?;
        out.put_i64(micros);
        Ok(IsNull::No)
    }

    accepts!(TIMESTAMPTZ);
    to_sql_checked!();
}

impl<'a> FromSql<'a> for At {
    fn from_sql(_: &Type, mut raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        if raw.len() != 8 {
            return Err("a timestamp has eight bytes".into());
        }
        Ok(Self(raw.get_i64().div_euclid(1000) + EPOCH))
    }

    accepts!(TIMESTAMPTZ);
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn times_come_back_to_the_millisecond() {
        for millis in [0, -1, 1, 1_700_000_000_123, EPOCH, -62_000_000_000_001] {
            let mut bytes = BytesMut::new();
            At(millis).to_sql(&Type::TIMESTAMPTZ, &mut bytes).unwrap();
            let back = At::from_sql(&Type::TIMESTAMPTZ, &bytes).unwrap();
            assert_eq!(back, At(millis));
        }
    }

    #[test]
    fn a_time_out_of_range_is_an_error() {
        let mut bytes = BytesMut::new();
        assert!(At(i64::MAX).to_sql(&Type::TIMESTAMPTZ, &mut bytes).is_err());
    }
}
