use serde_json::{Map, Value, json};

use super::layout::{self, Page};
use crate::{
    desk::Screen,
    engine::{Output, Outputs},
};

/// What a stack has on a Mac, a line each: the name, and the URL or place.
pub fn outputs(outputs: &Outputs, screen: Screen) -> String {
    let mut page = Page::new(screen);
    let ink = page.ink;
    let urls = outputs.urls.iter().map(|(name, url)| (ink.plain(name), ink.bold(url)));
    let places =
        outputs.places.iter().map(|(id, place)| (ink.plain(id.as_str()), ink.plain(&place.to_string())));
    let rows: Vec<(String, String)> = urls.chain(places).collect();
    let width = rows.iter().map(|(name, _)| console::measure_text_width(name)).max().unwrap_or(0);
    for (name, value) in rows {
        page.line(&format!("{}  {value}", layout::pad(&name, width)));
    }
    page.done()
}

/// The same for programs: `urls` by name, `places` by id.
pub fn outputs_json(outputs: &Outputs) -> anyhow::Result<String> {
    let urls: Map<String, Value> =
        outputs.urls.iter().map(|(name, url)| (name.clone(), Value::from(url.as_str()))).collect();
    let places = outputs.places.iter().map(|(id, place)| Ok((id.to_string(), serde_json::to_value(place)?)));
    let places: Map<String, Value> = places.collect::<anyhow::Result<_>>()?;
    super::json(&json!({ "stack": outputs.stack, "urls": urls, "places": places }))
}

/// One of them as it is, to be used in another command.
pub fn output(output: Output) -> String {
    match output {
        Output::Url(url) => format!("{url}\n"),
        Output::Place(place) => format!("{place}\n"),
    }
}

/// One of them for programs.
pub fn output_json(output: Output) -> anyhow::Result<String> {
    match output {
        Output::Url(url) => super::json(&url),
        Output::Place(place) => super::json(place),
    }
}
