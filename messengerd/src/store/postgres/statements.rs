//! Prepared statements, each prepared once per connection.

use deadpool_postgres::ClientWrapper;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Row, Statement};

use super::error::Fault;

/// Values of a statement's parameters.
pub(super) type Params<'a> = &'a [&'a (dyn ToSql + Sync)];

/// The rows of one statement.
pub(super) async fn rows(
    conn: &ClientWrapper,
    sql: &str,
    params: Params<'_>,
) -> Result<Vec<Row>, Fault> {
    let statement = conn.prepare_cached(sql).await?;
    Ok(conn.query(&statement, params).await?)
}

/// The only row of one statement, if there is one.
pub(super) async fn row(
    conn: &ClientWrapper,
    sql: &str,
    params: Params<'_>,
) -> Result<Option<Row>, Fault> {
    let statement = conn.prepare_cached(sql).await?;
    Ok(conn.query_opt(&statement, params).await?)
}

/// Runs one statement; how many rows it changed.
pub(super) async fn run(conn: &ClientWrapper, sql: &str, params: Params<'_>) -> Result<u64, Fault> {
    let statement = conn.prepare_cached(sql).await?;
    Ok(conn.execute(&statement, params).await?)
}

/// Prepares what will be sent without waiting in between: a statement that had
/// to be prepared only then would overtake nothing, but be overtaken.
pub(super) async fn prepare<const N: usize>(
    conn: &ClientWrapper,
    texts: [&str; N],
) -> Result<[Statement; N], Fault> {
    let mut prepared = Vec::with_capacity(N);
    for text in texts {
        prepared.push(conn.prepare_cached(text).await?);
    }
    prepared
        .try_into()
        .map_err(|_| Fault::internal("statements were lost"))
}

/// Begins a transaction; to be sent together with its first statements.
pub(super) async fn begin(conn: &ClientWrapper) -> Result<(), tokio_postgres::Error> {
    conn.batch_execute("BEGIN").await
}

/// Ends a transaction; to be sent together with its last statements. Where one
/// of these failed the transaction is rolled back.
pub(super) async fn commit(conn: &ClientWrapper) -> Result<(), tokio_postgres::Error> {
    conn.batch_execute("COMMIT").await
}

/// Gives up a transaction.
pub(super) async fn rollback(conn: &ClientWrapper) -> Result<(), Fault> {
    Ok(conn.batch_execute("ROLLBACK").await?)
}
