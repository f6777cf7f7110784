//! Letting people in and out.

use crate::kit::Site;

#[tokio::test]
async fn who_registers_is_known_with_and_without_a_slash() {
    let site = Site::start().await;
    let ada = site.person("ada").await;
    for path in ["/users/me", "/users/me/"] {
        let me = ada.get(path).await.ok(200);
        assert_eq!(me["user"]["username"], "ada");
        assert_eq!(me["user"]["email"], "ada@example.org");
        site.api("GET", path)
            .send()
            .await
            .is_refused(401, "unauthenticated");
    }
}
