//! Values on their way from one store to another, and what they hash to.

use super::tables::{Kind, Table};

/// A value of a row; how it is kept is the back end's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::store) enum Value {
    /// Nothing.
    Null,
    /// A number, a flag (0 or 1), or milliseconds since 1970.
    Number(i64),
    /// UTF-8.
    Text(String),
    /// Bytes, those of a UUID included.
    Bytes(Vec<u8>),
}

/// A row, the columns in their table's order.
pub(in crate::store) type Row = Vec<Value>;

impl Value {
    /// About how much memory it takes.
    pub(in crate::store) fn size(&self) -> usize {
        size_of::<Self>()
            + match self {
                Self::Null | Self::Number(_) => 0,
                Self::Text(text) => text.len(),
                Self::Bytes(bytes) => bytes.len(),
            }
    }

    /// Feeds an unambiguous form of it into a hash.
    fn hash(&self, hasher: &mut blake3::Hasher) {
        let mut long = |tag: u8, bytes: &[u8]| {
            hasher.update(&[tag]);
            hasher.update(&(bytes.len() as u64).to_be_bytes());
            hasher.update(bytes);
        };
        match self {
            Self::Null => drop(hasher.update(&[0])),
            Self::Number(number) => long(1, &number.to_be_bytes()),
            Self::Text(text) => long(2, text.as_bytes()),
            Self::Bytes(bytes) => long(3, bytes),
        }
    }
}

/// Counts rows and hashes them in order.
#[derive(Debug, Default)]
pub(super) struct Tally {
    hasher: blake3::Hasher,
    rows: u64,
}

impl Tally {
    pub(super) fn add(&mut self, row: &[Value]) {
        self.rows += 1;
        for value in row {
            value.hash(&mut self.hasher);
        }
    }

    pub(super) fn sum(&self) -> (u64, [u8; 32]) {
        (self.rows, *self.hasher.finalize().as_bytes())
    }
}

/// A key as bytes, for the record of progress: numbers have eight, and only the
/// last part may be of any length.
pub(in crate::store) fn encode_key(key: &[Value]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for value in key {
        match value {
            Value::Null => {}
            Value::Number(number) => bytes.extend(number.to_be_bytes()),
            Value::Text(text) => bytes.extend(text.as_bytes()),
            Value::Bytes(part) => bytes.extend(part),
        }
    }
    bytes
}

/// The key that was encoded, or nothing where it was not one of this table.
pub(in crate::store) fn decode_key(table: &Table, mut bytes: &[u8]) -> Option<Vec<Value>> {
    let mut key = Vec::new();
    for column in table.key_columns() {
        key.push(match column.kind {
            Kind::Text => Value::Text(String::from_utf8(std::mem::take(&mut bytes).into()).ok()?),
            Kind::Bytes | Kind::Id => Value::Bytes(std::mem::take(&mut bytes).into()),
            Kind::Short | Kind::Int | Kind::Long | Kind::Flag | Kind::Time => {
                let (number, rest) = bytes.split_first_chunk::<8>()?;
                bytes = rest;
                Value::Number(i64::from_be_bytes(*number))
            }
        });
    }
    bytes.is_empty().then_some(key)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::super::tables::TABLES;
    use super::*;

    #[test]
    fn keys_come_back() {
        for table in TABLES {
            let key: Vec<Value> = table
                .key_columns()
                .iter()
                .map(|column| match column.kind {
                    Kind::Text => Value::Text("name".to_owned()),
                    Kind::Bytes | Kind::Id => Value::Bytes(vec![1, 2, 3]),
                    _ => Value::Number(1 << 40),
                })
                .collect();
            let decoded = decode_key(table, &encode_key(&key)).unwrap();
            assert_eq!(decoded, key, "{}", table.name);
        }
    }

    #[test]
    fn what_is_cut_elsewhere_hashes_to_something_else() {
        let sum = |row: &[Value]| {
            let mut tally = Tally::default();
            tally.add(row);
            tally.sum().1
        };
        let text = |text: &str| Value::Text(text.to_owned());
        assert_ne!(sum(&[text("ab"), text("c")]), sum(&[text("a"), text("bc")]));
        assert_ne!(sum(&[Value::Null, text("")]), sum(&[text(""), Value::Null]));
        assert_ne!(sum(&[Value::Bytes(vec![65])]), sum(&[text("A")]));
    }
}
