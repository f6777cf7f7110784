//! TLS to the database, in each of its modes.

use std::fs;
use std::path::PathBuf;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

use super::super::connect::Connector;
use super::server::{Options, Server};
use super::{Settings, TlsMode};

/// An authority and a certificate of it for `localhost`.
struct Papers {
    authority: String,
    certificate: String,
    key: String,
}

fn papers(authority: &str) -> Papers {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params
        .distinguished_name
        .push(rcgen::DnType::CommonName, authority);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(vec!["localhost".to_owned()])
        .unwrap()
        .signed_by(&key, &issuer)
        .unwrap();
    Papers {
        authority: issuer.pem(),
        certificate: leaf.pem(),
        key: key.serialize_pem(),
    }
}

/// Whether the connection is encrypted, or why there is none.
async fn connect(
    server: &Server,
    host: &str,
    tls: TlsMode,
    root_certificate: Option<PathBuf>,
) -> Result<bool, String> {
    let mut config = tokio_postgres::Config::new();
    config
        .host(host)
        .port(server.port())
        .user("postgres")
        .dbname("postgres");
    let settings = Settings {
        server: config,
        tls,
        root_certificate,
    };
    let connector = Connector::new(&settings).map_err(|error| error.to_string())?;
    let conn = connector
        .open()
        .await
        .map_err(|fault| crate::store::StoreError::from(fault).to_string())?;
    let sql = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    Ok(conn.query_one(sql, &[]).await.unwrap().get(0))
}

#[tokio::test]
async fn each_mode_asks_for_what_it_says() {
    let papers = papers("known");
    let options = Options {
        tcp: true,
        settings: [
            "ssl=on",
            "ssl_cert_file=../server.crt",
            "ssl_key_file=../server.key",
        ]
        .map(str::to_owned)
        .to_vec(),
        files: vec![
            ("server.crt".to_owned(), papers.certificate.clone()),
            ("server.key".to_owned(), papers.key.clone()),
        ],
        ..Options::default()
    };
    let server = Server::start(&options);
    let directory = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &str| {
        let path = directory.path().join(name);
        fs::write(&path, content).unwrap();
        Some(path)
    };
    let known = file("known", &papers.authority);
    let stranger = file("stranger", &self::papers("stranger").authority);
    let (name, number) = ("localhost", "127.0.0.1");

    let plain = connect(&server, number, TlsMode::Disable, None).await;
    assert_eq!(plain, Ok(false));
    for mode in [TlsMode::Prefer, TlsMode::Require] {
        let secret = connect(&server, number, mode, None).await;
        assert_eq!(secret, Ok(true), "{mode:?}");
    }
    for host in [name, number] {
        let chain = connect(&server, host, TlsMode::VerifyCa, known.clone()).await;
        assert_eq!(chain, Ok(true), "{host}");
    }
    let full = connect(&server, name, TlsMode::VerifyFull, known.clone()).await;
    assert_eq!(full, Ok(true));
    let other = connect(&server, number, TlsMode::VerifyFull, known).await;
    assert!(other.unwrap_err().contains("not valid for name"));
    for mode in [TlsMode::VerifyCa, TlsMode::VerifyFull] {
        for roots in [stranger.clone(), None] {
            let refused = connect(&server, name, mode, roots).await;
            let why = refused.unwrap_err();
            assert!(why.contains("UnknownIssuer"), "{why}");
        }
    }
    let missing = Some(directory.path().join("missing"));
    let refused = connect(&server, name, TlsMode::VerifyCa, missing).await;
    assert!(refused.unwrap_err().contains("missing"));
}

#[tokio::test]
async fn a_server_without_tls_is_for_those_who_do_not_insist() {
    let options = Options {
        tcp: true,
        ..Options::default()
    };
    let server = Server::start(&options);
    for mode in [TlsMode::Disable, TlsMode::Prefer] {
        let plain = connect(&server, "127.0.0.1", mode, None).await;
        assert_eq!(plain, Ok(false), "{mode:?}");
    }
    let refused = connect(&server, "127.0.0.1", TlsMode::Require, None).await;
    let why = refused.unwrap_err();
    assert!(why.contains("does not support TLS"), "{why}");
}
