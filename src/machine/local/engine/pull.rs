//! Fetching an image: bytes over all its layers while they come.

use std::{collections::BTreeMap, time::Duration};

use anyhow::Result;
use bollard::{models::CreateImageInfo, query_parameters::CreateImageOptions};
use futures_util::StreamExt;

use super::line::{End, Line};
use crate::machine::{Tell, engine::EngineFault};

/// How long an engine may say nothing new: it says nothing while it waits for a registry, or checks a large layer.
const SILENCE: Duration = Duration::from_mins(5);

/// Fetches an image. An engine that fails in the middle says so inside an answer that began well
/// (docs/service-facts.md#engine-pull-stream).
pub(super) fn pull(
    line: &Line,
    reference: &str,
    platform: &str,
    tell: &dyn Tell,
) -> Result<Result<(), EngineFault>> {
    let options = CreateImageOptions {
        from_image: Some(reference.to_owned()),
        platform: platform.to_owned(),
        ..CreateImageOptions::default()
    };
    let mut stream = Box::pin(line.docker().create_image(Some(options), None, None));
    line.listen(SILENCE, async |patience| {
        let (mut layers, mut told) = (Layers::default(), (0, None));
        while let Some(said) = patience.wait(stream.next()).await? {
            layers.take(&said?, tell);
            let sum = layers.sum();
            patience.heard();
            if sum != told {
                tell.bytes(sum.0, sum.1);
                told = sum;
            }
        }
        Ok::<_, End>(())
    })
}

/// The layers of an image by the beginnings of their ids.
#[derive(Default)]
struct Layers(BTreeMap<String, Layer>);

#[derive(Default)]
struct Layer {
    done: u64,
    total: Option<u64>,
}

impl Layers {
    fn take(&mut self, said: &CreateImageInfo, tell: &dyn Tell) {
        let (Some(id), Some(status)) = (&said.id, said.status.as_deref()) else { return };
        let number =
            |number: Option<i64>| number.and_then(|number| u64::try_from(number).ok()).filter(|n| *n > 0);
        let progress = said.progress_detail.clone().unwrap_or_default();
        match status {
            "Pulling fs layer" => {
                self.0.insert(id.clone(), Layer::default());
            }
            "Already exists" => {
                self.0.remove(id);
            }
            "Downloading" => {
                let layer = self.0.entry(id.clone()).or_default();
                layer.done = number(progress.current).unwrap_or(0);
                layer.total = number(progress.total).or(layer.total);
            }
            // Small layers come without a word of their size.
            "Download complete" | "Pull complete" => {
                if let Some(layer) = self.0.get_mut(id) {
                    layer.done = layer.total.unwrap_or(layer.done);
                    layer.total = Some(layer.done);
                    if status == "Pull complete" {
                        tell.line(&format!("layer {id} is there"));
                    }
                }
            }
            status if status.starts_with("Retrying in 1 ") => {
                tell.line(&format!("layer {id} is fetched once more"));
            }
            _ => {}
        }
    }

    /// Bytes that have come, and all bytes once every layer has said how many it has.
    fn sum(&self) -> (u64, Option<u64>) {
        let done = self.0.values().map(|layer| layer.done).sum();
        let totals: Option<Vec<u64>> = self.0.values().map(|layer| layer.total).collect();
        (done, totals.filter(|totals| !totals.is_empty()).map(|totals| totals.iter().sum()))
    }
}

#[cfg(test)]
mod tests {
    use bollard::models::ProgressDetail;

    use super::*;
    use crate::machine::Quiet;

    fn says(layers: &mut Layers, id: &str, status: &str, progress: Option<(i64, i64)>) -> (u64, Option<u64>) {
        let said = CreateImageInfo {
            id: Some(id.into()),
            status: Some(status.into()),
            progress_detail: progress
                .map(|(current, total)| ProgressDetail { current: Some(current), total: Some(total) }),
            ..CreateImageInfo::default()
        };
        layers.take(&said, &Quiet);
        layers.sum()
    }

    #[test]
    fn bytes_count_over_all_layers_and_the_total_is_told_when_all_of_them_have_said_theirs() {
        let mut layers = Layers::default();
        says(&mut layers, "latest", "Pulling from lab/tool", None);
        says(&mut layers, "a", "Pulling fs layer", None);
        says(&mut layers, "b", "Pulling fs layer", None);
        says(&mut layers, "c", "Pulling fs layer", None);
        says(&mut layers, "c", "Already exists", None);
        assert_eq!(says(&mut layers, "a", "Downloading", Some((10, 100))), (10, None), "b has said nothing");
        assert_eq!(says(&mut layers, "b", "Downloading", Some((1, 7))), (11, Some(107)));
        assert_eq!(says(&mut layers, "b", "Download complete", None), (17, Some(107)));
        assert_eq!(says(&mut layers, "b", "Extracting", Some((3, 7))), (17, Some(107)), "is no download");
        assert_eq!(says(&mut layers, "a", "Downloading", Some((0, 100))), (7, Some(107)), "it begins anew");
        assert_eq!(says(&mut layers, "a", "Pull complete", None), (107, Some(107)));
    }

    #[test]
    fn a_layer_so_small_that_its_size_is_never_told_leaves_the_total_known() {
        let mut layers = Layers::default();
        says(&mut layers, "a", "Pulling fs layer", None);
        says(&mut layers, "b", "Pulling fs layer", None);
        says(&mut layers, "a", "Downloading", Some((10, 100)));
        assert_eq!(says(&mut layers, "b", "Download complete", None), (10, Some(100)));
    }
}
