//! What loaded models take, and what becomes of those that do not fit (docs/mac-facts.md#ollama-metal).

use serde_json::json;

use super::EIGHT;
use crate::sim::tool::{bench::Bench, ollama::Weights};

fn bench(gigabytes: u64, environment: &[(&str, &str)], models: &[(&str, Weights)]) -> Bench {
    let mut bench = Bench::with(|spec| spec.memory = gigabytes << 30);
    for (name, weights) in models {
        bench.model(name, *weights);
    }
    bench.serve(environment);
    bench
}

fn sizes(bench: &mut Bench) -> (u64, u64) {
    let model = &bench.models("/api/ps")[0];
    (model["size"].as_u64().unwrap(), model["size_vram"].as_u64().unwrap())
}

#[test]
fn a_model_that_fits_is_all_on_the_gpu_and_the_meter_knows_its_size() {
    let mut bench = bench(16, &[], &[("m", EIGHT)]);
    bench.post("/api/generate", &json!({ "model": "m" }));
    let (size, on_gpu) = sizes(&mut bench);
    assert_eq!(size, on_gpu);
    assert!(size > EIGHT.bytes);
    assert_eq!(bench.mac.state.meter.peak_model_memory, size);
}

#[test]
fn a_long_context_costs_memory_and_spills_over() {
    let mut bench = bench(16, &[("OLLAMA_CONTEXT_LENGTH", "65536")], &[("m", EIGHT)]);
    bench.post("/api/generate", &json!({ "model": "m" }));
    let (size, on_gpu) = sizes(&mut bench);
    assert!(on_gpu < size, "{on_gpu} of {size}");
    assert!(on_gpu <= (16_u64 << 30) / 3 * 2);
}

#[test]
fn a_smaller_cache_type_and_fewer_slots_take_less() {
    let size = |environment: &[(&str, &str)]| {
        let mut bench = bench(36, environment, &[("m", EIGHT)]);
        bench.post("/api/generate", &json!({ "model": "m" }));
        sizes(&mut bench).0
    };
    let plain = size(&[]);
    assert!(size(&[("OLLAMA_KV_CACHE_TYPE", "q8_0")]) < plain);
    assert!(size(&[("OLLAMA_NUM_PARALLEL", "4")]) > plain);
}

#[test]
fn a_model_that_fits_no_memory_is_an_error_of_the_load() {
    let giant = Weights { bytes: 40_000_000_000, ..EIGHT };
    let mut bench = bench(16, &[], &[("m", giant)]);
    let (status, reply) = bench.post("/api/generate", &json!({ "model": "m" }));
    assert_eq!(status, 500);
    assert!(reply["error"].as_str().unwrap().starts_with("model requires more system memory (3"), "{reply}");
    assert!(bench.models("/api/ps").is_empty());
}

#[test]
fn only_an_automatic_context_is_lowered_to_fit() {
    let large = Weights { bytes: 50_000_000_000, train_context: 262_144, num_ctx: None };
    let mut automatic = bench(64, &[], &[("m", large)]);
    assert_eq!(automatic.post("/api/generate", &json!({ "model": "m" })).0, 200);
    assert_eq!(automatic.models("/api/ps")[0]["context_length"], json!(32_768));
    let mut fixed = bench(64, &[("OLLAMA_CONTEXT_LENGTH", "262144")], &[("m", large)]);
    assert_eq!(fixed.post("/api/generate", &json!({ "model": "m" })).0, 500);
}

#[test]
fn a_quantized_cache_needs_flash_attention_and_only_a_load_shows_it() {
    for (environment, why) in [
        (&[("OLLAMA_KV_CACHE_TYPE", "q8_0"), ("OLLAMA_FLASH_ATTENTION", "0")][..], "requires flash_attn"),
        (&[("OLLAMA_KV_CACHE_TYPE", "bogus")][..], "exit status 1"),
    ] {
        let mut bench = bench(16, environment, &[("m", EIGHT)]);
        assert!(bench.get("/api/version").0.is_ok());
        let (status, reply) = bench.post("/api/generate", &json!({ "model": "m" }));
        assert_eq!(status, 500);
        assert!(reply["error"].as_str().unwrap().contains(why), "{reply}");
    }
}

#[test]
fn another_context_loads_the_model_anew() {
    let mut bench = bench(16, &[], &[("m", EIGHT)]);
    let loads = |bench: &mut Bench, options| {
        let before = bench.mac.state.now;
        bench.post("/api/generate", &json!({ "model": "m", "options": options }));
        bench.mac.state.now.duration_since(before).as_millis() > 1000
    };
    assert!(loads(&mut bench, json!({})));
    assert!(!loads(&mut bench, json!({})));
    assert!(loads(&mut bench, json!({ "num_ctx": 2048 })));
    assert!(loads(&mut bench, json!({ "num_ctx": 8192 })));
    assert_eq!(bench.models("/api/ps").len(), 1);
}

#[test]
fn a_second_model_makes_the_first_give_way_where_both_do_not_fit() {
    let models = [("one", EIGHT), ("two", EIGHT)];
    let load = |bench: &mut Bench| {
        for (name, _) in models {
            bench.post("/api/generate", &json!({ "model": name }));
        }
        bench
            .models("/api/ps")
            .iter()
            .map(|model| model["name"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(load(&mut bench(16, &[], &models)), ["two:latest"]);
    assert_eq!(load(&mut bench(32, &[], &models)), ["two:latest", "one:latest"], "latest expiry first");
    assert_eq!(load(&mut bench(32, &[("OLLAMA_MAX_LOADED_MODELS", "1")], &models)), ["two:latest"]);
}
