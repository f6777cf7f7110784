//! What is made at the first start: secrets, keys, a certificate.

use std::fs;

use anyhow::Context;
use proto::text::Token;

/// A fresh token for an invite: 160 bits.
///
/// # Errors
///
/// Where the system gives no randomness.
pub fn invite_token() -> anyhow::Result<Token> {
    let hex: String = random::<20>()?
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    Ok(Token::try_from(hex)?)
}

pub(super) fn random<const N: usize>() -> anyhow::Result<[u8; N]> {
    let mut bytes = [0; N];
    aws_lc_rs::rand::fill(&mut bytes)
        .map_err(|_| anyhow::anyhow!("the system gives no randomness"))?;
    Ok(bytes)
}

/// A self-signed certificate and its key, both in PEM.
pub(super) fn self_signed() -> anyhow::Result<(String, String)> {
    let pair = rcgen::KeyPair::generate().context("cannot make a key")?;
    let mut names = vec![
        "localhost".to_owned(),
        "127.0.0.1".to_owned(),
        "::1".to_owned(),
    ];
    names.extend(host_name());
    let mut params =
        rcgen::CertificateParams::new(names).context("cannot describe a certificate")?;
    params
        .distinguished_name
        .push(rcgen::DnType::CommonName, "messengerd");
    params.not_after = rcgen::date_time_ymd(2099, 12, 31);
    let certificate = params
        .self_signed(&pair)
        .context("cannot sign a certificate")?;
    Ok((certificate.pem(), pair.serialize_pem()))
}

fn host_name() -> Option<String> {
    let name = fs::read_to_string("/proc/sys/kernel/hostname")
        .ok()?
        .trim()
        .to_owned();
    let sound = !name.is_empty()
        && name != "localhost"
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-.".contains(&b));
    sound.then_some(name)
}
