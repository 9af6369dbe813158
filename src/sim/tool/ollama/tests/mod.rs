mod environment;
mod http;
mod memory;
mod pull;
mod text;

use super::Weights;

/// An 8B model at four bits.
const EIGHT: Weights = Weights { bytes: 4_900_000_000, train_context: 131_072, num_ctx: None };
