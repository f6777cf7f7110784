//! Prepared statements, each prepared once per connection.

use deadpool_postgres::ClientWrapper;
use futures_util::future::{try_join, try_join_all};
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

/// Statements that need not wait for each other's answers, with their values.
pub(super) type Group<'a> = &'a [(&'static str, Params<'a>)];

/// The last statements of a transaction and its end in one round trip. The rows
/// of each; where one fails the transaction is rolled back.
pub(super) async fn finish(conn: &ClientWrapper, group: Group<'_>) -> Result<Vec<Vec<Row>>, Fault> {
    let mut prepared = Vec::with_capacity(group.len());
    for (text, params) in group {
        prepared.push((conn.prepare_cached(text).await?, *params));
    }
    let queries = prepared
        .iter()
        .map(|(statement, params)| conn.query(statement, params));
    let (rows, ()) = try_join(try_join_all(queries), commit(conn)).await?;
    Ok(rows)
}

/// The first statements of a transaction in one round trip, in order: each sees
/// what was committed before it began, so that one behind a lock sees what the
/// lock was waited for.
pub(super) async fn start(conn: &ClientWrapper, group: Group<'_>) -> Result<Vec<Vec<Row>>, Fault> {
    let mut prepared = Vec::with_capacity(group.len());
    for (text, params) in group {
        prepared.push((conn.prepare_cached(text).await?, *params));
    }
    let queries = prepared
        .iter()
        .map(|(statement, params)| conn.query(statement, params));
    let ((), rows) = try_join(begin(conn), try_join_all(queries)).await?;
    Ok(rows)
}

/// Ends a transaction that has changed nothing, or nothing more.
pub(super) async fn leave(conn: &ClientWrapper) -> Result<(), Fault> {
    Ok(commit(conn).await?)
}
