//! What is seen of a container: by a close look, or, where a listing shows that nothing has changed since we left it, by that.

use std::collections::BTreeSet;

use anyhow::Result;
use camino::Utf8Path;

use super::fields::{self, Fields, HIDDEN_VARIABLES, SET};
use crate::{
    journal::Receipt,
    machine::{
        Look, Looking,
        engine::{ContainerLine, ContainerView, ImageView, Stage},
    },
    resource::{image, owned},
    value::{ContainerSpec, Field, State, Text},
};

/// What else is said of a container that is not ours: nothing.
const PLAIN: [&str; 6] = ["id", "image", "image.id", owned::OWNER_FIELD, "stage", "digest"];

/// A close look: the container and its image are inspected.
pub(in crate::resource) fn observe(look: &dyn Look, socket: &Utf8Path, name: &str) -> Result<State> {
    let view = match owned::heard(look.container(socket, name)?, "looking at a container")? {
        Ok(Some(view)) => view,
        Ok(None) => return Ok(State::absent()),
        Err(unseen) => return Ok(unseen),
    };
    // An image can be gone while its container stays.
    let image = match owned::heard(look.image(socket, &view.image_id)?, "looking at an image")? {
        Ok(image) => image.map(|image| *image).unwrap_or_default(),
        Err(unseen) => return Ok(unseen),
    };
    Ok(seen(&view, &image))
}

/// What planning sees. Docker fixes nearly all of a container when it makes it: where a listing has the one that we left, running
/// as we left it, it is as we left it; anything else is looked at closely. What `docker update` changes is seen by
/// a close look only.
pub(in crate::resource) fn survey(
    look: &dyn Look,
    socket: &Utf8Path,
    name: &str,
    receipt: Option<&Receipt>,
) -> Result<State> {
    let lines = match owned::heard(look.containers(socket)?, "listing containers")? {
        Ok(lines) => lines,
        Err(unseen) => return Ok(unseen),
    };
    let Some(line) = lines.into_iter().find(|line| line.name == name) else { return Ok(State::absent()) };
    match receipt.filter(|receipt| receipt.aim.is_none()).and_then(|receipt| receipt.left.as_ref()) {
        Some(left) if is_as_left(left, &line) => Ok(left.clone()),
        _ => observe(look, socket, name),
    }
}

fn is_as_left(left: &State, line: &ContainerLine) -> bool {
    let text = |field: &str| left.get(field).as_text();
    let networks: BTreeSet<&str> =
        left.fields.keys().filter_map(|field| field.as_str().strip_prefix("network.")).collect();
    text("id") == Some(&line.id)
        && text("image.id") == Some(&line.image_id)
        && text("stage") == Some(&stage(line.stage, || line.exit_code()))
        && networks == line.networks.iter().map(String::as_str).collect()
}

fn seen(view: &ContainerView, image: &ImageView) -> State {
    let mut state = State::present();
    let owner = view.spec.labels.get(owned::OWNER).cloned();
    state.set("id", view.id.as_str());
    state.set("image", view.spec.image.as_str());
    state.set("image.id", view.image_id.as_str());
    state.set("digest", image::digest_of(&image.line, &view.spec.image));
    state.set("stage", stage(view.stage, || Some(view.exit_code)));
    state.set(owned::OWNER_FIELD, owner.clone());
    if owner.is_none() {
        return state;
    }
    let set = fields::names(&view.spec, SET);
    let mut found = plain(&view.spec);
    let given = plain(&given(image));
    found.retain(|field, value| set.contains(field.as_str()) || given.get(field) != Some(value));
    // A folder for which the image asks for a volume gets one without a name.
    found.retain(|field, _| {
        let given =
            field.as_str().strip_prefix("mount.").is_some_and(|target| image.volumes.contains(target));
        set.contains(field.as_str()) || !given
    });
    let beyond = found.keys().filter(|field| fields::is_one_of_many(field) && !set.contains(field.as_str()));
    let beyond: Vec<&str> = beyond.map(Field::as_str).collect();
    state.set("beyond", Some(beyond.join(", ")).filter(|beyond| !beyond.is_empty()));
    state.fields.extend(found.into_iter().filter(|(field, _)| !PLAIN.contains(&field.as_str())));
    state
}

/// All that is found, each variable as it may be shown: that of one that nobody of ours set only as a fingerprint.
fn plain(spec: &ContainerSpec) -> Fields {
    let (set, hidden) = (fields::names(spec, SET), fields::names(spec, HIDDEN_VARIABLES));
    fields::of(spec, |name| {
        let value = spec.environment.get(name).and_then(Text::plain)?;
        let strange = !set.contains(&format!("env.{name}"));
        Some(fields::shown(name, value, strange || hidden.contains(name)))
    })
}

/// What an image gives to every container.
fn given(image: &ImageView) -> ContainerSpec {
    let variables = image.environment.iter();
    ContainerSpec {
        environment: variables.map(|(name, value)| (name.clone(), Text::from(value.as_str()))).collect(),
        command: image.command.clone(),
        entrypoint: image.entrypoint.clone(),
        labels: image.labels.clone(),
        user: image.user.clone(),
        working_dir: image.working_dir.clone(),
        healthcheck: image.healthcheck.clone(),
        ..ContainerSpec::default()
    }
}

/// How far it is, in a word; of one that has ended with its exit code.
fn stage(stage: Stage, code: impl Fn() -> Option<i64>) -> String {
    match stage {
        Stage::Created => "created".into(),
        Stage::Running => "running".into(),
        Stage::Paused => "paused".into(),
        Stage::Restarting => "restarting".into(),
        Stage::Removing => "removing".into(),
        Stage::Dead => "dead".into(),
        Stage::Exited => match code() {
            Some(code) => format!("ended with {code}"),
            None => "ended".into(),
        },
    }
}
