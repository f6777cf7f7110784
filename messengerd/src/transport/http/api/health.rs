//! Whether this daemon runs, and whether it can serve.

use axum::extract::State;
use axum::response::Json;
use serde_json::{Value, json};

use super::super::Context;
use super::error::ApiResult;
use proto::error::ErrorCode;

/// It runs.
pub(in super::super) async fn health() -> Json<Value> {
    Json(json!({ "status": "ok" }))
}

/// It can serve: the store answers, and the way to the other nodes is there.
pub(in super::super) async fn ready(State(context): State<Context>) -> ApiResult<Json<Value>> {
    if context.stop.is_cancelled() {
        return Err(ErrorCode::ShuttingDown.into());
    }
    context.service.check_ready().await?;
    Ok(Json(json!({ "status": "ready" })))
}
