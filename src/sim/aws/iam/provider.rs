//! OIDC providers: by ARN, their URL without scheme.

use crate::sim::aws::error::Failure;
use crate::sim::aws::model::Provider;

use super::{Call, exists, no_entity, tag_item, time};

const MOST: usize = 100;
const MOST_CLIENT_IDS: usize = 100;

/// All providers of the account; there are no pages.
pub fn list(call: &Call<'_>) -> String {
    call.answer(|xml| {
        xml.list("OpenIDConnectProviderList", "member", call.state.providers.keys(), |xml, arn| {
            xml.text("Arn", arn);
        });
    })
}

/// One provider.
pub fn get(call: &Call<'_>) -> Result<String, Failure> {
    let arn = call.parameters.required("OpenIDConnectProviderArn")?;
    let provider = call.state.providers.get(arn).ok_or_else(|| missing(arn))?;
    Ok(call.answer(|xml| {
        xml.text("Url", &provider.url);
        xml.text("CreateDate", &time(provider.created_at));
        xml.texts("ClientIDList", "member", &provider.client_ids);
        xml.texts("ThumbprintList", "member", &provider.thumbprints);
        xml.list("Tags", "member", &provider.tags, tag_item);
    }))
}

fn missing(arn: &str) -> Failure {
    no_entity(format!("OpenIDConnect Provider not found for arn {arn}"))
}

/// Creates a provider for an `https` issuer.
pub fn create(call: Call<'_>) -> Result<String, Failure> {
    let url = call.parameters.required("Url")?;
    let bare = url
        .strip_prefix("https://")
        .filter(|bare| !bare.is_empty() && !bare.contains(['?', '#', ' ']))
        .ok_or_else(|| Failure::new(400, "ValidationError", "Invalid Open ID Connect Provider URL"))?;
    let arn = call.state.iam_arn(&format!("oidc-provider/{bare}"));
    if call.state.providers.contains_key(&arn) {
        return Err(exists(format!("Provider with url {url} already exists.")));
    }
    if call.state.providers.len() >= MOST {
        let sentence = format!("Cannot exceed quota for OpenIdConnectProvidersPerAccount: {MOST}");
        return Err(Failure::new(409, "LimitExceeded", sentence));
    }
    let provider = Provider {
        url: bare.to_owned(),
        client_ids: call.parameters.list("ClientIDList"),
        thumbprints: call.parameters.list("ThumbprintList"),
        created_at: call.now,
        tags: call.parameters.tags(),
    };
    let answer = call.answer(|xml| {
        xml.text("OpenIDConnectProviderArn", &arn);
        xml.list("Tags", "member", &provider.tags, tag_item);
    });
    call.state.providers.insert(arn, provider);
    Ok(answer)
}

/// Deletes a provider; one that is not there is no error, as IAM documents.
pub fn delete(call: Call<'_>) -> Result<String, Failure> {
    let arn = call.parameters.required("OpenIDConnectProviderArn")?;
    call.state.providers.remove(arn);
    call.done()
}

/// Adds an audience.
pub fn add_client_id(call: Call<'_>) -> Result<String, Failure> {
    let (provider, client_id) = addressed(&call)?;
    let mut provider = provider;
    if !provider.1.client_ids.contains(&client_id) {
        if provider.1.client_ids.len() >= MOST_CLIENT_IDS {
            let sentence = format!("Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: {MOST_CLIENT_IDS}");
            return Err(Failure::new(409, "LimitExceeded", sentence));
        }
        provider.1.client_ids.push(client_id);
    }
    call.state.providers.insert(provider.0, provider.1);
    call.done()
}

/// Removes an audience; one that is not there is no error.
pub fn remove_client_id(call: Call<'_>) -> Result<String, Failure> {
    let ((arn, mut provider), client_id) = addressed(&call)?;
    provider.client_ids.retain(|held| *held != client_id);
    call.state.providers.insert(arn, provider);
    call.done()
}

fn addressed(call: &Call<'_>) -> Result<((String, Provider), String), Failure> {
    let arn = call.parameters.required("OpenIDConnectProviderArn")?;
    let client_id = call.parameters.required("ClientID")?.to_owned();
    let provider = call.state.providers.get(arn).cloned().ok_or_else(|| missing(arn))?;
    Ok(((arn.to_owned(), provider), client_id))
}
