use anyhow::Result;
use camino::Utf8Path;

use super::{Blueprint, Site};
use crate::{
    catalog,
    machine::tool::ollama,
    manifest,
    resource::{ModelServer, OllamaModel, Resource},
    value::{Id, Problem, Span, human_bytes},
};

/// The models, on the server `server` that the job `job` runs. Answers with the one that is likely to be tried out by whoever stands
/// in front of the server: the smallest that the stack cannot do without.
pub(super) fn models(
    site: &Site,
    job: &Id,
    server: &ModelServer,
    blueprint: &mut Blueprint,
) -> Result<Option<Id>> {
    // They outlive the job where data is kept, and go before the folders that they lie in.
    let of_job = blueprint.entries.iter().find(|entry| entry.resource.id() == *job);
    let folders = of_job.into_iter().flat_map(|entry| &entry.needs).filter(|need| need.kind() == "data");
    let needs: Vec<Id> = std::iter::once(job).chain(folders).cloned().collect();
    let mut smallest: Option<(u64, Id)> = None;
    for (at, wanted) in site.stack.manifest.models.iter().enumerate() {
        let origin = site.stack.span(&["models", &at.to_string()]);
        let mut model = OllamaModel {
            name: wanted.ollama.clone(),
            role: wanted.role.clone(),
            pinned: None,
            server: server.clone(),
        };
        model.pinned = site.stack.lock.pin(&model.id()).and_then(|pin| pin.digest.clone());
        blueprint.warnings.extend(context(site, wanted, server, &origin)?);
        if wanted.optional {
            blueprint.add_optional(model, needs.clone(), origin);
        } else {
            let size = catalog::model(&wanted.ollama).and_then(|known| known.bytes).unwrap_or(u64::MAX);
            let id = blueprint.add(model, needs.clone(), origin);
            if smallest.as_ref().is_none_or(|(least, _)| size < *least) {
                smallest = Some((size, id));
            }
        }
    }
    Ok(smallest.map(|(_, id)| id))
}

/// That a model gets another context than the manifest says, as far as that is known beforehand.
fn context(
    site: &Site,
    wanted: &manifest::Model,
    server: &ModelServer,
    origin: &Span,
) -> Result<Option<Problem>> {
    let name = &wanted.ollama;
    let here = ollama::manifest(site.look, &server.store, name).ok().flatten();
    let own = here.map(|here| ollama::num_ctx(site.look, &server.store, &here)).transpose()?.flatten();
    let trained = catalog::model(name).map(|model| model.context);
    let declared = server.num_ctx;
    let set = own.unwrap_or(declared);
    let gets = set.min(trained.unwrap_or(u64::MAX));
    if gets == declared {
        return Ok(None);
    }
    let problem = Problem::mac(format!("`{name}` gets a context of {gets} tokens, and not of {declared}"));
    let problem = match own {
        Some(own) if own == gets => {
            problem.why("its own `num_ctx` is baked into it, and wins over the server's")
        }
        _ => problem.why(format!("it was trained for {gets}, and the server goes no further")),
    };
    Ok(Some(problem.hint("a request can ask for less with `options.num_ctx`").at(Some(origin))))
}

/// That forgectl has a way out of the network and the server that is to pull has none.
pub(super) fn without_proxy(site: &Site, section: &manifest::Ollama, store: &Utf8Path) -> Option<Problem> {
    let proxy = site.identity.proxy.as_ref().filter(|_| section.proxy.is_none())?;
    let absent = |name| ollama::manifest(site.look, store, name).ok().flatten().is_none();
    if !site.stack.manifest.models.iter().any(|wanted| absent(&wanted.ollama)) {
        return None;
    }
    let problem = Problem::mac("the server pulls models without the proxy that HTTPS_PROXY names")
        .why("launchd starts it, and hands it none of your shell's variables")
        .hint(format!(
            "if nothing is reached without it, write in the manifest: `ollama: {{proxy: \"{proxy}\"}}`"
        ));
    Some(problem.at(Some(&site.of_server(""))))
}

/// What becomes of pulls when the server is started anew (docs/mac-facts.md#ollama-prune): it is not taken down while somebody
/// pulls a model, and deletes what pulls left that broke off long before.
pub(super) fn pulls(site: &Site, store: &Utf8Path) -> Result<Vec<Problem>> {
    let now = site.look.now();
    let mut warnings = vec![];
    let partials = ollama::partials(site.look, store)?;
    if ollama::is_pulling(site.look, store)? {
        let what = "somebody pulls a model: the server is not taken down before that has ended";
        warnings.push(
            Problem::mac(what).hint("ten minutes are waited for it at the most; then its branch fails"),
        );
    }
    let old = partials.iter().filter(|partial| partial.age(now) > ollama::GRACE);
    let lost = old.map(|partial| partial.completed).sum::<u64>();
    if lost > 0 {
        let lost = human_bytes(lost);
        let what = format!("a pull broke off more than an hour ago: the {lost} that came are fetched again");
        warnings.push(
            Problem::mac(what)
                .why("the server deletes what is so old when it starts, and it is started here"),
        );
    }
    let place = site.of_server("");
    Ok(warnings.into_iter().map(|problem| problem.at(Some(&place))).collect())
}
